"""Normalisation rules against the operators."""

import numpy as np
import pytest

from access.probe import probe, values


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize("op_type", ["Softmax", "LogSoftmax"])
def test_softmax(op_type, opset, axis):
    program = probe(op_type, {"x": values(2, 2, 3)}, opset=opset, axis=axis, deltas=(0.75, -0.5))
    assert program.tensors[0].paths[0][1][0].axes == ((1, 2) if opset == 11 and axis == 1 else (axis % 3,))


@pytest.mark.parametrize(("opset", "axes"), [(11, (1, 2)), (13, (2,))])
def test_softmax_default_axis_changed_in_opset_13(opset, axes):
    program = probe("Softmax", {"x": values(2, 2, 3)}, opset=opset, deltas=(0.75,))
    assert program.tensors[0].paths[0][1][0].axes == axes


@pytest.mark.parametrize("opset", [11, 13])
def test_hardmax(opset):
    probe("Hardmax", {"x": values(2, 2, 2)}, opset=opset, trials=30, deltas=(9, -9))


@pytest.mark.parametrize("axis", [-1, 1])
def test_layer_norm(axis):
    shape = (2, 2, 3)[axis:]
    inputs = {"x": values(2, 2, 3), "s": values(*shape, seed=1), "b": values(*shape, seed=2)}
    probe("LayerNormalization", inputs, outputs=3, axis=axis)


def test_rms_norm():
    probe("RMSNormalization", {"x": values(2, 3), "s": values(3, seed=1)}, opset=23)


def test_instance_norm():
    probe("InstanceNormalization", {"x": values(2, 2, 2, 2), "s": values(2, seed=1), "b": values(2, seed=2)})


@pytest.mark.parametrize(("opset", "parameters"), [(18, 2), (21, 4)])
def test_group_norm(opset, parameters):
    inputs = {"x": values(2, 4, 2), "s": values(parameters, seed=1), "b": values(parameters, seed=2)}
    probe("GroupNormalization", inputs, opset=opset, num_groups=2)


def test_group_norm_of_one_group():
    inputs = {"x": values(2, 4, 2), "s": values(1, seed=1), "b": values(1, seed=2)}
    probe("GroupNormalization", inputs, opset=18, num_groups=1)


def _batch_norm_inputs():
    return {
        "x": values(2, 2, 2),
        "s": values(2, seed=1),
        "b": values(2, seed=2),
        "m": values(2, seed=3),
        "v": np.array([0.5, 2.0], np.float32),
    }


@pytest.mark.parametrize("opset", [7, 9, 15])
def test_batch_norm_inference(opset):
    probe("BatchNormalization", _batch_norm_inputs(), opset=opset, deltas=(0.25,), trials=1)


def test_batch_norm_training():
    inputs = _batch_norm_inputs()
    probe("BatchNormalization", inputs, outputs=3, training_mode=1, deltas=(0.25,), trials=1)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_lrn_is_a_window_over_channels(size):
    """Against the formula of the specification: onnxruntime slides a running sum, whose rounding touches every channel."""

    def local_response(feeds):
        square = np.square(feeds["x"])
        around = [range(max(0, c - (size - 1) // 2), min(6, c + size // 2 + 1)) for c in range(6)]
        total = np.stack([sum(square[:, i] for i in window) for window in around], axis=1)
        return [feeds["x"] / (1 + 0.5 / size * total) ** 0.75]

    probe("LRN", {"x": values(1, 6, 2, 1)}, size=size, alpha=0.5, run=local_response)


def test_lp_norm():
    probe("LpNormalization", {"x": values(2, 3)}, axis=0)


def test_mean_variance_norm():
    probe("MeanVarianceNormalization", {"x": values(2, 2, 2, 1)})
    probe("MeanVarianceNormalization", {"x": values(2, 2, 2)}, axes=[-1])
