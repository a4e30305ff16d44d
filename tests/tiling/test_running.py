"""Plans that are run: from any source into any sink, by one worker and several."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.errors import DataError, QueryError
from rfonnx.results.tiling import Ranges
from tiling.nets import Net


@pytest.fixture
def plan(net: onnx.ModelProto) -> rfonnx.TilePlan:
    return rfonnx.tile(net, {"x": (1, 2, 96, 80)}, (32, 40))


def test_arrays(plan: rfonnx.TilePlan, image: np.ndarray, whole: np.ndarray) -> None:
    made = np.full_like(whole, np.nan)
    told: list[tuple[int, int]] = []
    plan.run(image, made, tell=lambda done, total: told.append((done, total)))
    np.testing.assert_allclose(made, whole, atol=1e-5)
    assert told == [(done, len(plan.tiles)) for done in range(len(plan.tiles) + 1)]


def test_a_plan_takes_the_size_of_what_it_is_given(net: onnx.ModelProto, image: np.ndarray, whole: np.ndarray) -> None:
    made = np.full_like(whole, np.nan)
    rfonnx.tile(net, tile=(32, 40)).run(image, made)
    np.testing.assert_allclose(made, whole, atol=1e-5)


def test_functions(plan: rfonnx.TilePlan, image: np.ndarray, whole: np.ndarray) -> None:
    made = np.full_like(whole, np.nan)

    def read(name: str, ranges: Ranges) -> np.ndarray:
        assert name == "x"
        return image[tuple(slice(*one) for one in ranges)]

    def write(name: str, ranges: Ranges, array: np.ndarray) -> None:
        made[tuple(slice(*one) for one in ranges)] = array

    plan.run(read, write)
    np.testing.assert_allclose(made, whole, atol=1e-5)


def test_workers(plan: rfonnx.TilePlan, image: np.ndarray, whole: np.ndarray) -> None:
    made = np.full_like(whole, np.nan)
    plan.run({"x": image}, {next(iter(plan.output_shapes)): made}, workers=2)
    np.testing.assert_allclose(made, whole, atol=1e-5)


def test_what_does_not_fit_is_refused(plan: rfonnx.TilePlan, image: np.ndarray, whole: np.ndarray) -> None:
    with pytest.raises(DataError, match="holds float64, expected float32"):
        plan.run(image.astype(np.float64), np.empty_like(whole))
    with pytest.raises(DataError, match="no source for input 'x'"):
        plan.run({}, np.empty_like(whole))
    gated = Net()
    refused = rfonnx.tile(gated.model(gated.gate(gated.conv("x", 4))))
    with pytest.raises(QueryError, match="no tiles"):
        refused.run(image, np.empty_like(whole))
