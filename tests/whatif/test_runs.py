"""Changed models are models that onnxruntime runs, and makes what is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

import rfonnx
from rfonnx.comparing.variants.changed import changed
from rfonnx.model.opened import Opened, opened
from small_nets import model as small_model
from whatif.nets import CASES, Net, Options

MODELS = Path(__file__).parents[2] / "models"


def runnable(model: Opened) -> onnx.ModelProto:
    """The model, with ones for weights that have a shape alone."""
    made = onnx.ModelProto()
    made.CopyFrom(model.proto)
    for tensor in made.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            ones = np.ones(list(tensor.dims), helper.tensor_dtype_to_np_dtype(tensor.data_type))
            tensor.CopyFrom(numpy_helper.from_array(ones, tensor.name))
    return made


def run(model: onnx.ModelProto, tensors: list[str]) -> list[np.ndarray]:
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    feeds = {one.name: rng.random([int(n) for n in one.shape], np.float32) for one in session.get_inputs()}
    return [np.asarray(one) for one in session.run(tensors, feeds)]


@pytest.mark.parametrize(("build", "changes"), CASES, ids=[f"{b.__name__}-{'-'.join(c)}" for b, c in CASES])
def test_shapes_are_those_that_a_run_makes(build: Callable[[Options], onnx.ModelProto], changes: Options) -> None:
    found = rfonnx.whatif(build({}), changes).variants[0]
    own = opened(build({}))
    shapes = {one.tensor: one.shape for one in found.seen}
    made = run(runnable(changed(own, own.graph(), changes).model), list(shapes))
    assert [one.shape for one in made] == list(shapes.values())


def test_the_bytes_of_activations_are_those_of_the_arrays() -> None:
    own = rfonnx.analyze(MODELS / "seed.onnx")
    made = run(onnx.load(MODELS / "seed.onnx"), list(own.tensors))
    assert rfonnx.whatif(MODELS / "seed.onnx").before.activation_bytes == sum(one.nbytes for one in made)


def test_a_pool_that_pads_by_its_kernel_is_run_by_nobody() -> None:
    net = Net({})
    made = net.made(net.node("MaxPool", [net.input("x", (1, 1, 9, 9))], "y", kernel_shape=[2, 2], pads=[2, 2, 2, 2]))
    with pytest.raises(Exception, match=r"[Pp]ad should be smaller than kernel"):
        run(made, ["y"])


@pytest.mark.parametrize("op", ["Conv", "MaxPool"])
def test_a_dilation_that_the_runtime_does_not_pad_for_is_told(op: str) -> None:
    net = Net({})
    x = net.input("x", (1, 1, 9, 9))
    net.weights["w"] = np.ones((1, 1, 3, 3), np.float32)
    read, more = ([x, "w"], {}) if op == "Conv" else ([x], {"kernel_shape": [3, 3]})
    made = net.made(net.node(op, read, "y", auto_pad="SAME_UPPER", **more))
    own = opened(made)

    def tried(changes: Options) -> tuple[str, ...]:
        return rfonnx.whatif(made, changes).variants[0].notes

    wide, padded = {"y": {"dilation": 2}}, {"y": {"dilation": 2, "pads": 2 if op == "Conv" else 1}}
    assert tried(wide) == ("onnxruntime does not pad by itself (auto_pad) for dilations, as in 'y': say pads as well",)
    if op == "Conv":
        with pytest.raises(Exception, match="Dilation not supported for AutoPadType::SAME"):
            run(runnable(changed(own, own.graph(), wide).model), ["y"])
    else:
        (found,) = run(runnable(changed(own, own.graph(), wide).model), ["y"])
        assert found.shape == (1, 1, 7, 7) == rfonnx.whatif(made, wide).variants[0].seen[0].shape
    assert tried(padded) == tried({"y": {"kernel": 5}}) == ()
    (found,) = run(runnable(changed(own, own.graph(), padded).model), ["y"])
    assert found.shape == rfonnx.whatif(made, padded).variants[0].seen[0].shape


def test_a_quantised_convolution_gets_another_weight() -> None:
    weights = {"s": np.float32(0.1), "z": np.uint8(0), "w": np.ones((4, 2, 1, 1), np.uint8)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("QLinearConv", ["q", "s", "z", "w", "s", "z", "s", "z"], ["c"], "conv"),
        helper.make_node("DequantizeLinear", ["c", "s", "z"], ["y"]),
    ]
    made = small_model(nodes, {"x": (1, 2, 8, 8)}, {"y": (1, 4, 8, 8)}, weights)
    (variant,) = rfonnx.whatif(made, {"conv": {"kernel": 3}}).variants
    assert variant.macs == 9 * rfonnx.whatif(made).before.macs > 0
    assert [(one.axis, one.field.size) for one in variant.seen] == [(2, 3), (3, 3)]
    own = opened(made)
    (y,) = run(runnable(changed(own, own.graph(), {"conv": {"kernel": 3}}).model), ["y"])
    assert y.shape == (1, 4, 8, 8)


def test_numbers_of_numpy() -> None:
    ours, theirs = ({"conv1": {"kernel": one}} for one in (5, np.int64(5)))
    assert rfonnx.whatif(MODELS / "seed.onnx", ours) == rfonnx.whatif(MODELS / "seed.onnx", theirs)


def test_another_size_than_the_files() -> None:
    """Whatever the file fixes; and open axes need no other option."""
    found = rfonnx.whatif(MODELS / "seed.onnx", {"pool": {"stride": 1}}, size=(50, 70))
    assert found.input_shapes == {"x": (1, 3, 50, 70)}
    assert found.variants[0].seen[0].shape == (1, 8, 49, 69)
    one = helper.make_node("MaxPool", ["x"], ["y"], "pool", kernel_shape=[3, 3], strides=[2, 2])
    open_net = small_model([one], {"x": ("n", 3, "h", "w")}, {"y": ("n", 3, "a", "b")})
    found = rfonnx.whatif(open_net, {"pool": {"stride": 1}}, size=33)
    assert [one.shape for one in (found.before.seen[0], found.variants[0].seen[0])] == [(1, 3, 16, 16), (1, 3, 31, 31)]
    assert rfonnx.whatif(open_net, size=33, shapes={"n": 2}).before.seen[0].shape == (2, 3, 16, 16)
