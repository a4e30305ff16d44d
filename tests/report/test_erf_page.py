"""The page of effective fields: boxes, profiles and curves stand where the measured figures say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rfonnx
from report.drawn import all_text, classed, numbers, parsed
from rfonnx.report.chart.scale import Scale
from rfonnx.report.effective.layers_chart import BOTTOM, CURVES, HEIGHT, LEFT, RIGHT, TOP, WIDTH, layers_chart
from rfonnx.report.effective.page import erf_page, field_drawings, layers_page
from rfonnx.report.effective.profiles import profiles
from rfonnx.report.effective.unit_maps import around, planes_of, unit_maps
from rfonnx.report.page.page import html_page
from rfonnx.results.effective import ERF, Layer
from rfonnx.results.map_figures import marginal, shortest_interval


@pytest.fixture(scope="module")
def units(models: Path) -> list[ERF]:
    return rfonnx.erf_many(models / "unet.onnx", at=[(60, 60), (112, 200)], n=2)


def test_a_map_shows_the_field_and_a_margin(units: list[ERF]) -> None:
    drawn = [parsed("".join(maps)) for maps in unit_maps(units)]
    for erf, tree in zip(units, drawn, strict=True):
        [box] = classed(tree, "theory")
        [frame] = classed(tree, "frame")
        wide, high = (float(frame.get(key, "")) for key in ("width", "height"))
        (top, bottom), (left, right) = (around(field, n) for field, n in zip(erf.field, erf.map.shape, strict=True))
        assert top <= erf.field[0][0] <= erf.field[0][1] <= bottom
        across, down = wide / (right - left + 1), high / (bottom - top + 1)
        expected = [
            (erf.field[1][0] - left) * across,
            (erf.field[0][0] - top) * down,
            (erf.field[1][1] - erf.field[1][0] + 1) * across,
            (erf.field[0][1] - erf.field[0][0] + 1) * down,
        ]
        assert [float(box.get(key, "")) for key in ("x", "y", "width", "height")] == pytest.approx(expected, abs=0.02)
        [cross] = classed(tree, "centre")
        x, y = (erf.center[1] - left + 0.5) * across, (erf.center[0] - top + 0.5) * down
        assert numbers(cross.get("d"))[:2] == pytest.approx([x - 5, y], abs=0.1)
        assert {one.get("class") for one in classed(tree, "outline")} == {"outline of-50", "outline of-95"}
    masks = [one.get("id") for tree in drawn for one in tree.iter("mask")]
    assert len(set(masks)) == len(units)


def test_ticks_are_positions_of_the_input(units: list[ERF]) -> None:
    erf = units[1]
    tree = parsed("".join(unit_maps([erf])[0]))
    [frame] = classed(tree, "frame")
    left, right = around(erf.field[1], erf.map.shape[1])
    across = Scale(left - 0.5, right + 0.5, 0, float(frame.get("width", "")))
    below = [one for one in classed(tree, "tick") if one.get("text-anchor") == "middle"]
    assert len(below) >= 3
    for tick in below:
        assert float(tick.get("x", "")) == pytest.approx(across.at(float(all_text(tick))), abs=0.01)


def test_three_axes_are_drawn_pair_by_pair(models: Path) -> None:
    erf = rfonnx.erf(models / "conv3d.onnx", n=2)
    kept = [plane.kept for plane in planes_of(erf)]
    assert kept == [(1, 2), (0, 2), (0, 1)]
    for plane in planes_of(erf):
        assert plane.heat.cells.sum() == pytest.approx(1)
    assert len(classed(parsed(field_drawings([erf])), "heat")) == 3


def test_a_profile_is_the_mass_per_position(units: list[ERF]) -> None:
    erf = units[0]
    trees = parsed(profiles(erf, several=False))
    for axis, figure in enumerate(trees.iter("figure")):
        mass = marginal(erf.map, (axis,))
        first, last = around(erf.field[axis], len(mass))
        [area], [span] = classed(figure, "area"), classed(figure, "span")
        steps = numbers(area.get("d"))[2:-1]  # x, y, x by position
        heights = np.array(steps[1::3])
        bottom = numbers(area.get("d"))[1]
        shown = mass[first : last + 1]
        drawn = (bottom - heights) / (bottom - heights.min())
        assert np.allclose(drawn, shown / shown.max(), atol=0.002)
        low, high = erf.field[axis]
        share = float(span.get("width", "")) / (steps[-1] - steps[0])
        assert share == pytest.approx((high - low + 1) / (last - first + 1), abs=0.002)
        told = [all_text(one) for one in classed(figure, "outline")]
        intervals = [shortest_interval(mass, share) for share in (0.5, 0.95)]
        assert told == [
            f"{percent}% of the mass: {lo}..{hi}, {hi - lo + 1} positions"
            for percent, (lo, hi) in zip((50, 95), intervals, strict=True)
        ]


def test_a_map_of_one_axis_has_a_profile_and_no_picture(models: Path) -> None:
    erf = rfonnx.erf(models / "wavenet.onnx", n=2)
    tree = parsed(field_drawings([erf]))
    assert not classed(tree, "heat")
    assert len(classed(tree, "area")) == 1


def test_figures_of_layers_stand_as_high_as_they_are(models: Path) -> None:
    layers = list(rfonnx.erf_layers(models / "unet.onnx", n=1))
    tree = parsed(layers_chart(layers))
    dots = classed(tree, "dot")
    expected = [(kind, at, height(layer)) for kind, _, height in CURVES for at, layer in enumerate(layers)]
    expected = [one for one in expected if np.isfinite(one[2])]
    assert len(dots) == len(expected) > 2 * len(layers)
    top = max(value for _, _, value in expected)
    up, across = Scale(0, top, HEIGHT - BOTTOM, TOP), Scale(0, len(layers) - 1, LEFT + 8, WIDTH - RIGHT - 8)
    for dot, (kind, at, value) in zip(dots, expected, strict=True):
        assert dot.get("class") == f"dot {kind}".strip()
        assert layers[at].tensor in all_text(dot)
        place = (float(dot.get("cx", "")), float(dot.get("cy", "")))
        assert place == pytest.approx((across.at(at), up.at(value)), abs=0.1)


def test_a_layer_that_was_not_measured_is_marked() -> None:
    good = Layer("a", "Conv", (1, 1, 8, 8), (0, None, 4, 4), (3, 3), (1.0, 1.0), (1.0, 2.0), samples=1)
    tree = parsed(layers_chart([good, Layer("b", "ArgMax", field=(8, 8), problem="no gradient"), good]))
    [cross] = classed(tree, "part")
    assert all_text(cross) == "b was not measured: no gradient"
    assert layers_chart([Layer("b", "ArgMax", problem="no gradient")]) == ""


def test_pages_hold_the_figures_and_no_picture_in_characters(units: list[ERF]) -> None:
    text = "".join(html_page(erf_page(units)))
    assert "<pre>" not in text
    assert "radius of 50%, 95% of the mass" in text
    assert "random samples, seed 0" in text
    assert "<script" not in text
    assert len(text) < 200_000
    layers = [Layer("a", "Conv", (1, 1, 8, 8), (0, None, 4, 4), (3, 3), (1.0, 1.0), (1.0, 2.0), samples=1)]
    assert "Along the depth" in "".join(html_page(layers_page("m.onnx", layers)))


def test_a_unit_that_nothing_changes_has_nothing_to_draw(units: list[ERF]) -> None:
    from dataclasses import replace

    dead = replace(units[0], map=np.zeros_like(units[0].map), scale=0.0)
    text = "".join(html_page(erf_page([dead])))
    assert "Where it looks" not in text
    assert "place asked for" in text
