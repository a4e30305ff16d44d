"""Reshapes to lengths of the file: what follows is what the program, exported with the change, has; else the node is named."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.cli.main import run
from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.variants.reshaped import lengths_after
from rfonnx.errors import MisfitError
from whatif.nets import Net, Options


def shuffled(changes: Options) -> onnx.ModelProto:
    """ShuffleNet's unit: channels are shuffled by Reshapes whose lengths an exporter writes down; a flat head."""
    net = Net(changes)
    x = net.conv(net.input("x", (1, 4, 24, 20)), "stem", 12, 3, 2)
    for unit in ("a", "b"):
        x = net.conv(x, f"{unit}.in", 12, 1, group=3)
        x = groups_exchanged(net, x, unit, 3)
        x = net.conv(x, f"{unit}.out", 12, 3, 2 if unit == "a" else 1, group=12)
    return net.made(reshape(net, x, "tokens", lambda n, c, *space: (n, c, prod(space))))


def groups_exchanged(net: Net, x: str, name: str, groups: int) -> str:
    x = reshape(net, x, f"{name}.apart", lambda n, c, *space: (n, groups, c // groups, *space))
    x = net.node("Transpose", [x], f"{name}.turned", perm=[0, 2, 1, 3, 4])
    return reshape(net, x, f"{name}.together", lambda n, a, b, *space: (n, a * b, *space))


def boxes(changes: Options) -> onnx.ModelProto:
    """A detector's head: anchors and their numbers are parts of the channels."""
    net = Net(changes)
    x = net.conv(net.input("x", (1, 3, 32, 24)), "stem", 8, 3, 2)
    x = net.conv(x, "head", 24, 3, 2)
    x = net.node("Transpose", [x], "last", perm=[0, 2, 3, 1])
    return net.made(reshape(net, x, "boxes", lambda n, h, w, c: (n, h * w * (c // 4), 4)))


def depth_to_space(changes: Options) -> onnx.ModelProto:
    """Blocks of channels become positions, by Reshapes."""
    net = Net(changes)
    x = net.conv(net.input("x", (2, 3, 16, 12)), "stem", 8, 3, 2)
    x = reshape(net, x, "blocks", lambda n, c, h, w: (n, c // 4, 2, 2, h, w))
    x = net.node("Transpose", [x], "turned", perm=[0, 1, 4, 2, 5, 3])
    x = reshape(net, x, "larger", lambda n, c, h, a, w, b: (n, c, h * a, w * b), channels=2)
    return net.made(net.conv(x, "smooth", 2, 3))


def pooled(changes: Options) -> onnx.ModelProto:
    """A pool that leaves one position, flat."""
    net = Net(changes)
    x = net.conv(net.input("x", (1, 3, 16, 16)), "stem", 8, 3, 2)
    x = net.pool(x, "pool", 8, 8, op="AveragePool")
    return net.made(reshape(net, x, "flat", lambda n, *rest: (n, prod(rest))))


def reshape(net: Net, x: str, name: str, program: Any, channels: int | None = None) -> str:
    """As exporters write it: the lengths of this very export."""
    shape = rfonnx.analyze(net.made(x)).tensors[x].shape
    net.weights[f"{name}.lengths"] = np.array(program(*(shape or ())))
    return net.node("Reshape", [x, f"{name}.lengths"], name, channels)


CASES: list[tuple[Any, Options]] = [
    (shuffled, {"stem": {"stride": 1}}),
    (shuffled, {"a.out": {"stride": 1}, "b.out": {"dilation": 2}}),
    (shuffled, {"stem": {"stride": (1, 2)}, "b.out": {"stride": 2}}),
    (boxes, {"head": {"stride": 1}}),
    (boxes, {"stem": {"stride": 1}, "head": {"stride": (2, 1)}}),
    (depth_to_space, {"stem": {"stride": (2, 1)}}),
    (pooled, {"stem": {"stride": 1}}),
]


@pytest.mark.parametrize(("build", "changes"), CASES)
def test_it_is_the_net_that_is_exported_with_the_change(build: Any, changes: Options) -> None:
    given = build({})
    wanted = rfonnx.analyze(build(changes))
    (variant,) = rfonnx.whatif(given, changes, tensors=list(rfonnx.analyze(given).tensors)).variants
    assert {one.tensor for one in variant.seen} == set(wanted.tensors)
    for one in variant.seen:
        tensor = wanted.tensors[one.tensor]
        assert (one.shape, one.exact, one.field) == (tensor.shape, tensor.exact, tensor.fields[one.input, one.axis])
    assert variant.macs == macs(wanted.graph).total
    told = {change.node: change.after for change in variant.changes if change.attribute == "lengths"}
    assert told == {name: wanted.tensors[name].shape for name in told}
    assert told


def windows(changes: Options) -> onnx.ModelProto:
    """Windows of 4 positions, as in Swin: the axis that changes is cut, and which part becomes longer is not told."""
    net = Net(changes)
    x = net.conv(net.input("x", (1, 3, 16, 16)), "stem", 8, 3, 2)
    return net.made(reshape(net, x, "windows", lambda n, c, h, w: (n, c, h // 4, 4, w // 4, 4)))


def ones(changes: Options) -> onnx.ModelProto:
    """Axes of one position: which of them becomes longer is not told."""
    net = Net(changes)
    x = net.conv(net.input("x", (1, 3, 16, 16)), "stem", 8, 3, 2)
    x = net.pool(x, "pool", 8, 8, op="AveragePool")
    return net.made(reshape(net, x, "flat", lambda n, c, *rest: (n, c, 1)))


def turned(changes: Options) -> onnx.ModelProto:
    """As many elements as before, and other lengths: the file's may be meant, or those that follow."""
    net = Net(changes)
    x = net.conv(net.input("x", (1, 3, 16, 16)), "stem", 8, 3, (2, 1))
    return net.made(reshape(net, x, "same", lambda *shape: shape))


@pytest.mark.parametrize(
    ("build", "changes", "node"),
    [
        (windows, {"stem": {"stride": 1}}, "windows"),
        (ones, {"stem": {"stride": 1}}, "flat"),
        (turned, {"stem": {"stride": (1, 2)}}, "same"),
    ],
)
def test_what_is_not_told_is_refused_with_the_node(build: Any, changes: Options, node: str) -> None:
    with pytest.raises(MisfitError, match=rf"shapes no longer go together: node '{node}' \(Reshape\)"):
        rfonnx.whatif(build({}), changes)


def test_lengths_are_those_of_random_programs_or_none() -> None:
    """Axes are cut where they stay, and put together; what they become is known by the program."""
    draw, told = np.random.default_rng(0), 0
    for _ in range(3000):
        before, after = [], []  # parts of axes, in order
        source, changed = [], []
        for _ in range(int(draw.integers(1, 5))):
            if draw.random() < 0.5:  # an axis of several parts, which stays
                parts = [int(n) for n in draw.choice([1, 2, 3, 4], int(draw.integers(1, 4)))]
                before += parts
                after += parts
                source.append(prod(parts))
                changed.append(prod(parts))
            else:
                source.append(int(draw.choice([1, 2, 3, 4, 6, 8])))
                changed.append(int(draw.choice([1, 2, 3, 4, 6, 8])))
                before.append(source[-1])
                after.append(changed[-1])
        ends = sorted({0, len(before), *(int(n) for n in draw.integers(0, len(before) + 1, 3))})
        made, wanted = (tuple(prod(parts[i:j]) for i, j in pairwise(ends)) for parts in (before, after))
        found = lengths_after(source, made, changed)
        assert found in (wanted, None), (source, made, changed)
        told += found is not None
    assert told > 2000


@pytest.mark.parametrize(("build", "size"), [(shuffled, (40, 28)), (boxes, (64, 40)), (depth_to_space, (8, 20))])
@pytest.mark.parametrize("changes", [{}, {"stem": {"stride": 1}}])
def test_another_size_is_that_of_another_export(
    build: Any, size: tuple[int, int], changes: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = build({})
    found = rfonnx.whatif(given, changes, size=size)
    exported = Net.input
    monkeypatch.setattr(Net, "input", lambda net, name, shape: exported(net, name, (*shape[:2], *size)))
    for one, made in ((found.before, {}), *((one, changes) for one in found.variants)):
        wanted = rfonnx.analyze(build(made))
        assert one.macs == macs(wanted.graph).total
        assert one.seen
        assert all(seen.shape == wanted.tensors[seen.tensor].shape for seen in one.seen)
        assert all(seen.field == wanted.tensors[seen.tensor].fields[seen.input, seen.axis] for seen in one.seen)
        told = {change.node: change.after for change in one.changes if change.attribute == "lengths"}
        assert told == {name: wanted.tensors[name].shape for name in told}
        assert told


def test_what_the_report_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(boxes({}), tmp_path / "m.onnx")
    assert run(["whatif", str(tmp_path / "m.onnx"), "--size", "64,48", "--set", "head:stride=1"]) == 0
    said = capsys.readouterr().out
    assert "boxes (Reshape): lengths in the file 1x288x4 -> 1x1152x4, taken to follow what it reads" in said
    assert "boxes (Reshape): lengths in the file 1x1152x4 -> 1x4608x4, taken to follow what it reads" in said
