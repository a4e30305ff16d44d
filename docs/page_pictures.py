"""Takes pictures of parts of pages, in Chromium: for docs/page.md, after what its text says was done, and for docs/gallery.md.

python docs/page_pictures.py       # needs the extra `test` and Chromium; writes docs/pictures/page_*.png
"""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import rfonnx
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS, TILES

HERE = Path(__file__).parent
MODELS = HERE.parent / "models"


def opened(window: Page, folder: Path, name: str) -> None:
    """The page of a model."""
    file = folder / f"{name}.html"
    file.write_text("".join(map(str, FIELDS.write("html", rfonnx.analyze(MODELS / f"{name}.onnx"), View()))))
    window.goto(file.as_uri())
    window.wait_for_function("document.documentElement.dataset.ready")


def taken(window: Page, panel: str, name: str, above: int = 0) -> None:
    """A picture of a panel, and of so many pixels above it."""
    part = window.locator(panel).first
    part.scroll_into_view_if_needed()
    box = part.bounding_box()
    assert box is not None
    scrolled = window.evaluate("scrollY")
    clip = {
        "x": box["x"] - 8,
        "y": box["y"] + scrolled - above,
        "width": box["width"] + 16,
        "height": box["height"] + above + 8,
    }
    kept(window.screenshot(full_page=True, clip=clip), f"page_{name}")


def kept(shot: bytes, name: str) -> None:
    """The picture in few colours, which is half as large."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        HERE / "pictures" / f"{name}.png", optimize=True
    )


def main() -> None:
    """Write the pictures."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        wide = browser.new_page(viewport={"width": 1100, "height": 1400})
        opened(wide, Path(folder), "resnet18")
        kept(wide.screenshot(), "report_page")
        window = browser.new_page(viewport={"width": 900, "height": 900})
        opened(window, Path(folder), "unet")
        objects = window.locator("[data-panel=objects]")
        for field in objects.get_by_role("spinbutton").all():
            field.fill("180")
        taken(window, "[data-panel=objects]", "object")
        objects.get_by_role("button", name="dec1.conv1").click()
        taken(window, "[data-panel=explorer]", "layer")
        opened(window, Path(folder), "vit")
        taken(window, "[data-panel=growth]", "vit")
        opened(window, Path(folder), "inception")
        taken(window, "[data-panel=graph]", "graph")
        file = Path(folder) / "tiles.html"
        plan = rfonnx.tile(MODELS / "unet.onnx", size=(4096, 6000), tile=(512, 512))
        file.write_text("".join(map(str, TILES.write("html", plan.summary()))))
        window.goto(file.as_uri())
        window.locator("svg.tiles").hover(position={"x": 150, "y": 120})
        taken(window, "[data-panel=tiles]", "tiles")
        browser.close()


if __name__ == "__main__":
    main()
