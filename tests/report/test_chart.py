"""What drawings are made of: markup that is escaped, scales, and maps of fields whose outlines hold what they say."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from report.hostile import HOSTILE
from rfonnx.report.chart.heat import Heat, border, drawn, frame, gathered, heat_of
from rfonnx.report.chart.markup import chart, hover, html_line, tag, text, words
from rfonnx.report.chart.scale import Scale
from rfonnx.report.document import Name
from rfonnx.results.png import data_uri, png


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_a_drawing_is_text(name: str) -> None:
    made = chart(10, 10, name, text(1, 2, Name(name)), hover(Name(name)), tag("g", id=name)) + html_line((Name(name),))
    found = ET.fromstring(f"<div>{made}</div>")
    assert {one.tag for one in found.iter()} == {"div", "svg", "title", "text", "g", "code"}
    assert all(character.isprintable() for one in found.iter() for character in "".join(one.itertext()))
    assert len(words(Name(name))) < 400


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (7, 4, 3)])
def test_a_png_holds_the_pixels(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))), pixels)
    kind, _, packed = data_uri(pixels).partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(packed) == png(pixels)


def test_a_scale_puts_values_where_they_belong() -> None:
    scale = Scale(-10, 30, 100, 500)
    assert [scale.at(value) for value in (-10, 0, 30, 99, -99)] == [100, 200, 500, 500, 100]
    for low, high in ((0, 1), (-3.7, 121.5), (0, 2e-6), (1e6, 3e7)):
        ticks = Scale(low, high, 0, 1).ticks()
        assert 2 <= len(ticks) <= 8
        assert all(low - 1e-9 * high <= tick <= high * (1 + 1e-9) for tick in ticks)


def enclosed(way: str, size: int) -> np.ndarray:
    """Cells of a square grid of unit cells that a path of borders encloses: the number of steep edges to the left is odd."""
    crossed = np.zeros((size, size + 1), int)
    for x, first, end in re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", way):
        crossed[int(float(first)) : int(float(end)), int(float(x))] += 1
    return np.asarray(np.cumsum(crossed, axis=1)[:, :-1] % 2 == 1)


def test_a_border_is_that_of_the_mask() -> None:
    mask = np.random.default_rng(1).random((9, 9)) < 0.5
    assert np.array_equal(enclosed(border(mask, 9.0, 9.0), 9), mask)


def test_the_outlines_of_a_map_hold_their_shares_of_the_mass() -> None:
    at = np.arange(160)
    spread = np.exp(-0.5 * (((at[:, None] - 70) / 14) ** 2 + ((at - 90) / 22) ** 2))
    heat = Heat(spread / spread.sum(), (160, 160))
    found = ET.fromstring(drawn(heat, 160.0, 160.0, "m", "first"))
    outlines = {one.get("class"): one.get("d", "") for one in found.iter("path")}
    assert set(outlines) == {"outline of-50", "outline of-95"}
    for share in (50, 95):
        held = heat.cells[enclosed(outlines[f"outline of-{share}"], 160)].sum()
        assert held == pytest.approx(share / 100, abs=0.01)


def test_a_map_is_drawn_with_all_its_mass_and_its_box() -> None:
    values = np.random.default_rng(2).random((4, 300, 200))
    heat = heat_of(values, [(0, 3), (30, 89), (20, 119)], (1.0, 60.0, 70.0))
    assert heat.lengths == (300, 200)
    assert heat.cells.shape == (128, 128)
    assert heat.cells.sum() == pytest.approx(values.sum())
    parts = [ET.fromstring(part) for part in frame(heat, 100.0, 150.0)]
    [box] = [part for part in parts if part.get("class") == "theory"]
    assert [float(box.get(key, "")) for key in ("x", "y", "width", "height")] == [10, 15, 50, 30]
    line = heat_of(np.ones(50), [(10, 19)], (14.5,))
    assert line.cells.shape == (1, 50)
    assert line.box == ((0, 0), (10, 19))


def test_mass_is_gathered_in_order() -> None:
    assert gathered(np.arange(10.0)[None, :], 3).tolist() == [[0 + 1 + 2, 3 + 4 + 5, 6 + 7 + 8 + 9]]
