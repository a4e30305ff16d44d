"""Effective fields of tensors inside what is written out: measured, and true by changing the input under onnxruntime."""

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

import rfonnx
from rfonnx.effective.source import Model
from rfonnx.errors import QueryError
from rfonnx.model.opened import Opened, with_values

LENGTH = 16


def nested() -> onnx.ModelProto:
    """A branch in a branch that gives what the outer one gives; weights of the branches, and captures of both."""
    return onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[1, 1, {LENGTH}] x, int64 sr, bool wide) => (float[1, 1, {LENGTH}] y)
        <int64 high = {{16000}}, float[1,1,3] w3 = {{1.0, 2.0, 3.0}}>
        {{
            c = Equal(sr, high)
            a = Conv <pads = [1, 1]> (x, w3)
            y = If (c) <
                then_branch = outer () => (float[i, j, k] out) <float[1,1,3] own = {{0.5, 1.0, 0.5}}> {{
                    b = Conv <pads = [1, 1]> (a, own)
                    out = If (wide) <
                        then_branch = inner () => (float[i, j, k] in) {{ d = Conv <pads = [1, 1]> (b, w3) in = Add(d, a) }},
                        else_branch = narrow () => (float[i, j, k] same) {{ same = Identity(b) }}
                    >
                }},
                else_branch = other () => (float[i, j, k] e) {{ e = Relu(a) }}
            >
        }}""")


VALUES = {"sr": 16000, "wide": True}


FUNCTION = f"""
    <ir_version: 8, opset_import: ["" : 17, "f" : 1]>
    net (float[1, 1, {LENGTH}] x) => (float[1, 1, {LENGTH}] y) <float[1,1,3] w = {{1.0, 2.0, 3.0}}> {{
        t = f.Block(x, w)  y = f.Block(t, w)
    }}
    <domain: "f", opset_import: ["" : 17]> Block (a, w) => (out) {{ h = Conv <pads = [1, 1]> (a, w) out = Tanh(h) }}"""
LOOP = f"""
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[1, 1, {LENGTH}] x) => (float[1, 1, {LENGTH}] y) <int64 three = {{3}}, bool yes = {{1}}> {{
        y = Loop (three, yes, x) <body = b (int64 i, bool go, float[1, 1, {LENGTH}] a) => (bool on, float[1, 1, {LENGTH}] n)
            <float[1,1,3] w = {{1.0, 2.0, 3.0}}> {{ on = Identity(go) h = Conv <pads = [1, 1]> (a, w) n = Tanh(h) }}>
    }}"""
SCAN = f"""
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[{LENGTH}] x) => (float[{LENGTH}] y) <float zero = {{0.0}}> {{
        last, y = Scan (zero, x) <num_scan_inputs = 1,
            body = b (float s, float p) => (float s2, float out) {{ q = Mul(s, p) s2 = Add(s, p) out = Sub(s2, q) }}>
    }}"""
LISTS = f"""
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[1, 1, {LENGTH}] x) => (float[1, 1, {LENGTH}] y) <int64 one = {{1}}, float[1,1,3] w = {{1.0, 2.0, 3.0}}> {{
        a = Conv <pads = [1, 1]> (x, w)  s = SequenceConstruct(x, a)  b = SequenceAt(s, one)  y = Conv <pads = [1, 1]> (b, w)
    }}"""
INSIDE = {
    "Block/h Block_1/h y": FUNCTION,
    "Loop/0/h Loop/1/n Loop/2/h y": LOOP,
    "Scan/3/q Scan/9/out": SCAN,
    "b y": LISTS,
}


def up_to(source: Opened, tensor: str) -> onnx.ModelProto:
    """What is run when the tensor is measured by changes."""
    graph = source.graph()
    shapes = {name: tuple(n or 0 for n in graph.shapes[name] or ()) for name in graph.inputs}
    return Model(source, "net", shapes, {}).up_to(tensor)


def seen(model: onnx.ModelProto) -> set[int]:
    """Positions of x that change the middle of the only output."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).normal(size=session.get_inputs()[0].shape).astype(np.float32) * np.float32(0.1)
    found = set()
    before = session.run(None, {"x": x})[0].reshape(-1)
    for position in range(LENGTH):
        other = x.copy()
        other.reshape(-1)[position] += np.float32(0.05)
        after = session.run(None, {"x": other})[0].reshape(-1)
        if after[len(after) // 2] != before[len(before) // 2]:
            found.add(position)
    return found


def test_weights_of_half_a_byte_that_lie_in_a_file(tmp_path):
    weights = np.array([1, -2, 3], onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.INT4))
    model = onnx.parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 21]>
        net (float[3] x, bool wide) => (float[3] y) <float half = {0.5}> {
            y = If (wide) <
                then_branch = then () => (float[3] a) { d = DequantizeLinear(w, half) a = Add(x, d) },
                else_branch = other () => (float[3] b) { b = Relu(x) }
            >
        }""")
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    flat = up_to(with_values(tmp_path / "m.onnx", {"wide": True}), "If/d")
    (held,) = [tensor for tensor in flat.graph.initializer if tensor.name == "w"]
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(held), weights)


@pytest.mark.parametrize("method", ["gradient", "perturb"])
def test_tensors_of_taken_branches_are_measured(method):
    analysis = rfonnx.analyze(nested(), values=VALUES)
    inside = [name for name in analysis.tensors if "/" in name]
    assert len(inside) == 2
    for name in [*inside, "y"]:
        found = rfonnx.erf(nested(), name, values=VALUES, n=8, method=method)
        assert set(np.flatnonzero(found.map)) == seen(up_to(with_values(nested(), VALUES), name))
        assert found.outside == 0


@pytest.mark.parametrize("method", ["gradient", "perturb"])
@pytest.mark.parametrize("tensors", INSIDE)
def test_tensors_of_functions_rounds_and_sequences_are_measured(tensors, method):
    model = onnx.parser.parse_model(INSIDE[tensors])
    for name in tensors.split():
        found = rfonnx.erf(model, name, n=8, method=method)
        assert set(np.flatnonzero(found.map)) == seen(up_to(Opened(model), name))
        assert found.outside == 0


def test_files_older_than_initializers_that_are_no_inputs():
    """Before IR 4 stored tensors are listed as inputs: those that a tensor does not need must not be asked for."""
    model = onnx.parser.parse_model(f"""
        <ir_version: 3, opset_import: ["" : 9]>
        net (float[1, 1, {LENGTH}] x, float[1,1,3] w, bool yes) => (float[1, 1, {LENGTH}] y)
        <float[1,1,3] w = {{1.0, 2.0, 3.0}}, bool yes = {{1}}> {{
            y = If (yes) <
                then_branch = t () => (float[1, 1, {LENGTH}] p) <float[1,1,3] v = {{1.0, 2.0, 1.0}}>
                    {{ h = Conv <pads = [1, 1]> (x, v) p = Conv <pads = [1, 1]> (h, w) }},
                else_branch = e () => (float[1, 1, {LENGTH}] q) {{ q = Sin(x) }}
            >
        }}""")
    found = rfonnx.erf(model, "If/h", n=4, method="perturb")
    assert set(np.flatnonzero(found.map)) == {7, 8, 9}


@pytest.mark.parametrize("method", ["gradient", "perturb"])
def test_what_data_decide_is_refused_by_name(method):
    with pytest.raises(QueryError, match=r"tensor 'If/then/b'"):
        rfonnx.erf(nested(), "If/then/b", n=2, method=method)


def test_the_default_tensor_may_lie_inside():
    assert rfonnx.erf(nested(), values=VALUES, n=2).samples == 2


def test_the_other_branch_is_not_there():
    found = rfonnx.erf(nested(), "y", values={"sr": 8000}, n=8)
    assert np.count_nonzero(found.map) == 3
