"""Holds what rfonnx says of a net against what was measured: fields, facts, explanations, and the verdicts of rules."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from onnx import numpy_helper

import rfonnx
from rfonnx.checking.rule_table import rules
from rfonnx.results.findings import Finding
from truth.nets import Net
from truth.oracle import Truth, follows

MEANT = ("aligned-joins", "no-double-softmax", "outputs-vary")
"""Rules of which random nets break some by what they are made of."""

DEFAULT = [info.name for info in rules().values() if info.default]


def claims(truth: Truth) -> Iterator[str]:
    """A line per claim that the measurement contradicts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        path.write_bytes(truth.net.model.SerializeToString())
        analysis = rfonnx.analyze(path, truth.net.inputs)
        yield from _fields(truth, analysis)
        yield from _globals(truth, analysis)
        for output in truth.net.out:
            yield from _time(truth, analysis, output)
            yield from _batch(truth, analysis, output)
            yield from _shifts(truth, analysis, output)
            yield from _explained(truth, analysis, output)
        yield from _rules(truth, path, analysis)


def _fields(truth: Truth, analysis: rfonnx.Analysis) -> Iterator[str]:
    """Every tensor: nothing outside its intervals was seen; where they are exact, both ends were (the first miss is told)."""
    loose, masked = False, _masked(truth.net)
    order = {name: i for i, name in enumerate(analysis.tensors)}
    for (name, source), mask in sorted(truth.masks.items(), key=lambda item: order.get(item[0][0], 0)):
        rank = mask.ndim - len(truth.net.inputs[source])
        if name not in analysis.tensors:
            if mask.any():
                yield f"{name} changes with {source}, and is not listed"
            continue
        tensor = analysis.tensors[name]
        if tensor.shape != mask.shape[:rank]:
            yield f"{name} ({tensor.op_type}): shape {mask.shape[:rank]}, said {tensor.shape}"
            continue
        for axis, length in enumerate(truth.net.inputs[source]):
            seen = mask.any(axis=tuple(rank + i for i in range(mask.ndim - rank) if i != axis))
            lo, hi = (
                np.broadcast_to(end, mask.shape[:rank])[..., None] for end in analysis.intervals(name, source, axis)
            )
            said = (lo <= np.arange(length)) & (np.arange(length) <= hi)
            if (seen & ~said).any():
                yield f"unsound: {name} ({tensor.op_type}) along {source} axis {axis}"
            elif tensor.exact and not loose and not masked and not np.array_equal(_hull(seen), said):
                loose = True
                yield f"loose: {name} ({tensor.op_type}) along {source} axis {axis} is said to be exact"


def _masked(net: Net) -> bool:
    """Whether something is multiplied by constants of which some are zero: weights count as non-zero (`weights="structure"`)."""
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in net.model.graph.initializer}
    return any(
        (weights[name] == 0).any()
        for node in net.model.graph.node
        if node.op_type == "Mul"
        for name in node.input
        if name in weights
    )


def _hull(rows: np.ndarray) -> np.ndarray:
    return np.logical_or.accumulate(rows, -1) & np.logical_or.accumulate(rows[..., ::-1], -1)[..., ::-1]


def _globals(truth: Truth, analysis: rfonnx.Analysis) -> Iterator[str]:
    for name, source, axis in analysis.globals:
        if (name, source) in truth.masks and analysis.tensors[name].exact:
            mask = truth.masks[name, source]
            rank = mask.ndim - len(truth.net.inputs[source])
            rows = mask.any(axis=tuple(rank + i for i in range(mask.ndim - rank) if i != axis))
            if analysis.tensors[name].op_type in ("LSTM", "GRU", "RNN"):
                rows = rows.any(1)  # a position has both directions
            rows = _hull(rows.reshape(-1, rows.shape[-1]))
            if not (rows[rows.any(1)] == rows.any(0)).all():
                yield f"loose: {name} is said to take all of {source} axis {axis} into each position"  # or it is hidden


def _time(truth: Truth, analysis: rfonnx.Analysis, output: str) -> Iterator[str]:
    for fact in analysis.facts[output].time:
        own = truth.net.out[output]
        if (fact.input, fact.axis) != truth.net.time or own not in (None, fact.tensor_axis):
            yield f"{output}: time along {fact.input} axis {fact.axis} and axis {fact.tensor_axis}"
            continue
        if own is not None and fact.stride != Fraction(truth.net.stride.get(output, 1)):
            yield f"{output}: a stride of {truth.net.stride.get(output, 1)}, said {fact}"
        table = truth.along(output, fact.tensor_axis, fact.input, fact.axis)
        position, sample = np.nonzero(table)
        if not len(position):
            continue
        ahead = int((sample - position * fact.stride.numerator // fact.stride.denominator).max())
        exact = analysis.tensors[output].exact and not _masked(truth.net)
        if ahead > fact.lookahead or (fact.causal and ahead > 0):
            yield f"{output}: sees {ahead} ahead, said {fact}"
        elif exact and (ahead < fact.lookahead or (fact.causal is False and ahead <= 0)):
            yield f"loose: {output} sees no more than {ahead} ahead, said {fact}"


def _batch(truth: Truth, analysis: rfonnx.Analysis, output: str) -> Iterator[str]:
    state, mixed = analysis.facts[output].batch.state, truth.mixes(output)
    samples = next(truth.net.inputs[name][axis] for name, axis in truth.net.batch.items() if name in truth.net.inputs)
    if mixed and state == "independent":
        yield f"{output}: samples are said to be apart"
    if samples > 1 and state == "mixed" and not mixed:
        yield f"{output}: samples are said to be mixed"


def _shifts(truth: Truth, analysis: rfonnx.Analysis, output: str) -> Iterator[str]:
    for fact in analysis.facts[output].shifts:
        if fact.positions is None or fact.tensor_axis is None or fact.tensor_axis != truth.net.out[output]:
            continue
        if fact.period is not None and not follows(truth.net, output, fact):
            yield f"{output}: does not follow {fact}"


def _explained(truth: Truth, analysis: rfonnx.Analysis, output: str) -> Iterator[str]:
    if output not in analysis.tensors:
        return
    for (source, axis), field in analysis.tensors[output].fields.items():
        steps = analysis.explain(output, source, axis)
        if field.kind == "none":
            continue
        if not steps or steps[-1].size != field.size:
            yield f"{output}: explained size {steps[-1].size if steps else None}, field {field.size}"
        elif sum(step.added for step in steps) != field.size - 1:
            yield f"{output}: explained {sum(step.added for step in steps)} added, size {field.size}"
        for step in steps:
            if step.size > analysis.tensors[step.tensor].fields[source, axis].size:
                yield f"{output}: step {step.tensor} is larger than its field"


def verdict(path: Path, rule: str, shapes: Any, **values: Any) -> str:
    """ "pass" when every finding of the rule passed, else what it is."""
    only: dict[str, Any] = dict.fromkeys(DEFAULT, False)
    found = rfonnx.check(path, {**only, rule: values or True}, shapes=shapes).findings
    statuses = {finding.status for finding in found}
    assert statuses
    return "pass" if statuses == {"pass"} else max(statuses - {"pass"})


def _rules(truth: Truth, path: Path, analysis: rfonnx.Analysis) -> Iterator[str]:
    net = truth.net
    (source, axis), shapes = net.time, net.inputs
    ahead = {
        output: truth.lookahead(output)
        for output, own in net.out.items()
        if own is not None and truth.time(output).any()
    }  # type: ignore[union-attr]
    said = verdict(path, "causal", shapes)
    if said == "pass" and any(value > 0 for value in ahead.values()):
        yield "causal passes"
    for output, value in ahead.items():
        asked = {"tensor": output, "input": source, "axis": axis}
        if value > 0 and verdict(path, "causal", shapes, **asked) == "pass":
            yield f"causal passes for {output}"
        if verdict(path, "lookahead", shapes, max=value - 1, **asked) == "pass":
            yield f"lookahead of {value - 1} passes for {output}"
        if verdict(path, "field-maximum", shapes, max=int(truth.extents(output).max()) - 1, **asked) == "pass":
            yield f"field-maximum passes for {output}"
        field = analysis.tensors[output].fields[source, axis]
        # Beyond that, every position touches a border, seen or not.
        inside = truth.interior(output) if field.size <= shapes[source][axis] // 2 else np.array([], int)
        if (
            len(inside)
            and not _masked(net)
            and verdict(path, "field-minimum", shapes, min=int(inside.max()) + 1, **asked) == "pass"
        ):
            yield f"field-minimum passes for {output}"
    kinds = {analysis.tensors[output].fields[source, axis].kind for output in ahead}
    whole = kinds <= {"global", "none"} and any(truth.time(output).all() for output in ahead)  # type: ignore[union-attr]
    if whole and verdict(path, "no-global-operator", shapes) == "pass":
        yield "no-global-operator passes"
    mixed = any(truth.mixes(output) for output in net.out)
    if mixed and verdict(path, "batch-independent", shapes) == "pass":
        yield "batch-independent passes"
    for finding in rfonnx.check(path, shapes=shapes).findings:
        if finding.name == "field-on-input" and finding.status == "fail":
            yield from _blind(truth, finding)
            continue
        wrong = (
            finding.status in ("fail", "error")
            and finding.severity != "note"
            and finding.name not in ("batch-independent", *MEANT)
        )
        if wrong or (
            finding.name == "batch-independent"
            and finding.status == "fail"
            and finding.severity != "note"
            and not mixed
        ):
            yield f"default rule {finding.name} fails: {finding.message}"


def _blind(truth: Truth, finding: Finding) -> Iterator[str]:
    """Positions that are said to see nothing of the input: as many were seen to change with nothing."""
    told = re.fullmatch(r"(\d+) of (\d+) positions along (.+) axis \d+ see nothing of it: .+", finding.message)
    assert told is not None, finding.message
    mask = truth.masks[finding.tensor, told[3]]
    rank = mask.ndim - len(truth.net.inputs[told[3]])
    seen = mask.any(axis=tuple(range(rank, mask.ndim)))
    along = [seen.any(axis=tuple(i for i in range(rank) if i != axis)) for axis in range(rank)]
    counts = [((~row).sum(), row.size) for row in (*along, seen)]
    if not any(blind >= int(told[1]) and size >= int(told[2]) for blind, size in counts):
        yield f"{finding.tensor}: {finding.message}"
