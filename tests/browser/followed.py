"""Asks the page's own scripts, in a browser, what positions see and reach, as arrays that tests compare."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page

import rfonnx.report.page
from rfonnx.report.explorer.access_program import AccessProgram, program_to_dict
from rfonnx.report.explorer.explored import Explored, explored

ASSETS = Path(rfonnx.report.page.__path__[0]) / "assets"
SCRIPTS = ("access_cover.js", "access_steps.js", "access.js", "access_boxes.js")

ASKING = """
function packedBits(mask) {
    const bytes = new Uint8Array(Math.ceil(mask.length / 8));
    mask.forEach((value, k) => { if (value) bytes[k >> 3] |= 128 >> (k & 7); });
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
}
function load(data, layers, tables) {
    globalThis.layers = layers;
    globalThis.program = accessProgram(data);
    globalThis.boxes = accessBoxes(tables, program.shapes.slice(0, program.inputs).map((shape) => shape.length));
}
function whole(cover, shape) { return packedBits(coverMask(cover, shape, shape.map((_, axis) => axis))); }
function supports(asked) {
    return asked.map(([layer, position, input]) =>
        whole(accessSupport(program, layers[layer], position, input), program.shapes[input]));
}
function reached(asked) {
    return asked.map(([input, position, layer]) =>
        whole(accessReached(program, input, position, layers[layer]), program.shapes[layers[layer]]));
}
function boxesAt(asked) {
    return asked.map(([layer, position, clip]) => boxes.has(layer) ? boxes.box(layer, position, clip) : "left out");
}
"""

Mask = npt.NDArray[np.bool_]


def scripted(page: Page) -> Page:
    """A page with the scripts that follow access programs."""
    for name in SCRIPTS:
        page.add_script_tag(content=(ASSETS / name).read_text("utf-8"))
    page.add_script_tag(content=ASKING)
    return page


def follow(page: Page, source: Explored) -> None:
    """Gives a page what it needs of an analysis."""
    data = explored(source)
    page.evaluate("given => load(...given)", [data["program"], data["layers"], data["boxes"]])


def follow_program(page: Page, program: AccessProgram) -> None:
    """Gives a page a program of which every tensor is a layer, without boxes."""
    layers = list(range(len(program.inputs), len(program.inputs) + len(program.tensors)))
    tables = {"tables": [], "rows": [], "layers": [-1 for _ in layers]}
    page.evaluate("given => load(...given)", [program_to_dict(program), layers, tables])


def supports(
    page: Page, asked: Sequence[tuple[int, Sequence[int], int]], shapes: Sequence[tuple[int, ...]]
) -> list[Mask]:
    """By (layer, position, input): which positions of the input, of these shapes, reach it."""
    return _masks(page.evaluate("asked => supports(asked)", [list(one) for one in asked]), shapes)


def reached(
    page: Page, asked: Sequence[tuple[int, Sequence[int], int]], shapes: Sequence[tuple[int, ...]]
) -> list[Mask]:
    """By (input, position, layer): which positions of the layer, of these shapes, it reaches."""
    return _masks(page.evaluate("asked => reached(asked)", [list(one) for one in asked]), shapes)


def boxes(page: Page, asked: Sequence[tuple[int, Sequence[int], bool]]) -> list[Any]:
    """By (layer, position, clip): per input a list of [lo, hi], or None; "left out" for a layer without tables."""
    found: list[Any] = page.evaluate("asked => boxesAt(asked)", [list(one) for one in asked])
    return found


def _masks(texts: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> list[Mask]:
    made = []
    for text, shape in zip(texts, shapes, strict=True):
        bits = np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), count=int(np.prod(shape)))
        made.append(bits.astype(bool).reshape(shape))
    return made
