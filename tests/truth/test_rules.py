"""Rules on fields, time and batches, held against what small nets really do: no rule passes a net that breaks it.

The other way round, a rule that a net keeps passes too, but for the nets named here, whose rule is not proven: then it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

import rfonnx
from truth.claims import verdict
from truth.nets import NETS, T
from truth.oracle import Truth, follows

MOST = 4
"""Largest period that is asked for."""

UNPROVEN: Mapping[str, str] = {
    "lower triangular weights": "weights count as non-zero, and which position a column makes is not known",
    "dense weights over time": "positions are made by a matrix: which is whose is not known",
    "mixed over tokens": "positions are made by a matrix",
    "sorted along time": "positions are made by sorting",
}
"""Nets that keep the rules on time, which is not proven: name to why."""

GUARDED: Mapping[str, str] = {
    "lower triangular weights": "weights count as non-zero: zeros among them are not looked at",
    "windowed causal attention": "which of the positions are inside is not known of masks: the smallest field counts",
}
"""Nets of whose fields the rules on sizes promise less than is seen."""

WARNED: Mapping[str, set[str]] = {
    "image, misaligned branches": {"aligned-joins"},
    "causal branch beside a centred one": {"aligned-joins"},
    "x times its own future": {"aligned-joins"},
}
"""What default rules find in nets beside mixed batches."""


@cache
def truth(name: str) -> Truth:
    return Truth(NETS[name]())


@pytest.fixture
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name = request.getfixturevalue("name")
    file = tmp_path / "net.onnx"
    file.write_bytes(truth(name).net.model.SerializeToString())
    return file


@pytest.mark.parametrize("name", NETS)
def test_causal(name: str, path: Path) -> None:
    net = truth(name).net
    source, axis = net.time
    kept = {output: truth(name).lookahead(output) <= 0 for output, own in net.out.items() if own is not None}
    for output, causal in kept.items():
        said = verdict(path, "causal", net.inputs, tensor=output, input=source, axis=axis)
        assert said == ("pass" if causal and name not in UNPROVEN else "fail"), output
    if not all(kept.values()):
        assert verdict(path, "causal", net.inputs) == "fail"


@pytest.mark.parametrize("name", NETS)
def test_lookahead(name: str, path: Path) -> None:
    net = truth(name).net
    source, axis = net.time
    for output, own in net.out.items():
        if own is not None:
            ahead = truth(name).lookahead(output)
            asked = {"tensor": output, "input": source, "axis": axis}
            assert verdict(path, "lookahead", net.inputs, max=ahead - 1, **asked) == "fail"
            said = verdict(path, "lookahead", net.inputs, max=ahead, **asked)
            assert said == ("fail" if name in UNPROVEN else "pass")


@pytest.mark.parametrize("name", NETS)
def test_batch_independent(name: str, path: Path) -> None:
    """Told which axis counts samples, the rule says what is; left to find it, it passes no net that mixes them."""
    net = truth(name).net
    mixed = any(truth(name).mixes(output) for output in net.out)
    if mixed:
        assert verdict(path, "batch-independent", net.inputs) == "fail"
    if net.batch:
        axes = {source: net.batch.get(source) for source in net.inputs}
        found = rfonnx.check(path, ["batch-independent"], shapes=net.inputs, batch_axes=axes)
        assert found.passed() is not mixed


@pytest.mark.parametrize("name", NETS)
def test_no_global_operator(name: str, path: Path) -> None:
    net = truth(name).net
    said = verdict(path, "no-global-operator", net.inputs, input=net.time[0], axis=net.time[1])
    if truth(name).takes_all:
        assert said == "fail"
        assert verdict(path, "no-global-operator", net.inputs) == "fail"
    elif max(sizes.max() for sizes in truth(name).sizes.values()) < T / 2:
        assert said == "pass"


@pytest.mark.parametrize("name", NETS)
def test_field_sizes(name: str, path: Path) -> None:
    """Of positions inside; where none is, the field takes more than half of the axis."""
    net = truth(name).net
    source, axis = net.time
    for output, own in net.out.items():
        if own is None:
            continue
        asked = {"tensor": output, "input": source, "axis": axis}
        inside, sizes = truth(name).interior(output), truth(name).sizes[output]
        assert verdict(path, "field-maximum", net.inputs, max=int(sizes.max()) - 1, **asked) == "fail"
        if len(inside) and name not in GUARDED:
            assert verdict(path, "field-minimum", net.inputs, min=int(inside.min()), **asked) == "pass"
            assert verdict(path, "field-maximum", net.inputs, max=int(inside.max()), **asked) == "pass"
            assert verdict(path, "field-minimum", net.inputs, min=int(inside.min()) + 1, **asked) == "fail"
        middle = len(sizes) // 2
        share = sizes[middle] / T
        if share + 0.5 / T <= 1:
            assert (verdict(path, "coverage", net.inputs, min=share + 0.5 / T, **asked) == "fail") or name in GUARDED


@pytest.mark.parametrize("name", NETS)
def test_default_rules_fail_no_net_that_keeps_them(name: str, path: Path) -> None:
    net = truth(name).net
    found = rfonnx.check(path, shapes=net.inputs).findings
    failed = {f.name for f in found if f.status not in ("pass", "skip") and f.severity != "note"}  # a note: not proven
    mixed = {"batch-independent"} if any(truth(name).mixes(output) for output in net.out) else set()
    assert failed - mixed == WARNED.get(name, set())


@pytest.mark.parametrize("name", NETS)
def test_translation_period(name: str, path: Path) -> None:
    net = truth(name).net
    analysis = rfonnx.analyze(path, net.inputs)
    for output, own in net.out.items():
        if own is None:
            continue
        facts = [fact for fact in analysis.facts[output].shifts if (fact.input, fact.axis) == net.time]
        asked = {"tensor": output, "input": net.time[0], "axis": net.time[1]}
        said = verdict(path, "translation-period", net.inputs, max=MOST, **asked)
        if said == "pass":
            assert facts
            for fact in facts:
                assert fact.period is not None
                assert fact.period <= MOST
                assert fact.tensor_axis != own or follows(net, output, fact)
        elif [fact.period for fact in facts] == [None]:
            assert said == "fail"
