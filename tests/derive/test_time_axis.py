"""Which axis is time: of fused operators, of sequences in loops, of tokens; and no gap in the table of operators with states."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

import rfonnx
import small_nets
from rfonnx.operators.access.op import registered
from rfonnx.operators.table import operators

T = 10
STATES = ("past", "initial_h", "initial_c")
NUMBERS = ("past_sequence_length", "past_seqlens")


def schemas():
    """(kind, names of inputs) of all operators that onnx and onnxruntime know, by their newest version."""
    found = {}
    for schema in [*onnx.defs.get_all_schemas(), *runtime.get_all_operator_schema()]:
        kind = f"{schema.domain}.{schema.name}" if schema.domain else schema.name
        if kind not in found or found[kind][0] < schema.since_version:
            found[kind] = (schema.since_version, [port.name for port in schema.inputs])
    return {kind: names for kind, (_, names) in found.items()}


def test_every_operator_with_a_rule_and_a_state_is_known():
    known = {row.kind: found for row in operators() if (found := row.attending or row.recurrent)}
    for kind, names in schemas().items():
        states = {i for i, name in enumerate(names) if name.startswith(STATES) and name not in NUMBERS}
        if states and registered().get(kind) == "rule" and kind != "TensorScatter":  # which writes into a cache
            assert kind in known, kind
            assert set(known[kind].states) == states, kind


def node(op, inputs, outputs, **attrs):
    return helper.make_node(
        op, [name.strip("-") for name in inputs.split()], outputs.split(), f"{op} {outputs}", **attrs
    )


def saved(nodes, inputs, outputs, weights=None, types=None, opset=17, folder=None, domain=""):
    net = small_nets.model(nodes, inputs, dict.fromkeys(outputs, ()), weights, types)
    for output in net.graph.output:
        output.CopyFrom(helper.make_value_info(output.name, onnx.TypeProto()))
    net.opset_import[0].version = opset
    net.ir_version = 10
    if domain:
        net.opset_import.append(helper.make_opsetid(domain, 1))
    return small_nets.save(net, folder / "m.onnx")


def looks_ahead(path, x, axis, out_axis):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    y, found = session.run(["y"], {"x": x})[0], False
    for sample in range(1, x.shape[axis]):
        changed = x.copy()
        at = (*(slice(None),) * axis, sample)
        changed[at] = changed[at] + 2 if x.dtype.kind == "f" else (changed[at] + 3) % 7
        differs = session.run(["y"], {"x": changed})[0] != y
        found |= differs[(*(slice(None),) * out_axis, slice(0, sample))].any()
    return found


def draw(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype("f")


QKV = {"w": draw(8, 24), "b": draw(24)}
FUSED = {  # node, weights, domain, opset
    "Attention": (node("Attention", "x x x", "y", q_num_heads=2, kv_num_heads=2), {}, "", 23),
    "Attention, is_causal": (node("Attention", "x x x", "y", q_num_heads=2, kv_num_heads=2, is_causal=1), {}, "", 23),
    "com.microsoft.Attention": (node("Attention", "x w b", "y", num_heads=2, domain="com.microsoft"), QKV, "com.microsoft", 17),
    "com.microsoft.Attention, unidirectional": (
        node("Attention", "x w b", "y", num_heads=2, unidirectional=1, domain="com.microsoft"), QKV, "com.microsoft", 17,
    ),
    "com.microsoft.MultiHeadAttention": (
        node("MultiHeadAttention", "x x x", "y", num_heads=2, domain="com.microsoft"), {}, "com.microsoft", 17,
    ),
}  # fmt: skip


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("name", FUSED)
def test_fused_attention(name, residual, tmp_path):
    one, weights, domain, opset = FUSED[name]
    nodes = [one]
    if residual:
        one = onnx.NodeProto.FromString(one.SerializeToString())
        one.output[0] = "a"
        nodes = [one, node("Add", "a x", "y")]
    path = saved(nodes, {"x": (1, T, 8)}, ["y"], weights, opset=opset, folder=tmp_path, domain=domain)
    (fact,) = rfonnx.analyze(path).facts["y"].time
    assert (fact.axis, fact.tensor_axis, fact.stride) == (1, 1, 1)
    assert fact.causal is not looks_ahead(path, draw(1, T, 8), 1, 1)
    assert fact.length == T


def test_tokens(tmp_path):
    """Numbers of tokens, looked up and attended to under a causal mask."""
    nodes = [
        node("Gather", "table x", "e"), node("MatMul", "e v", "u"), node("Transpose", "e", "t", perm=[0, 2, 1]),
        node("MatMul", "e t", "s"), node("Add", "s hide", "m"), node("Softmax", "m", "p", axis=-1), node("MatMul", "p u", "y"),
    ]  # fmt: skip
    weights = {"table": draw(7, 4), "v": draw(4, 4), "hide": np.triu(np.full((T, T), -np.inf, "f"), 1)}
    path = saved(nodes, {"x": (1, T)}, ["y"], weights, {"x": TensorProto.INT64}, folder=tmp_path)
    (fact,) = rfonnx.analyze(path).facts["y"].time
    assert (fact.input, fact.axis, fact.tensor_axis, fact.causal) == ("x", 1, 1, True)
    assert not looks_ahead(path, np.random.default_rng(1).integers(0, 7, (1, T)), 1, 1)


def test_sequences_in_a_scan(tmp_path):
    """h = h + x[t], forwards and backwards."""
    for direction in (0, 1):
        info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 3)) for name in ("h", "s", "n", "o")]
        body = helper.make_graph([node("Add", "h s", "n"), node("Tanh", "n", "o")], "body", info[:2], info[2:])
        scan = node("Scan", "h0 x", "last y", body=body, num_scan_inputs=1,
                    scan_input_directions=[direction], scan_output_directions=[direction])  # fmt: skip
        path = saved([scan], {"x": (T, 1, 3)}, ["y"], {"h0": draw(1, 3)}, folder=tmp_path)
        said = rfonnx.analyze(path).time.reach("y", "x", 0)
        assert looks_ahead(path, draw(T, 1, 3), 0, 0) == bool(direction)
        assert (said.tensor_axis, said.causal) == (0, not direction)


def test_channels_of_two_inputs_are_no_caches(tmp_path):
    """Put side by side, neither is the past of the other."""
    nodes = [node("Concat", "a x", "c", axis=1), node("Conv", "c w", "y", pads=[1, 1])]
    path = saved(nodes, {"a": (1, 2, T), "x": (1, 2, T)}, ["y"], {"w": draw(2, 4, 3)}, folder=tmp_path)
    time = rfonnx.analyze(path).time
    assert (time.axes.states, time.known) == (frozenset(), {"a": 2, "x": 2})


def test_a_sequence_whose_rank_depends_on_data(tmp_path):
    """What a branch gives has three axes, or one, which the RNN would refuse: nothing is known of its axes."""
    branches = [
        helper.make_graph(
            [node(op, "x", name)], name, [], [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)]
        )
        for op, name, dims in (("Relu", "three", (T, 1, 2)), ("Size", "none", ()))
    ]
    branches[1].node[0].output[0] = "size"
    branches[1].node.append(node("Cast", "size", "none", to=TensorProto.FLOAT))
    nodes = [
        node("If", "c", "s", then_branch=branches[0], else_branch=branches[1]),
        node("RNN", "s w r", "h", hidden_size=2), node("Squeeze", "h one", "y"),
    ]  # fmt: skip
    weights = {"w": draw(1, 2, 2), "r": draw(1, 2, 2), "one": np.array([1])}
    path = saved(nodes, {"x": (T, 1, 2), "c": ()}, ["y"], weights, {"c": TensorProto.BOOL}, folder=tmp_path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.run(["y"], {"x": draw(T, 1, 2), "c": np.array(True)})[0].shape == (T, 1, 2)
    facts = rfonnx.analyze(path).facts["y"]
    assert (facts.time, facts.batch.state) == ((), "unknown")
