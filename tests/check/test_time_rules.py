"""`causal` and `lookahead` on small nets of every kind, against onnxruntime: what changes with a later sample looks ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import rfonnx
import small_nets
from rfonnx.checking.rule_table import rules
from rfonnx.cli.main import run
from rfonnx.results.findings import Finding

T = 12
DEFAULT = [info.name for info in rules().values() if info.default]
DRAW = np.random.default_rng(5).standard_normal


def node(op: str, inputs: str, outputs: str, **attrs: Any) -> onnx.NodeProto:
    """A node; "-" among the inputs is one that is left out."""
    return helper.make_node(
        op, [name.strip("-") for name in inputs.split()], outputs.split(), f"{op} {outputs}", **attrs
    )


def weight(*shape: int) -> np.ndarray:
    return (DRAW(shape) * 0.5).astype("f")


def attention(mask: str) -> list[onnx.NodeProto]:
    """Of one head over x (1, T, 4), to a; `mask`: "" or what is added to the scores."""
    return [
        node("MatMul", "x wq", "q"), node("MatMul", "x wk", "k"), node("MatMul", "x wv", "v"),
        node("Transpose", "k", "kt", perm=[0, 2, 1]), node("MatMul", "q kt", "s"),
        *([node("Add", f"s {mask}", "m")] if mask else []),
        node("Softmax", "m" if mask else "s", "p", axis=-1), node("MatMul", "p v", "a"),
    ]  # fmt: skip


QKV = {"wq": weight(4, 4), "wk": weight(4, 4), "wv": weight(4, 4)}
HIDE = {"hide": np.triu(np.full((T, T), -np.inf, "f"), 1)}
SOFT = {"hide": np.triu(np.full((T, T), -5, "f"), 1)}
W = {"w": weight(2, 2, 3)}


def recurrent(op: str, direction: str, layout: int = 0) -> Any:
    """Over x (T, 1, 2), all of Y."""
    gates, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], 1 + (direction == "bidirectional")
    weights = {"w": weight(ways, gates * 3, 2), "r": weight(ways, gates * 3, 3)}
    shape = (1, T, 2) if layout else (T, 1, 2)
    attrs = {"layout": layout} if layout else {}
    return [node(op, "x w r", "y", hidden_size=3, direction=direction, **attrs)], shape, weights, 1 if layout else 0, 1


CONV = node("Conv", "x w", "c", pads=[2, 0])
NETS = {  # nodes, shape of x, weights, axis of time of x, stride
    "causal convolution": ([node("Conv", "x w", "y", pads=[2, 0])], (1, 2, T), W, 2, 1),
    "centred convolution": ([node("Conv", "x w", "y", pads=[1, 1])], (1, 2, T), W, 2, 1),
    "gate over time": (
        [CONV, node("GlobalAveragePool", "c", "g"), node("Sigmoid", "g", "s"), node("Mul", "c s", "y")], (1, 2, T), W, 2, 1,
    ),
    "instance norm": ([CONV, node("InstanceNormalization", "c i i", "y")], (1, 2, T), {**W, "i": weight(2)}, 2, 1),
    "mean over time taken away": (
        [CONV, node("ReduceMean", "c", "g", axes=[2]), node("Sub", "c g", "y")], (1, 2, T), W, 2, 1,
    ),
    "norm over features": (
        [node("Transpose", "x", "t", perm=[0, 2, 1]), node("LayerNormalization", "t i", "n", axis=-1),
         node("Transpose", "n", "u", perm=[0, 2, 1]), node("Conv", "u w", "y", pads=[2, 0])],
        (1, 2, T), {**W, "i": weight(2)}, 2, 1,
    ),
    "strided": ([node("Conv", "x w", "y", pads=[2, 0], strides=[2])], (1, 2, T), W, 2, 2),
    "strided, under a gate": (
        [node("Conv", "x w", "c", pads=[2, 0], strides=[2]), node("ReduceMax", "c", "g", axes=[2]), node("Mul", "c g", "y")],
        (1, 2, T), W, 2, 2,
    ),
    **{f"{op} {way}": recurrent(op, way) for op in ("LSTM", "GRU", "RNN") for way in ("forward", "reverse", "bidirectional")},
    "self-attention": ([*attention(""), node("Identity", "a", "y")], (1, T, 4), QKV, 1, 1),
    "self-attention, residual": ([*attention(""), node("Add", "a x", "y")], (1, T, 4), QKV, 1, 1),
    "causal attention": ([*attention("hide"), node("Identity", "a", "y")], (1, T, 4), QKV | HIDE, 1, 1),
    "causal attention, residual": ([*attention("hide"), node("Add", "a x", "y")], (1, T, 4), QKV | HIDE, 1, 1),
    "attention under a soft mask": ([*attention("hide"), node("Add", "a x", "y")], (1, T, 4), QKV | SOFT, 1, 1),
    "running sum, then convolution": (
        [node("CumSum", "x two", "c"), node("Conv", "c w", "y", pads=[2, 0])], (1, 2, T), {**W, "two": np.int64(2)}, 2, 1,
    ),
    "the last sample for all": (
        [CONV, node("Gather", "c last", "g", axis=2), node("Add", "c g", "y")], (1, 2, T), {**W, "last": np.int64([T - 1])}, 2, 1,
    ),
}  # fmt: skip


def saved(name: str, folder: Path) -> tuple[Path, int, int]:
    nodes, shape, weights, axis, stride = NETS[name]
    net = small_nets.model(nodes, {"x": shape}, {"y": ()}, weights)
    net.graph.output[0].CopyFrom(helper.make_value_info("y", onnx.TypeProto()))
    return small_nets.save(net, folder / "m.onnx"), axis, stride


def ahead(path: Path, axis: int, out_axis: int, stride: int) -> int:
    """The largest distance from the sample that a position stands for to a later one that changes it; below 0: none."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape
    found = []
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal(shape).astype("f")
        y = session.run(["y"], {"x": x})[0]
        for sample in range(shape[axis]):
            changed = x.copy()
            changed[(*(slice(None),) * axis, sample)] += 2
            differs = session.run(["y"], {"x": changed})[0] != y
            positions = np.flatnonzero(differs.any(axis=tuple(i for i in range(y.ndim) if i != out_axis)))
            found += (sample - positions * stride).tolist()
    return max(found)


def findings(path: Path, asked: Any, **options: Any) -> list[Finding]:
    if not isinstance(asked, list):
        asked = dict.fromkeys(DEFAULT, False) | asked
    return list(rfonnx.check(path, asked, **options).findings)


@pytest.mark.parametrize("name", NETS)
def test_no_rule_passes_what_looks_ahead(name: str, tmp_path: Path) -> None:
    path, axis, stride = saved(name, tmp_path)
    truth = ahead(path, axis, 0 if "L" in name or "G" in name or "R" in name else axis, stride)
    for where in ({}, {"input": "x", "axis": axis}, {"output": "y", "axis": axis - 3}):
        (said,) = findings(path, {"causal": where or True})
        assert said.status == ("pass" if truth <= 0 else "fail")
        assert f"along x axis {axis}" in said.message
        assert {f.status for f in findings(path, {"lookahead": {"max": truth, **where}})} == {"pass"}
        assert {f.status for f in findings(path, {"lookahead": {"max": truth - 1, **where}})} == {"fail"}
    (fact,) = rfonnx.analyze(path).facts["y"].time
    assert (fact.axis, fact.stride, fact.causal, fact.lookahead) == (axis, stride, truth <= 0, truth)


def test_every_output_is_judged(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "first", pads=[2, 0]), node("Conv", "first w", "second", pads=[1, 1])]
    nodes.append(node("Relu", "z", "third"))
    net = small_nets.model(
        nodes, {"x": (1, 2, T), "z": (1, 2, T)}, dict.fromkeys(("first", "second", "third"), "abc"), W
    )
    path = small_nets.save(net, tmp_path / "m.onnx")
    said = [(f.tensor, f.status, f.message) for f in findings(path, {"causal": True})]
    assert said == [("second", "fail", "sees 1 sample ahead along x axis 2")]
    assert [f.message for f in findings(path, {"causal": {"output": "first", "input": "x"}})] == [
        "is causal along x axis 2"
    ]
    assert [f.message for f in findings(path, {"causal": {"output": "third", "input": "x"}})] == [
        "does not depend on x axis 2"
    ]


def test_layout_and_states(tmp_path: Path) -> None:
    """An LSTM (batch first) with its states: y is causal, its last states stand for the last sample, h0 and c0 have no time."""
    nodes, shape, weights, _, _ = recurrent("LSTM", "forward", 1)
    del nodes[0].output[:], nodes[0].input[3:]
    nodes[0].output.extend(["y", "h", "c"])
    nodes[0].input.extend(["", "", "h0", "c0"])
    state = (1, 1, 3)
    net = small_nets.model(
        nodes, {"x": shape, "h0": state, "c0": state}, dict.fromkeys(("y", "h", "c"), "abc"), weights
    )
    path = small_nets.save(net, tmp_path / "m.onnx")
    analysis = rfonnx.analyze(path)
    assert analysis.time.axes.states == {"h0", "c0"}
    assert [(f.input, f.axis, f.causal, f.lookahead) for f in analysis.facts["y"].time] == [("x", 1, True, 0)]
    assert (analysis.facts["h"].time, analysis.windowed) == ((), ())
    said = findings(path, {"causal": True})
    assert [(f.tensor, f.status) for f in said] == [("y", "pass"), ("h", "pass"), ("c", "pass")]
    assert "stands for one sample that was picked along x axis 1, and sees nothing after it" in said[1].message
    assert [f.message for f in findings(path, {"causal": {"output": "y", "axis": 1}})] == ["is causal along x axis 1"]
    assert [f.message for f in findings(path, {"aligned-joins": True})] == ["all joins are aligned"]


def test_features_are_no_time(tmp_path: Path) -> None:
    """128 features of an LSTM were told to look ahead by 127 samples."""
    weights = {"w": weight(1, 12, 128), "r": weight(1, 12, 3)}
    net = small_nets.model(
        [node("LSTM", "x w r", "y", hidden_size=3)], {"x": (T, 1, 128)}, {"y": ("a", "b", "c", "d")}, weights
    )
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert [(f.axis, f.lookahead) for f in rfonnx.analyze(path).facts["y"].time] == [(0, 0)]


def test_caches_are_no_time(tmp_path: Path) -> None:
    """The two frames before, put in front of the new ones: what is read of them is no lookahead."""
    nodes = [
        node("Concat", "cache x", "long", axis=2),
        node("Conv", "long w", "y"),
        node("Slice", "long b e a", "next"),
    ]
    weights = {**W, "b": np.int64([-2]), "e": np.int64([T + 2]), "a": np.int64([2])}
    net = small_nets.model(nodes, {"cache": (1, 2, 2), "x": (1, 2, T)}, {"y": (1, 2, T), "next": (1, 2, 2)}, weights)
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert rfonnx.analyze(path).time.axes.states == {"cache"}
    (said,) = findings(path, {"causal": {"output": "y"}})
    assert (said.status, said.message) == ("pass", "is causal along x axis 2")
    assert ahead_of(path, {"cache": (1, 2, 2), "x": (1, 2, T)}) == 0


def ahead_of(path: Path, shapes: dict[str, tuple[int, ...]]) -> int:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feeds = {name: DRAW(shape).astype("f") for name, shape in shapes.items()}
    y, found = session.run(["y"], feeds)[0], []
    for sample in range(T):
        x = feeds["x"].copy()
        x[..., sample] += 2
        found += (sample - np.flatnonzero((session.run(["y"], {**feeds, "x": x})[0] != y).any((0, 1)))).tolist()
    return max(found)


POOLED = [CONV, node("GlobalAveragePool", "c", "y")]
ROUND = [node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "x t", "y")]


@pytest.mark.parametrize(
    ("nodes", "shape", "asked", "message"),
    [
        (POOLED, (1, 2, T), {}, "is not proven to be causal along x axis 2: none of its axes runs along it"),
        (ROUND, (1, T, 2), {"axis": 1}, "is not proven to be causal along x axis 1: several of its axes run along it"),
        ([node("Relu", "x", "y")], (1, 2, T), {}, "no axis of x is known to be time (candidates: 1, 2)"),
        ([node("Conv", "x w2", "y", pads=[1, 1, 1, 1])], (1, 2, 9, T), {}, "several axes of x may be time (candidates: 2, 3)"),
        ([node("Conv", "x w2", "y", pads=[1, 2, 1, 0])], (1, 2, 9, T), {"axis": 2}, "sees 1 sample ahead along x axis 2"),
        (POOLED, (1, 2, 1), {"axis": 2}, "x axis 2 has one position here"),
    ],
)  # fmt: skip
def test_what_cannot_be_proven_fails(nodes: Any, shape: Any, asked: Any, message: str, tmp_path: Path) -> None:
    weights = {**W, "w2": weight(2, 2, 3, 3)}
    net = small_nets.model(nodes, {"x": shape}, {"y": ()}, weights)
    net.graph.output[0].CopyFrom(helper.make_value_info("y", onnx.TypeProto()))
    path = small_nets.save(net, tmp_path / "m.onnx")
    for rule in ({"causal": asked or True}, {"lookahead": {"max": 0, **asked}}):
        (said,) = findings(path, rule)
        assert said.status == "fail"
        assert (
            message.replace("be causal", "be causal" if "causal" in rule else "see at most 0 samples ahead")
            in said.message
        )


@pytest.mark.parametrize("dim", ["time", "seq_len", "T", "numFrames", "num_tokens"])
def test_names_of_dimensions(dim: str, tmp_path: Path) -> None:
    """A spectrogram whose time is named: causal there, not along frequency."""
    net = small_nets.model(
        [node("Conv", "x w", "y", pads=[1, 2, 1, 0])],
        {"x": ("n", 2, 9, dim)},
        {"y": ("n", 2, 9, dim)},
        {"w": weight(2, 2, 3, 3)},
    )
    path = small_nets.save(net, tmp_path / "m.onnx")
    (said,) = findings(path, {"causal": True}, shapes={dim: T})
    assert (said.status, said.message) == ("pass", "is causal along x axis 3")


def test_where_evidence_disagrees_there_is_no_answer(tmp_path: Path) -> None:
    """A recurrent layer goes through frequency, and another axis is named time."""
    nodes = [node("Transpose", "x", "t", perm=[1, 0, 2]), node("GRU", "t w r", "y", hidden_size=3)]
    weights = {"w": weight(1, 9, 2), "r": weight(1, 9, 3)}
    net = small_nets.model(nodes, {"x": ("time", 7, 2)}, {"y": ("a", "b", "c", "d")}, weights)
    path = small_nets.save(net, tmp_path / "m.onnx")
    (said,) = findings(path, {"causal": True}, shapes={"x": (T, 7, 2)})
    assert (said.status, said.message) == (
        "fail", "several axes of x may be time (candidates: 0, 1): name `input` and `axis`",
    )  # fmt: skip


@pytest.mark.parametrize("pads", [[0, 1, 0, 1], [0, 2, 0, 0]])
def test_a_layer_over_frequency_does_not_hide_time(pads: list[int], tmp_path: Path) -> None:
    """A GRU goes through frequency, and windows slide along the other axis of (1, 2, F, T): no name tells which is meant."""
    nodes = [
        node("Transpose", "x", "a", perm=[2, 3, 0, 1]), node("Reshape", "a flat", "b"),
        node("GRU", "b g r", "c", hidden_size=2), node("Reshape", "c apart", "d"),
        node("Transpose", "d", "e", perm=[2, 3, 0, 1]), node("Conv", "e w", "y", pads=pads),
    ]  # fmt: skip
    weights = {"g": weight(1, 6, 2), "r": weight(1, 6, 2), "w": weight(2, 2, 1, 3)}
    sizes = {"flat": np.int64([5, T, 2]), "apart": np.int64([5, T, 1, 2])}
    net = small_nets.model(nodes, {"x": (1, 2, 5, T)}, {"y": (1, 2, 5, T)}, weights | sizes)
    path = small_nets.save(net, tmp_path / "m.onnx")
    (said,) = findings(path, {"causal": True})
    assert (said.status, said.message) == (
        "fail", "several axes of x may be time (candidates: 2, 3): name `input` and `axis`",
    )  # fmt: skip
    (said,) = findings(path, {"causal": {"axis": 3}})
    assert said.status == ("fail" if ahead(path, 3, 3, 1) > 0 else "pass")


def test_an_input_as_long_as_time_is_judged_too(tmp_path: Path) -> None:
    """z is turned round before it is added: nothing slides along it, and it was not looked at."""
    nodes = [CONV, node("Slice", "z b e a s", "r"), node("Add", "c r", "y")]
    weights = {**W, "b": np.int64([-1]), "e": np.int64([-T - 1]), "a": np.int64([2]), "s": np.int64([-1])}
    net = small_nets.model(nodes, {"x": (1, 2, T), "z": (1, 2, T)}, {"y": (1, 2, T)}, weights)
    said = {f.message: f.status for f in findings(small_nets.save(net, tmp_path / "m.onnx"), {"causal": True})}
    assert said == {f"sees {T - 1} samples ahead along z axis 2 at length {T}": "fail"}


@pytest.mark.parametrize(("joined", "status"), [("first d", "pass"), ("d first", "fail")])
def test_what_is_put_in_its_place_later_is_no_misaligned_join(joined: str, status: str, tmp_path: Path) -> None:
    """x[t] less a share of x[t - 1], by slices: the difference lies one step early until the first sample is put before it."""
    nodes = [
        node("Slice", "x zero one two", "first"), node("Slice", "x one end two", "later"),
        node("Slice", "x zero last two", "sooner"), node("Mul", "sooner share", "scaled"),
        node("Sub", "later scaled", "d"), node("Concat", joined, "y", axis=2),
    ]  # fmt: skip
    ints = {"zero": 0, "one": 1, "two": 2, "end": T, "last": -1}
    weights = {"share": np.float32([0.97]), **{name: np.int64([value]) for name, value in ints.items()}}
    net = small_nets.model(nodes, {"x": (1, 2, T)}, {"y": (1, 2, T)}, weights)
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert (ahead(path, 2, 2, 1) <= 0) is (status == "pass")
    assert {found.status for found in findings(path, {"aligned-joins": True})} == {status}


def test_steps_written_out_one_by_one(tmp_path: Path) -> None:
    """y[t] = y[t - 1] + x[t], put together again: no path runs along, but what is read does."""
    nodes = [node("Split", "x", " ".join(f"x{i}" for i in range(T)), axis=2), node("Identity", "x0", "h0")]
    nodes += [node("Add", f"h{i - 1} x{i}", f"h{i}") for i in range(1, T)]
    nodes.append(node("Concat", " ".join(f"h{i}" for i in range(T)), "y", axis=2))
    net = small_nets.model(nodes, {"x": (1, 2, T)}, {"y": (1, 2, T)})
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert ahead(path, 2, 2, 1) == 0
    (said,) = findings(path, {"causal": {"axis": 2}})
    assert (said.status, said.message) == ("pass", "is causal along x axis 2")


def test_sequence_lengths_shorten_only(tmp_path: Path) -> None:
    """Where a forward layer ends is data: it is causal all the same; a reverse one is not proven to be anything."""
    for direction, status in (("forward", "pass"), ("reverse", "fail")):
        nodes, shape, weights, _, _ = recurrent("LSTM", direction)
        nodes[0].input.extend(["", "lengths"])
        net = small_nets.model(
            nodes, {"x": shape, "lengths": (1,)}, {"y": ("a", "b", "c", "d")}, weights, {"lengths": TensorProto.INT32}
        )
        (said,) = findings(small_nets.save(net, tmp_path / "m.onnx"), {"causal": {"input": "x"}})
        assert said.status == status
    assert (
        said.message
        == f"is not proven to be causal along x axis 0: it sees at most {T - 1} samples ahead at length {T}"
    )


def test_words_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _, _ = saved("causal convolution", tmp_path)
    assert (
        run(["check", str(path), "--rule", "causal.output=y", "--rule", "causal.input=x", "--rule", "causal.axis=2"])
        == 0
    )
    assert run(["check", str(path), "--rule", "causal.axis=1"]) == 1
    assert "axis 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"tensor": "nope"}, "no tensor 'nope' is computed from an input"),
        ({"tensor": "y", "output": "c"}, "`output` and `tensor` name two tensors"),
        ({"input": "nope"}, "there is no input 'nope'; there are x"),
        ({"input": "x", "axis": 3}, "input 'x' has no axis 3"),
        ({"axis": -4}, "no input has an axis -4"),
    ],
)
def test_what_does_not_exist(asked: Any, message: str, tmp_path: Path) -> None:
    path, _, _ = saved("gate over time", tmp_path)
    with pytest.raises(rfonnx.QueryError, match=message):
        findings(path, {"causal": asked})
