"""Recurrent rules against the operators."""

import numpy as np
import pytest

from access.probe import probe, values

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
T, B, I, H = 3, 2, 2, 2  # noqa: E741 (the specification's letters)


def inputs_of(op_type, direction, layout=0, time=T):
    d, g = 2 if direction == "bidirectional" else 1, GATES[op_type]
    state = (B, d, H) if layout else (d, B, H)
    inputs = {
        "x": values(*((B, time, I) if layout else (time, B, I))),
        "w": values(d, g * H, I, seed=1),
        "r": values(d, g * H, H, seed=2),
        "b": values(d, 2 * g * H, seed=3),
        "h": values(*state, seed=4),
    }
    if op_type == "LSTM":
        inputs["c"] = values(*state, seed=5)
    return inputs


def order(op_type):
    return ["x", "w", "r", "b", "", "h", "c"][: 7 if op_type == "LSTM" else 6]


@pytest.mark.parametrize("time", [1, T])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("op_type", GATES)
def test_directions(op_type, direction, time):
    probe(
        op_type,
        inputs_of(op_type, direction, time=time),
        constants=["w", "r", "b"],
        order=order(op_type),
        outputs=3 if op_type == "LSTM" else 2,
        hidden_size=H,
        direction=direction,
        deltas=(0.5, -0.25),
        trials=1,
    )


@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
@pytest.mark.parametrize("op_type", GATES)
def test_batch_first(op_type, direction):
    """onnxruntime has no layout 1, and the reference evaluator one direction: the states are held to the time-first operator."""
    time_first = inputs_of(op_type, direction)

    def run(feeds):

        from access.probe import one_node

        names = ["x", "h", "c"] if op_type == "LSTM" else ["x", "h"]
        swapped = {n: np.ascontiguousarray(feeds[n].swapaxes(0, 1)) for n in names}
        model = one_node(
            op_type,
            {**time_first, **swapped},
            constants=["w", "r", "b"],
            order=order(op_type),
            outputs=2,
            hidden_size=H,
            direction=direction,
        )
        import onnxruntime

        session = run.session or onnxruntime.InferenceSession(model.SerializeToString())
        run.session = session
        y, y_h = session.run(None, swapped)
        return [y.transpose(2, 0, 1, 3), y_h.swapaxes(0, 1)]

    run.session = None
    probe(
        op_type,
        inputs_of(op_type, direction, layout=1),
        constants=["w", "r", "b"],
        order=order(op_type),
        outputs=2,
        hidden_size=H,
        direction=direction,
        layout=1,
        deltas=(0.5,),
        trials=1,
        run=run,
    )


def test_sequence_lengths_are_a_superset():
    inputs = {**inputs_of("GRU", "bidirectional"), "n": np.array([2, 3], np.int32)}
    names = ["x", "w", "r", "b", "n", "h"]
    claims = {"constants": ["w", "r", "b"], "order": names, "outputs": 2, "hidden_size": H, "trials": 1}
    program = probe("GRU", inputs, exact=False, direction="bidirectional", deltas=(0.5,), **claims)
    assert "sequence_lens" in program.tensors[0].note


def test_full_sequence_lengths_are_exact():
    inputs = {**inputs_of("RNN", "forward"), "n": np.array([T, T], np.int32)}
    names = ["x", "w", "r", "b", "n", "h"]
    probe("RNN", inputs, constants=["w", "r", "b", "n"], order=names, hidden_size=H, deltas=(0.5,), trials=1)


@pytest.mark.parametrize("state", [True, False])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("op_type", GATES)
def test_computed_weights(op_type, direction, state):
    """Gates that have nothing to act on in the first step lie between others that do: only the ends are compared."""
    inputs = inputs_of(op_type, direction)
    names = order(op_type)
    if not state:
        inputs = {name: value for name, value in inputs.items() if name not in ("h", "c")}
        names = names[:4]
    attrs = {"order": names, "hidden_size": H, "direction": direction, "outputs": 2}
    probe(op_type, inputs, hull=True, deltas=(0.5, -0.25), trials=2, **attrs)


def test_reset_after_the_product():
    attrs = {"order": order("GRU"), "hidden_size": H, "linear_before_reset": 1}
    probe("GRU", inputs_of("GRU", "forward"), hull=True, deltas=(0.5, -0.25), trials=2, **attrs)


@pytest.mark.parametrize("cell", [True, False])
def test_peepholes(cell):
    inputs = inputs_of("LSTM", "forward") | {"p": values(1, 3 * H, seed=6)}
    names = ["x", "w", "r", "b", "", "h", "c", "p"]
    if not cell:
        del inputs["c"]
        names[6] = ""
    attrs = {"order": names, "hidden_size": H, "deltas": (0.5,), "trials": 1}
    probe("LSTM", inputs, ["w", "r", "b"], hull=True, exact=cell, **attrs)


def test_an_unknown_direction_is_not_guessed():
    from rfonnx.analysis.lower import lower
    from rfonnx.graph.nodes import Graph, Node

    node = Node("GRU", "", "", ("x", "w", "r"), ("y",), {"direction": "sideways", "hidden_size": 2}, 14)
    shapes = {"x": (3, 2, 2), "w": (1, 6, 2), "r": (1, 6, 2), "y": (3, 1, 2, 2)}
    program = lower(Graph("m", ("x",), ("y",), [node], shapes, {}, {"w", "r"}, lambda name: None))
    assert "direction 'sideways' is unknown" in program.tensors[0].note
