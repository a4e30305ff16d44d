"""A target is reached, and no cheaper change is missed: held against every change, each in a net that is built with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
import pytest

import rfonnx
from rfonnx.cli.main import run
from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.variants import search
from rfonnx.errors import DataError
from whatif.nets import Options, causal, dilated, inception, plain, residual, unet

MODELS = Path(__file__).parents[2] / "models"
Build = Callable[[Options], onnx.ModelProto]
Set = tuple[tuple[str, str, Any], ...]


def single_changes(build: Build, tensor: str) -> Iterator[tuple[str, str, Any]]:
    """(node, attribute, value) of every change that docs/whatif.md names to what makes a tensor, read off the file."""
    nodes, wanted = build({}).graph.node, {tensor}
    for node in reversed(nodes):
        wanted |= set(node.input) if node.output[0] in wanted else set()
    for node in (one for one in nodes if one.output[0] in wanted):
        attrs = {one.name: list(one.ints) for one in node.attribute}
        if node.op_type not in ("Conv", "MaxPool", "AveragePool"):
            continue
        kernel, strides = attrs["kernel_shape"], attrs["strides"]
        if max(kernel) > 1 and "dilations" in attrs:
            for factor in (2, 4, 8):
                yield (
                    node.name,
                    "dilation",
                    tuple(d * factor if k > 1 else d for k, d in zip(kernel, attrs["dilations"], strict=True)),
                )
        yield node.name, "kernel", tuple(k + 2 if k > 1 or max(kernel) == 1 else k for k in kernel)
        if max(strides) > 1:
            yield node.name, "stride", 1


BESIDE = {"s2.a": "s2.short", "s2.short": "s2.a", "s3.a": "s3.short", "s3.short": "s3.a"}
"""Nodes whose strides are removed together."""


def built(build: Build, chosen: Set) -> tuple[rfonnx.Analysis, int] | None:
    """The net with these changes, and its MACs; None: shapes contradict each other, or a pool pads by more than it may."""
    changes: dict[str, dict[str, Any]] = {}
    for name, attribute, value in chosen:
        for one in (name, *([BESIDE[name]] if attribute == "stride" and name in BESIDE else [])):
            changes.setdefault(one, {})[attribute] = value
    model = build(changes)
    for node in model.graph.node:
        attrs = {one.name: list(one.ints) for one in node.attribute}
        if node.op_type.endswith("Pool") and "pads" in attrs and max(attrs["pads"]) >= min(attrs["kernel_shape"]):
            return None
    try:
        onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        made = rfonnx.analyze(model)
    except (onnx.shape_inference.InferenceError, rfonnx.RfonnxError):
        return None
    return made, macs(made.graph).total


def least(made: rfonnx.Analysis, tensor: str) -> float:
    return min(field.coverage for (_, axis), field in made.tensors[tensor].fields.items() if axis >= 2)


def brute(build: Build, tensor: str, target: float, count: int) -> list[int]:
    """MACs of every set of so many changes that reaches the target, the fewest first."""
    found = []
    for chosen in itertools.combinations(list(single_changes(build, tensor)), count):
        if len({name for name, *_ in chosen}) == count and (one := built(build, chosen)) is not None:
            made, cost = one
            if least(made, tensor) >= target:
                found.append(cost)
    return sorted(found)


CASES: list[tuple[Build, str, float]] = [
    (plain, "pool3", 0.7),
    (plain, "pool3", 0.95),
    (residual, "s2.relu", 0.6),
    (residual, "s2.relu", 0.8),
    (causal, "sum3", 0.15),
    (causal, "sum3", 0.3),
    (dilated, "valid1", 0.4),
    (dilated, "context3.relu", 1.0),
    (inception, "last", 0.8),
    (unet, "mask", 0.8),
]


@pytest.mark.parametrize(("build", "tensor", "target"), CASES, ids=[f"{b.__name__} {t}" for b, _, t in CASES])
def test_no_cheaper_single_change_is_missed(build: Build, tensor: str, target: float) -> None:
    wanted = brute(build, tensor, target, 1)
    found = rfonnx.whatif(build({}), tensors=[tensor], coverage=target, most=1).target
    assert found is not None
    assert found.proven
    assert found.candidates == len(list(single_changes(build, tensor)))
    assert bool(found.proposals) == bool(wanted)
    if wanted:
        assert found.proposals[0].macs == wanted[0]
        assert [one.macs for one in found.proposals] == sorted(one.macs for one in found.proposals)
    for one in found.proposals:
        changes = {(change.node, str(change.attribute), change.after) for change in one.changes if not change.follows}
        assert len({(name if BESIDE.get(name, name) > name else BESIDE.get(name, name)) for name, *_ in changes}) == 1
        again = built(build, tuple(changes))
        assert again is not None
        assert least(again[0], tensor) >= target
        assert one.macs == again[1]
        assert one.coverage(tensor) == least(again[0], tensor)


SMALL: list[tuple[Build, str, float, str]] = [
    (causal, "sum3", 0.5, "dilation"),
    (causal, "sum3", 0.18, "kernel"),
    (dilated, "valid1", 0.2, "kernel"),
    (plain, "pool3", 0.71, "kernel"),
]


@pytest.mark.parametrize(
    ("build", "tensor", "target", "kind"), SMALL, ids=[f"{b.__name__} {t}" for b, _, t, _ in SMALL]
)
def test_sets_of_two_are_the_cheapest_where_no_single_change_does(
    build: Build, tensor: str, target: float, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_kind(given: Build, name: str) -> Iterator[tuple[str, str, Any]]:
        return (one for one in every(given, name) if one[1] == kind)

    every = single_changes
    monkeypatch.setitem(globals(), "single_changes", of_kind)
    assert not brute(build, tensor, target, 1)
    wanted = brute(build, tensor, target, 2)
    found = rfonnx.whatif(build({}), tensors=[tensor], coverage=target, by=[kind]).target
    assert found is not None
    assert found.proven
    assert wanted
    assert [one.macs for one in found.proposals][:1] == wanted[:1]
    assert all(one.coverage(tensor) >= target for one in found.proposals)


def test_what_is_reached_needs_no_change() -> None:
    found = rfonnx.whatif(plain({}), tensors=["pool3"], coverage=0.1).target
    assert found is not None
    assert (found.proposals, found.analysed, found.proven) == ((), 0, True)
    assert found.before >= 0.1


def test_a_search_that_is_cut_short_says_so(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    from rfonnx.cli.main import run

    words = ["whatif", str(MODELS / "dilated.onnx"), "--tensor", "grid", "--target", "coverage=0.3", "--by", "dilation"]
    assert run(words) == 0
    whole = capfd.readouterr().out
    assert "the search ended" not in whole
    assert "proposal 1: --set " in whole
    monkeypatch.setattr(search, "ANALYSED", 0)
    assert run(words) == 0
    cut = capfd.readouterr().out
    assert "the search ended after 0 sets of changes: others were not looked at" in cut
    assert "no set of at most 2 changes was found that reaches it" in cut
    monkeypatch.setattr(search, "ANALYSED", 300)
    monkeypatch.setattr(search, "LISTED", 1)
    assert run(words) == 0
    assert "others were not looked at" in capfd.readouterr().out


def test_no_set_reaches_it(capfd: pytest.CaptureFixture[str]) -> None:
    from rfonnx.cli.main import run

    words = ["whatif", str(MODELS / "seed.onnx"), "--target", "coverage=1", "--by", "kernel", "--most", "2"]
    assert run(words) == 0
    assert "no set of at most 2 changes reaches it" in capfd.readouterr().out
    sides: Mapping[str, Any] = {"conv1": {"kernel": 5}, "conv2": {"kernel": 5}, "pool": {"kernel": 4}}
    for pair in itertools.combinations(sides, 2):
        made = rfonnx.whatif(MODELS / "seed.onnx", {name: sides[name] for name in pair}).variants[0]
        assert made.coverage("pool") < 1


@pytest.mark.parametrize(
    "options",
    [
        {"coverage": 0.0},
        {"coverage": 1.5},
        {"coverage": 0.9, "most": 0},
        {"coverage": 0.9, "most": 4},
        {"coverage": 0.9, "by": ["width"]},
    ],
)
def test_targets_that_mean_nothing(options: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="give"):
        rfonnx.whatif(MODELS / "seed.onnx", **options)


def test_what_sees_the_past_alone_keeps_to_it(capfd: pytest.CaptureFixture[str]) -> None:
    from rfonnx.cli.main import run

    found = rfonnx.whatif(causal({}), {"filter3": {"kernel": 3, "pads": (8, 8)}}, coverage=0.9).target
    assert found is not None
    assert (found.proposals, found.proven, found.past) == ((), True, 101 / 200)
    seen = rfonnx.analyze(causal({})).intervals("sum3", "x", 2)[1].max(initial=0, axis=(0, 1))[100]
    assert seen + 1 <= 101
    (variant,) = rfonnx.whatif(causal({}), {"filter3": {"kernel": 3, "pads": (8, 8)}}).variants
    assert variant.ahead == ("sum3",)
    wide = rfonnx.whatif(MODELS / "wavenet.onnx", {"embed": {"kernel": 3}})
    assert wide.variants[0].ahead == ("logits",)
    assert run(["whatif", str(MODELS / "wavenet.onnx"), "--set", "embed:kernel=3", "--target", "coverage=0.9"]) == 0
    out = capfd.readouterr().out
    assert "logits saw the past alone, and sees ahead" in out
    assert "its middle position can see 50% at most" in out
    for one in rfonnx.whatif(MODELS / "wavenet.onnx", size=4000, coverage=0.3).target.proposals:  # type: ignore[union-attr]
        assert not one.ahead


def test_two_targets_are_no_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(plain({}), tmp_path / "m.onnx")
    assert run(["whatif", str(tmp_path / "m.onnx"), "--target", "coverage=0.9", "--target", "coverage=0.1"]) == 2
    assert "'--target': is given twice: the larger one holds for both" in capsys.readouterr().err
