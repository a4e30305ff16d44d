"""The normal form of a model computes what the model does, and has the tensors that its graph has."""

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

from fuzz.graphs import make
from fuzz.runtime import session_of
from rfonnx.graph.order import true_inputs
from rfonnx.model.building.limits import FEW, MANY
from rfonnx.model.building.main_graph import build
from rfonnx.model.building.normal import Normal, is_normal, normal_form
from rfonnx.model.opened import Opened

FUNCTIONS = """
    <domain: "f", opset_import: ["" : 17, "f" : 1]> Block <to: int = 1> (a, b) => (out, low)
        { h = Concat <axis: int = @to> (a, b) low = Relu(a) out = Neg(h) }
    <domain: "f", opset_import: ["" : 17, "f" : 1]> Twice (a) => (out) { x = Sin(a) y = f.Once(x) out = Mul(y, x) }
    <domain: "f", opset_import: ["" : 17, "f" : 1]> Once (q) => (out) { y = Cos(q) out = Identity(y) }
    <domain: "f", opset_import: ["" : 17, "f" : 1]> Decides <to> (q, c) => (out) {
        z = Neg(q)
        out = If (c) <
            then_branch = t () => (float[?,?] p) { x = Sin(q) p = Concat <axis: int = @to> (x, q) },
            else_branch = e () => (float[?,?] r) { x = f.Twice(z) r = Concat <axis: int = @to> (x, q) }
        >
    }"""
BRANCHES = """<
    then_branch = t () => (float[?,?] p) <float[2,3] w = {1,2,3,4,5,6}> { h = Mul(x, w) p = Neg(h) },
    else_branch = e () => (float[?,?] r) { u = f.Twice(x) r = Concat <axis = 0> (u, u) }
>"""
ROUND = "(int64 i, bool go, float[2,3] a) => (bool on, float[2,3] b, float[2,3] o) <float[2,3] w = {1,2,3,4,5,6}>"
MODELS = {
    "functions": """
        t, low = f.Block(x, x)  u = f.Twice(t)  v, l = f.Block <to = 0> (low, x)
        q = Concat <axis = 1> (v, v)  y = Concat <axis = 0> (u, q)""",
    "a branch that is taken": f"y = If (yes) {BRANCHES}",
    "branches of different shapes": f"z = If (c) {BRANCHES}  y = Neg(z)",
    "branches in a function": "y = f.Decides <to = 1> (x, c)",
    "a loop": f"""
        last, every = Loop (three, yes, x) <body = l {ROUND} {{
            on = Identity(go)  b = f.Twice(a)  f = Cast <to = 1> (i)  g = Mul(f, w)  o = Add(b, g)
        }}>
        s = ReduceSum <keepdims = 0> (every)  y = Add(last, s)""",
    "rounds that data count": f"""
        last, every = Loop (n, yes, x) <body = l {ROUND} {{
            on = Identity(go)  b = f.Twice(a)  u = If (c) <
                then_branch = t () => (float[?,?] p) {{ p = Mul(a, w) }},
                else_branch = e () => (float[?,?] r) {{ r = f.Once(b) }}
            >
            o = Add(b, u)
        }}>
        s = ReduceSum <keepdims = 0> (every)  y = Add(last, s)""",
    "a loop in rounds that data count": f"""
        last, every = Loop (n, yes, x) <body = l {ROUND} {{
            on = Identity(go)
            b, k = Loop (three, yes, a) <
                body = m (int64 j, bool h, float[2,3] d) => (bool h2, float[2,3] e, float[2,3] f) {{
                    h2 = Identity(h)  e = Sin(d)  f = Mul(e, w)
                }}
            >
            o = ReduceSum <keepdims = 0> (k, front)
        }}>
        y = ReduceSum <keepdims = 0> (every)""",
    "a scan": """
        zero = Constant <value_floats = [0.0, 0.0]> ()
        last, y = Scan (zero, x) <num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1],
            scan_output_axes = [1], scan_output_directions = [1],
            body = b (float[2] s, float[2] p) => (float[2] s2, float[2] o) { q = Mul(s, p) s2 = Add(s, p) o = Sub(s2, q) }
        >""",
    "a list": """
        e = SequenceEmpty <dtype = 1> ()
        end, tape = Loop (three, yes, x, e) <
            body = b (int64 i, bool go, float[2,3] h, seq(float[2,3]) before)
                => (bool on, float[2,3] next, seq(float[2,3]) after) {
                on = Identity(go)  next = Sin(h)  after = SequenceInsert(before, next)
            }
        >
        n1 = SequenceLength(tape)  k = Cast <to = 1> (n1)
        t = ConcatFromSequence <axis = 0, new_axis = 1> (tape)  y = Mul(t, k)""",
    "the length of a list, from a branch": """
        s = SequenceConstruct(x, x)
        l = If (c) <
            then_branch = t () => (int64 p) { p = SequenceLength(s) },
            else_branch = e () => (int64 r) { r = Neg(three) }
        >
        k = Cast <to = 1> (l)  y = Mul(x, k)""",
    "a list at a place that data tell": "s = SequenceConstruct(x, x)  z = Neg(n)  e = SequenceAt(s, z)  y = Sin(e)",
}


def parsed(body: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 17, "f" : 1]> net (float[2,3] x, bool c, int64 n) => (float y)
        <bool yes = {{1}}, int64 three = {{3}}, int64[1] front = {{0}}> {{ {body} }} {FUNCTIONS}"""
    )


def run(model: onnx.ModelProto, **feeds: object) -> np.ndarray:
    model.graph.output[0].type.tensor_type.ClearField("shape")
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["y"], {name: np.asarray(value) for name, value in feeds.items()})[0]


def run_all(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    return session_of(model).run(None, inputs)


def as_model(model: onnx.ModelProto, normal: Normal) -> onnx.ModelProto:
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for field in ("node", "input", "initializer", "value_info"):
        made.graph.ClearField(field)
    made.graph.input.extend(true_inputs(model.graph))
    made.ClearField("functions")
    made.graph.node.extend(normal.nodes)
    for name, tensor in normal.stored.items():
        held = made.graph.initializer.add()
        held.CopyFrom(tensor)
        held.name = name
    return made


@pytest.mark.parametrize("limits", [FEW, MANY], ids=["few", "many"])
@pytest.mark.parametrize("kind", MODELS)
def test_it_computes_the_same(kind, limits):
    model = parsed(MODELS[kind])
    built = build(model, kind, None, None, {}, limits)
    flat = as_model(model, normal_form(built))
    x = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    for c in (True, False):
        feeds = {"x": x, "c": c, "n": np.int64(2 if "count" in kind else 1)}
        np.testing.assert_array_equal(run(flat, **feeds), run(model, **feeds))
    assert [n.output[:] for n in flat.graph.node] == [list(n.outputs) for n in built.graph.nodes]
    names = [node.name for node in flat.graph.node if node.name]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("limits", [FEW, MANY], ids=["few", "many"])
def test_random_models_compute_the_same(limits):
    held = 0
    for case in map(make, range(7000, 7060)):
        if is_normal(case.model) or "ConvTranspose" in case.operators:  # of which onnxruntime infers wrong ranks
            continue
        flat = as_model(case.model, normal_form(build(case.model, "net", None, case.shapes, {}, limits)))
        for ours, theirs in zip(*(run_all(model, case.inputs) for model in (flat, case.model)), strict=True):
            if isinstance(ours, np.ndarray) and ours.dtype.kind in "biuf":
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
                held += 1
    assert held > 50


def test_what_a_tensor_does_not_need_is_left_out():
    model = parsed(MODELS["a loop"])
    normal = normal_form(build(model, "net", None, None, {}, FEW), ["Loop/1/b"])
    assert [node.output[0] for node in normal.nodes][-1] == "Loop/1/b"
    assert not normal.stored


def test_weights_of_a_body_are_stored_once():
    normal = Opened(parsed(MODELS["a loop"])).normal()
    assert sum("w" in name for name in normal.stored) == 1


def test_a_model_in_normal_form_stays_as_it_is():
    model = parsed("t = Sin(x)  y = Neg(t)")
    model.ClearField("functions")
    assert Opened(model).normal().nodes is model.graph.node
