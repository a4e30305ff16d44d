"""What a host gives, as a streaming model takes it: chunks, the rest, other inputs, statistics, and what states hold at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rfonnx.errors import DataError
from rfonnx.graph.text import quote
from rfonnx.results.streaming import Manifest

Chunk = np.ndarray | Mapping[str, np.ndarray]
"""Frames of the one input that is streamed, or of each by its name."""


def named(manifest: Manifest, chunk: Chunk, label: str) -> dict[str, np.ndarray]:
    """A chunk by input, in its type.

    Raises:
        DataError: there are other names, or no numbers of that type.
    """
    types = {one.name: one.dtype for one in manifest.inputs}
    given = dict(chunk) if isinstance(chunk, Mapping) else {manifest.input: chunk}
    if given.keys() != types.keys():
        raise DataError(
            f"{label}: a chunk has frames of {', '.join(quote(str(name)) for name in given) or 'nothing'}, expected "
            f"{', '.join(map(quote, types))}",
            "push the frames of every input that is streamed, by its name",
        )
    return {
        name: numbers(given[name], dtype, f"{label}: a chunk of input {quote(name)}") for name, dtype in types.items()
    }


def numbers(given: Any, dtype: str, what: str) -> np.ndarray:
    """An array in a type that holds its numbers: floats are rounded, whole numbers have to lie in it.

    Args:
        given: an array, or what numpy makes one of.
        dtype: numpy's name.
        what: it is called in messages.

    Raises:
        DataError: it holds other things, or numbers that the type has not.
    """
    try:
        array = np.asarray(given)
    except ValueError as error:  # lists of different lengths
        raise DataError(f"{what} is no array ({error})", f"give an array of {dtype}") from error
    kind = np.dtype(dtype)
    if array.dtype == kind:
        return array
    fits = array.dtype.kind in "iub" and kind.kind in "iu" and _within(array, kind)
    real = array.dtype.kind in "iubfV" and kind.kind in "fV"  # V: bfloat16 and the like
    if not (fits or real):
        raise DataError(f"{what} has the type {array.dtype}, expected {dtype}", f"give an array of {dtype}")
    return array.astype(kind)


def _within(array: np.ndarray, kind: np.dtype[Any]) -> bool:
    ends = np.iinfo(kind)
    return not array.size or (int(array.min()) >= ends.min and int(array.max()) <= ends.max)


def frames_left(manifest: Manifest, parts: Mapping[str, np.ndarray], label: str) -> int:
    """Of the rest of a stream: fewer than a chunk.

    Raises:
        DataError: there are more, or another number of axes.
    """
    counts = [0]
    for one in manifest.inputs[: len(parts)]:
        part = parts[one.name]
        counts.append(part.shape[one.axis] if part.ndim == len(one.shape) else -1)
        if not 0 <= counts[-1] < manifest.chunk:
            raise DataError(
                f"{label}: the rest of a stream has shape {part.shape}, expected fewer than {manifest.chunk} "
                f"frames along axis {one.axis}",
                "push whole chunks first",
            )
    return counts[-1]


def check_shapes(manifest: Manifest, chunk: Mapping[str, np.ndarray], frames: int, label: str) -> None:
    """See that all inputs have so many frames, and else the shape of the plan.

    Raises:
        DataError: one has not.
    """
    for one in manifest.inputs[: len(chunk)]:
        array, shape = chunk[one.name], (*one.shape[: one.axis], frames, *one.shape[one.axis + 1 :])
        if array.shape != shape:
            raise DataError(
                f"{label}: a chunk of input {quote(one.name)} has shape {array.shape}, expected {shape}",
                f"push {manifest.chunk} frames at a time along axis {one.axis}",
            )


def others_of(
    manifest: Manifest, given: Mapping[str, Any] | None, types: Mapping[str, tuple[tuple[int, ...], str]], label: str
) -> dict[str, np.ndarray]:
    """Inputs that are not streamed, as the model takes them.

    Args:
        manifest: of the model.
        given: by name.
        types: shape and type of the model's inputs.
        label: of the model.

    Raises:
        DataError: one is missing, has another shape or type, or there is no such input.
    """
    given = given or {}
    missing, unknown = [name for name in manifest.given if name not in given], sorted(given.keys() - {*manifest.given})
    if missing:
        raise DataError(f"{label}: input {quote(missing[0])} is not given", "give it with others=")
    if unknown:
        raise DataError(f"{label}: no input {quote(str(unknown[0]))} is given beside what is streamed", "leave it out")
    made = {name: numbers(given[name], types[name][1], f"{label}: input {quote(name)}") for name in manifest.given}
    for name, array in made.items():
        if array.shape != types[name][0]:
            raise DataError(
                f"{label}: input {quote(name)} has shape {array.shape}, expected {types[name][0]}",
                "give it in the shape of the plan",
            )
    return made


def fitting(manifest: Manifest, given: Mapping[str, Any], label: str) -> dict[str, np.ndarray]:
    """Statistics by name, as the model takes them.

    Raises:
        DataError: some are missing, one has another shape, or there is no such.
    """
    names = [one.input for one in manifest.statistics]
    missing, unknown = [name for name in names if name not in given], [name for name in given if name not in names]
    if missing or unknown:
        what = "are missing" if missing else "are not taken"
        raise DataError(
            f"{label}: statistics {what}: {', '.join(map(quote, missing or unknown))}",
            "measure them with `rfonnx stream statistics`, and give them with statistics="
            if missing
            else "leave them out",
        )
    made = {
        one.input: numbers(given[one.input], one.dtype, f"{label}: statistic {quote(one.input)}")
        for one in manifest.statistics
    }
    for one in manifest.statistics:
        if made[one.input].shape != one.shape:
            raise DataError(
                f"{label}: statistic {quote(one.input)} has shape {made[one.input].shape}, expected {one.shape}",
                f"it is {one.meaning}",
            )
    return made


def first_states(manifest: Manifest, others: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What states hold at first, by the inputs that hold them; `others`: what the host gives."""
    first = {
        one.input: np.broadcast_to(
            np.asarray(others[one.input] if one.initial is None else one.initial, one.dtype), one.shape
        ).copy()
        for one in manifest.states
    }
    for pack in manifest.packs:
        first[pack.input] = np.concatenate([first.pop(name).reshape(-1) for name in pack.states])
    return first


def holders(manifest: Manifest) -> dict[str, str]:
    """By input that holds states, the output that holds what they become."""
    inside = {name for pack in manifest.packs for name in pack.states}
    alone = {one.input: one.output for one in manifest.states if one.input not in inside}
    return alone | {pack.input: pack.output for pack in manifest.packs}


def lengthened(part: np.ndarray, silence: np.ndarray) -> np.ndarray:
    """The last frames of an input, and silence up to a chunk."""
    return np.pad(part, [(0, whole - own) for whole, own in zip(silence.shape, part.shape, strict=True)])


def cut(array: np.ndarray, axis: int, start: int, end: int) -> np.ndarray:
    """Positions `start` to `end` of an axis, as far as there are some."""
    index: list[slice] = [slice(None)] * array.ndim
    index[axis] = slice(start, end)
    return array[tuple(index)]
