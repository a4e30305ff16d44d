"""Manifests come with files of strangers: types, names and sizes are looked at before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from onnx import helper

from rfonnx.errors import ModelError
from rfonnx.graph.tensors import ELEMENT_TYPES, MAX_AXES, MAX_DIM
from rfonnx.graph.text import quote
from rfonnx.results.streaming import (
    Closing,
    Length,
    Manifest,
    StreamedInput,
    StreamedOutput,
    StreamState,
    StreamStatistic,
)

MOST_BYTES = 2**31
"""What a chunk and all states take, at most: 2 GiB."""
MOST_RUNS = 2**24
"""Chunks for which an output may be late."""
MOST_STEPS = 100
"""Steps of a length."""


def check(manifest: Manifest, label: str) -> None:
    """See that a manifest can be run.

    Args:
        manifest: as it was read: its fields may hold anything.
        label: of the model.

    Raises:
        ModelError: it cannot; the message says which entry is wrong.
    """
    for wrong in _wrong(manifest):
        raise ModelError(f"{label}: the manifest of the stream cannot be used: {wrong}", "make the stream again")


def _wrong(manifest: Manifest) -> Iterator[str]:
    """What is wrong, the first first: what comes behind may stand on it."""
    names = (manifest.model, manifest.sha256, manifest.ends_input, *manifest.others, *manifest.finals)
    yield from _texts(*names, *manifest.assumptions, *manifest.differs)
    for name, frames in manifest.differs.items():
        yield from _counts(f"differs of {quote(name)}", frames, -1)
    for name in ("chunk", "unit"):
        yield from _counts(name, getattr(manifest, name), 1)
    for name in ("shortest", "sees", "fixed", "longest", "cache", "unchanged"):
        yield from _counts(name, getattr(manifest, name), 0)
    if manifest.chunk % manifest.unit:
        yield f"a chunk of {manifest.chunk} frames is no multiple of the unit {manifest.unit}"
    size = 0
    for one in manifest.inputs:
        yield from _tensor("input", one.name, one.shape, one.dtype)
        yield from _axis("input", one)
        if one.shape[one.axis] != manifest.chunk:
            yield f"input {quote(one.name)} has {one.shape[one.axis]} frames for a chunk of {manifest.chunk}"
        size += _bytes(one)
    for state in manifest.states:
        yield from _tensor("state", state.input, state.shape, state.dtype)
        yield from _state(state)
        size += _bytes(state)
    for figure in manifest.statistics:
        yield from _tensor("statistic", figure.input, figure.shape, figure.dtype)
        yield from _texts(figure.node, figure.tensor, figure.meaning)
        size += _bytes(figure)
    if size > MOST_BYTES:
        yield f"a chunk and the states take {size} bytes, expected at most {MOST_BYTES}"
    for output in manifest.outputs:
        yield from _texts(output.name)
        yield from _counts("axis", output.axis, 0, MAX_AXES)
        yield from _counts("held", output.held, 0)
    for flow in manifest.flows:
        yield from _flow(manifest, flow)
    for end in manifest.ends:
        yield from _length(end)
    yield from _packs(manifest)
    taken = [*(one.input for one in manifest.states), *(one.name for one in manifest.inputs), *manifest.others]
    taken += [one.input for one in manifest.statistics]
    if len(set(taken)) < len(taken):
        yield "two inputs have one name"


def _texts(*values: Any) -> Iterator[str]:
    for value in values:
        if not isinstance(value, str):
            yield f"{str(value)[:40]} stands where a text is expected"


def _counts(name: str, value: Any, least: int, most: int = MAX_DIM) -> Iterator[str]:
    if type(value) is not int or not least <= value <= most:
        yield f"'{name}' is {str(value)[:40]}, expected a whole number from {least} to {most}"


def _tensor(what: str, name: Any, shape: Any, dtype: Any) -> Iterator[str]:
    yield from _texts(name)
    if not isinstance(dtype, str) or dtype not in ELEMENT_TYPES or dtype == "string":
        yield f"{what} {quote(name)} has the type {str(dtype)[:40]}, expected one of numbers"
    if len(shape) > MAX_AXES or not all(type(n) is int and 0 <= n <= MAX_DIM for n in shape):
        yield f"{what} {quote(name)} has the shape {str(shape)[:80]}, expected lengths from 0 to 2^40"


def _bytes(one: StreamedInput | StreamState | StreamStatistic) -> int:
    return prod(one.shape) * numpy_type(one.dtype).itemsize


def numpy_type(dtype: str) -> np.dtype[Any]:
    """The type of arrays that hold it."""
    return np.dtype(helper.tensor_dtype_to_np_dtype(ELEMENT_TYPES[dtype]))


def _axis(what: str, one: StreamedInput) -> Iterator[str]:
    if type(one.axis) is not int or not 0 <= one.axis < len(one.shape):
        yield f"{what} {quote(one.name)} has no axis {str(one.axis)[:40]}"


def _state(state: StreamState) -> Iterator[str]:
    yield from _texts(state.output, state.meaning)
    if state.initial is None:
        return
    held = np.asarray(state.initial)  # of lists that are not regular a ValueError, which readers expect
    if held.dtype.kind not in "iufb":
        yield f"state {quote(state.input)} begins with what is no number"
    if held.ndim > len(state.shape) or any(
        n not in (1, m) for n, m in zip(held.shape[::-1], state.shape[::-1], strict=False)
    ):
        yield f"state {quote(state.input)} of shape {state.shape} begins with numbers of shape {held.shape}"
    kind = numpy_type(state.dtype)
    if kind.kind in "iu" and held.size:
        ends = np.iinfo(kind)
        if not ends.min <= held.min() <= held.max() <= ends.max:
            yield f"state {quote(state.input)} begins with numbers that {state.dtype} does not have"


def _flow(manifest: Manifest, flow: StreamedOutput | Closing) -> Iterator[str]:
    yield from _counts("frames", flow.frames, 1)
    late = MOST_RUNS * flow.frames
    if type(flow.delay) is not int or abs(flow.delay) > late:
        yield f"'delay' is {str(flow.delay)[:40]}, expected a whole number of at most {late}"
    yield from _length(flow.length)
    up = prod(multiply for multiply, _, _ in flow.length.steps) * manifest.chunk
    if not flow.length.constant and up != prod(divide for _, _, divide in flow.length.steps) * flow.frames:
        yield "the length of a tensor does not go on as its frames come"
    if abs(flow.length(0)) > late:
        yield f"a tensor is {abs(flow.length(0))} frames longer than what comes, expected at most {late}"


def _length(length: Length) -> Iterator[str]:
    if len(length.steps) > MOST_STEPS:
        yield f"a length has {len(length.steps)} steps, expected at most {MOST_STEPS}"
    for multiply, add, divide in length.steps:
        yield from _counts("multiply", multiply, 0)
        yield from _counts("divide", divide, 1)
        yield from _counts("add", abs(add), 0)


def _packs(manifest: Manifest) -> Iterator[str]:
    states = {one.input: one for one in manifest.states if one.initial is not None}
    packed: Sequence[str] = [name for pack in manifest.packs for name in pack.states]
    if len(set(packed)) < len(packed):
        yield "a state lies in two packs"
    for pack in manifest.packs:
        yield from _tensor("pack", pack.input, (pack.size,), pack.dtype)
        yield from _texts(pack.output)
        if not all(name in states for name in pack.states):
            yield f"pack {quote(pack.input)} holds what is no state"
        inside = [states[name] for name in pack.states]
        if {one.dtype for one in inside} != {pack.dtype} or sum(prod(one.shape) for one in inside) != pack.size:
            yield f"pack {quote(pack.input)} is not what its states make"
