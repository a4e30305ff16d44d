"""Loss and optimiser rules against the operators."""

import numpy as np
import pytest

from access.probe import probe, values

LABELS = np.array([[0, 2], [1, 1]], np.int64)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses(reduction, weighted):
    inputs = {"x": values(2, 3, 2), "t": LABELS} | ({"w": np.abs(values(3, seed=1))} if weighted else {})
    log = {**inputs, "x": np.log(np.abs(inputs["x"]))}
    probe("NegativeLogLikelihoodLoss", log, exact=False, reduction=reduction, deltas=(0.5,), trials=1)
    claims = [not weighted, True]
    probe("SoftmaxCrossEntropyLoss", inputs, exact=claims, outputs=2, reduction=reduction, deltas=(0.5,), trials=1)


@pytest.mark.parametrize(("op_type", "states"), [("Adam", 2), ("Adagrad", 1), ("Momentum", 1)])
def test_optimisers(op_type, states):
    names = ["x0", "x1", "g0", "g1", *(f"s{i}{j}" for i in range(states) for j in range(2))]
    inputs = {"r": np.float32(0.1), "t": np.int64(3)}
    inputs |= {name: np.abs(values(2, 2 + int(name[-1]), seed=i)) for i, name in enumerate(names)}
    attrs = {
        "Adam": {},
        "Adagrad": {},
        "Momentum": {"mode": "nesterov", "alpha": 0.9, "beta": 0.9, "norm_coefficient": 0.1},
    }
    probe(
        op_type,
        inputs,
        domain="ai.onnx.preview.training",
        outputs=2 * (1 + states),
        exact=[True] * 2 + [False] * 2 * states,
        vary=[name for name in inputs if name not in ("r", "t")],
        deltas=(0.5,),
        trials=1,
        **attrs[op_type],
    )


def test_ignored_classes_are_a_superset():
    inputs = {"x": values(2, 3, 2), "t": LABELS}
    attrs = {"outputs": 2, "ignore_index": 1, "reduction": "sum", "deltas": (0.5,), "trials": 1}
    probe("SoftmaxCrossEntropyLoss", inputs, exact=[False, True], **attrs)
