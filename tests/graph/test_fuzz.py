"""Damaged models: whatever a byte or a field becomes, loading ends in a graph or in one line about what is wrong."""

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfonnx.errors import RfonnxError
from rfonnx.model.reading.load import load

HEAD = '<ir_version: 10, opset_import: ["" : 17, "f" : 1]> g (float[N,3,8,8] x) => (float[?,?] y) '
TEXTS = [
    HEAD + "<float[4,3,3,3] w = {1}> { c = Conv<kernel_shape=[3,3], pads=[1,1,1,1]>(x, w) r = Relu(c) y = Flatten(r) }",
    HEAD
    + """<int64[1] a = {2}, int64 two = {2}> { s = Shape(x) h = Gather(s, a) d = Div(h, two) n = Shape<end = 2>(x)
              t = Concat<axis=0>(n, d, d) y = Resize(x, , , t) }""",
    HEAD
    + """<bool yes = {1}, int64 m = {600}> { y, o = Loop (m, yes, x) <body = b (int64 i, bool go, float[?,?] a)
              => (bool on, float[?,?] n, float[?] s) { on = Identity(go) n = Add(a, x) s = ReduceMean<axes=[1]>(n) }> }""",
    HEAD
    + """{ s = ReduceSum<keepdims=0>(x) c = Cast<to=9>(s) y = If (c) <then_branch = t () => (float[?] p) { p = Neg(x) },
              else_branch = e () => (float[?] q) { q = Relu(x) }> }""",
    HEAD
    + "{ t = f.F<k = 1>(x) y = f.F(t) }\n"
    + '<domain: "f", opset_import: ["" : 17]> F <k: int = 1> (a) => (o) { b = Neg(a) o = Concat<axis: int = @k>(a, b) }',
]


def parse(text):
    model = onnx.parser.parse_model(text)
    if model.graph.initializer and model.graph.initializer[0].name == "w":
        model.graph.initializer[0].CopyFrom(onnx.helper.make_tensor("w", 1, [4, 3, 3, 3], [1.0] * 108))
    return model


MODELS = [parse(text).SerializeToString() for text in TEXTS]


@pytest.mark.parametrize("data", MODELS, ids=["conv", "resize", "loop", "if", "function"])
def test_undamaged(data):
    load(data)


def settles(data):
    """Loading, and asking for all values, gives a result or one line."""
    message = ""
    try:
        graph = load(data)
        for name in graph.constants:
            graph.value(name)
    except RfonnxError as error:
        message = str(error)
    assert "\n" not in message


@settings(max_examples=300)
@given(
    st.sampled_from(MODELS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_changed_bytes(data, edits):
    damaged = bytearray(data)
    for where, byte in edits:
        damaged[int(where * len(damaged))] = byte
    settles(bytes(damaged))


@settings(max_examples=300)
@given(st.sampled_from(MODELS), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=6))
def test_replaced_stretches(data, start, end, inserted):
    first, last = sorted((int(start * len(data)), int(end * len(data))))
    settles(data[:first] + inserted + data[last:])


@settings(max_examples=300)
@given(st.sampled_from(MODELS), st.randoms(use_true_random=False))
def test_rewired_nodes(data, random):
    """Names, operators, attributes and dimensions exchanged for others of the model, or for absurd ones."""
    model = onnx.ModelProto.FromString(data)
    nodes = [*model.graph.node, *(n for f in model.functions for n in f.node)]
    nodes += [n for node in nodes for a in node.attribute for n in a.g.node]
    names = ["", "nowhere", *(o for node in nodes for o in node.output), *(i for node in nodes for i in node.input)]
    for _ in range(random.randint(1, 4)):
        node = random.choice(nodes)
        match random.randrange(7):
            case 0 if node.input:
                node.input[random.randrange(len(node.input))] = random.choice(names)
            case 1 if node.output:
                node.output[random.randrange(len(node.output))] = random.choice(names)
            case 2:
                node.op_type = random.choice(
                    [*(n.op_type for n in nodes), "Scan", "Range", "NonZero", "Size", "EyeLike", "Constant"]
                )
            case 3:
                node.input.append(random.choice(names))
            case 4 if node.attribute:
                attribute = random.choice(node.attribute)
                attribute.type = random.randint(0, 14)
                attribute.i = random.choice([-1, 0, 2**40, -(2**63)])
            case 5 if model.graph.initializer:
                tensor = random.choice(model.graph.initializer)
                tensor.dims.append(random.choice([-1, 0, 7, 2**40, 2**62]))
            case 6 if node.output:
                del node.output[-1]
    settles(model)
