"""Effective fields in every format, from fields that are made up: a product of binomials, whose figures are known."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from math import comb
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from report.golden_files import check
from report.inside import assert_inside
from rfonnx.errors import QueryError
from rfonnx.report.drawing import drawing
from rfonnx.report.effective.csv import erf_csv, layers_csv
from rfonnx.report.effective.depth_plot import layers_figure, layers_svg
from rfonnx.report.effective.json import erf_json, layers_json
from rfonnx.report.effective.npz import erf_npz
from rfonnx.report.effective.people import erf_document, layers_document
from rfonnx.report.effective.plot import erf_figure, erf_plot
from rfonnx.report.formats import render
from rfonnx.report.pictures import heat
from rfonnx.results.effective import ERF, Layer, Skipped

HOSTILE = "conv\x1b[31m|`\n=1+1"


def binomial(n: int) -> np.ndarray:
    """Sums to 1, sigma sqrt(n)/2."""
    return np.array([comb(n, k) for k in range(n + 1)]) / 2**n


def field(tensor: str = "conv3", rank: int = 2, shift: int = 0, **facts: object) -> ERF:
    """Binomials over 9, 13, ... positions in an input of 24, 32, ..."""
    sizes, lengths = [8, 12, 4][:rank], [24, 32, 12][:rank]
    box = tuple((4 + shift, 4 + shift + size) for size in sizes)
    inside = np.ones(())
    for size in sizes:
        inside = np.multiply.outer(inside, binomial(size))
    values = np.zeros(lengths)
    values[tuple(slice(lo, hi + 1) for lo, hi in box)] = inside
    given = {
        "model": "net.onnx", "tensor": tensor, "position": (0, None, *(8 + shift for _ in sizes)), "channel": "sum", "input": "x",
        "axes": tuple(range(2, 2 + rank)), "map": values, "at": tuple(8.0 + shift for _ in sizes),
        "center": tuple((lo + hi) / 2 for lo, hi in box), "field": box, "unbounded": box, "scale": 2.5, "outside": 0.0,
        "samples": 32, "half_width": 0.125, "runs": 32, "naive_runs": 49152, "window": box, "data": "32 random samples",
    }  # fmt: skip
    return ERF(**{**given, **facts})  # type: ignore[arg-type]


def troubled() -> ERF:
    return field(
        HOSTILE,
        outside=0.25,
        skipped=tuple(Skipped(f"{HOSTILE}{i}", "3 NaN or infinite values in the map") for i in range(12)),
        notes=(f"every unit of '{HOSTILE}' sees the same",),
        converged=False,
        method="perturb",
        probe="mean",
        half_width=math.nan,
    )


def text(*erfs: ERF, style: str = "text") -> str:
    return "".join(render(erf_document(erfs), style))


def test_text() -> None:
    check("erf.txt", text(field()))
    check("erf_two.txt", text(field(), field(shift=3)))
    check("erf_1d.txt", text(field(rank=1)))
    check("erf_3d.txt", text(field(rank=3)))


def test_hostile_names_and_trouble() -> None:
    check("erf_hostile.txt", text(troubled()))
    check("erf_hostile.md", text(troubled(), style="markdown"))


def test_an_empty_field_has_no_figures() -> None:
    empty = field(map=np.zeros((24, 32)), scale=0.0, notes=("nothing changes 'conv3' at this place",))
    check("erf_empty.txt", text(empty))
    record = json.loads("".join(erf_json([empty])))["units"][0]
    assert record["sigma"] == [None, None]
    assert (record["gaussian"], record["luo_size"], record["entropy"]) == (None, None, None)


def test_json() -> None:
    document = json.loads("".join(erf_json([field(), field(shift=3)])))
    assert (document["format"], document["model"], document["tensor"]) == (1, "net.onnx", "conv3")
    assert (document["axes"], document["samples"], document["method"]) == ([2, 3], 32, "gradient")
    first, second = document["units"]
    assert (first["position"], second["position"]) == ([0, None, 8, 8], [0, None, 11, 11])
    assert first["sigma"] == pytest.approx([math.sqrt(8) / 2, math.sqrt(12) / 2])
    assert first["center"] == first["centroid"] == [8.0, 10.0]
    assert second["center"] == pytest.approx(second["centroid"]) == [11.0, 13.0]
    assert (first["field"], first["runs"], first["naive_runs"]) == ([[4, 12], [4, 16]], 32, 49152)
    assert sorted(first["area_ratio"]) == ["0.2", "0.3", "0.5", "0.99"]
    assert first["marginals"][0][4:13] == pytest.approx(binomial(8).tolist())
    assert first["gaussian"]["residual"] < 0.05


def test_json_of_hostile_names_is_json() -> None:
    document = json.loads("".join(erf_json([troubled()])))
    assert document["tensor"] == HOSTILE
    assert document["skipped"][0] == {"sample": f"{HOSTILE}0", "reason": "3 NaN or infinite values in the map"}
    assert document["units"][0]["half_width"] is None


def test_csv_is_the_radial_profile() -> None:
    erf = field()
    rows = list(csv.DictReader(io.StringIO("".join(erf_csv([erf, troubled()])))))
    mine = [row for row in rows if row["tensor"] == "conv3"]
    assert mine[0] == {
        "tensor": "conv3", "position": "0,:,8,8", "radius": "0", "positions": "1", "mean": repr(float(erf.map[8, 10])),
        "mass_within": repr(float(erf.map[8, 10])),
    }  # fmt: skip
    assert sum(int(row["positions"]) for row in mine) == erf.map.size
    assert float(mine[-1]["mass_within"]) == pytest.approx(1)
    assert {row["tensor"] for row in rows} == {"conv3", "conv\\x1b[31m|`\\n=1+1"}


def test_npz_holds_the_maps() -> None:
    erfs = [field(), field(shift=3)]
    with np.load(io.BytesIO(erf_npz(erfs)), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["map"], np.stack([erf.map for erf in erfs]))
        assert arrays["map"].dtype == np.float64
        assert arrays["center"].tolist() == [[8, 10], [11, 13]]
        assert arrays["field"].tolist() == [[[4, 12], [4, 16]], [[7, 15], [7, 19]]]
        assert json.loads(str(arrays["json"]))["tensor"] == "conv3"


def layers() -> list[Layer]:
    first = Layer(
        "conv1", "Conv", (1, 8, 24, 32), (0, None, 12, 16), (3, 3), (0.8, 0.9), (1.0, 1.41), 3.0, 1.0, 1.0, 0.0, 8
    )
    second = Layer(
        HOSTILE, "Conv", (1, 8, 12, 16), (0, None, 6, 8), (5, 7), (1.2, 1.25), (1.41, 2.24), 4.4, 0.74, 0.55, 0.01, 8
    )
    nan = math.nan
    third = Layer("pool", "MaxPool", (), (), (), (), (nan, nan), nan, nan, nan, nan, 0, "it has no rule")
    return [first, second, third]


def test_layers() -> None:
    check("erf_layers.txt", "".join(render(layers_document("net.onnx", layers()), "text")))
    records = json.loads("".join(layers_json("net.onnx", layers())))["layers"]
    assert [record["tensor"] for record in records] == ["conv1", HOSTILE, "pool"]
    assert (records[1]["field"], records[2]["ratio"], records[2]["problem"]) == ([5, 7], None, "it has no rule")
    rows = list(csv.DictReader(io.StringIO("".join(layers_csv("net.onnx", layers())))))
    assert [row["field"] for row in rows] == ["3 3", "5 7", ""]
    assert rows[0]["position"] == "0 : 12 16"


def test_heat_halves_with_every_character() -> None:
    lines, legend = heat(np.array([[1.0, 0.5, 0.26, 0.25, 1e-9, 0.0]]))
    assert lines == ["@%%#. "]
    assert "a character is" not in legend
    lines, legend = heat(np.eye(100))
    assert (len(lines), len(lines[0])) == (25, 50)
    assert legend.endswith("a character is 4 x 2 positions")
    assert [line.strip() for line in lines] == ["@@"] * 25


def test_heat_weighs_a_short_last_block_by_its_positions() -> None:
    lines, _ = heat(np.ones((33, 65)))
    assert set("".join(lines)) == {"@"}


@pytest.mark.parametrize("erfs", [[field()], [field(rank=1)], [field(rank=3)], [field(), troubled()]])
def test_svg(erfs: list[ERF]) -> None:
    made = erf_plot(erfs, "svg")
    assert made == erf_plot(erfs, "svg")
    assert ElementTree.fromstring(made.decode()).tag.endswith("svg")


@pytest.mark.parametrize(
    "erfs",
    [[field()], [field(rank=1)], [field(rank=3)], [field(), troubled()], [field()] * 5, [field("layer/" * 40)] * 5],
)
def test_all_words_lie_inside_the_picture(erfs: list[ERF]) -> None:
    figure = erf_figure(erfs)
    assert_inside(figure)
    (legend,) = figure.legends
    assert len(legend.get_texts()) >= 3


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("model", ["net.onnx", "a" * 200 + ".onnx", "a name of many words " * 8])
def test_a_picture_says_what_was_measured(rank: int, model: str) -> None:
    figure = erf_figure([field(rank=rank, model=model)])
    with drawing():
        figure.draw_without_rendering()
        figure.draw_without_rendering()  # as a saved one: panels of fixed sides are laid out twice
        told, page = figure._suptitle, figure.bbox
        drawn = told.get_window_extent()
        titles = [axes.title.get_window_extent() for axes in figure.axes if axes.get_title()]
    said = told.get_text().replace("\n", " ")
    assert "32 of 32 random samples, absolute gradient input x, " in said
    assert said.endswith("; all channels of the unit")
    assert page.x0 <= drawn.x0
    assert drawn.x1 <= page.x1
    assert drawn.y1 <= page.y1
    assert all(title.y1 <= drawn.y0 for title in titles)


@pytest.mark.parametrize("name", ["net.onnx", HOSTILE, "a" * 300])
def test_a_picture_of_layers(name: str) -> None:
    """Every figure of every layer, gaps where there is none; what was measured is said."""
    given = [replace(one, data="canvases.npz", how="square mean") for one in layers()]
    given[0] = replace(given[0], tensor=name)
    figure = layers_figure(name, given)
    (axes,) = figure.axes
    drawn = {line.get_label(): [None if math.isnan(y) else y for y in line.get_ydata()] for line in axes.lines}
    assert drawn == {
        "theoretical field, from its centre to its end, axis 1 of 2": [1, 2, None],
        "theoretical field, from its centre to its end, axis 2 of 2": [1, 3, None],
        "sigma, axis 1 of 2": [0.8, 1.2, None],
        "sigma, axis 2 of 2": [0.9, 1.25, None],
        "radius of 50% of the mass": [1.0, 1.41, None],
        "radius of 95% of the mass": [1.41, 2.24, None],
    }
    assert_inside(figure)
    told = figure._suptitle.get_text().replace("\n", " ")
    assert "effective fields of 2 layers, 1 more were not measured" in told
    assert told.endswith("8 of canvases.npz, square mean")
    svg = layers_svg(name, given)
    assert svg == layers_svg(name, given)
    assert b"\x1b" not in svg


def test_many_layers_are_numbered() -> None:
    figure = layers_figure("net.onnx", layers()[:1] * 60)
    assert figure.axes[0].get_xlabel() == "layers, in the order in which they are computed"
    assert_inside(figure)
    with pytest.raises(QueryError, match="no layer was measured"):
        layers_figure("net.onnx", layers()[2:])


def test_a_settings_file_of_the_current_folder_changes_nothing() -> None:
    """matplotlib reads ./matplotlibrc when it is imported; a stranger's may have LaTeX run."""
    import matplotlib

    expected = erf_plot([field()], "png")
    with matplotlib.rc_context():
        matplotlib.rcParams.update({"text.usetex": True, "figure.dpi": 30, "axes.facecolor": "red"})
        assert erf_plot([field()], "png") == expected
        assert matplotlib.rcParams["text.usetex"] is True


def test_png_shows_the_map_in_its_box() -> None:
    from matplotlib.image import imread

    pixels = imread(io.BytesIO(erf_plot([field()], "png")))
    assert pixels.shape[0] > 300
    green = np.abs(pixels[..., :3] - np.array([0, 0xB3, 0x88]) / 255).sum(-1) < 0.1
    green[int(0.85 * len(green)) :] = False  # the legend
    rows, columns = np.flatnonzero(green.any(1)), np.flatnonzero(green.any(0))
    # The box has 9 rows and 13 columns.
    assert np.ptp(rows) / np.ptp(columns) == pytest.approx(9 / 13, rel=0.05)
    bright = pixels[..., :3].sum(-1)[rows[0] : rows[-1], columns[0] : columns[-1]]
    middle = bright[
        bright.shape[0] // 2 - 5 : bright.shape[0] // 2 + 5, bright.shape[1] // 2 - 5 : bright.shape[1] // 2 + 5
    ]
    assert middle.mean() < 0.7 * bright[8:16, 8:16].mean()  # the stronger, the darker


def gaussian(sigma: float, noise: float = 0) -> ERF:
    """A round Gaussian in a field of 73 x 73, its values multiplied by 1 +- noise."""
    places = np.arange(81) - 40.0
    values = np.exp(-0.5 * np.add.outer(places**2, places**2) / sigma**2)
    values[:4] = values[-4:] = values[:, :4] = values[:, -4:] = 0
    values *= 1 + noise * np.random.default_rng(0).uniform(-1, 1, values.shape)
    return field(map=values / values.sum(), field=((4, 76), (4, 76)))


def contours(axes: Any) -> list[np.ndarray]:
    """The corners of each share's lines, (n, 2), shares ascending."""
    return [np.concatenate([path.vertices for path in one.get_paths()]) for one in axes.collections]


@pytest.mark.parametrize("noise", [0, 1])
def test_contours_hold_their_share_of_the_mass(noise: float) -> None:
    """A round Gaussian holds 50% within 1.1774 sigmas and 95% within 2.4477 (Rayleigh); noise makes no lace of the lines."""
    figure = erf_figure([gaussian(9, noise)])
    for corners, radius in zip(contours(figure.axes[0]), (1.1774, 2.4477), strict=True):
        distances = np.hypot(*(corners - 40).T) / 9
        assert distances.mean() == pytest.approx(radius, rel=0.03)
        assert distances.std() < (0.12 if noise else 0.01)


def test_contours_go_around_holes_and_stay_in_the_field() -> None:
    erf = gaussian(30)
    erf.map[:, 1::2] = erf.map[1::2] = 0
    figure = erf_figure([erf])
    for corners in contours(figure.axes[0]):
        assert np.count_nonzero((corners[1:] == corners[:1]).all(1)) == 1  # one closed line
        assert corners.min() >= 3
        assert corners.max() <= 77


def test_panels_have_one_scale() -> None:
    figure = erf_figure([gaussian(9), gaussian(18)], ["before", "after"])
    first, second = (axes.images[0] for axes in figure.axes[:2])
    assert first.get_clim() == second.get_clim() == (0, pytest.approx(100 * gaussian(9).map.max(), rel=0.05))
    assert [axes.get_title() for axes in figure.axes[:2]] == ["before", "after"]


def test_panels_of_three_axes() -> None:
    """Every pair of axes, two units below each other: 9 x 13 x 5 positions."""
    figure = erf_figure([field(rank=3), field(rank=3, shift=1)])
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.images[0].get_array().count() for axes in panels] == [13 * 5, 9 * 5, 9 * 13] * 2
    assert [axes.get_xlabel() for axes in panels[:3]] == [
        f"axis {x} across, {y} down" for y, x in ((3, 4), (2, 4), (2, 3))
    ]


def test_curves_show_the_shortest_parts() -> None:
    figure = erf_figure([field(rank=1)])
    spans = {line.get_label(): line.get_xdata() for line in figure.axes[0].lines}
    # Binomials of 8, of 256: 56 + 70 + 56 is the shortest over a half, 8 + 28 + ... + 28 the first of two over 95%.
    assert tuple(spans["shortest 50% of the mass"]) == (6.5, 9.5)
    assert tuple(spans["shortest 95% of the mass"]) == (4.5, 10.5)


def test_names_are_no_formulas_in_pictures() -> None:
    assert erf_plot([field("$\\frac{$")], "svg")


def test_names_in_letters_that_the_font_lacks() -> None:
    """Boxes instead of the letters, and no warning on the terminal (here: no error)."""
    assert erf_plot([field("\u5c42", rank=1)], "png").startswith(b"\x89PNG")
