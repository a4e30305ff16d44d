"""Pictures against golden PNG files: what is drawn where, and in which colour, inside their panels.

matplotlib 3.8 and 3.11 make letters of other widths, and all that stands beside them moves by some pixels: an exact comparison
would hold for one version alone. So the insides of the panels are compared, each at `SIZE` pixels whatever it was, and a pixel is
missing when the other picture has no pixel of about its colour within `REACH` of its place. Words are tested as words.
"""

from __future__ import annotations

import io
import os
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from rfonnx.report.drawing import saved

GOLDEN = Path(__file__).parent / "golden"
SIZE = 360, 200
REACH = 5
SHIFTS = sorted(
    product(range(2 * REACH + 1), repeat=2), key=lambda shift: abs(shift[0] - REACH) + abs(shift[1] - REACH)
)
"""Places within reach, the nearest first."""
COLOUR = 130
"""Of 255, in the channel that differs most."""
MOST = 0.0001
"""Share of the pixels that may be missing. Between matplotlib 3.8.4 and 3.11.2 it is 0.00001 at most; a mark that is moved or has
another colour takes more than twice as much as this (tests/report/test_pictures.py)."""


def check_picture(name: str, figure: Any) -> None:
    """Compare with the golden file, or write it when RFONNX_GOLDEN is "write"; `NAME.actual.png` is what failed."""
    golden, actual = GOLDEN / name, GOLDEN / f"{name}.actual.png"
    made = panels(figure)
    if os.environ.get("RFONNX_GOLDEN") == "write":
        made.quantize(64, dither=Image.Dither.NONE).save(golden, optimize=True)
    share = missing(Image.open(golden).convert("RGB"), made)
    if share > MOST:
        made.save(actual)
    else:
        actual.unlink(missing_ok=True)
    assert share <= MOST, f"{share:.2%} of the pixels of {name} are missing in the other picture"


def panels(figure: Any) -> Image.Image:
    """The insides of all panels, one below the other, each of `SIZE` pixels."""
    whole = Image.open(io.BytesIO(saved(figure, "png"))).convert("RGB")
    bold = whole.filter(ImageFilter.MinFilter(5))  # thin lines would be pale or dark by where they fall
    places = [axes.get_position().extents for axes in figure.axes if axes.axison]
    places = [place for place in places if place[2] - place[0] > 0.1]  # colour scales aside
    made = Image.new("RGB", (SIZE[0], SIZE[1] * len(places)))
    for number, (left, bottom, right, top) in enumerate(places):
        edges = left * whole.width, (1 - top) * whole.height, right * whole.width, (1 - bottom) * whole.height
        edges = tuple(edge + inset for edge, inset in zip(edges, (6, 6, -6, -6), strict=True))  # without the frame
        made.paste(bold.resize(SIZE, Image.Resampling.BOX, edges), (0, number * SIZE[1]))
    return made


def missing(first: Image.Image, second: Image.Image) -> float:
    """Share of the pixels that either picture has, and the other one not near their place."""
    if first.size != second.size:
        return 1.0
    one, other = (np.asarray(image, np.int16) for image in (first, second))
    return (_lacking(one, other) + _lacking(other, one)) / one[..., 0].size


def _lacking(image: np.ndarray, other: np.ndarray) -> int:
    """Pixels that the other image has nowhere near their place. Most are found at once, and no more looked for."""
    wider = np.pad(other, [(REACH, REACH), (REACH, REACH), (0, 0)], mode="edge")
    rows, columns = (places.reshape(-1) for places in np.indices(image.shape[:2]))
    for down, right in SHIFTS:
        far = np.abs(image[rows, columns] - wider[rows + down, columns + right]).max(1) > COLOUR
        rows, columns = rows[far], columns[far]
    return len(rows)
