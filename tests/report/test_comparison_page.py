"""The page of a comparison: what it draws stands where the figures say, on trained models and their samples."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rfonnx
from report.drawn import all_text, classed, numbers, parsed
from rfonnx.report.comparison.depth import POINTS, depth_chart
from rfonnx.report.comparison.errors import error_charts
from rfonnx.report.comparison.limits import WIDTH, bar, field_bars, interval, limit_bars
from rfonnx.report.comparison.looks import look_maps
from rfonnx.report.comparison.page import compare_page
from rfonnx.report.comparison.shown import sample_cards
from rfonnx.report.comparison.view import ComparisonView
from rfonnx.report.page.page import Drawing, html_page
from rfonnx.results.comparison import Comparison, Verdict


@pytest.fixture(scope="module")
def found(models: Path) -> Comparison:
    """A student whose fourth convolution is damaged."""
    digits = models / "digits"
    return rfonnx.compare(
        *(digits / "teacher.onnx", digits / "damaged.onnx", digits / "test.npz"),
        samples=24, layers=True, cost=False, pictures=True,
    )  # fmt: skip


def test_points_along_the_depth_stand_as_high_as_their_figures(found: Comparison) -> None:
    assert found.parting is not None
    drawn = parsed(depth_chart(found.parting))
    dots = [one for one in classed(drawn, "dot") if "second" not in one.get("class", "")]
    assert len(dots) == len(found.parting.layers)
    finite = [
        (layer.sqnr_db, float(dot.get("cy", "")))
        for layer, dot in zip(found.parting.layers, dots, strict=True)
        if math.isfinite(layer.sqnr_db)
    ]
    decibels, heights = np.array(finite).T
    slope, start = np.polyfit(decibels, heights, 1)
    assert slope < 0
    assert np.allclose(start + slope * decibels, heights, atol=0.15)
    [limit] = classed(drawn, "limit")
    limit_y = numbers(limit.get("d"))[1]
    assert limit_y == pytest.approx(start + slope * found.parting.limit_db, abs=1)
    bad = ["bad" in dot.get("class", "") for dot in dots]
    assert bad == [layer.sqnr_db < found.parting.limit_db for layer in found.parting.layers]
    assert [float(dot.get("cx", "")) for dot in dots] == sorted(float(dot.get("cx", "")) for dot in dots)
    [part] = classed(drawn, "part")
    x = numbers(part.get("d"))[0]
    first = found.parting.layers.index(found.parting.first) if found.parting.first else -1
    assert x == pytest.approx(float(dots[first].get("cx", "")), abs=0.1)
    titles = [all_text(dot) for dot in dots]
    assert all(layer.teacher in title for layer, title in zip(found.parting.layers, titles, strict=True))


@pytest.mark.parametrize(
    ("value", "limit", "at_least", "filled", "line"),
    [
        (20.0, 80.0, True, 0.25, 1.0),
        (0.1, 0.05, False, 1.0, 0.5),
        (math.inf, 80.0, True, 1.0, 1.0),
        (-20.0, 80.0, True, 0.2, 1.0),
        (math.nan, 80.0, True, None, 1.0),
        (0.0, 0.0, False, 0.0, 0.0),
    ],
)
def test_a_bar_is_as_long_as_its_figure(
    value: float, limit: float, at_least: bool, filled: float | None, line: float
) -> None:
    verdict = Verdict("y", "sqnr_db", value, limit, at_least, passed=False, reason="why")
    drawn = parsed(bar(verdict))
    fills = [float(one.get("width", "")) / (WIDTH - 2) for one in classed(drawn, "fill")]
    assert fills == ([] if filled is None else [pytest.approx(filled, abs=0.001)])
    [mark] = classed(drawn, "limit")
    x = numbers(mark.get("d"))[0]
    assert (x - 1) / (WIDTH - 2) == pytest.approx(line, abs=0.002)


def test_verdicts_come_with_figure_and_limit_missed_ones_first(found: Comparison) -> None:
    rows = [[all_text(cell) for cell in row.iter("td")] for row in parsed(limit_bars(found)).iter("tr")]
    told = [(row[0], row[4], row[5]) for row in rows if row]
    assert len(told) == len(found.verdicts)
    outcomes = [one for one, _, _ in told]
    assert outcomes == sorted(outcomes, key=["FAILED", "undecided", "ok"].index)
    sqnr = next(one for one in found.verdicts if one.measure == "sqnr_db")
    assert ("FAILED", f"{sqnr.value:.4g}", "at least 80") in told


def test_an_interval_is_drawn_where_it_is_known(found: Comparison) -> None:
    [top1] = [one for one in found.verdicts if one.measure == "top1"]
    measure = found.outputs[0].measures["top1_clear"]
    assert interval(found, top1) == (measure.low, measure.high)
    [line] = classed(parsed(bar(top1, interval(found, top1))), "spread")
    x1, _, x2 = numbers(line.get("d"))
    assert ((x1 - 1) / (WIDTH - 2), (x2 - 1) / (WIDTH - 2)) == pytest.approx((measure.low, measure.high), abs=0.002)
    field = next(one for one in found.verdicts if one.measure == "field_ratio")
    assert interval(found, field) is None


def test_a_long_chain_of_layers_stays_bounded(found: Comparison) -> None:
    assert found.parting is not None
    many = found.parting.layers * 1000
    layers = tuple(replace(layer, teacher=f"layer {at}") for at, layer in enumerate(many))
    drawn = parsed(depth_chart(replace(found.parting, layers=layers, first=layers[-5])))
    assert len(classed(drawn, "dot")) <= 2 * (POINTS + 2)
    assert len(classed(drawn, "part")) == 1
    assert "pairs are not drawn" in all_text(drawn)


def test_a_single_pair_of_layers_is_no_curve(found: Comparison) -> None:
    assert found.parting is not None
    assert depth_chart(replace(found.parting, layers=found.parting.layers[:1], first=None)) == ""


def test_fields_are_bars_within_their_inputs(found: Comparison) -> None:
    drawn = parsed(field_bars(found.fields))
    widths = [float(one.get("width", "")) / (WIDTH - 2) for one in classed(drawn, "fill")]
    expected = [
        min(1.0, field.size / (length or 1))
        for pair in found.fields
        for field, length in zip((pair.teacher, pair.student), pair.lengths, strict=True)
    ]
    assert widths == pytest.approx(expected, abs=0.001)


def test_maps_of_both_models_lie_over_each_other(found: Comparison) -> None:
    drawn = parsed(look_maps(found.effective_fields))
    assert len(list(drawn.iter("figure"))) == len(found.effective_fields)
    kinds = [one.get("class") for one in classed(drawn, "heat")]
    assert kinds == ["heat first", "heat second"] * len(found.effective_fields)
    for pair in found.effective_fields:
        for one in pair.maps:
            assert sum(map(sum, one.cells)) == pytest.approx(1, abs=1e-3)
            assert one.lengths == (32, 32)
    masks = [one.get("id", "") for one in drawn.iter("mask")]
    assert len(set(masks)) == len(masks) == 2 * len(found.effective_fields)
    assert {one.get("mask") for one in classed(drawn, "mass")} == {f"url(#{name})" for name in masks}
    assert [one.get("value") for one in drawn.iter("input")] == ["teacher", "both", "student"]


def test_the_worst_samples_are_there_with_their_pictures_and_answers(found: Comparison, models: Path) -> None:
    data = np.load(models / "digits" / "test.npz")
    logits = found.outputs[0]
    named = {sample.sample for sample in found.shown}
    assert {cases[0].sample for cases in logits.worst.values() if cases} <= named
    cards = parsed(sample_cards(found))
    assert len(classed(cards, "card")) == len(found.shown)
    for sample, image in zip(found.shown, cards.iter("img"), strict=True):
        row = int(sample.sample.rpartition("[")[2][:-1])
        assert sample.label == data["labels"][row]
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.get("src", "").partition(",")[2]))), float)
        original = data["images"][row].astype(float)
        assert np.corrcoef(picture.ravel(), original.ravel())[0, 1] > 0.999
        assert picture.min() == 0
        assert picture.max() == 255
    # What they answer is what running them says.
    sample = found.shown[0]
    [answer] = sample.answers
    for name, told in (("teacher", answer.teacher), ("damaged", answer.student)):
        row = int(sample.sample.rpartition("[")[2][:-1])
        scores = _run(models / "digits" / f"{name}.onnx", data["images"][row])
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        assert [number for number, _ in told] == np.argsort(-shares)[: len(told)].tolist()
        assert [share for _, share in told] == pytest.approx(np.sort(shares)[::-1][: len(told)], rel=1e-3)


def _run(path: Path, image: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    array = image.astype(np.float32)[None, None] / 255
    return np.asarray(session.run(None, {given.name: array})[0])[0]


def test_errors_are_counted_in_columns(found: Comparison) -> None:
    histogram = found.outputs[0].histogram
    assert histogram is not None
    bars = classed(parsed(error_charts(found.outputs)), "fill")
    heights = np.array([float(one.get("height", "")) for one in bars])
    counts = np.array([*([histogram.zeros] if histogram.zeros else []), *histogram.counts])
    assert np.allclose(heights / heights.max(), counts / counts.max(), atol=0.001)


def test_a_student_without_errors_has_nothing_to_draw_of_them(models: Path) -> None:
    teacher = models / "digits" / "teacher.onnx"
    same = rfonnx.compare(teacher, teacher, models / "digits" / "test.npz", samples=8, cost=False, pictures=True)
    assert same.shown == ()
    drawn = [part.heading for part in compare_page(same, ComparisonView()).sheets[0].parts if isinstance(part, Drawing)]
    assert drawn == ["Limits", "Where they look", "What they can see"]


def test_a_comparison_without_pictures_keeps_none(models: Path) -> None:
    digits = models / "digits"
    plain = rfonnx.compare(digits / "teacher.onnx", digits / "damaged.onnx", digits / "test.npz", samples=8, cost=False)
    assert plain.shown == ()
    assert all(pair.maps == () for pair in plain.effective_fields)
    text = "".join(html_page(compare_page(plain, ComparisonView())))
    assert "Where they look" not in text


def test_the_page_is_small_and_needs_no_script(found: Comparison) -> None:
    text = "".join(html_page(compare_page(found, ComparisonView())))
    assert len(text) < 200_000
    assert "script-src 'none'" in text
    assert "<script" not in text
