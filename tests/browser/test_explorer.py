"""The explorer of a report's page: what it draws and says of a position is what `Analysis` says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import onnx
import pytest
from onnx import helper
from playwright.sync_api import Locator, Page

import rfonnx
import small_nets
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS

MODELS = Path(__file__).parents[2] / "models"
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"

Opened = Callable[..., Page]


@pytest.fixture
def explore(opened: Opened, tmp_path: Path) -> Callable[..., tuple[rfonnx.Analysis, Page]]:
    """Opens the page of a model, and waits until it is drawn."""

    def of(model: Any, **words: Any) -> tuple[rfonnx.Analysis, Page]:
        analysis = rfonnx.analyze(model)
        file = tmp_path / "page.html"
        file.write_text("".join(map(str, FIELDS.write("html", analysis, View()))), "utf-8")
        page = opened(file, **words)
        page.wait_for_function("document.documentElement.dataset.ready")
        return analysis, page

    return of


def pick(page: Page, layer: str) -> None:
    page.get_by_label("layer", exact=True).fill(layer)
    page.get_by_label("layer", exact=True).press("Enter")


def at(picture: Locator, place: Sequence[float]) -> dict[str, float]:
    """Where a cell [row, column] of a picture is, from its outline."""
    ground = picture.locator("rect.ground").bounding_box()
    whole = picture.bounding_box()
    assert ground is not None
    assert whole is not None
    return {
        "x": ground["x"] - whole["x"] + ground["width"] * place[1],
        "y": ground["y"] - whole["y"] + ground["height"] * place[0],
    }


def drawn(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("""() => {
        const { mask, reach, ...rest } = rfonnx.explorer.drawn;
        return { ...rest, mask: mask && [...mask], reach: reach && [...reach] };
    }""")
    return found


def outline(picture: Locator, kind: str, lengths: Sequence[int]) -> list[list[int]]:
    """[first, last] row and column of a rectangle, measured in the picture itself."""
    sides: list[dict[str, float]] = [
        picture.locator(f"rect.{name}").evaluate(
            "e => Object.fromEntries([...e.attributes].map(a => [a.name, +a.value]))"
        )
        for name in (kind, "ground")
    ]
    own, ground = sides
    found = []
    for start, size, length in (("y", "height", lengths[0]), ("x", "width", lengths[1])):
        cell = ground[size] / length
        low, long = (own[start] - ground[start]) / cell, own[size] / cell
        assert max(abs(low - round(low)), abs(long - round(long))) < 1e-6
        found.append([round(low), round(low + long) - 1])
    return found


def painted(picture: Locator) -> np.ndarray:
    """Which cells of the painted mask are not blank, as its pixels have them."""
    pixels = picture.locator("image.support").evaluate(
        """async (element) => {
            const image = new Image();
            image.src = element.getAttribute("href");
            await image.decode();
            const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
            const pen = canvas.getContext("2d");
            pen.drawImage(image, 0, 0);
            const data = pen.getImageData(0, 0, image.width, image.height).data;
            return { wide: image.width, cells: [...data].filter((_, k) => k % 4 === 3) };
        }"""
    )
    return np.reshape(pixels["cells"], (-1, pixels["wide"])) > 0


@pytest.mark.parametrize(
    ("model", "layer", "place"),
    [
        ("seed", "pool", (3, 3)),
        ("dilated", "grid", (0, 95)),
        ("dilated", "context", (79, 0)),
        ("unet", "mask", (111, 130)),
        ("superres", "high", (95, 1)),
        ("resnet18", "layer4.0", (0, 6)),
        ("inception", "b", (1, 2)),
    ],
)
def test_a_click_draws_what_the_analysis_says(explore: Any, model: str, layer: str, place: tuple[int, int]) -> None:
    analysis, page = explore(MODELS / f"{model}.onnx")
    shape, [given] = analysis.tensors[layer].shape, analysis.inputs
    pick(page, layer)
    output, picture = page.locator("svg.explorer-output"), page.locator("svg.explorer-input")
    output.click(position=at(output, [(place[k] + 0.5) / shape[2 + k] for k in (0, 1)]))
    found = drawn(page)
    position = [0, shape[1] // 2, *place]
    assert list(analysis.tensors)[found["layer"]] == layer
    assert found["position"] == position
    lengths = analysis.input_shapes[given][2:]
    clipped, free = (analysis.box(layer, position, clip)[given] for clip in (True, False))
    assert found["box"] == outline(picture, "box", lengths) == [list(interval) for interval in clipped[2:]]
    assert found["free"] == [list(interval) for interval in free[2:]]
    if clipped != free:
        assert outline(picture, "free", lengths) == found["free"]
    support = analysis.support(layer, position, given).any((0, 1))
    assert np.array_equal(np.reshape(found["mask"], lengths), support)
    assert np.array_equal(painted(picture), support)
    said = page.locator("[data-panel=explorer]").get_by_role("status").inner_text()
    (top, bottom), (left, right) = clipped[2:]
    assert (
        f"{layer} at ({', '.join(map(str, position))}) sees rows {top} to {bottom} and columns {left} to {right}"
        in said
    )
    area = (bottom - top + 1) * (right - left + 1)
    count = f"{area} positions of this box are read" if support.sum() == area else f"{support.sum()} are read"
    assert count in said
    (top, bottom), (left, right) = free[2:]
    assert ("Were there no border" in said) == (clipped != free)
    assert clipped == free or any(f"{low} to {high}" in said for low, high in free[2:])


def test_a_position_is_pointed_at_held_and_let_go(explore: Any) -> None:
    _, page = explore(MODELS / "seed.onnx")  # pool: 16 x 20 positions
    output = page.locator("svg.explorer-output")

    def place() -> list[int]:
        return drawn(page)["position"][2:]

    def over(row: int, column: int) -> dict[str, float]:
        return at(output, ((row + 0.5) / 16, (column + 0.5) / 20))

    output.hover(position=over(2, 3))
    assert place() == [2, 3]
    output.click(position=over(5, 7))
    output.hover(position=over(9, 9))
    assert place() == [5, 7]
    output.click(position=over(5, 7))
    output.hover(position=over(9, 9))
    assert place() == [9, 9]
    output.focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft", "Shift+ArrowDown"):
        page.keyboard.press(key)
    assert place() == [15, 7]
    page.keyboard.press("Enter")
    output.hover(position=over(0, 0))
    assert place() == [15, 7]
    page.keyboard.press("Escape")
    output.hover(position=over(0, 1))
    assert place() == [0, 1]
    page.get_by_label("rows", exact=True).fill("12")
    page.get_by_label("rows", exact=True).press("Enter")
    assert place() == [12, 1]


@pytest.mark.parametrize("origin", [(0, 0), (31, 39), (10, 17)])
def test_an_input_position_shows_which_outputs_it_reaches(explore: Any, origin: tuple[int, int]) -> None:
    analysis, page = explore(MODELS / "seed.onnx")
    picture = page.locator("svg.explorer-input")
    picture.click(position=at(picture, ((origin[0] + 0.5) / 32, (origin[1] + 0.5) / 40)))
    found = drawn(page)
    assert found["origin"] == [None, None, *origin]
    channel = found["position"][1]
    sees = [
        [
            analysis.support("pool", (0, channel, row, column), "x")[:, :, origin[0], origin[1]].any()
            for column in range(20)
        ]
        for row in range(16)
    ]
    assert np.array_equal(np.reshape(found["reach"], (16, 20)), sees)
    assert np.array_equal(painted(page.locator("svg.explorer-output")), sees)
    said = page.locator("[data-panel=explorer]").get_by_role("status").inner_text()
    assert (
        said
        == f"x at row {origin[0]} and column {origin[1]} reaches {np.sum(sees)} of the 320 drawn positions of pool."
    )
    page.keyboard.press("Escape")
    assert drawn(page)["origin"] is None


def test_phases_of_an_upsampled_layer(explore: Any) -> None:
    """Depth to space by three: positions of one period see boxes that differ by where they stand in it."""
    analysis, page = explore(MODELS / "superres.onnx")
    slider = page.get_by_label("phase along rows")
    assert slider.get_attribute("max") == "2"
    pick(page, "high")
    seen = []
    for phase in range(3):
        slider.fill(str(phase))
        position = drawn(page)["position"]
        assert position[2] % 3 == phase
        seen.append(analysis.box("high", position)["low"][2])
        assert drawn(page)["box"][0] == list(seen[-1])
    assert page.get_by_label("rows", exact=True).input_value() == str(position[2])


def test_a_volume_is_cut_into_slices(explore: Any) -> None:
    analysis, page = explore(MODELS / "conv3d.onnx")
    pick(page, "stem")
    layer = list(analysis.tensors)[drawn(page)["layer"]]
    position = drawn(page)["position"]
    support = analysis.support(layer, position, "clip").any((0, 1))
    for at_slice in (-1, 0, 5, 8, 15):
        page.get_by_label("slice along axis 2").fill(str(at_slice))
        expected = support.any(0) if at_slice < 0 else support[at_slice]
        assert np.array_equal(np.reshape(drawn(page)["mask"], expected.shape), expected)
    assert (
        f"{support.sum()} positions of this box are read"
        in page.locator("[data-panel=explorer]").get_by_role("status").inner_text()
    )


def net(
    nodes: Sequence[onnx.NodeProto], inputs: dict[str, Any], outputs: dict[str, Any], **words: Any
) -> onnx.ModelProto:
    return small_nets.model(nodes, inputs, outputs, **words)


def test_a_strip_as_long_as_a_recording(explore: Any) -> None:
    weights = {"w": np.ones((1, 1, 400), np.float32)}
    model = net(
        [helper.make_node("Conv", ["x", "w"], ["y"], strides=[160])],
        {"x": (1, 1, 100_000)},
        {"y": (1, 1, 623)},
        weights=weights,
    )
    analysis, page = explore(model)
    output = page.locator("svg.explorer-output")
    output.click(position=at(output, (0.5, 622.5 / 623)))
    assert drawn(page)["box"] == [[0, 0], list(analysis.box("y", (0, 0, 622))["x"][2])]
    assert (
        "sees 99520 to 99919 along axis 2 of x"
        in page.locator("[data-panel=explorer]").get_by_role("status").inner_text()
    )
    assert painted(page.locator("svg.explorer-input")).shape == (1, 511)


def test_tokens_see_tokens_before_them(explore: Any) -> None:
    """A causal mask as a band, two inputs: what one of them alone gives."""
    nodes = [
        helper.make_node("MatMul", ["a", "bt"], ["scores"]),
        helper.make_node("Transpose", ["b"], ["bt"], perm=[0, 2, 1]),
    ]
    model = net([nodes[1], nodes[0]], {"a": (1, 6, 4), "b": (1, 5, 4)}, {"scores": (1, 6, 5)})
    analysis, page = explore(model)
    page.evaluate("rfonnx.explorer.select('scores', [0, 4, 2])")
    for given, sees in (("a", [[4, 4], [0, 3]]), ("b", [[2, 2], [0, 3]])):
        page.locator("[data-panel=explorer]").get_by_label("input").select_option(given)
        assert drawn(page)["box"] == sees == [list(one) for one in analysis.box("scores", (0, 4, 2))[given][1:]]


def test_tokens_of_patches_are_a_strip(explore: Any) -> None:
    analysis, page = explore(MODELS / "vit.onnx")
    pick(page, "tokens")
    assert "drawn: axis 1" in page.locator("figcaption").first.inner_text()
    output = page.locator("svg.explorer-output")
    output.click(position=at(output, (0.5, 9.5 / 49)))
    assert drawn(page)["position"][1] == 9
    assert drawn(page)["box"] == [list(one) for one in analysis.box("tokens", drawn(page)["position"])["x"][2:]]


def test_scalars_empty_tensors_and_what_depends_on_data(explore: Any) -> None:
    weights = {"start": np.array([2], np.int64), "end": np.array([2], np.int64), "axes": np.array([1], np.int64)}
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["total"], keepdims=0),
        helper.make_node("Slice", ["x", "start", "end", "axes"], ["nothing"]),
        helper.make_node("NonZero", ["x"], ["found"]),
    ]
    model = net(
        nodes,
        {"x": (3, 4)},
        {"total": (), "nothing": (3, 0), "found": (2, "n")},
        weights=weights,
        types={"found": onnx.TensorProto.INT64},
    )
    _, page = explore(model)
    said = page.locator("[data-panel=explorer]").get_by_role("status")
    assert said.inner_text().startswith("total at () sees 0 to 2 along axis 0 and 0 to 3 along axis 1 of x.")
    pick(page, "nothing")
    assert said.inner_text() == "nothing has no positions: an axis of it has length 0."
    pick(page, "found")
    assert "sees at most" in said.inner_text()
    assert page.get_by_text("Lengths of this layer depend on data").is_visible()
    pick(page, "total")
    assert drawn(page)["box"] == [[0, 2], [0, 3]]


def test_nothing_is_computed_from_an_input(explore: Any) -> None:
    model = net(
        [helper.make_node("Shape", ["x"], ["y"])], {"x": (3, 4)}, {"y": (2,)}, types={"y": onnx.TensorProto.INT64}
    )
    _, page = explore(model)
    assert page.get_by_text("Nothing in this model is computed from an input.").is_visible()


def test_what_is_too_large_for_a_page_is_said(explore: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from rfonnx.report.explorer import access_program, interval_tables

    monkeypatch.setattr(interval_tables, "MOST_OF_TABLE", 8)
    analysis, page = explore(MODELS / "unet.onnx")
    position = drawn(page)["position"]
    assert page.get_by_text("too large for a page: the box is the one around the positions read").is_visible()
    support = np.argwhere(analysis.support("mask", position, "x"))
    around = [[int(low), int(high)] for low, high in zip(support.min(0)[2:], support.max(0)[2:], strict=True)]
    assert drawn(page)["box"] == around
    assert drawn(page)["free"] is None
    monkeypatch.undo()
    monkeypatch.setattr(access_program, "MOST_NUMBERS", 8)
    analysis, page = explore(MODELS / "unet.onnx")
    assert page.get_by_text("boxes are shown, not the positions read in them").is_visible()
    assert drawn(page)["mask"] is None
    assert drawn(page)["box"] == [list(one) for one in analysis.box("mask", position)["x"][2:]]
    picture = page.locator("svg.explorer-input")
    picture.click(position=at(picture, (0.3, 0.3)))
    assert (
        "Told by boxes: holes in them count as seen."
        in page.locator("[data-panel=explorer]").get_by_role("status").inner_text()
    )
    monkeypatch.setattr(interval_tables, "MOST_OF_TABLE", 8)
    _, page = explore(MODELS / "unet.onnx")
    told = page.locator(".explorer-words")
    assert told.inner_text() == "What mask sees is left out of this page."
    assert page.get_by_text("What this layer sees is too large for a page.").is_visible()
    picture = page.locator("svg.explorer-input")
    picture.click(position=at(picture, (0.3, 0.3)))
    assert told.inner_text() == "What mask sees of x is left out of this page."


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a\u202eb\x1b[31m",
    "n" * 10_000,
    "n" * 9_999 + "m",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_are_text(explore: Any, scheme: str) -> None:
    nodes = [
        helper.make_node("Relu", [before], [after])
        for before, after in zip(["x\n<b>", *HOSTILE], HOSTILE, strict=False)
    ]
    model = net(nodes, {"x\n<b>": (1, 1, 4, 4)}, {HOSTILE[-1]: (1, 1, 4, 4)})
    _, page = explore(model, color_scheme=scheme)
    assert page.locator(".explorer b, .explorer img, .explorer script").count() == 0
    labels = set()
    for _ in HOSTILE:
        labels.add(page.get_by_label("layer", exact=True).input_value())
        page.get_by_role("button", name="layer before").click()
    assert len(labels) == len(HOSTILE)
    assert all(len(label) < 130 and label.isprintable() for label in labels)


def test_an_effective_field_and_its_contours(opened: Opened, tmp_path: Path) -> None:
    from rfonnx.report.explorer.explored import explored
    from rfonnx.report.explorer.measured_field import measured_field
    from rfonnx.report.page.page import Page as Sheets
    from rfonnx.report.page.page import Panel, Sheet, html_page

    model = MODELS / "digits_erf" / "near.onnx"
    measured = rfonnx.erf(model, n=2)
    file = tmp_path / "page.html"
    data = explored(rfonnx.analyze(model), [measured_field(measured)])
    file.write_text("".join(html_page(Sheets("field", (Sheet(((),), (Panel("explorer", "Field", data),)),)))), "utf-8")
    page = opened(file)
    page.wait_for_function("document.documentElement.dataset.ready")
    levels = drawn(page)["levels"]
    shown = measured.map.astype(np.float32)
    for share, level in zip((0.5, 0.95), levels, strict=True):
        assert shown[shown >= level].sum() >= share - 1e-6
        assert shown[shown > level].sum() < share + 1e-6
    assert page.locator("path.contour").count() == 2
    assert page.locator("image.heat").count() == 1
    assert (
        "measured by gradient over 2 samples: lines around"
        in page.locator("[data-panel=explorer]").get_by_role("status").inner_text()
    )
    page.get_by_label("effective field").uncheck()
    assert page.locator("path.contour").count() == 0


def test_a_picture_is_saved_as_a_file_of_its_own(explore: Any, opened: Opened, tmp_path: Path) -> None:
    _, page = explore(MODELS / "seed.onnx")
    with page.expect_download() as download:
        page.get_by_role("button", name="save as SVG").nth(1).click()
    assert download.value.suggested_filename == "x_1_3_32_40.svg"
    file = tmp_path / "saved.svg"
    download.value.save_as(file)
    root = ElementTree.parse(file).getroot()
    assert str(root.get("aria-label")).startswith("x: 1")
    box = root.find("{*}rect[@stroke-width='2px']")
    assert box is not None
    assert box.get("stroke", "").startswith("rgb(")
    assert not [element for element in root.iter() if element.get("class") or "var(" in str(element.attrib)]
