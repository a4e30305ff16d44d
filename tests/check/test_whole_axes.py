"""What takes a whole axis into each position is named, and rules on fields pass nothing that they did not look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

import rfonnx
import small_nets
from rfonnx.checking.rule_table import rules
from rfonnx.results.findings import Finding

T = 12
DEFAULT = [info.name for info in rules().values() if info.default]
DRAW = np.random.default_rng(5).standard_normal


def node(op: str, inputs: str, outputs: str, **attrs: Any) -> onnx.NodeProto:
    return helper.make_node(op, inputs.split(), outputs.split(), outputs.split()[0] + "_node", **attrs)


def weight(*shape: int) -> np.ndarray:
    return (DRAW(shape) * 0.5).astype("f")


def recurrent(direction: str) -> Any:
    ways = 1 + (direction == "bidirectional")
    weights = {
        "w": weight(ways, 12, 2),
        "r": weight(ways, 12, 3),
        "m": weight(ways * 3, 4),
        "s": np.int64([0, 0, ways * 3]),
    }
    nodes = [
        node("LSTM", "x w r", "l", hidden_size=3, direction=direction),
        node("Transpose", "l", "t", perm=[0, 2, 1, 3]),
        node("Reshape", "t s", "u"),
        node("MatMul", "u m", "y"),
    ]
    return nodes, (T, 1, 2), weights, 0, 0


W = {"w": weight(2, 2, 3), "i": weight(2)}
CONV = node("Conv", "x w", "c", pads=[1, 1])
NETS = {  # nodes, shape of x, weights, axis of x, of y
    "convolution": ([CONV, node("Relu", "c", "y")], (1, 2, T), W, 2, 2),
    "LSTM": recurrent("forward"),
    "reverse LSTM": recurrent("reverse"),
    "LSTM of both directions": recurrent("bidirectional"),
    "gate": ([CONV, node("GlobalMaxPool", "c", "g"), node("Mul", "c g", "y")], (1, 2, T), W, 2, 2),
    "norm": ([CONV, node("InstanceNormalization", "c i i", "y")], (1, 2, T), W, 2, 2),
    "a pool as wide as the axis": (
        [CONV, node("AveragePool", "c", "g", kernel_shape=[T]), node("Mul", "c g", "y")], (1, 2, T), W, 2, 2,
    ),
    "one sample for all": (
        [CONV, node("Gather", "c last", "g", axis=2), node("Add", "c g", "y")], (1, 2, T), {**W, "last": np.int64([0])}, 2, 2,
    ),
    "half of the channels see all": (
        [CONV, node("Softmax", "c", "g", axis=2), node("Concat", "c g", "y", axis=1)], (1, 2, T), W, 2, 2,
    ),
}  # fmt: skip
WHOLE = {
    "LSTM of both directions": "LSTM 'l_node' takes all of x axis 0 into each position",
    "gate": "GlobalMaxPool 'g_node' takes all of x axis 2 into each position",
    "norm": "InstanceNormalization 'y_node' takes all of x axis 2 into each position",
    "a pool as wide as the axis": "AveragePool 'g_node' takes all of x axis 2 into each position",
    "half of the channels see all": "Softmax 'g_node' takes all of x axis 2 into each position",
}


def saved(name: str, folder: Path) -> Path:
    nodes, shape, weights, _, _ = NETS[name]
    net = small_nets.model(nodes, {"x": shape}, {"y": ()}, weights)
    net.graph.output[0].CopyFrom(helper.make_value_info("y", onnx.TypeProto()))
    return small_nets.save(net, folder / "m.onnx")


def seen(path: Path, axis: int, out_axis: int) -> np.ndarray:
    """Bool: position of y x sample of x, whether it changes."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape
    length = session.run(["y"], {"x": np.zeros(shape, "f")})[0].shape[out_axis]
    found = np.zeros((length, T), bool)
    for seed in range(4):
        x = np.random.default_rng(seed).standard_normal(shape).astype("f")
        y = session.run(["y"], {"x": x})[0]
        for sample in range(T):
            changed = x.copy()
            changed[(*(slice(None),) * axis, sample)] += 3
            differs = session.run(["y"], {"x": changed})[0] != y
            found[:, sample] |= differs.any(axis=tuple(i for i in range(y.ndim) if i != out_axis))
    return found


def findings(path: Path, asked: Any, **options: Any) -> list[Finding]:
    return list(rfonnx.check(path, dict.fromkeys(DEFAULT, False) | asked, **options).findings)


@pytest.mark.parametrize("name", NETS)
def test_what_takes_a_whole_axis_is_named(name: str, tmp_path: Path) -> None:
    path = saved(name, tmp_path)
    axis, out_axis = NETS[name][3:]
    assert seen(path, axis, out_axis)[:, [0, -1]].all() == (name in WHOLE)
    for asked in (True, {"input": "x", "axis": axis}):
        said = findings(path, {"no-global-operator": asked})
        assert [(f.status, f.message) for f in said] == [
            ("fail", WHOLE[name])
            if name in WHOLE
            else ("pass", f"no operator takes a whole axis (looked at: x axis {axis})")
        ]
    analysis = rfonnx.analyze(path)
    assert [one[1:] for one in analysis.globals] == [("x", axis)] * (name in WHOLE)
    field = analysis.tensors["y"].fields["x", axis]
    assert field.kind == "global" or not seen(path, axis, out_axis).all() or name == "half of the channels see all"
    largest = {f.status for f in findings(path, {"field-maximum": {"max": 1000, "axis": axis}})}
    assert largest == ({"pass"} if name == "convolution" else {"fail"})  # all others grow with the input


def test_strides_may_leave_out_the_end_of_what_is_taken_whole(tmp_path: Path) -> None:
    """A mean behind a convolution of stride 3 that ends before the last samples, as the clip of a log spectrogram: all the same
    it takes whatever there is."""
    nodes = [
        node("Conv", "x k", "c", strides=[3]),
        node("GlobalAveragePool", "c", "g"),
        node("Sub", "c g", "y"),
    ]
    net = small_nets.model(nodes, {"x": (1, 2, T)}, {"y": ()}, {"k": weight(2, 2, 2)})
    net.graph.output[0].CopyFrom(helper.make_value_info("y", onnx.TypeProto()))
    path = small_nets.save(net, tmp_path / "m.onnx")
    last = (T - 2) // 3 * 3 + 1
    truth = seen(path, 2, 2)
    assert truth[:, [0, last]].all()
    assert not truth[:, last + 1 :].any()
    assert last + 1 < T
    (said,) = findings(path, {"no-global-operator": True})
    assert (
        said.message
        == f"GlobalAveragePool 'g_node' takes 0..{last} of the {T} positions of x axis 2 into each position"
    )
    (said,) = findings(path, {"field-maximum": {"max": 1000, "axis": 2}})
    assert said.status == "fail"
    assert "which grows with the axis: 'g' takes it together" in said.message


def test_what_is_only_at_most_the_whole_axis_is_not_proven(tmp_path: Path) -> None:
    """An operator that nobody knows may read anything."""
    nodes = [CONV, helper.make_node("Mystery", ["c"], ["y"], "odd", domain="com.example")]
    net = small_nets.model(nodes, {"x": (1, 2, T)}, {"y": (1, 2, T)}, W)
    net.opset_import.append(helper.make_opsetid("com.example", 1))
    (said,) = findings(small_nets.save(net, tmp_path / "m.onnx"), {"no-global-operator": True})
    assert (said.status, said.tensor) == ("fail", "y")
    assert "com.example.Mystery 'odd' is not proven to take less than all of x axis 2" in said.message


def test_weights_under_a_causal_mask_are_no_whole_row(models: Path, tmp_path: Path) -> None:
    """They are shown with their row, and hold zeros there."""
    hide = np.triu(np.full((T, T), -np.inf, "f"), 1)
    nodes = [
        node("Transpose", "x", "t", perm=[0, 2, 1]),
        node("MatMul", "x t", "s"),
        node("Add", "s hide", "m"),
        node("Softmax", "m", "p", axis=-1),
        node("MatMul", "x v", "u"),
        node("MatMul", "p u", "y"),
    ]
    net = small_nets.model(nodes, {"x": (1, T, 4)}, {"y": (1, T, 4)}, {"hide": hide, "v": weight(4, 4)})
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert not seen(path, 1, 1)[0, 1:].any()
    assert [f.status for f in findings(path, {"no-global-operator": True})] == ["pass"]
    assert rfonnx.analyze(path).globals == ()


RULES = [
    ("field-minimum", {"min": 1}),
    ("field-maximum", {"max": 100}),
    ("coverage", {"min": 0.1}),
    ("no-global-operator", {}),
    ("translation-period", {"max": 1}),
    ("causal", {}),
    ("lookahead", {"max": 1}),
]


@pytest.mark.parametrize(("rule", "values"), RULES)
def test_where_nothing_tells_which_axis_rules_fail(rule: str, values: Any, tmp_path: Path) -> None:
    """Scores of one row of features: nothing slides, and none is known to be time."""
    net = small_nets.model([node("Softmax", "x", "y", axis=2)], {"x": (1, 2, T)}, {"y": (1, 2, T)})
    path = small_nets.save(net, tmp_path / "m.onnx")
    (said,) = findings(path, {rule: values or True})
    assert said.status == "fail"
    if rule in ("causal", "lookahead"):
        assert "x axis 2" in said.message  # the one along which positions are mixed
    else:
        assert "no axis of x is known to be one that positions run along (candidates: 1, 2)" in said.message
    if "min" in values:
        assert [f.status for f in findings(path, {rule: {**values, "axis": 2}})] == ["pass"]


@pytest.mark.parametrize(("rule", "values"), RULES)
def test_rules_are_skipped_where_there_is_nothing_to_speak_of(rule: str, values: Any, tmp_path: Path) -> None:
    net = small_nets.model([node("Sqrt", "x", "y")], {"x": (1,)}, {"y": (1,)})
    (said,) = findings(small_nets.save(net, tmp_path / "m.onnx"), {rule: values or True})
    assert (said.status, said.message) == ("skip", "no input has an axis with more than one position")


def test_outputs_that_are_made_of_no_input(tmp_path: Path) -> None:
    """A constant sees nothing; an input that is passed on sees itself. Neither was looked at."""
    nodes = [CONV, node("Constant", "", "k", value_float=1.0)]
    net = small_nets.model(nodes, {"x": (1, 2, T)}, {"c": (1, 2, T), "k": (), "x": (1, 2, T)}, W)
    path = small_nets.save(net, tmp_path / "m.onnx")
    said = {(f.tensor, f.status) for f in findings(path, {"field-minimum": 2})}
    assert said == {("k", "fail"), ("x", "fail")}
    assert {f.status for f in findings(path, {"field-maximum": 3})} == {"pass"}
    assert {(f.tensor, f.status) for f in findings(path, {"coverage": 0.2})} == {("k", "fail"), ("x", "fail")}


def test_a_global_field_says_that_it_sees_all(models: Path) -> None:
    said = {f.message for f in findings(models / "se.onnx", {"field-minimum": 40})}
    assert said == {f"sees all of x axis {axis} ({n} positions) at every position" for axis, n in ((2, 32), (3, 40))}


def test_states_are_no_misaligned_join(tmp_path: Path) -> None:
    """State and cell in one input, as silero has them: two halves, and no branches that look at different places."""
    cut = {"a": np.int64([0]), "b": np.int64([1]), "e": np.int64([2]), "z": np.int64([0])}
    nodes = [
        node("Slice", "state a b z", "h"),
        node("Slice", "state b e z", "c"),
        node("LSTM", "x w r none none h c", "y yh yc", hidden_size=3),
        node("Concat", "yh yc", "next", axis=0),
    ]
    nodes[2].input[3], nodes[2].input[4] = "", ""
    weights = {"w": weight(1, 12, 2), "r": weight(1, 12, 3), **cut}
    net = small_nets.model(nodes, {"x": (T, 1, 2), "state": (2, 1, 3)}, {"y": "abcd", "next": "abc"}, weights)
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert [f.message for f in findings(path, {"aligned-joins": True})] == ["all joins are aligned"]
    assert {pair[0] for pair in rfonnx.analyze(path).windowed} <= {"x"}


def test_causal_branches_are_no_misaligned_join(models: Path, tmp_path: Path) -> None:
    """Of two outputs only the centred one joins what lies at different places: it was excused by the other one."""
    nodes = [
        node("Conv", "x w", "c", pads=[2, 0]),
        node("Add", "c x", "past"),
        node("Conv", "x w", "d", pads=[1, 1]),
        node("Add", "d c", "both"),
    ]
    net = small_nets.model(nodes, {"x": (1, 2, T)}, {"past": (1, 2, T), "both": (1, 2, T)}, W)
    path = small_nets.save(net, tmp_path / "m.onnx")
    (said,) = findings(path, {"aligned-joins": True})
    assert (said.status, said.tensor, said.message) == (
        "fail",
        "both",
        "joins branches centred at 0, -1 along x axis 2",
    )
    (said,) = findings(models / "wavenet.onnx", {"aligned-joins": True})
    assert said.message == "18 joins of branches that differ in centre, of which nothing sees ahead of its own position"


def test_a_recurrent_cell_written_out_joins_no_branches(tmp_path: Path) -> None:
    """State and cell are picked from one input, and meet in the gates: its first axis is none that anything slides along."""
    nodes = [
        node("Split", "state", "h c", axis=0),
        node("Add", "h x", "i"),
        node("Sigmoid", "i", "g"),
        node("Mul", "g c", "y"),
    ]
    net = small_nets.model(nodes, {"state": (2, 1, 8), "x": (1, 1, 8)}, {"y": (1, 1, 8)})
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert [f.message for f in findings(path, {"aligned-joins": True})] == ["all joins are aligned"]
    analysis = rfonnx.analyze(path)
    assert (analysis.windowed, analysis.joins) == ((), ())


def test_wide_windows_laid_out_as_tokens_are_no_whole_axis(tmp_path: Path) -> None:
    """On 6 x 6 pixels two convolutions of 7 see everything; no operator takes it all together."""
    nodes = [
        node("Conv", "x k", "a", pads=[3, 3, 3, 3]),
        node("Conv", "a k", "b", pads=[3, 3, 3, 3]),
        node("Reshape", "b s", "y"),
    ]
    weights = {"k": weight(1, 1, 7, 7), "s": np.int64([0, 0, -1])}
    net = small_nets.model(nodes, {"x": (1, 1, 6, 6)}, {"y": (1, 1, 36)}, weights)
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert [f.status for f in findings(path, {"no-global-operator": True})] == ["pass"]


def test_a_mask_leaves_less_than_a_window(tmp_path: Path) -> None:
    """Products with constant zeros are not read: a window over them sees less than its size, away from every border."""
    mask = np.float32([1] * 4 + [0] * 4 + [1] * 4)
    nodes = [node("Mul", "x mask", "m"), node("Conv", "m w", "y", pads=[1, 1])]
    net = small_nets.model(nodes, {"x": (1, 2, T)}, {"y": (1, 2, T)}, {**W, "mask": mask})
    path = small_nets.save(net, tmp_path / "m.onnx")
    assert seen(path, 2, 2)[4].sum() == 1
    assert [f.status for f in findings(path, {"field-minimum": 3})] == ["fail"]
    assert [f.status for f in findings(path, {"field-maximum": 3})] == ["pass"]
