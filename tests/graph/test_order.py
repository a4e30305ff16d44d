"""Topological order, and what is said of graphs that have none."""

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfonnx.errors import ModelError
from rfonnx.model.reading.load import load

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) '


def parse(body):
    return onnx.parser.parse_model(HEAD + body)


def names(graph):
    return [node.outputs[0] for node in graph.nodes]


def test_sorted_files_keep_their_order():
    assert names(load(parse("{ b = Relu(x) a = Neg(x) y = Add(a, b) }"))) == ["b", "a", "y"]


def test_unsorted_files_are_sorted_stably():
    graph = load(parse("{ y = Add(a, b) d = Abs(x) b = Relu(c) a = Neg(x) c = Exp(x) }"))
    assert names(graph) == ["d", "a", "c", "b", "y"]


@given(st.permutations(range(8)), st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_any_shuffled_dag_is_sorted(shuffle, sources):
    """Node i reads the input or an earlier node; the file lists the nodes in any order."""
    lines = [f"t{i} = Relu({'x' if source >= i else f't{source}'})" for i, source in enumerate(sources)]
    model = parse("{ " + " ".join(lines[i] for i in shuffle) + " y = Neg(t7) }")
    position = {name: index for index, name in enumerate(names(load(model)))}
    assert len(position) == 9
    for i, source in enumerate(sources):
        assert source >= i or position[f"t{source}"] < position[f"t{i}"]


def test_duplicate_node_names_are_fine():
    model = parse("{ a = Relu(x) y = Neg(a) }")
    for node in model.graph.node:
        node.name = "same"
    assert [n.name for n in load(model).nodes] == ["same", "same"]


def test_captured_names_order_the_nodes():
    model = parse("""{ y = If (c) <then_branch = t () => (float[2] p) { p = Neg(late) },
                                   else_branch = e () => (float[2] q) { q = Relu(late) }>
                       late = Exp(x) s = ReduceSum<keepdims=0>(x) c = Cast<to=9>(s) }""")
    assert names(load(model)) == ["late", "s", "c", "y"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{ a = Add(x, c) b = Neg(a) c = Relu(b) y = Abs(c) }", "the graph has a cycle: 'a' -> 'b' -> 'c' -> 'a';"),
        ("{ y = Add(x, y) }", "the graph has a cycle: 'y' -> 'y';"),
        (
            "{ a = Relu(xx) y = Neg(a) }",
            r"node \(Relu\) that makes 'a' reads tensor 'xx', which is no input.*did you mean 'x'",
        ),
        ("{ a = Relu(x) a = Neg(x) y = Abs(a) }", r"tensor 'a' is made twice: by node \(Relu\) .* by node \(Neg\)"),
        ("{ x = Relu(x) y = Abs(x) }", r"tensor 'x' is made twice: as an input or initializer, and by node \(Relu\)"),
        ("{ yy = Relu(x) }", "output 'y' is made by no node; did you mean 'yy'"),
    ],
)
def test_broken_graphs(body, message):
    with pytest.raises(ModelError, match=message):
        load(parse(body))


def test_a_long_cycle_is_named_in_part():
    lines = [f"t{i} = Relu(t{(i + 1) % 500})" for i in range(500)]
    with pytest.raises(ModelError, match=r"cycle: ('t\d+' -> ){8}\.\.\. \(500 tensors\) -> 't\d+'"):
        load(parse("{ " + " ".join(lines) + " y = Neg(t3) }"))


def test_missing_tensors_inside_a_branch():
    model = parse("""{ s = ReduceSum<keepdims=0>(x) c = Cast<to=9>(s)
                       y = If (c) <then_branch = t () => (float[2] p) { p = Neg(gone) },
                                   else_branch = e () => (float[2] q) { q = Relu(x) }> }""")
    with pytest.raises(ModelError, match="reads tensor 'gone'"):
        load(model)


def test_initializers_listed_as_inputs_are_no_inputs():
    model = parse("<float[2] w = {1, 2}> { y = Add(x, w) }")
    model.graph.input.append(onnx.helper.make_tensor_value_info("w", 1, [2]))
    model.ir_version = 3
    graph = load(model)
    assert (graph.inputs, graph.constants) == (("x",), {"w"})


def test_a_name_that_a_branch_makes_later_than_it_is_read():
    """The file makes `a` inside and outside; inside, its own is meant, whatever the order."""
    branch = "b () => (float[2] r) { r = Neg(a) a = Exp(x) }"
    model = parse(f"{{ a = Abs(x) s = ReduceSum<keepdims = 0>(a) c = Cast<to = 9>(s) y = If(c) <then_branch = {branch}, "
                  "else_branch = e () => (float[2] r) { r = Identity(a) }> }")  # fmt: skip
    then, other = (load(model).nodes[-1].attrs[name].nodes for name in ("then_branch", "else_branch"))
    assert [(node.op_type, node.inputs) for node in then] == [("Exp", ("x",)), ("Neg", ("If/then/a",))]
    assert [(node.op_type, node.inputs) for node in other] == [("Identity", ("a",))]


def test_inputs_of_one_name():
    model = parse("{ y = Relu(x) }")
    model.graph.input.append(model.graph.input[0])
    with pytest.raises(ModelError, match="a name that another input has"):
        load(model)


def nested(depth):
    """If inside If, built in memory: protobuf's parser would stop it earlier."""
    inner = onnx.parser.parse_graph("g () => (float[2] p) { p = Relu(x) }")
    for _ in range(depth):
        outer = onnx.parser.parse_graph("g () => (float[2] p) { c = Constant<value = int64 {1}>() d = Cast<to=9>(c) }")
        outer.node.append(onnx.helper.make_node("If", ["d"], ["p"], then_branch=inner, else_branch=inner))
        inner = outer
    model = parse("{ y = Relu(x) }")
    model.graph.ClearField("node")
    model.graph.node.extend(inner.node)
    model.graph.node.append(onnx.helper.make_node("Identity", ["p"], ["y"]))
    return model


def test_nesting_that_is_deep_and_nesting_that_is_too_deep():
    # Small: both branches hold the whole inside, so that a level doubles the model.
    assert load(nested(6)).shapes["y"] == (2,)
    deep = onnx.parser.parse_graph("g () => (float[2] p) { p = Relu(x) }")
    for _ in range(25):
        outer = onnx.parser.parse_graph("g () => (float[2] p) { p = Relu(x) }")
        outer.node[0].CopyFrom(onnx.helper.make_node("If", ["x"], ["p"], then_branch=deep))
        deep = outer
    model = parse("{ y = Relu(x) }")
    model.graph.node.append(deep.node[0])
    with pytest.raises(ModelError, match="nested more than 20 deep"):
        load(model)
