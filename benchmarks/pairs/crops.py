"""40 crops of scikit-image's pictures per model, as PNGs of the input's own size, and 16 others to calibrate with.

Pictures of text are grey; they are multiplied with a coloured crop, as text on coloured paper, or BGR would change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

COUNT, CALIBRATION = 40, 16

COLOURED = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg", "retina.jpg", "ihc.png")

LINES = (22, 56, 73, 90, 107, 125)
"""Rows of page.png in whose middle a line of text runs."""

FACE = (224, 110)
"""Column and row of the middle of the face in astronaut.png."""


def make(name: str, cache: Path) -> None:
    """Write `samples/NAME/*.png` and `calibration/NAME/*.png`, from a seed each."""
    for folder, count, seed in (("samples", COUNT, 0), ("calibration", CALIBRATION, 1)):
        target = cache / folder / name
        if target.exists():
            continue
        pictures = {path.name: path for path in (cache / "pictures").iterdir()}
        rng = np.random.default_rng(seed)
        crops = [MAKERS[name](pictures, rng, number) for number in range(count)]
        target.mkdir(parents=True)
        for number, crop in enumerate(crops):
            crop.save(target / f"{number:02}.png")


def _crop(path: Path, left: float, top: float, width: float, height: float, size: tuple[int, int]) -> Image.Image:
    """A part of a picture, resized to (columns, rows)."""
    box = (left, top, left + width, top + height)
    return Image.open(path).convert("RGB").resize(size, Image.Resampling.BILINEAR, box=box)


def _somewhere(pictures: dict[str, Path], rng: np.random.Generator, side: int) -> Image.Image:
    """A square crop of a coloured picture."""
    path = pictures[COLOURED[rng.integers(len(COLOURED))]]
    columns, rows = Image.open(path).size
    length = rng.uniform(0.4, 1) * min(columns, rows)
    left, top = rng.uniform(0, columns - length), rng.uniform(0, rows - length)
    return _crop(path, left, top, length, length, (side, side))


def _on_paper(text: Image.Image, pictures: dict[str, Path], rng: np.random.Generator) -> Image.Image:
    """Text multiplied with a brightened, coloured crop."""
    paper = _somewhere(pictures, rng, max(text.size)).resize(text.size)
    return ImageChops.multiply(text, paper.point(lambda value: 128 + value // 2))


def _text_line(pictures: dict[str, Path], rng: np.random.Generator, number: int) -> Image.Image:
    """48 x 192: a piece of a line of text, every second one turned by 180 degrees."""
    height = rng.uniform(17, 21)
    row = LINES[rng.integers(len(LINES))] + rng.uniform(-2, 2)
    left = rng.uniform(4, 150 if row > 120 else 370 - 4 * height)
    line = _crop(pictures["page.png"], left, row - height / 2, 4 * height, height, (192, 48))
    line = line.transpose(Image.Transpose.ROTATE_180) if number % 2 else line
    return _on_paper(line, pictures, rng)


def _page(pictures: dict[str, Path], rng: np.random.Generator, number: int) -> Image.Image:
    """320 x 320: printed text, every fifth one handwriting, every fifth one a picture."""
    if number % 5 == 4:
        return _somewhere(pictures, rng, 320)
    path = pictures["text.png" if number % 5 == 3 else "page.png"]
    columns, rows = Image.open(path).size
    side = rng.uniform(0.6, 1) * rows
    left, top = rng.uniform(0, columns - side), rng.uniform(0, rows - side)
    return _on_paper(_crop(path, left, top, side, side, (320, 320)), pictures, rng)


def _face(pictures: dict[str, Path], rng: np.random.Generator, number: int) -> Image.Image:
    """48 x 48, rows and columns exchanged as MTCNN takes it: the astronaut's face, another face, or a picture in turn."""
    if number % 3 == 0:
        side = rng.uniform(90, 170)
        column, row = (middle + rng.uniform(-0.15, 0.15) * side for middle in FACE)
        crop = _crop(pictures["astronaut.png"], column - side / 2, row - side / 2, side, side, (48, 48))
    elif number % 3 == 1:
        faces = np.load(pictures["lfw_subset.npy"])[:100]  # the other hundred are no faces
        grey = (faces[rng.integers(100)] * 255).astype(np.uint8)
        crop = Image.fromarray(grey).convert("RGB").resize((48, 48), Image.Resampling.BILINEAR)
    else:
        crop = _somewhere(pictures, rng, 48)
    return crop.transpose(Image.Transpose.TRANSPOSE)


def _picture(pictures: dict[str, Path], rng: np.random.Generator, number: int) -> Image.Image:
    """224 x 224 out of a coloured picture."""
    return _somewhere(pictures, rng, 224)


def _person(pictures: dict[str, Path], rng: np.random.Generator, number: int) -> Image.Image:
    """320 x 320 around the astronaut, every fourth one a picture."""
    if number % 4 == 3:
        return _somewhere(pictures, rng, 320)
    side = rng.uniform(220, 420)
    left, top = (np.clip(middle - rng.uniform(0.3, 0.7) * side, 0, 512 - side) for middle in FACE)
    return _crop(pictures["astronaut.png"], left, top, side, side, (320, 320))


MAKERS: dict[str, Callable[[dict[str, Path], np.random.Generator, int], Image.Image]] = {
    "cls": _text_line, "det": _page, "onet": _face, "nsfw": _picture, "yolo": _person,
}  # fmt: skip
