"""Which axis counts samples, and what holds of them: sample j of the inputs is changed under onnxruntime, which rows change?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.analysis.derive.batch_axis import named_axes
from rfonnx.model.reading.bind import bind

T, F, H, N = 5, 3, 4, 3
"""Positions of time, features, hidden units, samples of the measurement."""

TYPES = {"lengths": TensorProto.INT32, "rate": TensorProto.INT64}
"""Of inputs that are no floats."""

Dims = tuple[int | str | None, ...]


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@dataclass(frozen=True)
class Net:
    """A model, and what is true of it.

    Attributes:
        nodes, weights: of the graph; the outputs are y, and z where a node makes it.
        inputs: dimensions by name; None has no name.
        full: lengths that are measured with.
        axes: the batch axis by input.
        out: the batch axis by output.
        state: of y.
        known: nothing is presumed.
    """

    nodes: list[tuple[str, str, str, dict[str, Any]]]
    inputs: Mapping[str, Dims]
    full: Mapping[str, tuple[int, ...]]
    axes: Mapping[str, int | None]
    out: Mapping[str, int | None]
    state: str = "independent"
    known: bool = True
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def model(self) -> onnx.ModelProto:
        nodes = [helper.make_node(op, given.split(), made.split(), **attrs) for op, given, made, attrs in self.nodes]
        nodes = [n if "_" not in n.input else _without_blanks(n) for n in nodes]
        inputs = [
            helper.make_tensor_value_info(name, TYPES.get(name, TensorProto.FLOAT), list(dims))
            for name, dims in self.inputs.items()
        ]
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self.out]
        weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in self.weights.items()]
        graph = helper.make_graph(nodes, "net", inputs, outputs, weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _without_blanks(node: onnx.NodeProto) -> onnx.NodeProto:
    node.input[:] = ["" if name == "_" else name for name in node.input]
    return node


GRU = {"w": normal(1, 3 * H, F), "r": normal(1, 3 * H, H)}
GRU_BOTH = {"w": normal(2, 3 * H, F), "r": normal(2, 3 * H, H)}
SWAP = {"perm": [1, 0, 2]}
SQUEEZED = [("GRU", "x w r", "h", {"hidden_size": H}), ("Squeeze", "h one", "y", {})]
ONE = {"one": np.array([1])}
IMAGE = {"k": normal(2, F, 3, 3)}

NETS = {
    "time first, named": Net(
        SQUEEZED, {"x": ("time", "N", F)}, {"x": (T, N, F)}, {"x": 1}, {"y": 1}, weights=GRU | ONE
    ),
    "time first, no names": Net(
        SQUEEZED, {"x": (None, None, F)}, {"x": (T, N, F)}, {"x": 1}, {"y": 1}, weights=GRU | ONE
    ),
    "time first, names that say nothing": Net(
        SQUEEZED, {"x": ("foo", "bar", F)}, {"x": (T, N, F)}, {"x": 1}, {"y": 1}, weights=GRU | ONE
    ),
    "time first, fixed": Net(SQUEEZED, {"x": (T, N, F)}, {"x": (T, N, F)}, {"x": 1}, {"y": 1}, weights=GRU | ONE),
    "time first, both ways, last state": Net(
        [("GRU", "x w r", "h y", {"hidden_size": H, "direction": "bidirectional"})],
        {"x": (None, None, F)},
        {"x": (T, N, F)},
        {"x": 1},
        {"y": 1},
        weights=GRU_BOTH,
    ),
    "batch first, no names": Net(
        [
            ("Transpose", "x", "t", SWAP),
            ("GRU", "t w r", "h", {"hidden_size": H}),
            ("Squeeze", "h one", "u", {}),
            ("Transpose", "u", "y", SWAP),
        ],
        {"x": (None, None, F)},
        {"x": (N, T, F)},
        {"x": 0},
        {"y": 0},
        weights=GRU | ONE,
    ),
    "a state and lengths": Net(
        [("GRU", "x w r _ lengths h0", "h last", {"hidden_size": H}), ("Squeeze", "h one", "y", {})],
        {"x": (None, None, F), "lengths": (None,), "h0": (1, None, H)},
        {"x": (T, N, F), "lengths": (N,), "h0": (1, N, H)},
        {"x": 1, "lengths": 0, "h0": 1},
        {"y": 1, "last": 1},
        weights=GRU | ONE,
    ),
    "a stacked state and a rate": Net(
        [
            ("Gather", "state first", "h0", {"axis": 0}),
            ("Unsqueeze", "h0 zero", "h1", {}),
            ("Unsqueeze", "x zero", "t", {}),
            ("Cast", "rate", "c", {"to": 1}),
            ("Mul", "t c", "m", {}),
            ("GRU", "m w r _ _ h1", "h last", {"hidden_size": H}),
            ("Squeeze", "last zero", "y", {}),
        ],
        {"x": (None, F), "state": (2, None, H), "rate": ()},
        {"x": (N, F), "state": (2, N, H), "rate": ()},
        {"x": 0, "state": 1, "rate": None},
        {"y": 0},
        weights=GRU | {"first": np.array(1), "zero": np.array([0])},
    ),
    "images": Net(
        [("Conv", "x kernel", "y", {})],
        {"x": (None, F, None, None)},
        {"x": (N, F, 4, 4)},
        {"x": 0},
        {"y": 0},
        weights={"kernel": IMAGE["k"]},
    ),
    "frames of samples as one batch": Net(
        [("Reshape", "x flat", "f", {}), ("MatMul", "f w", "y", {})],
        {"x": ("batch", T, F)},
        {"x": (N, T, F)},
        {"x": 0},
        {"y": None},
        weights={"flat": np.array([-1, F]), "w": normal(F, 2)},
    ),
    "rows that nothing tells of": Net(
        [("MatMul", "x w", "y", {})],
        {"x": (None, F)},
        {"x": (N, F)},
        {"x": 0},
        {"y": 0},
        known=False,
        weights={"w": normal(F, 2)},
    ),
    "a slice to the first sample": Net(
        [("Slice", "x begin end", "y", {})],
        {"x": ("batch", F)},
        {"x": (N, F)},
        {"x": 0},
        {"y": None},
        "dropped",
        weights={"begin": np.array([0]), "end": np.array([1])},
    ),
    "the first sample for all": Net(
        [("Slice", "x begin end", "a", {}), ("Shape", "x", "b", {}), ("Expand", "a b", "y", {})],
        {"x": ("batch", F)},
        {"x": (N, F)},
        {"x": 0},
        {"y": 0},
        "mixed",
        weights={"begin": np.array([0]), "end": np.array([1])},
    ),
    "time first, centred over the batch": Net(
        [("ReduceMean", "x", "m", {"axes": [1]}), ("Sub", "x m", "y", {})],
        {"x": ("frames", "batch", F)},
        {"x": (T, N, F)},
        {"x": 1},
        {"y": 1},
        "mixed",
    ),
    "time first, centred over time": Net(
        [("ReduceMean", "x", "m", {"axes": [0]}), ("Sub", "x m", "y", {})],
        {"x": ("frames", "batch", F)},
        {"x": (T, N, F)},
        {"x": 1},
        {"y": 1},
    ),
    "a table beside an open batch": Net(
        [("MatMul", "x table", "y", {})],
        {"x": ("batch", F), "table": (F, 2)},
        {"x": (N, F), "table": (F, 2)},
        {"x": 0, "table": None},
        {"y": 0},
    ),
}


def rows(net: Net) -> dict[str, np.ndarray]:
    """By output: samples that changed x rows that changed with them, along `net.out`; where that is None, one row."""
    session = onnxruntime.InferenceSession(net.model.SerializeToString(), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    feeds: dict[str, np.ndarray] = {}
    for name, shape in net.full.items():
        if name in TYPES:
            feeds[name] = np.full(shape, T, helper.tensor_dtype_to_np_dtype(TYPES[name]))
        else:
            feeds[name] = random.normal(size=shape).astype(np.float32)
    before = session.run(list(net.out), feeds)
    found = {}
    for (output, axis), was in zip(net.out.items(), before, strict=True):
        seen = []
        for sample in range(N):
            other = dict(feeds)
            for name, along in net.axes.items():
                if along is not None and name not in TYPES:
                    other[name] = feeds[name].copy()
                    np.moveaxis(other[name], along, 0)[sample] += 1.5
            changed = session.run([output], other)[0] != was
            moved = np.moveaxis(changed, axis, 0) if axis is not None else changed[None]
            seen.append(moved.reshape(len(moved), -1).any(1))
        found[output] = np.array(seen)
    return found


def single(net: Net) -> dict[str, tuple[int, ...]]:
    """Shapes with one sample, where the file leaves that open."""
    free = {
        name: axis
        for name, axis in net.axes.items()
        if axis is not None and not isinstance(net.inputs[name][axis], int)
    }
    return {
        name: tuple(1 if axis == free.get(name) else n for axis, n in enumerate(shape))
        for name, shape in net.full.items()
    }


@pytest.mark.parametrize("name", NETS)
def test_the_axes_are_found_and_the_fact_is_true(name):
    net = NETS[name]
    shapes = single(net)
    analysis = rfonnx.analyze(net.model, shapes)
    assert analysis.batch_axes == net.axes
    assert analysis.batches.known == net.known
    for output, table in rows(net).items():
        fact = analysis.facts[output].batch
        assert fact.axis == net.out[output]
        assert dict(fact.inputs) == {name: axis for name, axis in net.axes.items() if axis is not None}
        if output == "y":
            assert fact.state == net.state
        if fact.axis is not None:
            assert (fact.state == "independent") == np.array_equal(table, np.eye(N, dtype=bool))
            assert (fact.state == "mixed") == bool((table & ~np.eye(N, dtype=bool)).any())
        else:
            assert (fact.state == "dropped") == (not table.all())


@pytest.mark.parametrize("name", NETS)
def test_the_default_rule_fails_what_breaks_it_and_nothing_else(name, tmp_path):
    net = NETS[name]
    path = tmp_path / "net.onnx"
    onnx.save(net.model, path)
    shapes = single(net)
    found = [f for f in rfonnx.check(path, shapes=shapes).findings if f.rule == "RF006"]
    tables = [(net.out[output], table) for output, table in rows(net).items()]
    broken = any(not table.all() if axis is None else not np.array_equal(table, np.eye(N)) for axis, table in tables)
    assert ({"fail"} == {f.status for f in found if f.status != "pass"}) == broken
    assert rfonnx.check(path, ["batch-independent"], shapes=shapes).passed() == (not broken)


SEQUENCE = Net(
    [("Transpose", "x", "t", {"perm": [1, 0]}), ("Unsqueeze", "t zero", "u", {}), ("Conv", "u kernel", "y", {})],
    {"x": ("sequence_length", F)},
    {"x": (T, F)},
    {},
    {"y": None},
    weights={"zero": np.array([0]), "kernel": normal(2, F, 3)},
)
SOFTMAX = Net([("Softmax", "x", "y", {"axis": 0})], {"x": (None, F)}, {"x": (N, F)}, {"x": 0}, {"y": 0})


@pytest.mark.parametrize(
    ("net", "said"), [(SEQUENCE, "--batch-axis x=AXIS, or x=none"), (SOFTMAX, "--batch-axis x=0 says so")]
)
def test_what_cannot_be_found_is_not_proven(net, said, tmp_path):
    """Axis 0 of a sequence is time, not a batch; a softmax over an axis without a name mixes what may be time."""
    path = tmp_path / "net.onnx"
    onnx.save(net.model, path)
    shapes = dict(net.full)
    (found,) = [f for f in rfonnx.check(path, shapes=shapes).findings if f.rule == "RF006"]
    assert (found.status, found.severity) != ("fail", "error")
    assert found.status != "pass" or found.severity == "note"
    named = rfonnx.check(path, ["batch-independent"], shapes=shapes)
    assert not named.passed()
    assert said in named.findings[0].message
    none = rfonnx.check(path, ["batch-independent"], shapes=shapes, batch_axes={"x": None})
    assert [f.status for f in none.findings] == ["skip"]
    assert none.findings[0].message == "no input has a batch axis"


def test_the_users_word_goes_first(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(SOFTMAX.model, path)
    assert not rfonnx.check(path, ["batch-independent"], batch_axes={"x": 0}).passed()
    fact = rfonnx.analyze(SOFTMAX.model, {"x": (N, F)}, batch_axes={"x": -1}).facts["y"].batch
    assert (fact.state, fact.axis, fact.batch) == ("independent", 1, F)


def test_a_batch_that_is_fixed_to_1():
    net = Net(SQUEEZED, {"x": (T, 1, F)}, {"x": (T, 1, F)}, {"x": 1}, {"y": 1}, weights=GRU | ONE)
    fact = rfonnx.analyze(net.model).facts["y"].batch
    assert (fact.state, fact.reason, fact.inputs) == ("unknown", "the batch is fixed to 1", (("x", 1),))


@pytest.mark.parametrize(
    ("other", "said"), [((0, 1), "'z' holds no samples"), ((2, 1), "inputs do not agree how many samples there are")]
)
def test_fixed_lengths_that_do_not_agree(other, said):
    """Beside an open batch, which is lengthened to match: there is nothing that it could match."""
    batches = {"x": (T, N, F), "z": other, "v": ("batch", 2)}
    nodes = [*SQUEEZED, ("Neg", "z", "b", {}), ("Neg", "v", "c", {})]
    net = Net(nodes, batches, {}, {}, {"y": 1, "b": 0, "c": 0}, weights=GRU | ONE)
    facts = rfonnx.analyze(net.model, {"v": (1, 2)}, batch_axes={"z": 0}).facts
    assert {fact.batch.state for fact in facts.values()} == {"unknown"}
    assert facts["y"].batch.reason.startswith(said)


@pytest.mark.parametrize("dims", [(None, None, F), ("p", "q", F), (T, N, F)])
def test_one_of_two_axes_is_not_presumed(dims, tmp_path):
    """Centred along axis 1: if that counts samples they are mixed, if axis 0 does they are not."""
    nodes = [("ReduceMean", "x", "m", {"axes": [1]}), ("Sub", "x m", "y", {})]
    path = tmp_path / "net.onnx"
    onnx.save(Net(nodes, {"x": dims}, {}, {}, {"y": 1}).model, path)
    shapes = {"x": (T, N, F)}
    named = rfonnx.check(path, ["batch-independent"], shapes=shapes)
    assert not named.passed()
    assert "axis 0 or axis 1 of input 'x' may count samples: give --batch-axis x=AXIS" in named.findings[0].message
    assert not [f for f in rfonnx.check(path, shapes=shapes).failed() if f.rule == "RF006"]
    assert rfonnx.check(path, ["batch-independent"], shapes=shapes, batch_axes={"x": 0}).passed()
    assert not rfonnx.check(path, ["batch-independent"], shapes=shapes, batch_axes={"x": 1}).passed()


@pytest.mark.parametrize("dims", [(N, 2, T), (None, None, T)])
def test_what_mixes_samples_does_not_hide_the_batch(dims, tmp_path):
    """Sample 0 is added to all: axis 0 looks as if something slid along it, and axis 1 must not pass for the batch."""
    nodes = [("Gather", "x first", "g", {"axis": 0}), ("Add", "x g", "y", {})]
    path = tmp_path / "net.onnx"
    onnx.save(Net(nodes, {"x": dims}, {}, {}, {"y": 0}, weights={"first": np.array([0])}).model, path)
    shapes = {"x": (N, 2, T)}
    assert not rfonnx.check(path, ["batch-independent"], shapes=shapes).passed()
    assert not [f for f in rfonnx.check(path, shapes=shapes).failed() if f.rule == "RF006"]
    assert not rfonnx.check(path, ["batch-independent"], shapes=shapes, batch_axes={"x": 0}).passed()


@pytest.mark.parametrize("dims", [(1, 2, 12, "width"), (1, 2, 12, None), (1, 2, "height", "width")])
def test_one_image_at_a_time_whatever_its_size(dims):
    net = Net([("Conv", "x kernel", "y", {})], {"x": dims}, {}, {}, {"y": 0}, weights={"kernel": normal(3, 2, 3, 3)})
    analysis = rfonnx.analyze(net.model, {"x": (1, 2, 12, 12)})
    assert (analysis.batch_axes, analysis.facts["y"].batch.reason) == ({"x": 0}, "the batch is fixed to 1")


def test_positions_of_one_row_beside_an_open_batch_have_no_batch():
    net = Net([("Add", "x table", "y", {})], {"x": ("batch", "seq", F), "table": (1, "seq", F)}, {}, {}, {"y": 0})
    analysis = rfonnx.analyze(net.model, {"x": (1, T, F)})
    assert analysis.batch_axes == {"x": 0, "table": None}
    assert analysis.facts["y"].batch.state == "independent"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"y": 0}, "a batch axis was given for 'y', which is no input; the inputs are 'x'"),
        ({"x": 2}, "the batch axis 2 was given for input 'x', which has 2 axes; give an axis from 0 to 1"),
    ],
)
def test_axes_that_there_are_not(given, said):
    with pytest.raises(rfonnx.QueryError, match=said):
        rfonnx.analyze(SOFTMAX.model, {"x": (N, F)}, batch_axes=given)


@pytest.mark.parametrize(
    ("dims", "axis"),
    [
        (("batch_size", "seq_len"), 0),
        (("T", "N", 64), 1),
        (("N", "T", 64), 0),
        ((2, "batch", 128), 1),
        (("B", "N", 3), 0),
        (("points", "n", 3), None),
        (("batch*heads", 64), None),
        (("sequence", "inputBatch", 8), 1),
        (("unk__5", 3), None),
        ((4, 3), None),
    ],
)
def test_names(dims, axis):
    found = named_axes({"x": dims}, {}).get("x")
    assert (found.axis if found else None) == axis


def test_the_batchs_name_stands_for_it_elsewhere():
    found = named_axes({"x": ("batch", 3), "state": (2, "batch", 4), "mask": ("m", "batch")}, {})
    assert {name: one.axis for name, one in found.items()} == {"x": 0, "state": 1, "mask": 1}


def test_a_dimension_named_like_a_batch_is_1_wherever_it_stands():
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, "batch", 4])
    binding = bind([info], None)
    assert binding.shapes == {"x": (2, 1, 4)}
    assert binding.warnings == ["input 'x': its dimension 1, 'batch' was taken as 1"]
