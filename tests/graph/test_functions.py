"""Model-local functions are inlined, their tensors named by the path of the calls."""

import onnx
import pytest
from onnx import helper

from rfonnx.errors import ModelError
from rfonnx.model.building import build
from rfonnx.model.reading.load import load

HEAD = '<ir_version: 10, opset_import: ["" : 17, "f" : 1]> g (float[1,4] x) => (float[?,?] y) '
OPSET = '<domain: "f", opset_import: ["" : 17]>'


def parse(body, *functions):
    return onnx.parser.parse_model("\n".join([HEAD + body, *functions]))


def test_names_and_opsets():
    block = f"{OPSET} Block (a) => (out) {{ h = Neg(a) out = Concat<axis=1>(h, a) }}"
    model = parse("{ t = f.Block(x) y = f.Block(t) }", block)
    model.graph.node[0].name, model.graph.node[1].name = "first", "first"
    model.functions[0].opset_import[0].version = 13
    graph = load(model)
    assert [(n.op_type, n.inputs, n.outputs, n.version) for n in graph.nodes] == [
        ("Neg", ("x",), ("first/h",), 13),
        ("Concat", ("first/h", "x"), ("t",), 13),
        ("Neg", ("t",), ("first_1/h",), 13),
        ("Concat", ("first_1/h", "t"), ("y",), 13),
    ]
    assert graph.shapes["y"] == (1, 16)


def test_functions_in_functions():
    inner = f"{OPSET} Inner (a) => (out) {{ i = Neg(a) out = Relu(i) }}"
    outer = f"{OPSET} Outer (a) => (out) {{ o = f.Inner(a) out = Abs(o) }}"
    graph = load(parse("{ y = f.Outer(x) }", inner, outer))
    assert [n.outputs[0] for n in graph.nodes] == ["Outer/Inner/i", "Outer/o", "y"]


def test_unnamed_calls_are_told_apart_from_tensors_of_the_file():
    block = f"{OPSET} Block (a) => (out) {{ h = Neg(a) out = Relu(h) }}"
    model = parse("{ t = Relu(x) y = f.Block(t) }", block)
    model.graph.node[0].output[0] = model.graph.node[1].input[0] = "Block/h"
    assert [n.outputs[0] for n in load(model).nodes] == ["Block/h", "Block_1/h", "y"]


def test_attributes_given_defaulted_and_absent():
    body = "{ s = Flatten<axis: int = @axis>(a) out = Concat<axis: int = @to>(s, a) }"
    model = parse("{ t = f.F<axis = 0, to = 0>(x) y = f.F(t) }", f"{OPSET} F <axis, to: int = 1> (a) => (out) {body}")
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 1
    graph = load(model)
    # (1,1) flattened at 0 is (1,1), beside itself along 0 (2,1); then at the operator's default 1 (2,1), along 1 (2,2)
    assert [graph.shapes[n.outputs[0]] for n in graph.nodes] == [(1, 1), (2, 1), (2, 1), (2, 2)]


def test_attributes_reach_into_branches():
    body = """{ c = Constant<value = int64 {1}>() b = Cast<to=9>(c)
                out = If (b) <then_branch = t () => (float[?,?] p) { p = Concat<axis: int = @to>(a, a) },
                              else_branch = e () => (float[?,?] q) { q = Neg(a) }> }"""
    graph = load(parse("{ y = f.F<to = 0>(x) }", f"{OPSET} F <to> (a) => (out) {body}"))
    assert graph.shapes["y"] == (2, 4)


def test_inputs_left_out_and_outputs_not_wanted():
    body = "{ low = Relu(a) out = Clip(a, b, c) }"
    model = parse("{ y = f.F(x) }", f"{OPSET} F (a, b, c) => (out, low) {body}")
    graph = load(model)
    assert [(n.inputs, n.outputs) for n in graph.nodes] == [(("x",), ("F/low",)), (("x", "", ""), ("y",))]


def test_results_that_are_inputs_or_come_twice():
    model = parse("{ p, q, r = f.F(x) y = Sum(p, q, r) }", f"{OPSET} F (a) => (a, b, b) {{ b = Neg(a) }}")
    graph = load(model)
    assert [(n.op_type, n.inputs, n.outputs) for n in graph.nodes] == [
        ("Neg", ("x",), ("q",)),
        ("Identity", ("x",), ("p",)),
        ("Identity", ("q",), ("r",)),
        ("Sum", ("p", "q", "r"), ("y",)),
    ]


def test_overloads():
    one = f"{OPSET} F (a) => (out) {{ out = Neg(a) }}"
    model = parse("{ t = f.F(x) y = f.F(t) }", one, one)
    model.functions[1].overload = model.graph.node[1].overload = "second"
    model.functions[1].node[0].op_type = "Relu"
    assert [n.op_type for n in load(model).nodes] == ["Neg", "Relu"]


def test_unsorted_bodies():
    graph = load(parse("{ y = f.F(x) }", f"{OPSET} F (a) => (out) {{ out = Relu(b) b = Neg(a) }}"))
    assert [n.op_type for n in graph.nodes] == ["Neg", "Relu"]


def test_agrees_with_onnxs_own_inliner():
    block = f"{OPSET} Block <n> (a, b) => (out) {{ h = Concat<axis: int = @n>(a, b) i = f.Inner(h) out = Add(i, h) }}"
    inner = f"{OPSET} Inner (a) => (out) {{ e = Exp(a) out = Neg(e) }}"
    model = parse("{ t = f.Block<n = 0>(x, x) y = f.Block<n = 1>(t, t) }", block, inner)
    from onnx import inliner

    theirs, ours = load(inliner.inline_local_functions(model)), load(model)
    assert [(n.op_type, n.attrs) for n in ours.nodes] == [(n.op_type, n.attrs) for n in theirs.nodes]
    assert ours.shapes["y"] == theirs.shapes["y"] == (2, 8)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        (
            [f"{OPSET} F (a) => (out) {{ out = f.F(a) }}"],
            "function 'F' calls itself: 'F' -> 'F'; functions must not be recursive",
        ),
        (
            [f"{OPSET} F (a) => (out) {{ out = f.G(a) }}", f"{OPSET} G (a) => (out) {{ out = f.F(a) }}"],
            "function 'F' calls itself: 'F' -> 'G' -> 'F'",
        ),
        ([f"{OPSET} F (a) => (out) {{ out = Relu(b) }}"], "reads tensor 'b', which is no input"),
        ([f"{OPSET} F (a) => (out) {{ t = Relu(a) }}"], "output 'out' is made by no node"),
        (
            [f"{OPSET} F () => (out) {{ out = Constant<value_int = 1>() }}"],
            r"passes 1 inputs and 1 outputs to a function of 0 and 1",
        ),
        ([f"{OPSET} F (a) => (out) {{ out = Relu(a) }}"] * 2, "function 'f.F' is defined twice"),
    ],
)
def test_errors(functions, message):
    with pytest.raises(ModelError, match=message):
        load(parse("{ y = f.F(x) }", *functions))


def chain(length, fan):
    """f0 calls f1 `fan` times, f1 calls f2 `fan` times, ..."""
    functions = []
    for i in range(length):
        last = i + 1 == length
        nodes = [
            helper.make_node("Relu" if last else f"f{i + 1}", [f"t{k}"], [f"t{k + 1}"], domain="" if last else "f")
            for k in range(fan)
        ]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
        functions.append(helper.make_function("f", f"f{i}", ["t0"], [f"t{fan}"], nodes, opsets))
    model = parse("{ y = f.f0(x) }")
    model.functions.extend(functions)
    return model


def test_a_function_of_an_impossible_opset():
    model = parse("{ y = f.F(x) }", f"{OPSET} F (a) => (out) {{ out = Relu(a) }}")
    model.functions[0].opset_import[0].version = 2**40
    with pytest.raises(ModelError, match=r"imports opset ai.onnx in version 1099511627776, expected 0 to 2147483647"):
        load(model)


def test_functions_that_unfold_exponentially(monkeypatch):
    monkeypatch.setattr(build, "MAX_ADDED", 3000)
    assert len(load(chain(8, 2)).nodes) == 256
    with pytest.raises(ModelError, match="unfold into over 3000 nodes, a call counted as 8"):
        load(chain(60, 2))


def test_calls_that_are_too_deep():
    with pytest.raises(ModelError, match="is called more than 64 deep"):
        load(chain(100, 1))


def test_many_unnamed_calls_of_one_function_stay_fast():
    """Each call's prefix is found without trying all earlier ones: 4,000 calls would try eight million."""
    block = f"{OPSET} Block (a) => (out) {{ h = Neg(a) out = Relu(h) }}"
    calls = " ".join(f"t{i + 1} = f.Block(t{i})" for i in range(4000))
    graph = load(parse(f"{{ t0 = Relu(x) {calls} y = Relu(t4000) }}", block))
    assert graph.nodes[-3].outputs == ("Block_3999/h",)
