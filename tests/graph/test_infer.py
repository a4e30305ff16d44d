"""Shapes found node by node, against onnx's own cases, onnxruntime, and onnx's inference of whole models."""

import itertools
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from rfonnx.errors import ModelError, ShapeError
from rfonnx.model.reading.load import load

HEAD = '<ir_version: 8, opset_import: ["" : 17, "custom" : 1]> g (float[1,3,8,8] x) => (float y) '
LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx"))

OPEN = {"Compress", "ImageDecoder", "NonMaxSuppression", "StringNormalizer", "StringSplit"}
"""Operators whose output's size depends on data that is no constant of numbers."""

BY_FIRST = {
    "BlackmanWindow",
    "ConstantOfShape",
    "HammingWindow",
    "HannWindow",
    "Loop",
    "MelWeightMatrix",
    "NonZero",
    "Range",
    "Unique",
}
"""Operators that take the size, or what decides it, as their first input."""


def parse(body):
    model = onnx.parser.parse_model(HEAD + body)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return model


@pytest.fixture(scope="module")
def cases():
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cases that compute infinities
        return collect_testcases(None)


def constant(case, first):
    """The case's model without its outputs' shapes, the inputs from number `first` on turned into constants."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for output in model.graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    values, results = case.data_sets[0]
    for info, value in list(zip(model.graph.input, values, strict=False))[first:]:
        if isinstance(value, np.ndarray | np.generic):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), info.name))
    return model, results


@pytest.mark.parametrize("first", [None, 1, 0], ids=["inputs", "constants behind the first", "all constant"])
def test_onnxs_own_cases(cases, first, record_lines):
    """Every shape that is claimed is the one that the case says; with constant operands almost none stays open."""
    wrong, left_open, known = [], [], 0
    for case in cases:
        model, results = constant(case, len(case.data_sets[0][0]) if first is None else first)
        graph = load(model)
        for name, result in zip(graph.outputs, results, strict=False):
            if isinstance(result, np.ndarray):
                shape = graph.shapes[name]
                if shape is None or None in shape:
                    left_open.append((case.name, model.graph.node[0].op_type))
                else:
                    known += 1
                fits = shape is None or (
                    len(shape) == result.ndim and all(n in (None, m) for n, m in zip(shape, result.shape, strict=True))
                )
                if not fits:
                    wrong.append((case.name, name, shape, result.shape))
    assert not wrong
    record_lines.append(f"shapes of onnx's cases: {known} known, {len(left_open)} open, {len(wrong)} wrong")
    if first is not None:
        allowed = OPEN if first == 0 else OPEN | BY_FIRST
        assert [name for name, op in left_open if op not in allowed and not name.endswith("_expanded")] == []


def test_constants_of_onnxs_own_cases(cases):
    """What is computed from constants has the case's values."""
    checked = 0
    for case in cases:
        model, results = constant(case, 0)
        graph = load(model)
        for name, result in zip(graph.outputs, results, strict=False):
            value = graph.value(name) if isinstance(result, np.ndarray) else None
            if value is not None and result.dtype.kind in "iufb":
                np.testing.assert_allclose(value, result, rtol=1e-3, atol=1e-5, err_msg=case.name)
                checked += 1
    assert checked > 1000


@pytest.mark.parametrize(
    ("operator", "opset"), [("MaxPool", 11), ("MaxPool", 22), ("AveragePool", 11), ("AveragePool", 19), ("LpPool", 18)]
)
def test_ceil_mode_as_onnxruntime_does(operator, opset):
    """A window that starts in the padding behind the input is dropped, whatever the opset says."""
    for length, kernel, stride, before, after in itertools.product((5, 6, 7), (2, 3), (2, 3), (0, 1), (0, 1)):
        attrs = {"kernel_shape": [kernel], "strides": [stride], "pads": [before, after], "ceil_mode": 1}
        info = helper.make_tensor_value_info("x", 1, [1, 1, length])
        graph = helper.make_graph(
            [helper.make_node(operator, ["x"], ["y"], **attrs)], "g", [info], [onnx.ValueInfoProto(name="y")]
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        assert load(model).shapes["y"] == session.run(None, {"x": np.ones((1, 1, length), np.float32)})[0].shape, attrs


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_light_models_agree_with_inference_of_the_whole(path):
    model = onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True)
    graph = load(path)
    compared = 0
    for info in (*model.graph.value_info, *model.graph.output):
        tensor = info.type.tensor_type
        assert graph.shapes[info.name] == tuple(d.dim_value for d in tensor.shape.dim)
        compared += 1
    assert compared > len(graph.nodes) // 2
    assert all(None not in graph.shapes[name] for node in graph.nodes for name in node.outputs if name)
    assert graph.warnings == []


def test_value_info_that_is_wrong_is_not_believed():
    model = parse("{ a = Conv<kernel_shape=[3,3]>(x, w) b = Relu(a) y = Flatten(b) }")
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((4, 3, 3, 3), np.float32), "w"))
    model.graph.value_info.append(helper.make_tensor_value_info("a", 1, [1, 4, 8, 8]))
    model.graph.value_info.append(helper.make_tensor_value_info("b", 1, [4, 6, 6]))
    graph = load(model)
    assert graph.shapes["y"] == (1, 144)
    assert graph.warnings == [
        "the file declares wrong shapes for 2 tensors, the inferred ones are used:"
        " 'a' (1x4x8x8 declared, 1x4x6x6 inferred), 'b' (4x6x6 declared, 1x4x6x6 inferred)"
    ]


def test_what_is_declared_in_part_and_measured_is_told_once():
    model = parse("{ a = custom.Strange(x) y = Relu(a) }")
    model.graph.value_info.append(helper.make_tensor_value_info("a", 1, [1, "C", 4]))
    graph = load(model, known={"a": (1, (1, 3, 4))})
    assert graph.shapes["a"] == (1, 3, 4)
    assert graph.warnings == ["1 tensor took the shape that a run of the model showed: 'a'"]


def test_what_a_custom_operator_leaves_open_is_declared_measured_or_unknown():
    model = parse("{ a = custom.Strange(x) y = Relu(a) }")
    graph = load(model)
    assert (graph.shapes["a"], graph.dtypes["a"], graph.shapes["y"], graph.warnings) == (None, "", None, [])
    graph = load(model, known={"a": (1, (1, 3, 4, 4))})
    assert graph.shapes["a"] == (1, 3, 4, 4)
    assert graph.warnings == ["1 tensor took the shape that a run of the model showed: 'a'"]
    model.graph.value_info.append(helper.make_tensor_value_info("a", 1, [1, "C", "(H+1)//2"]))
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "H"
    graph = load(model, {"H": 9})
    assert (graph.shapes["a"], graph.dtypes["y"], graph.shapes["y"]) == ((1, None, 5), "float32", (1, None, 5))
    assert graph.warnings == [
        "1 tensor took the shape that the file declares, which inference could not tell or check: 'a'"
    ]
    assert load(model, {"H": 9}, {"a": (1, (1, 7, 5))}).shapes["y"] == (1, 7, 5)


def test_inputs_that_do_not_fit():
    model = parse("{ y = MatMul(x, w) }")
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((5, 2), np.float32), "w"))
    with pytest.raises(
        ShapeError, match=r"g: node \(MatMul\) that makes 'y': its inputs do not fit: Incompatible dimensions .*; check"
    ) as caught:
        load(model)
    assert "\n" not in str(caught.value)


def test_a_branch_that_may_never_run_need_not_fit():
    model = parse("""{ y = If(c) <then_branch = t () => (float[] a) { a = MatMul(x, w) },
        else_branch = e () => (float[] b) { b = Neg(x) }> }""")
    model.graph.input.append(helper.make_tensor_value_info("c", onnx.TensorProto.BOOL, []))
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((5, 2), np.float32), "w"))
    graph = load(model)
    assert graph.shapes["If/then/a"] is None
    assert graph.shapes["If/else/b"] == (1, 3, 8, 8)
    assert graph.shapes["y"] is None


def test_kernel_that_is_larger_than_the_input():
    with pytest.raises(
        ShapeError, match=r"axis 2 of tensor 'y' \(node \(MaxPool\) that makes 'y'\) has length -\d+, expected 0 to"
    ):
        load(parse("{ y = MaxPool<kernel_shape=[20, 20]>(x) }"))


@pytest.mark.parametrize("sizes", [[2**41, 1, 1, 1], [2**31, 2**31, 1, 2]])
def test_absurd_shapes(sizes):
    model = parse("{ y = Expand(x, s) }")
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", 1, [1, 1, 1, 1]))
    model.graph.initializer.append(numpy_helper.from_array(np.array(sizes), "s"))
    with pytest.raises(ShapeError, match=r"length 2199023255552, expected 0 to 2\^40|has more than 2\^62 elements"):
        load(model)


def test_attributes_that_the_opset_does_not_know():
    assert load(parse("{ y = Relu<consumed_inputs = [0]>(x) }")).shapes["y"] == (1, 3, 8, 8)


def test_operators_of_opset_1():
    body = "{ a = Add(x, x) b = Relu<consumed_inputs = [0]>(a) c = Mul<broadcast = 1>(b, s) y = Clip<max = 1.0>(c) }"
    model = parse(body)
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), "s"))
    model.opset_import[0].version = 1
    graph = load(model)
    assert graph.shapes["y"] == (1, 3, 8, 8)
    assert {n.version for n in graph.nodes} == {1}


def test_unknown_operators_of_ai_onnx():
    graph = load(parse("{ a = Affine(x) y = Relu(a) }"))
    assert graph.shapes["a"] is None


def test_plain_attributes():
    model = parse('{ y = custom.All<i = 1, f = 0.5, s = "text", l = [1, 2], g = [0.5, 1.5], t = ["a", "b"]>(x) }')
    model.graph.node[0].attribute.append(helper.make_attribute("a", numpy_helper.from_array(np.eye(2))))
    model.graph.node[0].attribute.append(helper.make_attribute("raw", b"\xff\xfe"))
    attrs = load(model).nodes[0].attrs
    np.testing.assert_array_equal(attrs.pop("a"), np.eye(2))
    assert attrs == {"i": 1, "f": 0.5, "s": "text", "l": [1, 2], "g": [0.5, 1.5], "t": ["a", "b"], "raw": b"\xff\xfe"}


def test_dtypes():
    graph = load(parse("{ h = Cast<to=10>(x) b = Cast<to=16>(x) d = Cast<to=11>(x) s = Shape(x) y = Cast<to=9>(x) }"))
    assert [graph.dtypes[n] for n in "xhbdsy"] == ["float32", "float16", "bfloat16", "float64", "int64", "bool"]


@pytest.mark.parametrize("operator", ["Flatten", "Dropout"])
def test_attributes_of_the_wrong_type(operator):
    name = "axis" if operator == "Flatten" else "seed"
    with pytest.raises(
        ModelError, match=rf"node \({operator}\) that makes 'y': attribute '{name}' must be of type INT, but is INTS"
    ):
        load(parse(f"{{ y = {operator}<{name} = [1]>(x) }}"))


def test_deprecated_operators_are_not_refused():
    model = parse('{ y = Upsample<mode = "nearest">(x, s) }')
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "s"))
    assert load(model).shapes["y"] == (1, 3, 16, 16)


def test_an_open_length_does_not_become_none_at_all():
    """onnx's inference of Attention says (1,2,0) where the width is open; here as many columns as data says."""
    model = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["" : 24]> g (float[1,2,3] x, bool[3] c) => (float y)
        { k = Compress<axis = 2>(x, c) y = Attention<q_num_heads = 1, kv_num_heads = 1>(k, k, k) }"""
    )
    model.graph.output[0].type.tensor_type.ClearField("shape")
    assert load(model).shapes["y"] == (1, 2, None)
