"""Operators of onnxruntime that are like one of onnx, against onnxruntime."""

import numpy as np
import pytest

from access.probe import probe, values

MS = {"domain": "com.microsoft", "opset": 17}
SMALL = {"deltas": (0.5, -0.25), "trials": 1}


@pytest.mark.parametrize("axis", [0, -1])
def test_expand_dims(axis):
    probe("ExpandDims", {"x": values(2, 3), "a": np.array(axis, np.int32)}, ["a"], **MS, **SMALL)


@pytest.mark.parametrize("upper", [0, 1])
def test_trilu(upper):
    probe("Trilu", {"x": values(2, 3, 4), "k": np.array(1, np.int64)}, ["k"], upper=upper, **MS, **SMALL)


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_sample(mode):
    grid = values(1, 2, 3, 2, seed=1).clip(-0.9, 0.9)
    probe("GridSample", {"x": values(1, 2, 4, 5), "g": grid}, ["g"], mode=mode, **MS, **SMALL)


@pytest.mark.parametrize("channels", [1, 2])
def test_max_pool_with_mask(channels):
    mask = np.ones((1, channels, 5, 4), np.int32)
    inputs = {"x": values(1, 2, 5, 4), "m": mask}
    windows = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 0, 1]}
    probe("MaxpoolWithMask", inputs, vary=["x", "m"], exact=False, deltas=(9, -9, -1), **windows, **MS)


def test_n_gram_repeat_block():
    """A score is lost when its word would make a pair that the row has had: it reads its row's words alone."""
    ids = np.array([[1, 2, 3, 1], [0, 3, 2, 0]], np.int64)
    inputs = {"i": ids, "s": values(2, 5)}
    probe("NGramRepeatBlock", inputs, ngram_size=2, vary=["i", "s"], deltas=(1,), exact=False, **MS)
