"""Pool rules against the operators."""

import numpy as np
import pytest

from access.probe import one_node, probe, probe_model, runner, values
from rfonnx.analysis.lower import lower
from rfonnx.model.reading.load import load
from rfonnx.operators.access.primitives import Window

POOLS = {
    "k2 s2": ((1, 2, 4, 2), {"kernel_shape": [2, 1], "strides": [2, 1]}),
    "k3 s2 p1": ((1, 1, 6), {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
    "ceil mode": ((1, 1, 6), {"kernel_shape": [3], "strides": [2], "ceil_mode": 1}),
    "ceil mode, padded": ((1, 1, 5), {"kernel_shape": [2], "strides": [2], "pads": [1, 0], "ceil_mode": 1}),
    "same upper": ((1, 1, 5), {"kernel_shape": [2], "strides": [2], "auto_pad": "SAME_UPPER"}),
    "same lower": ((1, 1, 5), {"kernel_shape": [4], "strides": [2], "auto_pad": "SAME_LOWER"}),
    "valid": ((1, 1, 5), {"kernel_shape": [2], "strides": [2], "auto_pad": "VALID"}),
}
DILATED = {"dilated": ((1, 1, 8), {"kernel_shape": [3], "dilations": [2], "strides": [2], "pads": [1, 1]})}


@pytest.mark.parametrize("case", POOLS | DILATED)
def test_max_pool(case):
    shape, attrs = (POOLS | DILATED)[case]
    probe("MaxPool", {"x": values(*shape)}, trials=6, **attrs)


@pytest.mark.parametrize("count_include_pad", [0, 1])
@pytest.mark.parametrize("case", POOLS | DILATED)
def test_average_pool(case, count_include_pad):
    shape, attrs = (POOLS | DILATED)[case]
    probe("AveragePool", {"x": values(*shape)}, count_include_pad=count_include_pad, **attrs)


@pytest.mark.parametrize("case", [c for c in POOLS if "ceil" not in c])
def test_lp_pool(case):
    shape, attrs = POOLS[case]
    probe("LpPool", {"x": values(*shape)}, p=2, **attrs)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize(("kernel", "dilation", "stride"), [(4, 2, 1), (2, 2, 2), (1, 1, 3), (3, 2, 2)])
@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool"])
def test_same_padding_that_onnxruntime_reads_otherwise(op_type, kernel, dilation, stride, auto_pad):
    """With dilation, or a stride beyond the kernel, both readings are taken; the specification's is checked by its formula."""
    attrs = {"kernel_shape": [kernel], "dilations": [dilation], "strides": [stride], "auto_pad": auto_pad}
    for length in (3, 4, 6, 7):
        x = {"x": values(1, 1, length)}
        outputs = -(-length // stride)
        total = max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - length, 0)
        begin = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2

        def specified(feeds, begin=begin, outputs=outputs, length=length):
            reach = [[o * stride - begin + t * dilation for t in range(kernel)] for o in range(outputs)]
            return [np.array([[[sum(feeds["x"][0, 0, i] for i in row if 0 <= i < length) for row in reach]]])]

        probe(op_type, x, run=specified, exact=None, trials=1, **attrs)
        if op_type == "AveragePool" or kernel >= stride:  # onnxruntime's MaxPool refuses the negative pads it works out
            probe(op_type, x, exact=None, trials=3, deltas=(9, -9), **attrs)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool", "LpPool"])
def test_every_pool_has_the_length_and_the_reads_of_the_runtime(op_type, auto_pad):
    """Each element alone differs from the others in one sample of a batch: one run shows all that is read."""
    random = np.random.default_rng(0)
    for _ in range(120):
        n, kernel, stride, dilation = (int(random.integers(*limits)) for limits in ((1, 12), (1, 5), (1, 4), (1, 4)))
        attrs = {"kernel_shape": [kernel], "strides": [stride], "dilations": [dilation], "auto_pad": auto_pad}
        attrs["ceil_mode"] = int(random.integers(2))
        if auto_pad == "NOTSET":
            attrs["pads"] = [int(p) for p in random.integers(0, kernel, 2)]
        model = one_node(op_type, {"x": np.zeros((n + 1, 1, n), np.float32)}, opset=22, **attrs)
        try:
            (y,) = runner(model)({"x": 9 * np.eye(n + 1, n, dtype=np.float32)[:, None]})
        except Exception:  # onnxruntime raises classes of its own
            continue
        graph = load(model)
        assert graph.shapes["y0"] == y.shape, (n, attrs)
        if y.size:
            (tensor,) = lower(graph).tensors
            index, out = np.arange(n)[:, None], np.arange(y.shape[2])
            read = np.zeros((n, y.shape[2]), bool)
            for _, steps in tensor.paths:
                windows = steps or (Window(2, n, 1, 1, 1, 0),)
                read |= np.any(
                    [index == out * w.stride - w.pad + t * w.dilation for w in windows for t in range(w.kernel)], 0
                )
            seen = (y[:-1] != y[-1])[:, 0]
            assert not (seen & ~read).any(), (n, attrs)
            assert not tensor.exact or not (read & ~seen).any(), (n, attrs)


def test_same_padding_of_a_small_stride_is_exact():
    probe("AveragePool", {"x": values(1, 1, 6)}, kernel_shape=[1], strides=[2], auto_pad="SAME_UPPER")


def test_max_pool_indices():
    probe("MaxPool", {"x": values(1, 1, 4, 3)}, outputs=2, kernel_shape=[2, 2], trials=6)


@pytest.mark.parametrize("op_type", ["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
def test_global_pools(op_type):
    probe(op_type, {"x": values(2, 2, 2, 3)}, trials=6)


def test_roi_pools_are_supersets():
    box = np.array([[0, 0, 0, 1, 1], [0, 1, 1, 2, 3]], np.float32)
    probe("MaxRoiPool", {"x": values(1, 2, 4, 4), "r": box}, vary=["x"], exact=False, pooled_shape=[1, 1])
    inputs = {"x": values(1, 2, 4, 4), "r": box[:, 1:], "i": np.zeros(2, np.int64)}
    probe("RoiAlign", inputs, exact=False, output_height=2, output_width=1, deltas=(0.25,), trials=1)


def test_max_unpool_of_unknown_indices_reads_everything():
    inputs = {"x": values(1, 1, 2), "i": np.array([[[0, 3]]], np.int64)}
    program = probe("MaxUnpool", inputs, exact=False, kernel_shape=[2], strides=[2])
    assert "not those of a MaxPool" in program.tensors[0].note


@pytest.mark.parametrize("overlap", [False, True])
def test_max_unpool_undoes_its_max_pool(overlap):
    """Each output position sees the window of the pool that may have picked it, and that alone."""
    from onnx import TensorProto, helper

    window = {"kernel_shape": [3 if overlap else 2], "strides": [2]}
    nodes = [
        helper.make_node("MaxPool", ["x"], ["p", "i"], **window),
        helper.make_node("Exp", ["p"], ["e"]),
        helper.make_node("MaxUnpool", ["e", "i", "s"], ["y"], **window),
    ]
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, 7]) for n in "xy"]
    types = {"p": TensorProto.FLOAT, "i": TensorProto.INT64, "e": TensorProto.FLOAT}
    extra = [helper.make_tensor_value_info(name, kind, None) for name, kind in types.items()]
    size = helper.make_tensor("s", TensorProto.INT64, [3], [1, 1, 7])
    graph = helper.make_graph(nodes, "g", info[:1], [info[1], *extra], [size])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    program = probe_model(model, {"x": values(1, 1, 7)}, trials=8)
    assert all(tensor.exact for tensor in program.tensors)
