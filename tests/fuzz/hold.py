"""Holds what rfonnx says about a random model against what onnxruntime does when its inputs change."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import rfonnx
from fuzz.graphs import Case
from fuzz.runtime import session_of
from fuzz.shifts import follows, shown

DRAWS = 3  # starting values
CHANGES = (0.3, -0.7, 3.0, -6.0, 40.0, -90.0)  # added to one element; some of them in each draw
POSITIONS = 4  # of each tensor, whose support is held too
Values = dict[str, Any]


@dataclass
class Outcome:
    """What came of one model."""

    findings: list[str] = field(default_factory=list)
    pairs: int = 0  # (tensor, input axis) compared
    exact: int = 0  # of these, claimed exact
    tight: int = 0  # of those, seen to be
    loose: Counter[str] = field(default_factory=Counter)  # operators where claimed exactness was not seen first
    refused: str = ""  # why the runtime did not run the whole model


class Measured:
    """Which input elements were seen to change which elements of every tensor: bool, tensor shape + input shape."""

    def __init__(self, case: Case) -> None:
        self.session = session_of(case.shown)
        self.names = [output.name for output in self.session.get_outputs()]
        self.inputs = case.inputs
        self.random = np.random.default_rng(case.seed + 1)
        first, again = self.run(case.inputs), self.run(case.inputs)
        if any(np.any(changes(again[name], value, value.shape)) for name, value in first.items()):
            raise RuntimeError("onnxruntime gives another result each time")
        self.shapes = {name: value.shape for name, value in first.items()}
        self.masks = {
            (name, source): np.zeros((*self.shapes[name], *value.shape), bool)
            for name in self.names
            for source, value in case.inputs.items()
        }
        self.starts: list[tuple[Values, Values]] = []
        for draw in range(DRAWS):
            self.sweep(dict(case.inputs) if not draw else {n: self.redrawn(v) for n, v in case.inputs.items()})

    def run(self, feeds: Values) -> Values:
        return dict(zip(self.names, self.session.run(None, feeds), strict=True))

    def redrawn(self, value: np.ndarray) -> np.ndarray:
        if value.dtype.kind == "f":
            return (self.random.normal(size=value.shape) * self.random.choice([0.5, 1, 2])).astype(value.dtype)
        return self.random.integers(0, 3, value.shape)

    def sweep(self, feeds: Values) -> None:
        """Every element changed on its own, from these starting values."""
        before = self.attempt(feeds)
        if before is None:
            return
        self.starts.append((feeds, before))
        for source, value in feeds.items():
            for position in np.ndindex(value.shape):
                for size in self.random.choice(CHANGES, 2, replace=False):
                    changed = value.copy()
                    changed[position] = (
                        value[position] + size if value.dtype.kind == "f" else self.random.integers(-1, 4)
                    )
                    self.note(before, self.attempt({**feeds, source: changed}), source, position)

    def attempt(self, feeds: Values) -> Values | None:
        """None where the runtime refuses these values, as it does an index out of range."""
        try:
            return self.run(feeds)
        except Exception:  # onnxruntime raises classes of its own
            return None

    def note(self, before: Values, after: Values | None, source: str, position: tuple[int, ...]) -> None:
        if after is None or overflowed(before, after):
            return
        for name in self.names:
            self.masks[name, source][(..., *position)] |= changes(before[name], after[name], self.shapes[name])


def changes(before: np.ndarray, after: np.ndarray, shape: tuple[int, ...]) -> Any:
    """Where a tensor changed; everywhere when its shape did."""
    if before.shape != shape or after.shape != shape:
        return before.shape != after.shape
    differs = before != after
    return differs & ~((before != before) & (after != after)) if before.dtype.kind == "f" else differs


def overflowed(before: Values, after: Values) -> bool:
    """NaN and infinity pass through weights of zero, as finite changes do not, and very large numbers swallow small ones."""
    for name, value in after.items():
        if value.dtype.kind == "f":
            calm = np.isfinite(value) | (
                np.isinf(value) & (value == before[name] if value.shape == before[name].shape else False)
            )
            if not calm.all():
                return True
    return False


def hold(case: Case) -> Outcome:
    """Analyse a model, and compare every tensor's shape, intervals, support and facts with what is measured."""
    outcome = Outcome()
    try:
        measured = Measured(case)
    except Exception as error:  # what runs node by node may not run as a whole: kernels that want constants
        outcome.refused = str(error).splitlines()[0]
        return outcome
    weights = "values" if case.seed % 3 == 0 else "structure"
    analysis = rfonnx.analyze(case.model, case.shapes, weights)
    random = np.random.default_rng(case.seed + 2)
    made = {name for node in case.model.graph.node for name in node.output}
    for name in (n for n in measured.names if n in made):  # onnxruntime's own version of a model lacks some
        shape = measured.shapes[name]
        if name in analysis.tensors:
            if 0 not in shape:  # onnxruntime shortens other axes of what has no elements
                hold_shape(outcome, name, analysis.tensors[name].shape, shape)
            hold_intervals(outcome, analysis, measured, name)
            hold_support(outcome, analysis, measured, name, random)
        elif any(measured.masks[name, source].any() for source in case.inputs):
            outcome.findings.append(f"{name}: is not listed, but changes with an input")
    hold_batch(outcome, analysis, measured)
    hold_time(outcome, analysis, measured)
    hold_shifts(outcome, analysis, measured, random)
    for output in (name for name in analysis.outputs if name in analysis.tensors):
        for source, axis in analysis.tensors[output].fields:
            hold_explanation(outcome, analysis, output, source, axis)
    analysis.to_dict()
    return outcome


def hold_shifts(outcome: Outcome, analysis: rfonnx.Analysis, measured: Measured, random: np.random.Generator) -> None:
    """An input of floats is shown before and after each shift that an output is said to follow."""
    for output, facts in analysis.facts.items():
        for fact in facts.shifts:
            value = measured.inputs[fact.input]
            if fact.period is None or value.dtype.kind != "f":
                continue
            runs = [
                measured.attempt({**measured.inputs, fact.input: x})
                for x in shown(fact, value.shape, value.dtype, random)
            ]
            results = [run[output] for run in runs if run is not None]
            if len(results) == 2 and results[0].size and results[0].dtype.kind == "f" and not follows(fact, *results):
                outcome.findings.append(f"{output}: does not follow {fact}")


def hold_explanation(outcome: Outcome, analysis: rfonnx.Analysis, output: str, source: str, axis: int) -> None:
    """What the steps added sums to the size less 1, and each says the size of the field at its position."""
    steps, size = analysis.explain(output, source, axis), analysis.tensors[output].fields[source, axis].size
    if size and (not steps or steps[-1].size != size or sum(step.added for step in steps) != size - 1):
        outcome.findings.append(f"{output} <- {source} axis {axis}: the steps explain another size than {size}")
    for step in steps:
        lo, hi = analysis.intervals(step.tensor, source, axis, clip=False)
        at = tuple(min(p, n - 1) for p, n in zip(step.position, lo.shape, strict=True))
        if hi[at] - lo[at] + 1 != step.size:
            outcome.findings.append(f"{output} <- {source} axis {axis}: {step.tensor} is another size than {step.size}")


def hold_shape(outcome: Outcome, name: str, said: Any, shape: tuple[int, ...]) -> None:
    fits = said is None or (len(said) == len(shape) and all(a in (None, b) for a, b in zip(said, shape, strict=True)))
    if not fits:
        outcome.findings.append(f"{name}: shape is {shape}, said to be {said}")


def hold_intervals(outcome: Outcome, analysis: rfonnx.Analysis, measured: Measured, name: str) -> None:
    tensor, shape = analysis.tensors[name], measured.shapes[name]
    all_tight = True
    for source, value in measured.inputs.items():
        mask = measured.masks[name, source].reshape(math.prod(shape), *value.shape)
        for axis in range(value.ndim):
            seen = mask.any(axis=tuple(i + 1 for i in range(value.ndim) if i != axis))
            try:
                lo, hi = (spread(end, shape) for end in analysis.intervals(name, source, axis))
            except ValueError:
                outcome.findings.append(f"{name} <- {source} axis {axis}: intervals do not fit shape {shape}")
                continue
            index = np.arange(value.shape[axis])
            inside = (lo <= index) & (index <= hi)
            if (seen & ~inside).any():
                at = int(np.argwhere(seen & ~inside)[0][0])
                place = tuple(int(i) for i in np.unravel_index(at, shape))
                outcome.findings.append(
                    f"{name} ({tensor.op_type}) <- {source} axis {axis}: at {place} reads {np.flatnonzero(seen[at]).tolist()}, "
                    f"claimed [{lo[at, 0]}, {hi[at, 0]}]{' exactly' if tensor.exact else ''}"
                )
            analysis.intervals(name, source, axis, clip=False)
            tight = np.array_equal(hull(seen), hull(inside))
            outcome.pairs += 1
            outcome.exact += tensor.exact
            outcome.tight += tensor.exact and tight
            all_tight &= tight
    if tensor.exact and not all_tight and not any(outcome.loose):
        outcome.loose[tensor.op_type] += 1


def spread(end: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(end, shape).reshape(-1, 1)


def hull(rows: np.ndarray) -> np.ndarray:
    """Rows filled between their first and last True."""
    return np.logical_or.accumulate(rows, 1) & np.logical_or.accumulate(rows[:, ::-1], 1)[:, ::-1]


def hold_support(
    outcome: Outcome, analysis: rfonnx.Analysis, measured: Measured, name: str, random: np.random.Generator
) -> None:
    """The exact masks of some positions: each change seen must lie in them, and all else changed at once must show nothing."""
    shape = measured.shapes[name]
    if analysis.tensors[name].shape != shape or 0 in shape:
        return
    for _ in range(min(POSITIONS, math.prod(shape))):
        position = tuple(int(random.integers(n)) for n in shape)
        masks = {source: analysis.support(name, position, source) for source in measured.inputs}
        for source, mask in masks.items():
            missed = measured.masks[name, source][position] & ~mask
            if missed.any():
                at = tuple(int(i) for i in np.argwhere(missed)[0])
                outcome.findings.append(f"{name} at {position}: reads {source} at {at}, which is not in its support")
            shares = analysis.paths(name, position, source)
            if (shares[~mask] > 0).any() or not (np.isclose(shares.sum(), 1) or not shares.any()):
                outcome.findings.append(f"{name} at {position} <- {source}: paths do not fit the support")
        if measured.starts:
            feeds, before = measured.starts[int(random.integers(len(measured.starts)))]
            after = measured.attempt({n: elsewhere(v, masks[n], random) for n, v in feeds.items()})
            if after is not None and not overflowed(before, after):
                differs = changes(before[name], after[name], shape)
                if np.broadcast_to(differs, shape)[position]:
                    outcome.findings.append(
                        f"{name} at {position}: changes with what is outside its support, all at once"
                    )


def elsewhere(value: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Other values wherever the mask is False."""
    if value.dtype.kind == "f":
        fresh = value + random.normal(size=value.shape).astype(value.dtype) * random.choice([1, 10])
        return np.where(mask, value, fresh).astype(value.dtype)
    return np.where(mask, value, random.integers(0, 3, value.shape))


def hold_batch(outcome: Outcome, analysis: rfonnx.Analysis, measured: Measured) -> None:
    """Samples that are said to be apart, along the axes that are said to count them."""
    for output in analysis.outputs:
        fact, shape = analysis.facts[output].batch, measured.shapes.get(output, ())
        if fact.state != "independent" or fact.axis is None or shape[fact.axis : fact.axis + 1] != (fact.batch,):
            continue  # nothing is claimed, or it is about another length of the batch
        for source, axis in fact.inputs:
            if measured.inputs[source].shape[axis] != fact.batch:
                continue
            mask, kept = measured.masks[output, source], (fact.axis, len(shape) + axis)
            mixed = mask.any(axis=tuple(i for i in range(mask.ndim) if i not in kept)) & ~np.eye(fact.batch, dtype=bool)
            if mixed.any():
                outcome.findings.append(f"{output} <- {source}: samples are said to be independent")


def hold_time(outcome: Outcome, analysis: rfonnx.Analysis, measured: Measured) -> None:
    """Lookahead: how far after its own sample a position was seen to read. The context before it is said for inner ones."""
    for output in (name for name in analysis.outputs if name in measured.shapes):
        for fact in analysis.facts[output].time:
            mask, rank = measured.masks[output, fact.input], len(measured.shapes[output])
            if mask.shape[:rank] != analysis.tensors[output].shape:
                continue
            kept = (fact.tensor_axis, rank + fact.axis)
            position, sample = np.nonzero(mask.any(axis=tuple(i for i in range(mask.ndim) if i not in kept)))
            ahead = sample - position * fact.stride.numerator // fact.stride.denominator
            if len(ahead) and (ahead.max() > fact.lookahead or (fact.causal and ahead.max() > 0)):
                outcome.findings.append(f"{output}: sees {ahead.max()} after its time, said was {fact}")
