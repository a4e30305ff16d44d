"""Samples of models whose batch is not the first axis: what is run is what the user gave, in the model's own layout."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.checking.subject import Against, Subject
from rfonnx.comparing.settings import Settings

T, F, H = 6, 3, 4
RANDOM = np.random.default_rng(0)


def cell(x, state, rate=False, names=("h", "next")) -> onnx.ModelProto:
    """A step of a GRU, time first; h is what it gives at each time, next the state of two layers for the next call."""
    weights = {
        "w": RANDOM.normal(size=(1, 3 * H, F)), "r": RANDOM.normal(size=(1, 3 * H, H)), "u": RANDOM.normal(size=(1, 3 * H, H)),
    }  # fmt: skip
    stored = [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in weights.items()]
    stored += [
        numpy_helper.from_array(np.array(value, np.int64), name)
        for name, value in {"one": [1], "b0": [0], "b1": [1], "b2": [2]}.items()
    ]
    nodes = [
        helper.make_node("Slice", ["state", "b0", "b1"], ["s0"]),
        helper.make_node("Slice", ["state", "b1", "b2"], ["s1"]),
        helper.make_node("GRU", ["x", "w", "r", "", "", "s0"], ["g0", "n0"], hidden_size=H),
        helper.make_node("Squeeze", ["g0", "one"], ["t"]),
        helper.make_node("GRU", ["t", "u", "r", "", "", "s1"], ["g1", "n1"], hidden_size=H),
        helper.make_node("Squeeze", ["g1", "one"], ["q"]),
        helper.make_node("Concat", ["n0", "n1"], [names[1]], axis=0),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x)),
        helper.make_tensor_value_info("state", TensorProto.FLOAT, list(state)),
    ]
    if rate:
        inputs.append(helper.make_tensor_value_info("sr", TensorProto.INT64, []))
        nodes += [helper.make_node("Cast", ["sr"], ["f"], to=1), helper.make_node("Mul", ["q", "f"], [names[0]])]
    else:
        nodes.append(helper.make_node("Identity", ["q"], [names[0]]))
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
    graph = helper.make_graph(nodes, "cell", inputs, outputs, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


LAYOUTS = {
    "named": (("time", "batch", F), (2, "batch", H)),
    "without names": ((None, None, F), (2, None, H)),
    "fixed": ((T, 1, F), (2, 1, H)),
}


@pytest.fixture(params=LAYOUTS)
def path(request, tmp_path):
    RANDOM.bit_generator.state = np.random.default_rng(0).bit_generator.state
    file = tmp_path / "cell.onnx"
    onnx.save(cell(*LAYOUTS[request.param]), file)
    return str(file)


@pytest.fixture(params=["whole", "without a batch axis"])
def data(request, tmp_path):
    """Three samples, whole in the model's layout or without the batch axis."""
    x, state = RANDOM.normal(size=(3, T, 1, F)).astype(np.float32), RANDOM.normal(size=(3, 2, 1, H)).astype(np.float32)
    if request.param != "whole":
        x, state = x[:, :, 0], state[:, :, 0]
    np.savez(tmp_path / "data.npz", x=x, state=state)
    return str(tmp_path / "data.npz"), x.reshape(3, T, 1, F), state.reshape(3, 2, 1, H)


def test_check_feeds_what_it_is_given(path, data):
    file, x, state = data
    subject = Subject(path, None, Against(None, Settings(data=file)))
    for index, (_, feed) in enumerate(subject.feeds):
        np.testing.assert_array_equal(feed["x"], x[index])
        np.testing.assert_array_equal(feed["state"], state[index])


def test_compare_runs_what_it_is_given(path, data, tmp_path):
    """A student whose output is 1% larger: its error is 1% of what onnxruntime gives on each sample by itself."""
    file, x, state = data
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    runs = [session.run(["h", "next"], {"x": a, "state": b}) for a, b in zip(x, state, strict=True)]
    student = onnx.load(path)
    for node in student.graph.node:
        if node.output[0] == "h":
            node.op_type, node.input[:] = "Mul", ["q", "factor"]
    student.graph.initializer.append(numpy_helper.from_array(np.float32(1.01), "factor"))
    found = rfonnx.compare(path, student, file, cost=False, fields=False)
    h, following = found.outputs
    assert h.measures["max_abs"].value == pytest.approx(0.01 * max(np.abs(run[0]).max() for run in runs), rel=1e-3)
    assert (h.samples, following.samples, following.measures["max_abs"].value) == (3, 3, 0)


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_samples_in_one_run_are_those_one_by_one(tmp_path, batch):
    """The batch axes are known, and several samples share a run: along axis 1 of x, of the state and of the outputs."""
    path, other = tmp_path / "cell.onnx", tmp_path / "other.onnx"
    onnx.save(cell(*LAYOUTS["named"]), path)
    onnx.save(cell(*LAYOUTS["named"]), other)  # other weights
    shapes = {"time": T}
    alone = rfonnx.compare(path, other, samples=5, batch=1, shapes=shapes, cost=False, fields=False)
    found = rfonnx.compare(path, other, samples=5, batch=batch, shapes=shapes, cost=False, fields=False)
    for one, two in zip(alone.outputs, found.outputs, strict=True):
        assert two.samples == 5
        assert two.measures["rmse"].value == pytest.approx(one.measures["rmse"].value, rel=1e-4)


def test_a_number_is_fed_as_it_is(tmp_path):
    """Each sample with its own rate: nothing may be stacked."""
    path = tmp_path / "cell.onnx"
    onnx.save(cell(*LAYOUTS["named"], rate=True), path)
    x, state = RANDOM.normal(size=(3, T, F)).astype(np.float32), RANDOM.normal(size=(3, 2, H)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, state=state, sr=np.array([1, 2, 3]))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    largest = max(
        np.abs(session.run(["h"], {"x": x[i][:, None], "state": state[i][:, None], "sr": np.array(i + 1)})[0]).max()
        for i in range(3)
    )
    student = cell(*LAYOUTS["named"], rate=True)
    student.CopyFrom(onnx.load(path))
    for node in student.graph.node:
        if node.output[0] == "h":
            node.input[0] = "zero"
    student.graph.initializer.append(numpy_helper.from_array(np.float32(0), "zero"))
    nought = helper.make_node("Mul", ["q", "zero"], ["qz"])
    student.graph.node.insert(len(student.graph.node) - 1, nought)
    for node in student.graph.node:
        if node.output[0] == "h":
            node.input[0] = "qz"
    found = rfonnx.compare(path, student, str(tmp_path / "data.npz"), cost=False, fields=False)
    assert found.outputs[0].measures["max_abs"].value == pytest.approx(largest, rel=1e-5)
    assert (
        rfonnx.erf(path, "h", data=str(tmp_path / "data.npz"), shapes={"time": T}, input="x", axes=(0,), n=3).samples
        == 3
    )


def test_random_samples_have_the_models_shape(path):
    subject = Subject(path, {"x": (T, 1, F), "state": (2, 1, H)})
    for _, feed in subject.feeds:
        assert {name: array.shape for name, array in feed.items()} == {"x": (T, 1, F), "state": (2, 1, H)}
    assert {f.status for f in rfonnx.check(path, ["finite", "deterministic"], shapes=subject.shapes).findings} == {
        "pass"
    }


def test_a_length_that_was_given_is_fed(tmp_path):
    """Nothing tells that axis 0 of these counts samples: 5 rows are what the user wants to see run."""
    text = """<ir_version: 8, opset_import: ["" : 17]> net (float[p, 3] x, float[1, u] z) => (float[a, b] y, float[c, d] w)
        { y = Tanh(x) w = Tanh(z) }"""
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(text), path)
    shapes = {"x": (5, 3), "z": (1, 5)}
    for _, feed in Subject(path, shapes).feeds:
        assert {name: array.shape for name, array in feed.items()} == shapes
    found = rfonnx.compare(path, path, shapes=shapes, samples=3, cost=False)
    assert found.shapes["teacher/x"] == (5, 3)
    assert found.passed


def test_lengths_that_were_given_agree_where_one_batch_is_known(tmp_path):
    """A convolution tells the batch of x, nothing that of the ids z: they meet in a Concat, which takes no row beside two."""
    text = """<ir_version: 8, opset_import: ["" : 17]> net (float[p, 1, 6] x, int64[q, 6] z) => (float[a, 2, 6] y)
        <float[1, 1, 3] w = {1, 1, 1}, float[4, 1] t = {1, 2, 3, 4}, int64[1] two = {2}, int64[1] one = {1}>
        { c = Conv<pads = [1, 1]>(x, w) e = Gather(t, z) r = Squeeze(e, two) u = Unsqueeze(r, one) y = Concat<axis = 1>(c, u) }"""
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(text), path)
    shapes = {"x": (2, 1, 6), "z": (2, 6)}
    for _, feed in Subject(path, shapes).feeds:
        assert {name: array.shape for name, array in feed.items()} == shapes
    assert rfonnx.check(path, shapes=shapes).passed()


@pytest.mark.parametrize("method", ["gradient", "perturb"])
def test_effective_fields_take_states_as_they_are(path, data, method):
    """The last time of the output looks at all times of x, the first at the first alone."""
    file, _, _ = data
    shapes = {"x": (T, 1, F), "state": (2, 1, H)}
    options = {"data": file, "shapes": shapes, "input": "x", "axes": (0,), "method": method}
    first, last = (rfonnx.erf(path, "h", position=(at, 0, None), **options) for at in (0, T - 1))
    assert first.map[0] == 1
    assert (last.map > 0).all()


def test_a_state_without_its_layers_is_refused(tmp_path):
    """An array of one layer would have been repeated over both."""
    path = tmp_path / "cell.onnx"
    onnx.save(cell(*LAYOUTS["named"]), path)
    with pytest.raises(rfonnx.DataError, match="for input 'state', which takes 2x1x4"):
        rfonnx.erf(
            path,
            "h",
            data=[{"x": np.zeros((T, F), np.float32), "state": np.zeros((1, H), np.float32)}],
            shapes={"time": T},
        )


def test_the_users_axes(tmp_path):
    """What no name and no operator tells, the user does; for whichever model has the input."""
    text = """<ir_version: 8, opset_import: ["" : 17]> net (float[p, q, 3] x) => (float[p, q, 3] y) { y = Tanh(x) }"""
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(text), path)
    np.savez(tmp_path / "data.npz", x=RANDOM.normal(size=(2, T, 3)).astype(np.float32))
    for given, shape in (({"x": 1}, (T, 1, 3)), ({"x": 0}, (1, T, 3))):
        found = rfonnx.compare(path, path, str(tmp_path / "data.npz"), batch_axes=given, cost=False)
        assert found.shapes["teacher/x"] == shape
    with pytest.raises(rfonnx.RfonnxError, match=r"has the shape 6x3 for input 'x' .* which takes \?x\?x3 per sample"):
        rfonnx.compare(path, path, str(tmp_path / "data.npz"), batch_axes={"x": None}, cost=False)
    with pytest.raises(
        rfonnx.QueryError, match="a batch axis was given for 'state', which is an input of neither model"
    ):
        rfonnx.compare(path, path, str(tmp_path / "data.npz"), batch_axes={"state": 1}, cost=False)
