"""What is refused: the operator, the node and the reason, and a way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import rfonnx
from rfonnx.cli.main import run
from streaming.nets import Net

Made = Callable[[Net], str]


def normed(net: Net) -> str:
    return net.add("InstanceNormalization", "x", net.numbers(2), net.numbers(2))


def averaged(net: Net) -> str:
    return net.add("Sub", "x", net.add("ReduceMean", "x", axes=[2], keepdims=1))


def multiplied(net: Net) -> str:
    return net.add("ReduceProd", "x", axes=[2])


def pooled(net: Net) -> str:
    return net.add("Mul", "x", net.add("GlobalAveragePool", "x"))


def softmax(net: Net) -> str:
    return net.add("Softmax", "x", axis=2)


def compared(net: Net) -> str:
    keys = net.add("Transpose", "x", perm=[0, 2, 1])
    return net.add("MatMul", keys, net.add("Relu", "x"))


def attention(net: Net) -> str:
    queries = net.add("Transpose", "x", perm=[0, 2, 1])
    weights = net.add("Softmax", net.add("MatMul", queries, net.add("Relu", "x")), axis=-1)
    return net.add("MatMul", weights, net.add("Tanh", queries))


def over_queries(net: Net) -> str:
    queries = net.add("Transpose", "x", perm=[0, 2, 1])
    scores = net.add("Where", net.window(queries, 3, 0), net.add("MatMul", queries, "x"), net.number(-np.inf))
    weights = net.add("Softmax", net.add("Softmax", scores, axis=-1), axis=-2)
    return net.add("MatMul", weights, queries)


def unbounded(net: Net) -> str:
    queries = net.add("Transpose", "x", perm=[0, 2, 1])
    return net.attention(queries, net.window(queries, 2**40, 0), 2, 1)


def growing(net: Net) -> str:
    """A bias by the position of the key, not by its distance."""
    queries = net.add("Transpose", "x", perm=[0, 2, 1])
    mask = net.window(queries, 3, 0)
    row, column = net.positions(queries)
    bias = net.add("Cast", net.add("Mul", row, column), to=TensorProto.FLOAT)
    scores = net.add("Add", net.add("MatMul", queries, "x"), bias)
    weights = net.add("Softmax", net.add("Where", mask, scores, net.number(-np.inf)), axis=-1)
    return net.add("MatMul", weights, queries)


def backwards(net: Net) -> str:
    turned = net.add("Transpose", "x", perm=[2, 0, 1])
    return net.add("GRU", turned, net.numbers(1, 6, 2), net.numbers(1, 6, 2), hidden_size=2, direction="reverse")


def both_ways(net: Net) -> str:
    turned = net.add("Transpose", "x", perm=[2, 0, 1])
    return net.add("GRU", turned, net.numbers(2, 6, 2), net.numbers(2, 6, 2), hidden_size=2, direction="bidirectional")


def reversed_(net: Net) -> str:
    return net.add("Slice", "x", net.ints(-1), net.ints(-(2**40)), net.ints(2), net.ints(-1))


def same(net: Net) -> str:
    return net.add("Conv", "x", net.numbers(2, 2, 3), auto_pad="SAME_UPPER", strides=[2])


def wrapped(net: Net) -> str:
    return net.add("Pad", "x", net.ints(0, 0, 2, 0, 0, 2), mode="wrap")


def by_three(net: Net) -> str:
    return net.add("Resize", "x", "", net.constant(np.array([1, 1, 3], np.float32)), mode="linear")


def corners(net: Net) -> str:
    how = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
    return net.add("Resize", "x", "", net.constant(np.array([1, 1, 2], np.float32)), **how)


def behind(net: Net) -> str:
    return net.add("Concat", "x", net.add("Relu", "x"), axis=2)


def rates(net: Net) -> str:
    first = net.add("Conv", "x", net.numbers(2, 2, 2), strides=[2])
    return net.add("Add", net.add("Slice", "x", net.ints(0), net.ints(48), net.ints(2)), first)


def last_frames(net: Net) -> str:
    return net.add("Slice", "x", net.ints(-20), net.ints(2**40), net.ints(2))


def first_frames(net: Net) -> str:
    return net.add("Slice", "x", net.ints(0), net.ints(20), net.ints(2))


def folded(net: Net) -> str:
    return net.add("Reshape", "x", net.ints(1, -1))


def drawn(net: Net) -> str:
    return net.add("Add", "x", net.add("RandomNormalLike", "x"))


def product(net: Net) -> str:
    return net.add("CumProd", "x", net.ints(2))


def scattered(net: Net) -> str:
    index = net.constant(np.zeros((1, 1, 3), np.int64))
    return net.add("ScatterElements", "x", index, net.numbers(1, 1, 3), axis=1, reduction="add")


def indices_of_a_pool(net: Net) -> str:
    """Each frame a batch's entry of its own: indices count the whole."""
    last = net.add("Transpose", "x", perm=[2, 1, 0])
    net.nodes.append(onnx.helper.make_node("MaxPool", [last], ["most", "where"], "pool", kernel_shape=[1]))
    return net.add("Add", net.add("Cast", "where", to=1), "most")


def sines(net: Net) -> str:
    """A table by position, of a fixed length that the file demands."""
    return net.add("Add", "x", net.numbers(1, 1, 96))


def times_zero(net: Net) -> str:
    """Ones of as many frames, and how many there were."""
    nothing = net.add("Mul", "x", net.constant(np.zeros(1, np.float32)))
    ones = net.add("Add", nothing, net.constant(np.ones(1, np.float32)))
    return net.add("Div", net.add("CumSum", "x", net.ints(2)), net.add("CumSum", ones, net.ints(2)))


CASES: dict[str, tuple[Made, str]] = {
    "product over time": (multiplied, r"ReduceProd\) .*takes all positions of the streamed axis together"),
    "norm over time": (normed, r"InstanceNormalization\) .*takes all positions of the streamed axis together"),
    "mean over time": (averaged, r"Sub\) .*joins frames with what is known when the last one has come"),
    "global pool": (pooled, r"Mul\) .*joins frames with what is known when the last one has come"),
    "softmax over time": (softmax, r"Softmax\) .*takes all positions"),
    "comparison": (compared, r"output 'matmul2' has frames along two axes"),
    "attention": (attention, r"MatMul\) .*lets every frame see all others \(attention without a band\)"),
    "attention without a bound": (unbounded, r"MatMul\) .*lets every frame see all before it"),
    "softmax over queries": (over_queries, r"Softmax\) .*goes along one of two axes of frames"),
    "bias by position": (growing, r"depends on more than the distance"),
    "backwards": (backwards, r"GRU\) .*reads other positions of the streamed axis than those near its own"),
    "both ways": (both_ways, r"GRU\) .*reads other positions"),
    "reversed": (reversed_, r"Slice\) .*goes through the streamed axis backwards"),
    "SAME": (same, r"Conv\) .*pads SAME with a stride|Conv\) .*depends on its length"),
    "wrapped": (wrapped, r"Pad\) .*frames from elsewhere"),
    "align_corners": (corners, r"Resize\) .*depends on its length"),
    "linear by three": (by_three, r"Resize\) .*by 3/1 that is rounded"),
    "one behind the other": (behind, r"Concat\) "),
    "last frames": (last_frames, r"Slice\) .*depends on its length"),
    "first frames": (first_frames, r"Slice\) .*makes 20 frames of 97 of the input"),
    "folded": (folded, r"Reshape\) .*lays the streamed axis and another one into each other"),
    "times zero": (times_zero, r"Mul\) .*reads none of them \(a product with 0\)"),
    "indices of a pool": (indices_of_a_pool, r"MaxPool\) .*gives positions in the whole"),
    "scattered": (scattered, r"ScatterElements\) .*has indices 'w0' that do not come with the frames"),
    "drawn": (drawn, r"RandomNormalLike\) .*draws at random"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused_is_named(name: str) -> None:
    make, said = CASES[name]
    net = Net()
    model = net.model([1, 2, "t"], make(net))
    with pytest.raises(rfonnx.RfonnxError, match=said) as found:
        rfonnx.stream(model, "x", 2)
    assert found.value.hint
    assert "node '" in str(found.value) or "output '" in str(found.value)


def test_tensors_of_different_rates_are_not_joined() -> None:
    net = Net()
    model = net.model([1, 2, 96], rates(net))
    with pytest.raises(rfonnx.RfonnxError, match=r"Add\) .*different rates"):
        rfonnx.stream(model, "x", 2)


def test_what_comes_before_can_be_streamed() -> None:
    """The way out that is offered."""
    net = Net()
    first = net.add("Relu", net.conv("x", 2, 2, [3], pads=[1, 1]))
    model = net.model([1, 2, "t"], net.add("InstanceNormalization", first, net.numbers(2), net.numbers(2)))
    with pytest.raises(rfonnx.RfonnxError, match=f"--until '{first}'"):
        rfonnx.stream(model, "x", 2)
    plan = rfonnx.stream(model, "x", 2, outputs=[first])
    assert plan.delay == {first: 1}
    assert plan.verify().passed


def test_a_table_by_position_of_a_fixed_length_is_looked_up() -> None:
    net = Net()
    plan = rfonnx.stream(net.model([1, 2, 96], net.conv(sines(net), 2, 2, [5], pads=[2, 2])), "x", 2)
    assert plan.manifest.fixed == 96
    assert plan.verify().passed


def test_a_constant_of_all_frames_is_shortened() -> None:
    """The same in every frame: an exporter's broadcast."""
    net = Net()
    bias = net.constant(np.broadcast_to(np.array([[[1.0], [2.0]]], np.float32), (1, 2, 96)).copy())
    plan = rfonnx.stream(net.model([1, 2, 96], net.add("Add", "x", bias)), "x", 2, 4)
    assert plan.verify().passed
    assert plan.manifest.fixed == 96
    assert plan.assumptions


def test_a_fixed_length_is_an_assumption() -> None:
    """Looked at other lengths where the network takes them; else at its one."""
    net = Net()
    model = net.model([1, 2, 64], net.conv("x", 2, 2, [3], pads=[1, 1]))
    plan = rfonnx.stream(model, "x", 2)
    assert plan.manifest.fixed == 0
    assert "takes others" in plan.assumptions[0]
    assert len({run.length for run in plan.verify().runs if not run.skipped}) > 2


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"input": "z"}, "no input 'z'; give --input, one of 'x'"),
        ({"axis": 3}, "has 3 axes, and no axis 3"),
        ({"chunk": 3}, "a chunk of 3 frames is no multiple of 2"),
        ({"outputs": ["nothing"]}, "'nothing' is not in the model"),
        ({"shapes": {"x": (1, 3, 64)}}, "does not fit input 'x'"),
    ],
)
def test_what_is_asked_for_wrongly(ask: dict[str, object], said: str) -> None:
    net = Net()
    model: onnx.ModelProto = net.model([1, 2, "t"], net.conv("x", 2, 2, [2], strides=[2]))
    with pytest.raises(rfonnx.RfonnxError, match=said):
        rfonnx.stream(model, **{"axis": 2, **ask})  # type: ignore[arg-type]


def test_nothing_is_offered_that_lies_before_the_input_or_behind_the_outputs() -> None:
    net = Net()
    net.model([1, 4, "t"], net.add("Relu", "x"))
    turned = net.add("ReverseSequence", "x", net.ints(3), batch_axis=0, time_axis=2)
    cases = {
        "first": [turned, net.add("Relu", turned)],
        "last": [net.add("Softmax", net.add("Relu", "x"), axis=2)],
        "only": [net.add("Softmax", "x", axis=2)],
    }
    said = {}
    for name, made in cases.items():
        with pytest.raises(rfonnx.RfonnxError) as error:
            rfonnx.stream(net.model([1, 4, "t"], made[-1]), "x", 2)
        said[name] = error.value.hint
    assert "--until" not in said["first"]
    assert f"--from '{turned}'" in said["first"]
    assert "--until" in said["last"]
    assert "--from" not in said["last"]
    assert "--until" not in said["only"]
    assert "--from" not in said["only"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken, gone = tmp_path / "broken.onnx", tmp_path / "gone.onnx"
    broken.write_bytes(b"no model")
    whole = tmp_path / "m.onnx"
    net = Net()
    onnx.save(net.model([1, 2, "t"], net.add("Relu", "x")), whole)
    for arguments in (
        [broken, "--dry-run"],
        ["latency", broken, "--chunks", "8"],
        ["verify", whole, broken],
        ["verify", broken, whole],
    ):
        assert run(["stream", *map(str, arguments)]) == 2
        assert capsys.readouterr().err.count("broken.onnx: is no ONNX model") == 1
    with pytest.raises(rfonnx.RfonnxError, match=r"gone\.onnx: no such file"):
        rfonnx.Stream(gone)
