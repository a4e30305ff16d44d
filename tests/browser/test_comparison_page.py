"""The page of a comparison: whose maps are shown is chosen without a script, and names in it do nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

import rfonnx
from report.hostile import HOSTILE
from rfonnx.report.comparison.view import ComparisonView
from rfonnx.report.formats import COMPARISON
from rfonnx.results.comparison import Comparison


@pytest.fixture(scope="module")
def found(models: Path) -> Comparison:
    digits = models / "digits"
    return rfonnx.compare(
        *(digits / "teacher.onnx", digits / "damaged.onnx", digits / "test.npz"),
        samples=8, layers=True, cost=False, pictures=True,
    )  # fmt: skip


def written(found: Comparison, path: Path) -> Path:
    path.write_text("".join(map(str, COMPARISON.write("html", found, ComparisonView()))))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_maps_are_chosen(
    opened: Callable[..., Page], found: Comparison, tmp_path: Path, scheme: str, width: int
) -> None:
    page = opened(written(found, tmp_path / "c.html"), color_scheme=scheme, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    teacher, student = page.locator(".heat.first").first, page.locator(".heat.second").first
    assert [teacher.is_visible(), student.is_visible()] == [True, True]
    page.get_by_label("teacher", exact=True).check(force=True)
    assert [teacher.is_visible(), student.is_visible()] == [True, False]
    page.get_by_label("teacher", exact=True).press("ArrowRight")
    page.get_by_label("both", exact=True).press("ArrowRight")
    assert page.get_by_label("student", exact=True).is_checked()
    assert [teacher.is_visible(), student.is_visible()] == [False, True]
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth === 32)")


def test_it_works_without_scripts(opened: Callable[..., Page], found: Comparison, tmp_path: Path) -> None:
    page = opened(written(found, tmp_path / "c.html"), java_script_enabled=False)
    page.get_by_label("student", exact=True).check(force=True)
    assert [page.locator(f".heat.{which}").first.is_visible() for which in ("first", "second")] == [False, True]


def test_a_map_is_painted(opened: Callable[..., Page], found: Comparison, tmp_path: Path) -> None:
    """Its mask is a picture in the page: where the policy forbade it, nothing would be seen."""
    page = opened(written(found, tmp_path / "c.html"))
    page.get_by_label("teacher", exact=True).check(force=True)
    shot = page.locator(".looks .map svg").last.screenshot()
    colours = page.evaluate(
        """async (bytes) => {
          const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size;
        }""",
        list(shot),
    )
    assert colours > 50


@pytest.mark.parametrize("name", HOSTILE)
def test_names_do_nothing(opened: Callable[..., Page], found: Comparison, tmp_path: Path, name: str) -> None:
    assert found.parting is not None
    layers = tuple(replace(layer, teacher=name, op_type=name, node=name) for layer in found.parting.layers)
    told = replace(
        found,
        teacher=name,
        student=name,
        outputs=tuple(replace(output, teacher=name, student=name) for output in found.outputs),
        verdicts=tuple(replace(verdict, subject=name, where=name) for verdict in found.verdicts),
        fields=tuple(replace(pair, output=(name, name), input=(name, name)) for pair in found.fields),
        effective_fields=tuple(replace(pair, output=(name, name), input=(name, name)) for pair in found.effective_fields),
        parting=replace(found.parting, layers=layers, first=layers[6]),
        shown=tuple(
            replace(sample, sample=name, pictures=dict.fromkeys([name], next(iter(sample.pictures.values()))))
            for sample in found.shown
        ),
    )  # fmt: skip
    plain, hostile = (opened(written(one, tmp_path / f"{i}.html")) for i, one in enumerate((found, told)))
    count = "document.querySelectorAll('svg *, img, input, script, b').length"
    assert hostile.evaluate(count) == plain.evaluate(count)
    assert hostile.evaluate("document.documentElement.scrollWidth") <= 1280
