"""A spot in the input is found again where the map of cells is laid over it, and not where the map is only resized."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import scipy.ndimage

import rfonnx
from geometry.backbones import BACKBONES, SIZE
from rfonnx.report.geometry.people import placed
from rfonnx.report.geometry.placing import middle as laid_at
from rfonnx.report.geometry.placing import placing_call


def spot(at: tuple[float, float], width: float) -> np.ndarray:
    """A round spot, far from the borders."""
    rows, columns = (np.exp(-((np.arange(SIZE) - p) ** 2) / (2 * width**2)) for p in at)
    return np.outer(rows, columns).astype(np.float32)


def middle(values: np.ndarray) -> np.ndarray:
    """Its centre of mass."""
    whole = values.sum()
    return np.array([(values.sum(1 - axis) * np.arange(values.shape[axis])).sum() / whole for axis in (0, 1)])


def resized(cells: np.ndarray) -> np.ndarray:
    """As cv2.resize and torch's interpolate do without align_corners: linear between middles of cells, repeated beyond."""
    for axis in (0, 1):
        count = cells.shape[axis]
        where = (np.arange(SIZE) + 0.5) * count / SIZE - 0.5
        cells = np.apply_along_axis(lambda line, at=where: np.interp(at, np.arange(len(line)), line), axis, cells)
    return cells


@pytest.mark.parametrize("name", BACKBONES)
def test_a_spot_is_found_within_half_a_position(name: str) -> None:
    model, tensor = BACKBONES[name]()
    shape = {"x": (1, 3 if name == "resnet18" else 1, SIZE, SIZE)}
    lies = rfonnx.analyze(model, shapes=shape).geometry(tensor)
    rows, columns = placed(lies)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    width = float(rows.stride)
    for at in ((110.0, 110.0), (101.3, 117.8), (115.0, 98.6)):
        x = np.broadcast_to(spot(at, width), shape["x"])
        cells = session.run([tensor], {"x": x})[0][0].mean(0)
        laid = eval(placing_call([rows, columns]), {"scipy": scipy, "cells": cells})  # noqa: S307
        assert laid.shape == (SIZE, SIZE)
        assert np.abs(middle(laid) - at).max() < 0.5
        said = np.array([float(one.misplaced(one.cells // 2) - laid_at(one) + one.offset) for one in (rows, columns)])
        if np.abs(said).max() > 1:
            assert np.abs(middle(resized(cells)) - at - said).max() < 0.5


def test_two_of_them_are_put_wrong_by_resizing() -> None:
    """Else the test above would show nothing of resizing."""
    off = []
    for make in BACKBONES.values():
        model, tensor = make()
        lies = rfonnx.analyze(model, shapes={"x": (1, 3 if len(model.graph.node) > 30 else 1, SIZE, SIZE)}).geometry(
            tensor
        )
        off.append(abs(float(placed(lies)[0].misplaced(placed(lies)[0].cells // 2))))
    assert sum(one > 1 for one in off) >= 2, off
