"""Samples for a measurement: arrays, files, or seeded noise; one at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rfonnx.data.bound import without_bound
from rfonnx.errors import DataError
from rfonnx.model.inputs import RANDOM_SAMPLES, InputType, described, draw
from rfonnx.results.plain import shape_text

if TYPE_CHECKING:
    from rfonnx.data.prepare import Preparer
    from rfonnx.data.samples import Item

Sample = tuple[str, dict[str, np.ndarray]]
"""Its name, and an array of the bound shape per input."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples in order.

    Attributes:
        read: gives them, once, for the types that they were opened for; these may have been told windows since.
        total: how many, or None when that is not known before the end.
        description: what they are.
    """

    read: Callable[[Mapping[str, InputType]], Iterator[Sample]]
    total: int | None
    description: str


def samples(
    data: Any, types: Mapping[str, InputType], n: int | None, seed: int, values: Mapping[str, np.ndarray] | None = None
) -> Samples:
    """Samples for a model's inputs.

    Args:
        data: None: standard normal floats, uniform integers; an array whose axis 0 counts samples, or such arrays by input; a
            path of a folder, image, .npy or .npz; an iterable of samples, each an array or arrays by input.
        types: by input. An input that a sample has no array for is drawn at random.
        n: samples to stop after; None: all of the data, or `RANDOM_SAMPLES`.
        seed: of what is drawn.
        values: of the inputs that are bound: samples need not hold them.

    Raises:
        DataError: no such data, or a sample does not fit (raised when it is its turn).
    """
    if data is None:
        count = n or RANDOM_SAMPLES
        return Samples(
            lambda known: ((f"random[{i}]", draw(known, seed, i)) for i in range(count)), count, described(count, seed)
        )
    if isinstance(data, str | os.PathLike):
        return _from_path(data, types, n, seed, values or {})
    given, total = _rows(data, types, values or {})
    total = n if total is None else total if n is None else min(n, total)
    what = f"{'' if total is None else f'{total} '}given samples"
    return Samples(lambda known: _fitted(given, known, n, seed), total, what)


def _rows(
    data: Any, types: Mapping[str, InputType], values: Mapping[str, np.ndarray]
) -> tuple[Iterator[tuple[str, Mapping[str, np.ndarray]]], int | None]:
    first = next(iter(types))
    if isinstance(data, np.ndarray):
        data = {first: data}
    if isinstance(data, Mapping):
        arrays = without_bound("data", {name: np.asarray(array) for name, array in data.items()}, values)
        unknown = [name for name in arrays if name not in types]
        if unknown or not arrays:
            what = ", ".join(map(repr, unknown))
            raise DataError(
                f"there is no input {what}" if arrays else "data holds no arrays",
                f"the inputs are {', '.join(map(repr, types))}",
            )
        counts = {len(array) if array.ndim else 0 for array in arrays.values()}
        if len(counts) > 1 or not min(counts):
            raise DataError(
                f"the arrays hold {sorted(counts)} samples", "axis 0 counts the samples of each, at least one"
            )
        count = counts.pop()
        rows = ((f"sample {i}", {name: array[i] for name, array in arrays.items()}) for i in range(count))
        return rows, count
    if not isinstance(data, Iterable):
        raise DataError(
            f"data is a {type(data).__name__}", "give an array, arrays by input, a path, or samples to iterate"
        )
    total = len(data) if isinstance(data, Sized) else None
    named = (
        (f"sample {i}", without_bound(f"{i}", row, values) if isinstance(row, Mapping) else {first: np.asarray(row)})
        for i, row in enumerate(data)
    )
    return named, total


def _fitted(
    rows: Iterable[tuple[str, Mapping[str, np.ndarray]]], types: Mapping[str, InputType], n: int | None, seed: int
) -> Iterator[Sample]:
    for index, (name, arrays) in enumerate(rows):
        if n is not None and index >= n:
            return
        missing = {key: kind for key, kind in types.items() if key not in arrays}
        fitted = {key: fit(name, key, np.asarray(array), types) for key, array in arrays.items()}
        yield name, {**fitted, **draw(missing, seed, index)}


def fit(sample: str, name: str, array: np.ndarray, types: Mapping[str, InputType]) -> np.ndarray:
    """An array as the input takes it: with the batch axis, repeated where the model's batch is longer.

    Raises:
        DataError: no such input, or the shape does not fit.
    """
    kind = types.get(name)
    if kind is None:
        raise DataError(f"{sample} has an array '{name}'", f"the inputs are {', '.join(map(repr, types))}")
    axis = kind.batch
    if axis is not None and array.shape == (*kind.shape[:axis], *kind.shape[axis + 1 :]):
        array = np.broadcast_to(np.expand_dims(array, axis), kind.shape)
    if array.shape != kind.shape:
        raise DataError(
            f"{sample} has the shape {shape_text(array.shape)} for input '{name}', which takes {shape_text(kind.shape)}",
            "give arrays of that shape, with or without its batch axis (axis 0 of stacked data counts the samples), or bind other"
            " shapes with --shape",
        )
    if not np.can_cast(array.dtype, kind.dtype, "same_kind"):
        raise DataError(
            f"{sample} has the type {array.dtype} for input '{name}', which takes {kind.dtype}", "convert it"
        )
    return np.asarray(array, kind.dtype, order="C")  # np.ascontiguousarray gives a number an axis


def _from_path(
    data: str | os.PathLike[str],
    types: Mapping[str, InputType],
    n: int | None,
    seed: int,
    values: Mapping[str, np.ndarray],
) -> Samples:
    from rfonnx.data.fitting import InputSpec
    from rfonnx.data.preparation import Preparation
    from rfonnx.data.prepare import Preparer
    from rfonnx.data.samples import open_source

    source = open_source(data)
    specs = [InputSpec("the model", name, name, kind.shape, kind.dtype, kind.batch) for name, kind in types.items()]
    prepare = Preparer(specs, Preparation(), values)
    rows = ((item.name, _prepared(item, prepare)) for item in source)
    total = len(source) if n is None else min(n, len(source))
    return Samples(lambda known: _fitted(rows, known, n, seed), total, source.description)


def _prepared(item: Item, prepare: Preparer) -> dict[str, np.ndarray]:
    """A sample as the model takes it. Errors offer ways out that there are here, not the options of `rfonnx compare`."""
    try:
        return prepare(item.load())
    except DataError as error:
        reason = str(error).removesuffix(f"; {error.hint}")
        raise DataError(
            reason, "replace or remove it: images are resized and divided by 255, arrays are taken as they are"
        ) from None
