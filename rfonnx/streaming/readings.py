"""What a node reads of each operand along time, told from the access program: one relation between two axes of frames."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from rfonnx.analysis.lower import Program
from rfonnx.analysis.repeated import IndexedPath
from rfonnx.graph.temporaries import is_temporary, named_by
from rfonnx.operators.access.path_shape import path_shape
from rfonnx.operators.access.primitives import Permute, Reduce, Reshape, Select, Spread, Step, Tables, Window, tables
from rfonnx.streaming.bands import Attends, banded
from rfonnx.streaming.cut_windows import windows
from rfonnx.streaming.relations import (
    LAST,
    WHOLE,
    Bends,
    Blends,
    Blocked,
    Ends,
    Found,
    Moves,
    Reading,
    Runs,
    Same,
    Slides,
    Spreads,
)


def read(
    program: Program, tensors: Sequence[int], axes: Mapping[str, int], names: Sequence[str]
) -> dict[str, dict[str, Found]]:
    """What the tensors of one node read along time.

    Args:
        program: of the whole graph.
        tensors: indices in `program.tensors` of the node's tensors, temporaries among them, in order.
        axes: the axis of frames of every tensor, and of every temporary, before it that has one.
        names: of inputs and tensors, by the program's numbering.

    Returns:
        By tensor of the node, temporaries included, by operand: a tensor of the file, also where a temporary of it is read.
    """
    found: dict[str, dict[str, Found]] = {}
    for index in tensors:
        tensor = program.tensors[index]
        here: dict[str, Found] = {}
        for path in tensor.paths:
            for operand, one in _along(path, program, axes, names, found, tensor.shape).items():
                one = _noted(one, tensor.note)
                here[operand] = _both(here[operand], one) if operand in here else one
        found[tensor.name] = here
    return found


def _noted(found: Found, note: str) -> Found:
    """With what the access program says of its doubts, where all positions are read."""
    if not note:
        return found
    if isinstance(found, Blocked):
        return Blocked(f"{found.reason} ({note})") if found.reason == WHOLE else found
    axis, reading = found
    return (axis, Ends(f"{WHOLE} ({note})")) if reading == Ends(WHOLE) else found


def _along(
    path: IndexedPath,
    program: Program,
    axes: Mapping[str, int],
    names: Sequence[str],
    inner: Mapping[str, Mapping[str, Found]],
    shape: tuple[int, ...],
) -> dict[str, Found]:
    """What a path leads from: an operand with frames, or what a temporary reads."""
    source, steps = path
    name = names[source]
    inputs = len(program.inputs)
    start = program.inputs[source][1] if source < inputs else program.tensors[source - inputs].shape
    if name in inner:
        origins = dict(inner[name])
    elif name in axes:
        origins = {named_by(name): (axes[name], Same())}
    elif is_temporary(name) and named_by(name) in axes:
        origins = {named_by(name): Blocked(WHOLE)}
    else:
        return {}
    return {operand: _follow(one, start, steps, shape) for operand, one in origins.items()}


def _follow(found: Found, shape: tuple[int, ...], steps: Sequence[Step], end: tuple[int, ...]) -> Found:
    laid = -1
    for index, step in enumerate(steps):
        if isinstance(found, Blocked):
            return found
        window = windows(found[0], steps[index:]) if found[1] == Same() else None
        if window is not None:
            found, laid = (window.axis, Slides(window.kernel, window.stride, window.dilation, window.pad)), index + 1
        elif index != laid:
            found = _step(*found, shape, step)
        shape = path_shape(shape, (step,)) or ()
    if isinstance(found, Blocked):
        return found
    axis, reading = found
    return (-1 if isinstance(reading, Ends) else axis + len(end) - len(shape)), reading


def _step(axis: int, reading: Reading, shape: tuple[int, ...], step: Step) -> Found:
    """The axis and the relation after one more step."""
    if isinstance(reading, Ends):
        return axis, reading
    if isinstance(step, Permute):
        return step.perm.index(axis), reading
    if isinstance(step, Reshape):
        return _reshaped(axis, reading, shape, step.shape)
    if isinstance(step, Reduce):
        return (axis, Ends(WHOLE)) if axis in step.axes else (axis, reading)
    if step.axis != axis:
        return axis, reading
    own = _relation(step, shape[axis])
    if isinstance(own, Blocked):
        return own
    if isinstance(reading, Same) or (isinstance(reading, Runs) and isinstance(own, Ends)):
        return axis, own
    return (axis, reading) if isinstance(own, Same) else Blocked("reads windows of windows along the streamed axis")


def _reshaped(axis: int, reading: Reading, shape: tuple[int, ...], into: tuple[int, ...]) -> Found:
    """The axis stays one axis; or takes in what lies behind it: a frame becomes several; or is split: groups become frames."""
    before = math.prod(shape[:axis])
    whole = shape[axis]
    places = [place for place in range(len(into)) if math.prod(into[:place]) == before]
    for place in places:
        if into[place] == whole:
            return place, reading
    place = next((place for place in places if into[place] > 1), -1)
    if place >= 0 and reading == Same():
        frames = into[place]
        if frames % whole == 0:
            return place, Moves(1, (0,) * (frames // whole))
        if whole % frames == 0:
            return place, Slides(whole // frames, whole // frames, 1, 0)
    return Blocked("lays the streamed axis and another one into each other")


def _relation(step: Step, length: int) -> Reading | Blocked:
    """The relation of one step along the axis of frames, which has `length` of them."""
    if isinstance(step, Window):
        if step.stride < 1:
            return Blocked("goes through the streamed axis backwards")
        if (step.kernel, step.stride, step.pad, step.length) == (1, 1, 0, length):
            return Same()
        if (step.kernel, step.length) == (1, 1) and length - 1 == -step.pad:
            return Ends(LAST)
        return Slides(step.kernel, step.stride, step.dilation, step.pad)
    if isinstance(step, Spread):
        return Spreads(step.kernel, step.stride, step.dilation, step.pad)
    if isinstance(step, Select):
        return _selected(step, length)
    return Blocked(WHOLE)


def _selected(step: Select, length: int) -> Reading | Blocked:
    read = tables(step)
    if read is None:
        return Blocked("reads positions of a streamed axis that is too long to look at them one by one")
    first, last = read.first, read.last
    places = np.arange(len(first), dtype=np.int64)
    if len(first) == length > 1 and np.array_equal(first, places) and np.array_equal(last, places):
        return Same()
    nothing = last < first
    gaps = bool(nothing.any())
    if step.period == 0:
        if len(first) > 1 and not first.any() and step.step == 1:
            if (
                np.array_equal(last[1:], places[1:]) and last[0] <= 0
            ):  # a key that is seen alone weighs 1, whatever it is
                return Runs()
            if np.array_equal(last, places - 1):
                return Runs(before=True)
        seen = banded(first, last, length) if step.step == 1 and len(first) == length else None
        if seen is not None:
            return Same(gaps) if seen == Attends((0,), (0,)) else seen
        if len(first) == 1 and first[0] == last[0] == length - 1:
            return Ends(LAST)
        begin = _stretch(first, last, length)
        if begin is not None:
            return Slides(1, 1, 1, begin)
        if len(first) == 1:
            return Blocked("gives one position of the streamed axis")
        return Blocked("reads other positions of the streamed axis than those near its own")
    free = read.free_first, read.free_last
    own = np.array_equal(free[0], places) and np.array_equal(free[1], places) and len(first) == length
    if own and bool((nothing | ((first == places) & (last == places))).all()):
        return Same(gaps)  # where nothing is read, another operand is 0 for certain, or it is left out
    if not (np.array_equal(first, free[0]) and np.array_equal(last, free[1])):
        if (step.period, step.shift) == (1, 1) and np.array_equal(first, last):
            begin = -int(free[0][0])
            for mirrored in (False, True):
                if np.array_equal(first, bent(places - begin, length, mirrored)):
                    return Bends(begin, mirrored)
        blends = _blends(step, read, places, length)
        if blends is not None:
            return blends
        return Blocked("reads, beyond the ends of the streamed axis, frames from elsewhere")
    if not np.array_equal(first, last):
        blends = _blends(step, read, places, length)
        if blends is not None:
            return blends
        return Blocked("mixes neighbours along the streamed axis in a changing way")
    offsets = first[: step.period]
    if step.shift < 1 or not np.array_equal(first, places // step.period * step.shift + offsets[places % step.period]):
        return Blocked("reads positions of the streamed axis that do not go on evenly")
    return Moves(step.shift, tuple(int(n) for n in offsets))


def _blends(step: Select, read: Tables, places: np.ndarray, length: int) -> Blends | None:
    """Taps that go on evenly, and are held inside at the ends."""
    if step.step != 1:
        return None
    found = []
    for free, clamped in ((read.free_first, read.first), (read.free_last, read.last)):
        offsets = free[: step.period]
        even = places // step.period * step.shift + offsets[places % step.period]
        if not (np.array_equal(even, free) and np.array_equal(clamped, np.clip(free, 0, length - 1))):
            return None
        found.append(tuple(int(n) for n in offsets))
    return Blends(step.shift, *found)


def _stretch(first: np.ndarray, last: np.ndarray, length: int) -> int | None:
    """Where a stretch begins in which frame after frame is read, of a table that reads nothing beside it; None: it is no such."""
    there = np.flatnonzero(first <= last)
    if not len(first) > length == len(there) > 1 or there[-1] - there[0] != length - 1:
        return None
    own = np.array_equal(first[there], np.arange(length)) and np.array_equal(first[there], last[there])
    return int(there[0]) if own else None


def bent(places: np.ndarray, length: int, mirrored: bool) -> np.ndarray:
    """Positions, the ones beyond the ends as `Bends` says."""
    found: np.ndarray = length - 1 - np.abs(length - 1 - np.abs(places)) if mirrored else np.clip(places, 0, length - 1)
    return found


def _both(one: Found, other: Found) -> Found:
    """What two paths from the same operand read together."""
    for found in (one, other):
        if isinstance(found, Blocked):
            return found
    assert not isinstance(one, Blocked)
    assert not isinstance(other, Blocked)
    if one != other:
        for _, reading in (one, other):
            if isinstance(reading, Ends):
                return Blocked(reading.reason)
    if one[0] != other[0]:
        return Blocked("compares positions of the streamed axis with each other")
    if one[1] == other[1] or (isinstance(other[1], Same) and isinstance(one[1], Runs)):
        return one
    if isinstance(one[1], Same) and isinstance(other[1], Runs):
        return other
    return Blocked("reads the streamed axis in two ways at once")
