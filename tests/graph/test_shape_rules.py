"""Our own shape rules against onnxruntime: what it makes is what the rule must say."""

from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from rfonnx.model.reading.load import load

F32, F64, U8, I8, I32, I64, BOOL = (np.float32, np.float64, np.uint8, np.int8, np.int32, np.int64, np.bool_)


@dataclass
class Case:
    """One call: inputs by position ((shape, dtype), an array for a constant, or None), and how many outputs to ask for."""

    op: str
    inputs: list
    attrs: dict = field(default_factory=dict)
    outputs: int = 1
    domain: str = "com.microsoft"
    opset: int = 17


def f(*shape):
    return shape, F32


def u(*shape):
    return shape, U8


SCALE, ZERO, ZERO_I8 = np.float32(0.1), np.uint8(3), np.int8(0)
GQA = {"num_heads": 4, "kv_num_heads": 2}
GQA_LENGTHS = [np.array([4, 4], I32), np.array(5, I32)]

CASES = {
    "ConvTranspose, smaller than the input": Case(
        "ConvTranspose", [f(1, 2, 3, 4), f(2, 5, 3, 3)], {"output_shape": [2, 2], "group": 2}, domain=""
    ),
    "ConvTranspose, SAME": Case(
        "ConvTranspose",
        [f(1, 2, 3, 4), f(2, 5, 4, 3)],
        {"auto_pad": "SAME_UPPER", "strides": [2, 3], "output_padding": [1, 0]},
        domain="",
    ),
    "ConvTranspose, SAME with short kernels": Case(
        "ConvTranspose",
        [f(1, 2, 3, 4), f(2, 5, 1, 2)],
        {"auto_pad": "SAME_LOWER", "strides": [3, 3], "output_padding": [1, 0]},
        domain="",
    ),
    "Resize by a scale that float32 rounds down": Case(
        "Resize", [f(1, 1, 10, 5), None, np.array([1, 1, 0.7, 1.4], F32)], domain=""
    ),
    "Resize of some axes": Case(
        "Resize", [f(1, 2, 10, 5), None, np.array([0.9], F32)], {"axes": [-2]}, domain="", opset=19
    ),
    "Resize that keeps the aspect ratio": Case(
        "Resize",
        [f(1, 2, 4, 6), None, None, np.array([7, 5])],
        {"axes": [3, 2], "keep_aspect_ratio_policy": "not_larger"},
        domain="",
        opset=19,
    ),
    "Resize whose axes are counted from the end keeps its lengths": Case(
        "Resize",
        [f(1, 2, 4, 6), None, None, np.array([7, 5])],
        {"axes": [-1, -2], "keep_aspect_ratio_policy": "not_smaller"},
        domain="",
        opset=19,
    ),
    "Resize, opset 10": Case("Resize", [f(1, 1, 10, 20), np.array([1, 1, 1.3, 0.35], F32)], domain="", opset=10),
    "Upsample": Case("Upsample", [f(1, 1, 10, 5), np.array([1, 1, 2.3, 1.4], F32)], domain="", opset=9),
    "Upsample, opset 7": Case("Upsample", [f(1, 1, 10, 5)], {"scales": [1.0, 1.0, 2.3, 1.4]}, domain="", opset=7),
    "MaxPool, SAME and dilated": Case(
        "MaxPool",
        [f(1, 2, 7, 9)],
        {"kernel_shape": [3, 2], "dilations": [2, 3], "strides": [1, 2], "auto_pad": "SAME_LOWER"},
        2,
        domain="",
    ),
    "AveragePool, rounded up": Case(
        "AveragePool",
        [f(1, 2, 7, 9)],
        {"kernel_shape": [2, 3], "strides": [3, 2], "pads": [0, 1, 1, 0], "ceil_mode": 1},
        domain="",
    ),
    "Squeeze, negative before opset 11": Case("Squeeze", [f(2, 1, 3, 1)], {"axes": [-3, 3]}, domain="", opset=9),
    "Unsqueeze, negative before opset 11": Case("Unsqueeze", [f(2, 3)], {"axes": [-1, 1]}, domain="", opset=9),
    "Concat, negative before opset 11": Case("Concat", [f(2, 3), f(2, 1)], {"axis": -1}, domain="", opset=9),
    "FusedConv": Case("FusedConv", [f(1, 3, 9, 7), f(4, 3, 3, 3), f(4)], {"activation": "Relu", "strides": [2, 1]}),
    "FusedConv, sum": Case("FusedConv", [f(1, 3, 5, 5), f(4, 3, 3, 3), f(4), f(1, 4, 3, 3)]),
    "FusedMatMul": Case("FusedMatMul", [f(2, 5, 3), f(2, 5, 4)], {"transA": 1}),
    "FusedMatMul, transB": Case("FusedMatMul", [f(2, 5, 3), f(4, 3)], {"transB": 1, "alpha": 0.5}),
    "FusedMatMul, batch": Case("FusedMatMul", [f(2, 5, 3, 4), f(5, 3, 4, 6)], {"transBatchA": 1}),
    "FusedMatMul, batch and transA": Case("FusedMatMul", [f(4, 3, 2), f(3, 4, 6)], {"transBatchA": 1, "transA": 1}),
    "FusedGemm": Case("FusedGemm", [f(2, 5), f(4, 5), f(4)], {"transB": 1, "activation": "Relu"}),
    "Gelu": Case("Gelu", [f(2, 3)]),
    "FastGelu": Case("FastGelu", [f(2, 3, 4), f(4)]),
    "BiasGelu": Case("BiasGelu", [f(2, 3, 4), f(4)]),
    "QuickGelu": Case("QuickGelu", [f(2, 3)]),
    "SkipLayerNormalization": Case("SkipLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8), f(8), f(8)], {}, 4),
    "SkipSimplifiedLayerNormalization": Case("SkipSimplifiedLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8)], {}, 4),
    "LayerNormalization": Case("LayerNormalization", [f(2, 3, 8), f(3, 8)], {"axis": 1}, 3, ""),
    "SimplifiedLayerNormalization": Case("SimplifiedLayerNormalization", [f(2, 3, 8), f(8)], {"axis": -1}, 1, ""),
    "EmbedLayerNormalization": Case(
        "EmbedLayerNormalization",
        [((2, 5), I32), ((2, 5), I32), f(11, 8), f(9, 8), f(2, 8), f(8), f(8), ((2, 5), I32)],
        {},
        3,
    ),
    "Attention": Case("Attention", [f(2, 5, 8), f(8, 24), f(24)], {"num_heads": 2}),
    "Attention, past": Case(
        "Attention", [f(2, 5, 8), f(8, 24), f(24), None, f(2, 2, 2, 3, 4)], {"num_heads": 2, "unidirectional": 1}, 2
    ),
    "Attention, sizes": Case(
        "Attention", [f(2, 5, 8), f(8, 20), f(20)], {"num_heads": 2, "qkv_hidden_sizes": [8, 8, 4]}
    ),
    "QAttention": Case("QAttention", [u(2, 5, 8), u(8, 24), f(24), SCALE, SCALE, None, ZERO, ZERO], {"num_heads": 2}),
    "MultiHeadAttention": Case("MultiHeadAttention", [f(2, 5, 8), f(2, 6, 8), f(2, 6, 12)], {"num_heads": 2}),
    "MultiHeadAttention, heads apart": Case(
        "MultiHeadAttention", [f(2, 5, 8), f(2, 2, 6, 4), f(2, 2, 6, 4)], {"num_heads": 2}
    ),
    "MultiHeadAttention, past": Case(
        "MultiHeadAttention",
        [f(2, 5, 8), f(2, 6, 8), f(2, 6, 8), None, None, None, f(2, 2, 3, 4), f(2, 2, 3, 4)],
        {"num_heads": 2},
        3,
    ),
    "GroupQueryAttention": Case(
        "GroupQueryAttention", [f(2, 5, 32), f(2, 5, 16), f(2, 5, 16), None, None, *GQA_LENGTHS], GQA, 3
    ),
    "GroupQueryAttention, packed": Case(
        "GroupQueryAttention", [f(2, 5, 64), None, None, None, None, *GQA_LENGTHS], GQA, 3
    ),
    "RotaryEmbedding": Case("RotaryEmbedding", [f(2, 5, 16), ((1,), I64), f(9, 4), f(9, 4)], {"num_heads": 2}),
    "QLinearAdd": Case("QLinearAdd", [u(2, 3, 4), SCALE, ZERO, u(3, 1), SCALE, ZERO, SCALE, ZERO]),
    "QLinearMul": Case("QLinearMul", [u(2, 1, 4), SCALE, ZERO, u(3, 1), SCALE, ZERO, SCALE, ZERO]),
    "QLinearSigmoid": Case("QLinearSigmoid", [u(2, 3), SCALE, ZERO, SCALE, ZERO]),
    "QLinearLeakyRelu": Case("QLinearLeakyRelu", [u(2, 3), SCALE, ZERO, SCALE, ZERO], {"alpha": 0.1}),
    "QLinearSoftmax": Case("QLinearSoftmax", [u(2, 3), SCALE, ZERO, SCALE, ZERO], {"axis": -1, "opset": 13}),
    "QLinearWhere": Case("QLinearWhere", [((2, 1), BOOL), u(2, 3), SCALE, ZERO, u(1, 3), SCALE, ZERO, SCALE, ZERO]),
    "QLinearConcat": Case("QLinearConcat", [SCALE, ZERO, u(2, 3), SCALE, ZERO, u(2, 4), SCALE, ZERO], {"axis": 1}),
    "QLinearAveragePool": Case(
        "QLinearAveragePool", [u(1, 3, 7, 7), SCALE, ZERO, SCALE, ZERO], {"kernel_shape": [3, 3], "strides": [2, 2]}
    ),
    "QLinearAveragePool, last": Case(
        "QLinearAveragePool",
        [u(1, 8, 7, 3), SCALE, ZERO, SCALE, ZERO],
        {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1, "channels_last": 1},
    ),
    "QLinearGlobalAveragePool": Case("QLinearGlobalAveragePool", [u(1, 3, 7, 6), SCALE, ZERO, SCALE, ZERO]),
    "QLinearGlobalAveragePool, last": Case(
        "QLinearGlobalAveragePool", [u(1, 7, 6, 3), SCALE, ZERO, SCALE, ZERO], {"channels_last": 1}
    ),
    "QLinearConv": Case(
        "QLinearConv", [u(1, 3, 7, 6), SCALE, ZERO, np.ones((4, 3, 3, 3), U8), SCALE, ZERO, SCALE, ZERO]
    ),
    "QLinearConv, last": Case(
        "QLinearConv",
        [u(1, 7, 6, 3), SCALE, ZERO, np.ones((4, 3, 3, 3), U8), SCALE, ZERO, SCALE, ZERO],
        {"channels_last": 1, "pads": [1, 1, 0, 0]},
    ),
    "NhwcMaxPool": Case("NhwcMaxPool", [u(1, 8, 7, 3)], {"kernel_shape": [3, 2], "strides": [2, 2]}),
    "QuantizeLinear": Case("QuantizeLinear", [f(2, 3), SCALE, ZERO_I8]),
    "DequantizeLinear": Case("DequantizeLinear", [u(2, 3), SCALE, ZERO]),
    "DynamicQuantizeMatMul": Case("DynamicQuantizeMatMul", [f(2, 5, 3), u(3, 4), SCALE, ZERO]),
    "MatMulIntegerToFloat": Case("MatMulIntegerToFloat", [u(2, 5, 3), u(3, 4), SCALE, SCALE]),
    "MatMulInteger16": Case("MatMulInteger16", [((5, 3), np.int16), ((3, 4), np.int16)]),
    "QGemm": Case("QGemm", [u(2, 3), SCALE, ZERO, u(4, 3), SCALE, ZERO], {"transB": 1}),
    "MatMulNBits": Case(
        "MatMulNBits",
        [f(2, 5, 32), np.ones((4, 1, 16), U8), np.ones((4,), F32)],
        {"K": 32, "N": 4, "bits": 4, "block_size": 32},
    ),
    "ExpandDims": Case("ExpandDims", [f(2, 3), np.array(-1, I32)]),
    "GridSample": Case("GridSample", [f(1, 3, 5, 5), f(1, 4, 6, 2)]),
    "MaxpoolWithMask": Case("MaxpoolWithMask", [f(1, 1, 8, 8), ((1, 1, 8, 8), I32)], {"kernel_shape": [2, 2]}),
    "Trilu": Case("Trilu", [f(3, 3)]),
    "ReorderOutput": Case("ReorderOutput", [f(1, 16, 4, 4)], {"channels": 9}, domain="com.microsoft.nchwc"),
    "ReorderOutput, last": Case(
        "ReorderOutput", [f(1, 16, 4, 5)], {"channels": 9, "channels_last": 1}, domain="com.microsoft.nchwc"
    ),
    "blocked Conv": Case(
        "Conv",
        [f(1, 16, 8, 8), np.ones((32, 16, 3, 3), F32)],
        {"strides": [2, 2], "kernel_shape": [3, 3]},
        domain="com.microsoft.nchwc",
    ),
    "blocked MaxPool": Case(
        "MaxPool",
        [f(1, 16, 8, 7)],
        {"strides": [2, 2], "kernel_shape": [2, 2], "ceil_mode": 1},
        domain="com.microsoft.nchwc",
    ),
    "NhwcMaxPool, SAME and dilated": Case(
        "NhwcMaxPool", [u(1, 7, 9, 3)], {"kernel_shape": [3, 2], "dilations": [2, 3], "auto_pad": "SAME_UPPER"}
    ),
    "QLinearAveragePool, rounded up": Case(
        "QLinearAveragePool",
        [u(1, 3, 7, 9), SCALE, ZERO, SCALE, ZERO],
        {"kernel_shape": [2, 3], "strides": [3, 2], "pads": [0, 1, 1, 0], "ceil_mode": 1},
    ),
    "blocked GlobalAveragePool": Case("GlobalAveragePool", [f(1, 16, 8, 7)], domain="com.microsoft.nchwc"),
    "blocked Upsample": Case("Upsample", [f(1, 16, 4, 4)], {"scales": [1, 1, 2, 3]}, domain="com.microsoft.nchwc"),
    "Range": Case("Range", [np.array(0, I64), np.array(-11, I64), np.array(-3, I64)], domain=""),
    "Range, floats": Case("Range", [np.float32(0.5), np.float32(3), np.float32(0.75)], domain=""),
    "Dropout": Case("Dropout", [f(2, 3)], outputs=2, domain=""),
    "STFT": Case("STFT", [f(2, 32, 1), np.array(5, I64), f(8)], domain=""),
    "STFT, two-sided": Case("STFT", [f(2, 32, 1), np.array(4, I64), f(8)], {"onesided": 0}, domain=""),
    "MaxUnpool": Case(
        "MaxUnpool", [f(1, 1, 2, 3), ((1, 1, 2, 3), I64)], {"kernel_shape": [2, 3], "strides": [2, 2]}, domain=""
    ),
    "MaxUnpool, told": Case(
        "MaxUnpool",
        [f(1, 1, 2, 2), ((1, 1, 2, 2), I64), np.array([1, 1, 5, 5], I64)],
        {"kernel_shape": [2, 2]},
        domain="",
    ),
    "NGramRepeatBlock": Case("NGramRepeatBlock", [((2, 7), I64), f(2, 30)], {"ngram_size": 3}),
    "GatherBlockQuantized, bytes": Case(
        "GatherBlockQuantized",
        [np.zeros((4, 16), U8), ((2,), I64), np.ones((4, 2), F32)],
        {"block_size": 16, "quantize_axis": 1},
    ),
    "DynamicQuantizeLSTM": Case(
        "DynamicQuantizeLSTM",
        [
            *(f(4, 2, 3), np.zeros((1, 3, 20), U8), np.zeros((1, 5, 20), U8), None, None, None, None, None),
            *(np.ones(1, F32), np.zeros(1, U8), np.ones(1, F32), np.zeros(1, U8)),
        ],
        {"hidden_size": 5},
        3,
    ),
    "GroupNormalization": Case("GroupNormalization", [f(2, 4, 3), f(4), f(4)], {"num_groups": 2}, 1, "", 21),
    "MeanVarianceNormalization": Case("MeanVarianceNormalization", [f(2, 4, 3, 3)], {}, 1, ""),
    "Scaler": Case("Scaler", [f(2, 3)], {"scale": [1.0], "offset": [0.0]}, 1, "ai.onnx.ml"),
    "Scaler, to floats": Case("Scaler", [((2, 3), F64)], {"scale": [1.0], "offset": [0.0]}, 1, "ai.onnx.ml"),
    "Normalizer": Case("Normalizer", [f(2, 3)], {"norm": "L2"}, 1, "ai.onnx.ml"),
    "Imputer": Case("Imputer", [f(2, 3)], {"imputed_value_floats": [0.5]}, 1, "ai.onnx.ml"),
    "LinearRegressor": Case("LinearRegressor", [f(2, 3)], {"coefficients": [1.0] * 6, "targets": 2}, 1, "ai.onnx.ml"),
}


def build(case: Case) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """A model of the one node, without any declared output shape, and something to feed it."""
    infos, constants, feeds, names = [], [], {}, []
    for index, given in enumerate(case.inputs):
        names.append("" if given is None else f"i{index}")
        if isinstance(given, tuple):
            shape, dtype = given
            infos.append(
                helper.make_tensor_value_info(names[-1], helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
            )
            feeds[names[-1]] = np.zeros(shape, dtype) if np.dtype(dtype).kind in "iub" else np.ones(shape, dtype)
        elif given is not None:
            constants.append(numpy_helper.from_array(np.asarray(given), names[-1]))
    outputs = [f"o{index}" for index in range(case.outputs)]
    node = helper.make_node(case.op, names, outputs, domain=case.domain, **case.attrs)
    made = [onnx.ValueInfoProto(name=name) for name in outputs]
    graph = helper.make_graph([node], case.op, infos, made, constants)
    opsets = [helper.make_opsetid("", case.opset)]
    if case.domain:
        opsets.append(helper.make_opsetid(case.domain, 3 if case.domain == "ai.onnx.ml" else 1))
    return helper.make_model(graph, opset_imports=opsets, ir_version=8), feeds


@pytest.mark.parametrize("name", CASES)
def test_shapes_are_what_onnxruntime_makes(name):
    model, feeds = build(CASES[name])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(None, feeds)
    graph = load(model)
    for output, result in zip(graph.outputs, results, strict=True):
        if result is not None and result.size:
            assert (graph.shapes[output], graph.dtypes[output]) == (result.shape, result.dtype.name), output


def test_heads_that_no_width_can_hold():
    model, _ = build(CASES["GroupQueryAttention"])
    attribute = next(a for a in model.graph.node[0].attribute if a.name == "num_heads")
    attribute.i = 0
    assert load(model).shapes["o0"] is None


def test_range_of_one_element_limits():
    limits = [np.array([value], I64) for value in (2, 9, 2)]
    assert load(build(Case("Range", limits, domain=""))[0]).shapes["o0"] == (4,)


def reordered(channels, *weights):
    """Blocked convolutions, the first of so many channels; the shape that their input is reordered to."""
    nodes, name = [helper.make_node("ReorderInput", ["x"], ["r"], domain="com.microsoft.nchwc")], "r"
    for number, _ in enumerate(weights):
        made = f"c{number}"
        nodes.append(helper.make_node("Conv", [name, f"w{number}"], [made], domain="com.microsoft.nchwc"))
        name = made
    graph = helper.make_graph(
        nodes,
        "blocked",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, channels, 8, 8])],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.ones((*w, 1, 1), F32), f"w{n}") for n, w in enumerate(weights)],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft.nchwc", 1)]
    return load(helper.make_model(graph, opset_imports=opsets, ir_version=8)).shapes["r"]


def test_blocks_are_as_wide_as_weights_say():
    """onnxruntime fills channels up to its machine's block, in weights and tensors alike."""
    assert reordered(24, (16, 32)) == (1, 32, 8, 8)
    assert reordered(24, (16, 24)) == (1, 24, 8, 8)
    assert reordered(20, (24, 24), (8, 24)) == (1, 24, 8, 8)
    assert reordered(40, (48, 48), (16, 48)) == (1, 48, 8, 8)


@pytest.mark.parametrize(("channels", "wide"), [(24, 20), (20, 12), (40, 40), (3, 24)])
def test_blocks_are_those_of_this_machine(tmp_path, channels, wide):
    weights = {"v": np.ones((wide, channels, 3, 3), F32), "w": np.ones((5, wide, 1, 1), F32)}
    nodes = [helper.make_node("Conv", ["x", "v"], ["a"]), helper.make_node("Conv", ["a", "w"], ["y"])]
    infos = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, channels, 8, 8])]
    outputs = [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)]
    graph = helper.make_graph(
        nodes, "plain", infos, outputs, [numpy_helper.from_array(v, n) for n, v in weights.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(tmp_path / "blocked.onnx")
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    blocked = onnx.load(tmp_path / "blocked.onnx")
    made = [name for node in blocked.graph.node for name in node.output]
    del blocked.graph.output[:]
    blocked.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(blocked.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(None, {"x": np.zeros((1, channels, 8, 8), F32)})
    found = load(blocked)
    assert [found.shapes[name] for name in made] == [result.shape for result in results]
