"""The page of an explanation: columns are as tall as what was added, and what is read stands where the analysis says."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rfonnx
from report.drawn import all_text, classed, numbers, parsed
from rfonnx.report.explanation.chain_chart import CAUSES, chain_charts
from rfonnx.report.explanation.chains import Explanation, Question, explanation
from rfonnx.report.explanation.footprint import Backdrop
from rfonnx.report.explanation.page import explain_page
from rfonnx.report.explanation.reads_chart import reads_charts
from rfonnx.report.page.page import html_page

ASKED = [
    ("unet.onnx", "mask", None),
    ("unet.onnx", "mask", (0, 0, 5, 250)),
    ("dilated.onnx", None, None),
    ("wavenet.onnx", "logits", (0, 3, 20)),
    ("superres.onnx", None, None),
    ("vit.onnx", None, None),
]


def explained(path: Path, tensor: str | None, position: tuple[int, ...] | None) -> Explanation:
    analysis = rfonnx.analyze(path)
    return explanation(analysis, tensor or analysis.outputs[0], Question(position=position))


@pytest.mark.parametrize(("name", "tensor", "position"), ASKED)
def test_columns_are_as_tall_as_what_was_added(
    models: Path, name: str, tensor: str | None, position: tuple[int, ...] | None
) -> None:
    told = explained(models / name, tensor, position)
    figures = list(parsed(chain_charts(told)).iter("figure"))
    chains = [chain for chain in told.chains if any(step.added for step in chain.steps)]
    assert chains
    for chain, figure in zip(chains, figures, strict=True):
        steps = [step for step in chain.steps if step.added]
        columns = classed(figure, "step")
        ends = np.array([[float(one.get(key, "")) for key in ("x", "y", "height")] for one in columns])
        # The scale, from the line of the input and the ground.
        length = (told.input_shapes[chain.input] or ())[chain.axes[0]]
        [line] = classed(figure, "limit")
        ground = ends[0][1] + ends[0][2] if steps[0].size == steps[0].added + 1 else None
        unit = (208 - numbers(line.get("d"))[1]) / (length or 1)
        assert ground is None or ground == pytest.approx(208 - unit, abs=1.1)
        for step, (_, y, height) in zip(steps, ends, strict=True):
            assert height == pytest.approx(max(1.0, abs(step.added) * unit), abs=0.1)
            assert y == pytest.approx(208 - max(step.size, step.size - step.added) * unit, abs=0.1)
        assert list(ends[:, 0]) == sorted(ends[:, 0])
        for step, column in zip(steps, columns, strict=True):
            assert f"cause-{step.cause}" in column.get("class", "")
            assert step.cause in CAUSES
            assert step.tensor in all_text(column)
            assert f"{step.added:+d} to {step.size}" in all_text(column)


@pytest.mark.parametrize(("name", "tensor", "position"), ASKED)
def test_what_is_read_is_drawn_where_it_is(
    models: Path, name: str, tensor: str | None, position: tuple[int, ...] | None
) -> None:
    told = explained(models / name, tensor, position)
    figures = list(parsed(reads_charts(told)).iter("figure"))
    one = told.footprints[0]
    figure = figures[0]
    [given], [read] = classed(figure, "input"), classed(figure, "read")
    sides = [float(given.get(key, "")) for key in ("x", "y", "width", "height")]
    assert sides == [float(read.get(key, "")) for key in ("x", "y", "width", "height")]
    lengths = [one.shape[axis] for axis in one.axes]
    rows, columns = (lengths if len(lengths) > 1 else [1, *lengths])[:2]
    across, down = sides[2] / columns, sides[3] / rows
    for kind, box in (("theory", one.clipped), ("free", one.unbounded)):
        [drawn] = classed(figure, kind)
        (top, bottom), (left, right) = box if len(box) > 1 else ((0, 0), *box)
        expected = [
            sides[0] + left * across,
            sides[1] + top * down,
            (right - left + 1) * across,
            (bottom - top + 1) * down,
        ]
        assert [float(drawn.get(key, "")) for key in ("x", "y", "width", "height")] == pytest.approx(expected, abs=0.05)
    [image] = figure.iter("image")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.get("href", "").partition(",")[2]))))
    mask = np.atleast_2d(one.grid.table())
    if max(mask.shape) <= 256:
        assert np.array_equal(pixels == 255, mask)
        assert set(np.unique(pixels)) <= {0, 255}
    else:
        assert pixels.mean() / 255 == pytest.approx(mask.mean(), abs=0.02)


def test_a_picture_lies_under_what_is_read(models: Path) -> None:
    told = explained(models / "unet.onnx", "down2.conv2", None)
    pixels = np.random.default_rng(0).integers(0, 256, (224, 256, 3), np.uint8)
    tree = parsed(reads_charts(replace(told, backdrop=Backdrop("a.png", pixels, "x"))))
    figure = next(tree.iter("figure"))
    below, veil = list(figure.iter("image"))
    decoded = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(one.get("href", "").partition(",")[2]))))
        for one in (below, veil)
    ]
    assert np.array_equal(decoded[0], pixels)
    assert np.array_equal(decoded[1] == 0, told.footprints[0].grid.table())  # the veil is over all else


def test_the_page_holds_tables_and_no_picture_in_characters(models: Path) -> None:
    told = explained(models / "superres.onnx", None, None)
    text = "".join(html_page(explain_page(told, every=False)))
    assert "<pre>" not in text
    assert "<script" not in text
    assert '<th scope="col">kernel</th>' in text
    assert len(text) < 100_000
