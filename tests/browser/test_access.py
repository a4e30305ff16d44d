"""What the page works out by itself equals what `Analysis` says: boxes, whole masks, and the outputs that an input reaches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

import rfonnx
from browser.followed import boxes, follow, follow_program, reached, scripted, supports
from core.programs import programs
from gradient.table import TABLE, Case
from rfonnx import _core
from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.lower import Program
from rfonnx.analysis.patches import laid_out, reads_of
from rfonnx.report.explorer.access_program import BEYOND

MODELS = sorted((Path(__file__).parents[2] / "models").glob("*.onnx"))
LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx"))

LAYERS = 24
"""Layers of a model that are asked about, spread over its depth."""

MANY = 2**22
"""Positions of a tensor of which all are not worth a test's time."""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield scripted(page)
    page.close()


def test_the_page_knows_exactly_the_primitives_of_the_core(page: Page) -> None:
    known = page.evaluate("ACCESS_FIELDS")
    assert known == {
        name: [field for field in fields if field not in BEYOND] for name, fields in _core.PRIMITIVES.items()
    }


@pytest.mark.parametrize("path", MODELS + LIGHT, ids=lambda path: path.stem)
def test_models_are_seen_as_the_analysis_sees_them(path: Path, page: Page) -> None:
    analysis = rfonnx.analyze(path)
    names = list(analysis.tensors)
    chosen = sorted({0, len(names) - 1, *np.linspace(0, len(names) - 1, LAYERS).astype(int).tolist()})
    hold(analysis, page, chosen, np.random.default_rng(0))


CASES = [case for case in TABLE if case.op != "Compress"]


@pytest.mark.parametrize("cases", np.array_split(np.arange(len(CASES)), 8), ids=lambda part: f"from {CASES[part[0]]}")
def test_operators_of_each_family(cases: np.ndarray, page: Page) -> None:
    draw = np.random.default_rng(1)
    for number in cases:
        analysis = analysed(CASES[number])
        hold(analysis, page, range(len(analysis.tensors)), draw)


def analysed(case: Case) -> Analysis:
    return rfonnx.analyze(case.model(np.float32))


def hold(analysis: Analysis, page: Page, layers: list[int] | range, draw: np.random.Generator) -> None:
    """The page's boxes and masks at the corners, in the middle and somewhere else of these layers."""
    follow(page, analysis)
    names, inputs = list(analysis.tensors), list(analysis.input_shapes)
    shapes = [shape for _, shape in analysis.program.inputs]
    by_name = {tensor.name: tensor.shape for tensor in analysis.program.tensors}
    places = [(layer, position) for layer in layers for position in positions(by_name[names[layer]], draw)]
    for clip in (True, False):
        found = boxes(page, [(layer, position, clip) for layer, position in places])
        for (layer, position), box in zip(places, found, strict=True):
            if box != "left out":
                read = {name: tuple(map(tuple, one)) for name, one in zip(inputs, box, strict=True) if one is not None}
                assert (read or None) == analysis.box(names[layer], position, clip), (names[layer], position, clip)
    asked = [(layer, position, number) for layer, position in places for number in range(len(inputs))]
    masks = supports(page, asked, [shapes[number] for _, _, number in asked])
    for (layer, position, number), mask in zip(asked, masks, strict=True):
        expected = analysis.support(names[layer], position, inputs[number])
        assert np.array_equal(mask, expected), (names[layer], position, inputs[number])


def positions(shape: tuple[int, ...], draw: np.random.Generator) -> list[list[int]]:
    """The first, the last, the middle and two more positions of a tensor; none where it has none."""
    if 0 in shape:
        return []
    found = [[0 for _ in shape], [n - 1 for n in shape], [n // 2 for n in shape]]
    found += [[int(draw.integers(n)) for n in shape] for _ in range(2)]
    return [list(position) for position in dict.fromkeys(map(tuple, found))]


@settings(max_examples=150, deadline=None)
@given(program=programs(), data=st.data())
def test_random_programs_there_and_back(page: Page, program: Program, data: st.DataObject) -> None:
    """Every position of the last tensor: what it sees, and, turned round, what sees it."""
    result = _core.run(list(program.inputs), [(t.name, t.shape, t.paths, t.exact) for t in program.tensors])
    last, inputs = len(program.tensors) - 1, len(program.inputs)
    shape, number = program.tensors[last].shape, data.draw(st.integers(0, inputs - 1))
    source, given = inputs + last, program.inputs[number][1]
    sees = np.zeros((*shape, *given), bool)
    for position in np.ndindex(shape):
        sees[position] = laid_out(reads_of(result.support(source, list(position), number), given, np.bool_), np.bool_)
    follow_program(page, program)
    there = supports(page, [(last, position, number) for position in np.ndindex(shape)], [given] * int(np.prod(shape)))
    assert np.array_equal(np.reshape(there, sees.shape), sees)
    back = reached(page, [(number, position, last) for position in np.ndindex(given)], [shape] * int(np.prod(given)))
    assert np.array_equal(
        np.moveaxis(np.reshape(back, (*given, *shape)), range(len(given)), range(-len(given), 0)), sees
    )


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_an_input_position_reaches_the_outputs_that_see_it(path: Path, page: Page) -> None:
    """At the ends and in the middle of an input: the mask over an output, against the supports at some of its positions."""
    analysis = rfonnx.analyze(path)
    follow(page, analysis)
    draw = np.random.default_rng(2)
    names, shape = list(analysis.tensors), analysis.program.inputs[0][1]
    origins = positions(shape, draw)
    for layer in (len(names) // 2, len(names) - 1):
        own = analysis.tensors[names[layer]].shape
        masks = reached(page, [(0, origin, layer) for origin in origins], [own] * len(origins))
        for position in positions(own, draw):
            seen = analysis.support(names[layer], position, analysis.inputs[0])
            assert [bool(mask[tuple(position)]) for mask in masks] == [bool(seen[tuple(o)]) for o in origins]
