"""Rules of channels-last and blocked operators against onnxruntime."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from access.probe import probe, values
from rfonnx import analyze
from rfonnx.operators.access.kernels import BLOCKED

MS = {"domain": "com.microsoft", "opset": 17}


def last(x):
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def channels_last_run(op_type, weight=None, **attrs):
    """The operator by its channels-first kin: onnxruntime has no kernels of these for CPUs."""
    from access.probe import one_node, runner

    def run(feeds):
        inputs = {"x": np.ascontiguousarray(np.moveaxis(feeds["x"], -1, 1))} | (
            {"w": feeds["w"]} if "w" in feeds else {}
        )
        if run.first is None:
            run.first = runner(one_node(op_type, inputs, opset=17, **attrs))
        return [last(run.first(inputs)[0])]

    run.first = None
    return run


@pytest.mark.parametrize("attrs", [{}, {"strides": [2, 1], "pads": [1, 0, 0, 1]}, {"group": 2}])
@pytest.mark.parametrize("op_type", ["NhwcConv", "NhwcFusedConv"])
def test_nhwc_conv(op_type, attrs):
    inputs = {"x": last(values(1, 4, 4, 2)), "w": values(2, 4 // attrs.get("group", 1), 2, 1, seed=1)}
    run = channels_last_run("Conv", **attrs)
    probe(op_type, inputs, run=run, trials=1, **attrs, **MS)


def test_nhwc_max_pool():
    attrs = {"kernel_shape": [2, 2], "strides": [2, 1], "pads": [0, 1, 0, 0]}
    x = np.random.default_rng(0).integers(-60, 60, (1, 4, 3, 2)).astype(np.int8)
    run, deltas = channels_last_run("MaxPool", **attrs), (127, -7)
    probe("NhwcMaxPool", {"x": x}, vary=["x"], run=run, deltas=deltas, trials=6, **attrs, **MS)


@pytest.mark.parametrize("channels_last", [0, 1])
def test_quantized_conv(channels_last):
    x = np.random.default_rng(0).integers(60, 190, (1, 2, 4, 3)).astype(np.uint8)
    x = last(x) if channels_last else x
    weight = np.random.default_rng(1).integers(60, 190, (2, 2, 2, 2)).astype(np.uint8)
    inputs = {
        "x": x,
        "xs": np.float32(0.02),
        "xz": np.uint8(128),
        "w": weight,
        "ws": np.float32(0.02),
        "wz": np.uint8(127),
    }
    inputs |= {"ys": np.float32(0.06), "yz": np.uint8(128)}
    constants = [name for name in inputs if name != "x"]
    attrs = {"pads": [1, 0, 0, 1], "channels_last": channels_last}
    probe("QLinearConv", inputs, constants, vary=["x"], deltas=(100, -100), trials=1, **attrs, **MS)


def test_quantized_transposed_conv():
    inputs = {
        "x": np.zeros((1, 2, 3), np.uint8),
        "xs": np.float32(1),
        "xz": np.uint8(0),
        "w": np.ones((2, 3, 4), np.uint8),
    }
    inputs |= {"ws": np.float32(1), "wz": np.uint8(0), "ys": np.float32(1), "yz": np.uint8(0)}

    def run(feeds):
        y = np.zeros((1, 3, 8), np.int64)
        for i in range(3):
            y[:, :, 2 * i : 2 * i + 4] += feeds["x"].astype(np.int64).sum(1)[:, None, i : i + 1]
        return [y]

    constants = [name for name in inputs if name != "x"]
    probe("QLinearConvTranspose", inputs, constants, vary=["x"], deltas=(3,), trials=1, run=run, strides=[2], **MS)


@pytest.fixture
def optimised(tmp_path):
    """A function that optimises a small conv net as far as onnxruntime can, into its blocked layout."""
    import onnxruntime

    def optimise(nodes, weights, shape):
        info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", shape), ("y", None))]
        constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
        graph = helper.make_graph(nodes, "net", info[:1], info[1:], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        options.log_severity_level = 4
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return model, onnx.load(tmp_path / "optimised.onnx")

    return optimise


def test_blocked_net_sees_what_the_plain_one_does(optimised):
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["c", "w2"], ["d"], group=32, pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["d", "w3"], ["e"]),
        helper.make_node("Add", ["e", "c"], ["f"]),
        helper.make_node(
            "Resize",
            ["f", "", "s"],
            ["g"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        helper.make_node("Conv", ["g", "w4"], ["h"], pads=[1, 1, 1, 1]),
        helper.make_node("AveragePool", ["h"], ["i"], kernel_shape=[2, 2]),
        helper.make_node("Conv", ["i", "w5"], ["y"]),
    ]
    weights = {
        "w1": values(32, 3, 3, 3),
        "w2": values(32, 1, 3, 3),
        "w3": values(32, 32, 1, 1),
        "w4": values(32, 32, 3, 3),
        "w5": values(9, 32, 1, 1),
        "s": np.array([1, 1, 2, 2], np.float32),
    }
    plain, blocked = optimised(nodes, weights, (1, 3, 24, 20))
    if not any(node.domain == "com.microsoft.nchwc" for node in blocked.graph.node):
        pytest.skip("onnxruntime does not block channels on this machine")
    expected, found = analyze(plain), analyze(blocked)
    assert found.tensors["y"].exact
    for axis in range(4):
        wanted, seen = expected.intervals("y", "x", axis), found.intervals("y", "x", axis)
        for want, got in zip(wanted, seen, strict=True):
            assert (np.broadcast_to(want, (1, 9, 11, 9)) == np.broadcast_to(got, (1, 9, 11, 9))).all()


def test_blocks_that_get_an_axis_keep_their_places(optimised):
    """Where onnxruntime cannot compare lengths, it adds blocked tensors with an axis for the block. Claims are held by a run."""
    import onnxruntime

    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Abs", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "w2"], ["c"], group=32, pads=[1, 1, 1, 1]),
        helper.make_node("Abs", ["c"], ["d"]),
        helper.make_node("Conv", ["d", "w2"], ["e"], group=32, pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c", "e"], ["f"]),
        helper.make_node("Conv", ["f", "w3"], ["y"]),
    ]
    weights = {"w1": values(32, 3, 3, 3), "w2": values(32, 1, 3, 3), "w3": values(32, 32, 1, 1)}
    _, blocked = optimised(nodes, weights, ("n", 3, "h", "w"))
    split = [node.output[0] for node in blocked.graph.node if node.op_type == "Reshape"][
        :-1
    ]  # the last one joins again
    if not split:
        pytest.skip("onnxruntime does not block channels on this machine")
    blocked.graph.output.extend(onnx.ValueInfoProto(name=name) for name in split)
    found = analyze(blocked, {"x": (1, 3, 16, 14)})
    session = onnxruntime.InferenceSession(blocked.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.abs(values(1, 3, 16, 14))
    rows = np.repeat(x, 17, 0)
    rows[np.arange(16), 1, np.arange(16)] += 1
    for name in ("y", *split):
        (result,) = session.run([name], {"x": rows})
        lo, hi = (np.broadcast_to(end, result[:1].shape)[0] for end in found.intervals(name, "x", 2))
        at = np.arange(16).reshape(-1, *[1] * lo.ndim)
        seen = (lo <= at) & (at <= hi)
        moved = result[:-1] != result[-1]
        assert not (moved & ~seen).any(), name
        middle = tuple(n // 2 for n in lo.shape)
        reads = np.flatnonzero(moved[(slice(None), *middle)])
        assert (reads[0], reads[-1]) == (lo[middle], hi[middle]), name
    assert found.tensors["y"].fields["x", 2].kind == "local"


def test_blocked_weights_are_not_read_for_zeros(optimised):
    """They lie in another order than their shape says: the zeros of channels that fill up a block are not of channel 1 and 2."""
    weights = {"w": values(1, 3, 2, 1)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"])]
    _, blocked = optimised(nodes, weights, (1, 3, 4, 4))
    if not any(node.domain == "com.microsoft.nchwc" for node in blocked.graph.node):
        pytest.skip("onnxruntime does not block channels on this machine")
    found = analyze(blocked, weights="values")
    assert found.support("y", (0, 0, 1, 1), "x").sum() == 3 * 2
    assert BLOCKED in " ".join(found.warnings + sum((t.notes for t in found.tensors.values()), ()))
