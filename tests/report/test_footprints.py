"""Pictures of theoretical fields: what is drawn is `support` and `box` of the analysis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import rfonnx as package
from report.inside import assert_inside
from rfonnx.errors import QueryError
from rfonnx.report.drawing import saved
from rfonnx.report.explanation.chains import Explanation, Question, explanation
from rfonnx.report.explanation.footprint import Backdrop
from rfonnx.report.explanation.plot import BEYOND, BOX, READ, explain_figure, explain_svg

Position = tuple[int, ...]

CASES = [
    ("seed", "pool", (0, 0, 0, 0)),
    ("unet", "mask", None),
    ("unet", "pool1", (0, 0, 1, -1)),
    ("dilated", "grid", (0, 0, 3, 5)),
    ("inception", "cat", None),
    ("vit", "head", None),
    ("wavenet", "logits", (0, 0, 1050)),
    ("wavenet", "logits", (0, 0, 3)),
]


def told_of(models: Path, name: str, tensor: str, position: Position | None) -> tuple[package.Analysis, Explanation]:
    analysis = package.analyze(models / f"{name}.onnx")
    tensor = tensor if tensor in analysis.tensors else list(analysis.tensors)[-3]
    return analysis, explanation(analysis, tensor, Question(position=position))


def corners(axes: Any, colour: str) -> list[float]:
    """left, top, right, bottom of the box of a colour."""
    (line,) = [line for line in axes.lines if line.get_color() == colour]
    across, down = line.get_xdata(), line.get_ydata()
    return [min(across), min(down), max(across), max(down)]


@pytest.mark.parametrize(("name", "tensor", "position"), CASES)
def test_what_is_drawn(name: str, tensor: str, position: Position | None, models: Path) -> None:
    analysis, told = told_of(models, name, tensor, position)
    figure = explain_figure(told, every=False)
    (one,) = told.footprints
    mask = np.atleast_2d(
        analysis.support(told.tensor.name, told.position, input=one.input).any(
            axis=tuple(a for a in range(len(one.shape)) if a not in one.axes)
        )
    )
    assert len(figure.axes) in (1, 2)
    for axes in figure.axes:
        (image,) = axes.images
        blue = np.abs(np.asarray(image.get_array())[..., :3] - to_rgb(READ)).max(-1) < 0.01
        np.testing.assert_array_equal(blue, mask)
        for clip, colour in ((True, BOX), (False, BEYOND)):
            box = analysis.box(told.tensor.name, told.position, clip=clip)
            assert box is not None
            spans = [box[one.input][axis] for axis in one.axes]
            (top, bottom), (left, right) = spans if len(spans) == 2 else ((0, 0), *spans)
            assert corners(axes, colour) == [left - 0.5, top - 0.5, right + 0.5, bottom + 0.5]
        (centre,) = [line for line in axes.lines if line.get_label() == "centre of the field"]
        assert (*centre.get_xdata(), *centre.get_ydata()) == ((left + right) / 2, (top + bottom) / 2)
    words = figure._suptitle.get_text().replace("\n", " ")
    assert f"{name}.onnx" in words
    assert f"{int(mask.sum()):,} of " in words
    assert "exact" in words
    assert_inside(figure)


def test_a_small_field_is_drawn_again_and_all_of_it_is_seen(models: Path) -> None:
    _, told = told_of(models, "unet", "pool1", (0, 0, 1, -1))
    whole, near = explain_figure(told, every=False).axes
    assert whole.get_xlim()[0] < 0 < 255 < whole.get_xlim()[1]
    (one,) = told.footprints
    (top, bottom), (left, right) = one.unbounded
    assert near.get_xlim()[0] < left < right < near.get_xlim()[1]
    assert near.get_ylim()[1] < top < bottom < near.get_ylim()[0]
    assert near.get_xlim()[1] - near.get_xlim()[0] < 1.2 * (right - left + 1) + 2


def test_three_axes_are_cut_where_something_is_read(models: Path) -> None:
    analysis = package.analyze(models / "conv3d.onnx")
    told = explanation(analysis, "stage2.conv1", Question())
    figure = explain_figure(told, every=False)
    (one,) = told.footprints
    for axes, (rows, columns) in zip(figure.axes, ((1, 2), (0, 2), (0, 1)), strict=True):
        (cut,) = {0, 1, 2} - {rows, columns}
        at = int(axes.get_xlabel().rpartition(" ")[2])
        assert axes.get_xlabel() == f"axis {one.axes[columns]}; axis {one.axes[cut]} at {at}"
        blue = np.abs(np.asarray(axes.images[0].get_array())[..., :3] - to_rgb(READ)).max(-1) < 0.01
        np.testing.assert_array_equal(blue, one.grid.table().take(at, cut))
        assert blue.any()
    assert_inside(figure)


def test_channels_beside_columns_are_not_flat(models: Path) -> None:
    """3 x 32 and 3 x 40 positions are stretched, 32 x 40 are not."""
    told = explanation(package.analyze(models / "seed.onnx"), "pool", Question(axes="all"))
    figure = explain_figure(told, every=False)
    assert [axes.get_aspect() for axes in figure.axes] == [1, "auto", "auto"]
    assert_inside(figure)


def test_a_picture_under_it(models: Path) -> None:
    _, told = told_of(models, "dilated", "context", None)
    (one,) = told.footprints
    pixels = np.random.default_rng(0).integers(0, 255, (*one.grid.shape, 3), dtype=np.uint8)
    under = replace(told, backdrop=Backdrop("photo.png", pixels, "x"))
    figure = explain_figure(under, every=False)
    photo, veil = figure.axes[0].images
    np.testing.assert_array_equal(np.asarray(photo.get_array()), pixels)
    assert photo.get_extent() == veil.get_extent()
    np.testing.assert_array_equal(np.asarray(veil.get_array())[..., 3] == 0, one.grid.table())
    assert "on photo.png, resized to the input" in figure._suptitle.get_text()


def test_what_is_uncertain_is_called_so(models: Path) -> None:
    _, told = told_of(models, "seed", "pool", None)
    figure = explain_figure(replace(told, tensor=told.tensor._replace(exact=False)), every=False)
    assert "at most" in figure._suptitle.get_text()
    assert "read, at most" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_two_inputs_have_a_row_each(models: Path) -> None:
    _, told = told_of(models, "seed", "pool", None)
    (one,) = told.footprints
    long = replace(one, input="another input of a long name " * 4)
    figure = explain_figure(replace(told, footprints=(one, long)), every=False)
    assert len(figure.axes) == 4
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [bool(title) for title in titles] == [True, False, True, False]
    assert_inside(figure)


def test_what_reads_nothing_is_refused(models: Path) -> None:
    _, told = told_of(models, "seed", "pool", None)
    with pytest.raises(QueryError, match=r"seed.onnx: position 0,4,8,10 of 'pool' reads nothing"):
        explain_figure(replace(told, footprints=()), every=False)


def test_names_are_no_markup(models: Path) -> None:
    _, told = told_of(models, "seed", "pool", None)
    (one,) = told.footprints
    name = "\x1b[31m$\\frac{$<script>--></text>\u202e"
    hostile = replace(told, model=name, tensor=told.tensor._replace(name=name), footprints=(replace(one, input=name),))
    svg = explain_svg(hostile, every=False)
    assert svg == explain_svg(hostile, every=False)
    assert b"<script" not in svg
    assert b"\x1b" not in svg
    assert "\u202e".encode() not in svg
    figure = explain_figure(hostile, every=False)
    assert saved(figure, "png").startswith(b"\x89PNG")
    assert_inside(figure)
