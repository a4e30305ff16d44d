"""What the tensors of a stream see, held against the offline model: copies of the stream are chained, and both are analysed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from onnx import ModelProto

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.errors import ModelError, RfonnxError, ShapeError
from rfonnx.graph.text import quote
from rfonnx.model.opened import Opened
from rfonnx.operators.table import operator
from rfonnx.results.stream_checks import StreamStructure
from rfonnx.results.streaming import Length, Manifest
from rfonnx.streaming.branches import choice_of, nodes_of
from rfonnx.streaming.chained import chained, in_copy, outside, runs
from rfonnx.streaming.flow import Twin
from rfonnx.streaming.model import with_frames

MOST = 6000
"""Nodes of a chain: about one second."""
FARTHEST = 50_000
"""Frames of a field that chains are made for."""
SHOWN = 3

Columns = Sequence[tuple[str, int]]
"""Inputs, each with one of its axes."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A tensor of the streaming model, and the offline one that it stands for, moved by its delay."""

    tensor: str
    value: str
    axis: int
    frames: int
    delay: int
    length: Length


def of_twins(twins: Iterable[Twin], manifest: Manifest) -> list[Compared]:
    """What can be compared where the stream was made here."""
    inner = [
        Compared(one.tensor, one.flow.value.name, one.flow.axis, one.flow.frames, one.flow.delay, one.flow.length)
        for one in twins
    ]
    return [*inner, *of_outputs(manifest)]


def of_outputs(manifest: Manifest) -> list[Compared]:
    """What can be compared of any stream."""
    return [Compared(one.name, one.name, one.axis, one.frames, one.delay, one.length) for one in manifest.outputs]


def lengths(manifest: Manifest) -> list[int]:
    """Lengths at which most of what is seen lies between the ends; a model may take some of them only."""
    if manifest.fixed:
        return [manifest.fixed]
    whole = max((-(-min(manifest.sees, FARTHEST) // manifest.chunk) + 2) * manifest.chunk, manifest.shortest)
    wanted = (whole + manifest.unit // 2 + 1, whole, whole + manifest.unit, whole + 64)
    return list(dict.fromkeys(min(length, manifest.longest or length) for length in wanted))


def nodes(model: ModelProto, manifest: Manifest) -> int:
    """Of the chain, about."""
    return runs(manifest, lengths(manifest)[0]) * len(nodes_of(model))


def structure(
    offline: Opened, shapes: Mapping[str, tuple[int, ...]], model: ModelProto, manifest: Manifest, pairs: list[Compared]
) -> StreamStructure:
    """Compare what every tensor sees in the chain and in the offline model, frame by frame, along all axes of what is streamed.

    Args:
        offline: the model.
        shapes: of its inputs, of any number of frames.
        model, manifest: the stream.
        pairs: what is compared.
    """
    chunk = manifest.chunk
    count = nodes(model, manifest)
    if count > MOST:
        return StreamStructure(chunk, skipped=f"a chain that is longer than what an output sees has {count} nodes")
    failed: RfonnxError | None = None
    for length in lengths(manifest):
        try:
            whole = analyze(offline, with_frames(shapes, {one.name: one.axis for one in manifest.inputs}, length))
        except (ModelError, ShapeError) as error:
            failed = error
            continue
        chain = analyze(Opened(chained(model, manifest, length)))
        return _compared(whole, chain, manifest, length, pairs, _branch(model))
    return StreamStructure(chunk, skipped=f"the offline model is not analysed: {failed}")


def _compared(
    whole: Analysis, chain: Analysis, manifest: Manifest, length: int, pairs: list[Compared], branch: str
) -> StreamStructure:
    """`branch`: what is put before the names of the branch that a copy takes."""
    copies, products, columns = runs(manifest, length), _products(whole), _columns(manifest)
    differences: list[str] = []
    tensors: set[str] = set()
    frames = loose = 0
    for pair in pairs:
        for copy in range(copies):
            first = copy * pair.frames - pair.delay
            start, end = max(first, 0), min(first + pair.frames, pair.length(length))
            if start >= end:
                continue
            inner = in_copy(copy, branch + pair.value)
            name = inner if inner in chain.graph.shapes else in_copy(copy, pair.value)
            found = _differ(whole, chain, pair, name, (start, end), first, products, columns)
            if found and not (_exact(whole, pair.tensor) and _exact(chain, name)):
                loose += end - start
                continue
            tensors.add(pair.tensor)
            frames += end - start
            found = found or (_joined_otherwise(whole, chain, pair, name, columns, end) if copy == 0 else "")
            if found:
                differences.append(found)
                break
    return StreamStructure(manifest.chunk, length, copies, len(tensors), frames, loose, tuple(differences[:SHOWN]))


def _branch(model: ModelProto) -> str:
    """The analysis calls tensors of a branch that is taken by the name of the choice, too."""
    choice = choice_of(model)
    return "" if choice is None else f"{choice.name}/"


def _exact(analysis: Analysis, name: str) -> bool:
    return name not in analysis.tensors or analysis.tensors[name].exact


def _differ(
    whole: Analysis,
    chain: Analysis,
    pair: Compared,
    name: str,
    offline: tuple[int, int],
    first: int,
    products: bool,
    columns: Columns,
) -> str:
    """Where a copy's frames see something else than those of the offline model from `offline[0]` on; "": nowhere.

    `products`: what sees nothing is not compared with what sees something.
    """
    start, end = offline
    for input, axis in columns:
        expected = _frames(_seen(whole, pair.tensor, input, axis), pair.axis, start, end)
        found = _frames(_seen(chain, name, outside(input), axis), pair.axis, start - first, end - first)
        counts = {side.shape[pair.axis] for side in (*found, *expected) if side.ndim}
        if not counts <= {1, end - start}:
            return f"{quote(pair.tensor)} has other frames than {start} to {end - 1} in one of the two models"
        low, high, lowest, highest = np.broadcast_arrays(*found, *expected)
        nothing, none = low > high, lowest > highest
        wrong = ((low != lowest) | (high != highest)) & ~(nothing & none)
        if products:
            wrong &= nothing == none
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0])
            frame = start + (place[pair.axis] if wrong.shape[pair.axis] > 1 else 0)
            return (
                f"frame {frame} of {quote(pair.tensor)} sees {low[place]} to {high[place]} of {quote(input)} along axis {axis}, "
                f"and {lowest[place]} to {highest[place]} in the offline model"
            )
    return ""


def _joined_otherwise(whole: Analysis, chain: Analysis, pair: Compared, name: str, columns: Columns, end: int) -> str:
    """Whether paths that look at one place in the offline model look at several in the first copy, or are apart by others.

    Hulls do not show a branch that comes too early where another one sees more on both sides. Later copies read what the one
    before them carries over: there no path can be followed along one line; nor can it where the offline model puts frames beside
    its own (Concat), whose field does not slide then, or in the first copy, whose frames end before `end`, those are mirrored.
    """
    if pair.tensor not in whole.tensors or name not in chain.tensors:
        return ""
    for input, axis in columns:
        field = whole.tensors[pair.tensor].fields[input, axis]
        if field.kind not in ("local", "periodic") or _turns(whole, pair, input, axis, end):
            continue
        expected = field.offsets
        found = chain.tensors[name].fields[outside(input), axis].offsets
        if found and (not expected or len(found) == len(expected)) and _apart(found) != _apart(expected):
            return (
                f"branches that meet in {quote(pair.tensor)} look at other places of {quote(input)} along axis {axis}"
            )
    return ""


def _turns(whole: Analysis, pair: Compared, input: str, axis: int, end: int) -> bool:
    """Whether one of the first frames sees earlier positions than the one before it."""
    seen = _frames(_seen(whole, pair.tensor, input, axis), pair.axis, 0, end)
    return any((np.diff(side, axis=pair.axis) < 0).any() for side in seen if side.ndim)


def _apart(centers: tuple[Fraction, ...]) -> list[Fraction]:
    return [center - centers[0] for center in centers]


def _products(whole: Analysis) -> bool:
    """Whether tensors are multiplied with each other. Where one of them is 0 for certain, as in a border, the other is not seen;
    but in the two models other zeros are known."""
    graph = whole.graph
    return any(operator(node.kind).zero_wins and not graph.constants.intersection(node.inputs) for node in graph.nodes)


def _columns(manifest: Manifest) -> Columns:
    """Of what is streamed. Of a weight that is an input a window in a border reads less offline, where it is not padded here."""
    return [(one.name, axis) for one in manifest.inputs for axis in range(len(one.shape))]


NOTHING = np.array(0), np.array(-1)


def _seen(analysis: Analysis, name: str, input: str, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last position that each position sees; what is constant sees nothing."""
    if name in analysis.graph.constants or input not in analysis.inputs:
        return NOTHING
    return analysis.intervals(name, input, axis)


def _frames(seen: tuple[np.ndarray, np.ndarray], axis: int, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of some frames; length 1 where they do not depend on the frame."""
    index = tuple(slice(start, end) if i == axis and n > 1 else slice(None) for i, n in enumerate(seen[0].shape))
    return seen[0][index], seen[1][index]
