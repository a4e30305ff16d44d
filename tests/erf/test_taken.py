"""Effective fields of tensors inside branches that are taken: measured, and true by changing the input under onnxruntime."""

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest
from onnx import helper

import rfonnx
from rfonnx.model.opened import with_values
from rfonnx.model.reading.flat import flattened

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


def seen(model: onnx.ModelProto, tensor: str) -> set[int]:
    """Positions of x that change the middle of a tensor of the main graph."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.append(helper.make_value_info(tensor, onnx.TypeProto()))
    session = onnxruntime.InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).normal(size=(1, 1, LENGTH)).astype(np.float32)
    before = session.run([tensor], {"x": x})[0][0, 0, LENGTH // 2]
    found = set()
    for position in range(LENGTH):
        other = x.copy()
        other[0, 0, position] += 1
        if session.run([tensor], {"x": other})[0][0, 0, LENGTH // 2] != before:
            found.add(position)
    return found


def test_the_flat_model_computes_the_same():
    flat = flattened(with_values(nested(), VALUES))
    assert flat is not None
    assert not any(node.op_type == "If" for node in flat.graph.node)
    x = np.random.default_rng(0).normal(size=(1, 1, LENGTH)).astype(np.float32)
    whole, part = (
        onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        for model in (nested(), flat)
    )
    for_whole = {"x": x, "sr": np.array(16000), "wide": np.array(True)}
    np.testing.assert_array_equal(part.run(["y"], {"x": x})[0], whole.run(["y"], for_whole)[0])


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
    flat = flattened(with_values(tmp_path / "m.onnx", {"wide": True}))
    assert flat is not None
    (held,) = [tensor for tensor in flat.graph.initializer if tensor.name == "w"]
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(held), weights)


def test_a_model_without_taken_branches_stays_as_it_is():
    assert flattened(nested()) is None


@pytest.mark.parametrize("method", ["gradient", "perturb"])
def test_tensors_inside_are_measured(method):
    analysis = rfonnx.analyze(nested(), values=VALUES)
    inside = [name for name in analysis.tensors if "/" in name]
    assert len(inside) == 2
    flat = flattened(with_values(nested(), VALUES))
    for name in [*inside, "y"]:
        found = rfonnx.erf(nested(), name, values=VALUES, n=8, method=method)
        assert set(np.flatnonzero(found.map)) == seen(flat, name)
        assert found.outside == 0


def test_the_default_tensor_may_lie_inside():
    assert rfonnx.erf(nested(), values=VALUES, n=2).samples == 2


def test_the_other_branch_is_not_there():
    found = rfonnx.erf(nested(), "y", values={"sr": 8000}, n=8)
    assert np.count_nonzero(found.map) == 3
