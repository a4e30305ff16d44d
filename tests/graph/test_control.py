"""If, Loop, Scan, SequenceMap: decided branches are spliced, bodies become graphs, and their shapes are those of a run."""

import numpy as np
import onnx
import onnxruntime
import pytest

from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Graph
from rfonnx.model.building.limits import FEW
from rfonnx.model.reading.bound_values import write_values
from rfonnx.model.reading.load import load

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => (float[?,?] y) '
BRANCHES = """<then_branch = t () => (float[?,?] p) <float[2,3] w = {1,2,3,4,5,6}> { h = Concat<axis=0>(x, w) p = Neg(h) },
               else_branch = e () => (float[?,?] q) { q = Relu(x) }>"""
TRUE = "<bool yes = {1}, bool no = {0}>"
UNKNOWN = "s = ReduceSum<keepdims=0>(x) c = Cast<to=9>(s)"


def parse(body):
    model = onnx.parser.parse_model(HEAD + body)
    for node in model.graph.node:
        if node.op_type in ("If", "Loop", "Scan", "SequenceMap"):
            node.name = "ctl"
    return model


def run(model, **feeds):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.ones((2, 3), np.float32), **feeds})


def test_taken_branch_is_spliced():
    model = parse(f"{TRUE} {{ y = If (yes) {BRANCHES} }}")
    graph = load(model)
    assert [(n.op_type, n.inputs, n.outputs) for n in graph.nodes] == [
        ("Concat", ("x", "ctl/w"), ("ctl/h",)),
        ("Neg", ("ctl/h",), ("y",)),
    ]
    assert graph.shapes["y"] == run(model)[0].shape
    assert "ctl/w" in graph.constants
    other = load(parse(f"{TRUE} {{ y = If (no) {BRANCHES} }}"))
    assert [(n.op_type, n.outputs) for n in other.nodes] == [("Relu", ("y",))]


@pytest.mark.parametrize("condition", ["yes", "no"])
def test_branches_without_the_outputs(condition):
    branches = "<then_branch = t () => () { u = Neg(x) }, else_branch = e () => () { u = Abs(x) }>"
    with pytest.raises(ModelError, match=r"has a '(then|else)_branch' of 0 outputs, expected 1; export it again"):
        load(parse(f"{TRUE} {{ y = If ({condition}) {branches} }}"))


def warned_of(made, signature="float[2,3] x, int64 rate"):
    body = f"{HEAD.replace('float[2,3] x', signature)} {{ {made} y = If (c) {BRANCHES} }}"
    model = onnx.parser.parse_model(body)
    return model, [line for line in load(model).warnings if "branch" in line]


def test_what_decides_an_open_branch_is_said_and_settles_it():
    made = "k = Constant<value_int = 16000>() c = Equal(rate, k)"
    model, (line,) = warned_of(made)
    assert line == (
        "node (If) that makes 'y' may run either branch, as 'rate' says: for one of them give --value rate=VALUE"
    )
    for rate in (16000, 8000):
        bound = onnx.ModelProto.FromString(model.SerializeToString())
        write_values(bound, {"rate": np.array(rate)})
        graph = load(bound)
        assert not [line for line in graph.warnings if "branch" in line]
        assert graph.shapes["y"] == run(model, rate=np.array(rate))[0].shape


def test_a_name_that_a_shell_reads_as_more_is_not_offered_for_copying():
    model, _ = warned_of("k = Constant<value_int = 1>() c = Equal(rate, k)")
    model.graph.input[1].name = model.graph.node[1].input[0] = "$(ls)"
    (line,) = [line for line in load(model).warnings if "branch" in line]
    assert "as '$(ls)' says" in line
    assert line.endswith("give --value NAME=VALUE")


@pytest.mark.parametrize("read", ["other", "drawn"], ids=["large", "random"])
def test_nothing_is_said_of_branches_that_no_value_settles(read):
    made = f"k = Constant<value_float = 1.0>() drawn = RandomUniformLike(rate) s = ReduceSum<keepdims=0>({read}) c = Less(s, k)"
    assert not warned_of(made, "float[2,3] x, float[64,64] other, float rate")[1]


def test_branch_that_hands_an_outer_tensor_through():
    branches = (
        """<then_branch = t () => (float[2,3] x) { u = Neg(x) }, else_branch = e () => (float[2,3] x) { u = Abs(x) }>"""
    )
    graph = load(parse(f"{TRUE} {{ y = If (yes) {branches} }}"))
    assert [(n.op_type, n.inputs, n.outputs) for n in graph.nodes] == [
        ("Neg", ("x",), ("ctl/u",)),
        ("Identity", ("x",), ("y",)),
    ]


def test_condition_computed_from_a_shape_folds():
    graph = load(
        parse(f"""<int64[1] n = {{2}}, int64 zero = {{0}}> {{ shape = Shape(x) d = Gather(shape, zero) c = Equal(d, n)
                           y = If (c) {BRANCHES} }}""")
    )
    assert [n.op_type for n in graph.nodes if n.outputs[0] not in graph.constants] == ["Concat", "Neg"]


def test_undecided_if_keeps_both_branches():
    graph = load(parse(f"{{ {UNKNOWN} y = If (c) {BRANCHES} }}"))
    node = graph.nodes[-1]
    then, other = node.attrs["then_branch"], node.attrs["else_branch"]
    assert isinstance(then, Graph)
    assert [(n.inputs, n.outputs) for n in then.nodes] == [
        (("x", "ctl/then/w"), ("ctl/then/h",)),
        (("ctl/then/h",), ("ctl/then/p",)),
    ]
    assert (then.outputs, other.outputs) == (("ctl/then/p",), ("ctl/else/q",))
    assert then.shapes["ctl/then/p"] == (4, 3)
    assert graph.shapes["y"] == (None, 3)
    assert node.attrs["captures"] == ["x"]
    np.testing.assert_array_equal(then.value("ctl/then/w"), [[1, 2, 3], [4, 5, 6]])


def test_branches_of_one_shape():
    branches = (
        "<then_branch = t () => (float[?,?] p) { p = Neg(x) }, else_branch = e () => (float[?,?] q) { q = Relu(x) }>"
    )
    assert load(parse(f"{{ {UNKNOWN} y = If (c) {branches} }}")).shapes["y"] == (2, 3)


@pytest.fixture
def kept(monkeypatch):
    """Loops that would be written out round by round keep their bodies."""
    monkeypatch.setattr("rfonnx.model.opened.FEW", FEW._replace(rounds=-1))


LOOP = """<body = b (int64 i, bool go, float[?,?] a) => (bool go_on, float[?,?] a_next, float[?,?] row)
          { go_on = Identity(go) a_next = STEP row = Neg(x) }>"""


@pytest.mark.parametrize(
    ("step", "trips", "carried", "final", "scanned"),
    [
        ("Add(a, x)", 4, (2, 3), (2, 3), (4, 2, 3)),
        ("Add(a, x)", 0, (2, 3), (2, 3), (0, 2, 3)),
        ("Concat<axis=0>(a, x)", 3, (None, 3), (None, 3), (3, 2, 3)),
        ("Transpose(a)", 3, (None, None), (None, None), (3, 2, 3)),
    ],
)
@pytest.mark.usefixtures("kept")
def test_loop(step, trips, carried, final, scanned):
    model = parse(
        f"{TRUE} {{ m = Constant<value = int64 {{{trips}}}>() y, rows = Loop (m, yes, x) {LOOP.replace('STEP', step)} }}"
    )
    model.graph.output.append(onnx.ValueInfoProto(name="rows"))
    graph = load(model)
    body = graph.nodes[-1].attrs["body"]
    assert body.inputs == ("ctl/i", "ctl/go", "ctl/a")
    assert body.outputs == ("ctl/go_on", "ctl/a_next", "ctl/row")
    assert graph.shapes["ctl/a"] == carried
    assert (graph.shapes["y"], graph.shapes["rows"]) == (final, scanned)
    for name, result in zip(graph.outputs, run(model), strict=True):
        assert all(n in (None, m) for n, m in zip(graph.shapes[name], result.shape, strict=True))


@pytest.mark.usefixtures("kept")
def test_loop_that_changes_the_rank():
    body = "<body = b (int64 i, bool go, float a) => (bool on, float b) { on = Identity(go) b = Unsqueeze(a, axes) }>"
    model = parse(f"<bool yes = {{1}}, int64 m = {{3}}, int64[1] axes = {{0}}> {{ y = Loop (m, yes, x) {body} }}")
    for value in (
        model.graph.output[0],
        *model.graph.node[0].attribute[0].g.output,
        *model.graph.node[0].attribute[0].g.input,
    ):
        value.type.tensor_type.ClearField("shape")
    assert load(model).shapes["y"] is None


COUNTING = """<body = b (int64 i, bool go, float[?,?] a, int64 n)
                           => (bool go_on, float[?,?] a_next, int64 n_next, float[?,?] row)
             <int64 three = {3}, int64 limit = {20}>
             { n_next = Mul(n, three) go_on = Less(n_next, limit) a_next = Add(a, x) row = Neg(a) }>"""


def test_rounds_are_counted_when_the_condition_depends_on_constants_alone():
    model = parse(
        f"<bool yes = {{1}}, int64 one = {{1}}, int64 m = {{99}}> {{ y, n, rows = Loop (m, yes, x, one) {COUNTING} }}"
    )
    model.graph.output.append(onnx.ValueInfoProto(name="rows"))
    assert load(model).shapes["rows"] == run(model)[1].shape == (3, 2, 3)


def test_rounds_that_depend_on_data_are_unknown():
    start = "s = ReduceSum<keepdims=0>(x) one = Cast<to=7>(s)"
    model = parse(f"<bool yes = {{1}}, int64 m = {{99}}> {{ {start} y, n, rows = Loop (m, yes, x, one) {COUNTING} }}")
    graph = load(model)
    assert (graph.shapes["rows"], graph.shapes["y"]) == ((None, 2, 3), (2, 3))


def test_endless_counting_ends():
    endless = COUNTING.replace("Less(n_next, limit)", "Greater(limit, i)").replace("{20}", "{1000000000}")
    model = parse(f"<bool yes = {{1}}, int64 one = {{1}}> {{ y, n, rows = Loop (, yes, x, one) {endless} }}")
    assert load(model).shapes["rows"] == (None, 2, 3)


@pytest.mark.usefixtures("kept")
def test_loop_in_a_loop():
    inner = LOOP.replace("STEP", "Add(a, x)").replace("b (", "c (")
    body = f"""<body = b (int64 k, bool go2, float[?,?] z) => (bool go3, float[?,?] z_next)
               {{ go3 = Identity(go2) m2 = Constant<value = int64 {{2}}>() z_next, deep = Loop (m2, go2, z) {inner} }}>"""
    graph = load(parse(f"{TRUE} {{ m = Constant<value = int64 {{3}}>() y = Loop (m, yes, x) {body} }}"))
    outer = graph.nodes[-1].attrs["body"]
    inside = outer.nodes[-1].attrs["body"]
    assert inside.outputs[1] == "ctl/Loop/a_next"
    assert graph.shapes["y"] == graph.shapes["ctl/Loop/a_next"] == (2, 3)


SCAN = """<num_scan_inputs = 1, AXES body = b (float[?] sum, float[?] slice) => (float[?] next, float[?] out)
          { next = Add(sum, slice) out = Neg(next) }>"""


@pytest.mark.parametrize(
    ("axes", "length", "scanned"),
    [
        ("", 3, (2, 3)),
        ("scan_input_axes = [1],", 2, (3, 2)),
        ("scan_input_axes = [-1], scan_output_axes = [1],", 2, (2, 3)),
    ],
)
@pytest.mark.usefixtures("kept")
def test_scan(axes, length, scanned):
    model = parse(
        f"{{ zero = Constant<value_floats = {[0.0] * length}>() y0, y = Scan (zero, x) {SCAN.replace('AXES', axes)} }}"
    )
    graph = load(model)
    assert graph.shapes["y"] == run(model)[0].shape == scanned
    assert graph.shapes["ctl/slice"] == graph.shapes["y0"] == (length,)


def test_scan_of_opset_8():
    model = parse(f"{{ y0, y = Scan (, zero, x) {SCAN.replace('AXES', '')} }}")
    model.opset_import[0].version = 8
    model.graph.input[0].CopyFrom(onnx.helper.make_tensor_value_info("x", 1, [2, 5, 4]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros((2, 4), np.float32), "zero"))
    model.graph.output[0].type.tensor_type.ClearField("shape")
    graph = load(model)
    assert (graph.shapes["y0"], graph.shapes["y"], graph.shapes["ctl/slice"]) == ((2, 4), (2, 5, 4), (4,))


def test_sequence_map():
    model = parse("""{ s = SequenceConstruct(x, x) t = SequenceMap(s)
        <body = b (float[?,?] e) => (float[?,?] f) { f = Concat<axis=1>(e, x) }> y = ConcatFromSequence<axis=0>(t) }""")
    graph = load(model)
    assert graph.shapes["ctl/f"] == (2, 6)
    assert graph.dtypes["t"] == "sequence"
    assert graph.shapes["t"] is None


@pytest.mark.usefixtures("kept")
def test_nodes_that_capture_an_input_are_no_constants():
    loop = LOOP.replace("STEP", "Identity(a)")
    model = parse(f"<bool yes = {{1}}, int64 m = {{2}}, float zero = {{0}}> {{ y, r = Loop (m, yes, zero) {loop} }}")
    assert not {"y", "r"} & load(model).constants


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            f"{{ {UNKNOWN} y = If (c) <then_branch = t () => (float[2,3] p) {{ p = Neg(x) }}> }}",
            r"node 'ctl' \(If\) .* has no 'else_branch'",
        ),
        (
            f"{TRUE} {{ y, r = Loop (, yes, x, x) {LOOP.replace('STEP', 'Neg(a)')} }}",
            "has a body of 3 inputs and 3 outputs, expected 4 inputs",
        ),
        (
            "{ y0, y = Scan (x, x) <num_scan_inputs = 3, body = b (float[?] s) => (float[?] n) { n = Neg(s) }> }",
            "num_scan_inputs 3",
        ),
        (
            f"{{ y0, y = Scan (x, x) {SCAN.replace('AXES', 'scan_input_axes = [0, 1],')} }}",
            "'scan_input_axes' has 2 entries, expected 1",
        ),
    ],
)
def test_errors(body, message):
    with pytest.raises(ModelError, match=message):
        load(parse(body))


def test_rounds_decided_by_a_subgraph_are_unknown():
    decide = "If (go) <then_branch = t () => (bool p) { p = Less(n_next, limit) }, else_branch = e () => (bool q) { q = Not(go)}>"
    loop = COUNTING.replace("Less(n_next, limit)", decide)
    graph = load(
        parse(
            f"<bool yes = {{1}}, int64 one = {{1}}, int64 m = {{99}}> {{ y, n, rows = Loop (m, yes, x, one) {loop} }}"
        )
    )
    assert graph.shapes["rows"] == (None, 2, 3)
