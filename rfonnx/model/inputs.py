"""What the inputs of a model take, and random samples of it: the one place where a command without data gets its samples from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from rfonnx.data.samples import Item, Sample
from rfonnx.graph.nodes import Graph
from rfonnx.model.id_range import id_range
from rfonnx.results.plain import counted

RANDOM_SAMPLES = 32
"""Samples that are drawn when neither data nor their number is given."""

BAND = 64
"""Positions of the longest axis that are drawn at a time: what lies outside a window is not drawn."""

PIXELS = (0, 255)
"""What a uint8 input holds when no table that it indexes tells."""

BINARY = (0, 1)
"""What any other integer input holds then: of those that index no table, most are masks and token types, whose other values mean
nothing."""


@dataclass(frozen=True, slots=True)
class InputType:
    """One input of a model.

    Attributes:
        shape: as bound.
        dtype: numpy's.
        values: least and greatest value of an integer input.
        batch: the axis that counts samples, which a sample may leave out; None: there is none.
        window: closed intervals by axis, outside of which nobody looks: random samples may be 0 there.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    values: tuple[int, int] = BINARY
    window: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    batch: int | None = 0

    def alone(self) -> InputType:
        """The same without the axis that counts samples: what one sample holds."""
        shape = tuple(n for axis, n in enumerate(self.shape) if axis != self.batch)
        return InputType(shape, self.dtype, self.values, batch=None)


def integers(graph: Graph, name: str, dtype: np.dtype) -> tuple[int, int]:
    """Least and greatest value that an input of a type is fed: inside every table that its values index."""
    found = id_range(graph, name) if dtype.kind in "iu" else None
    return found or (PIXELS if dtype == np.uint8 else BINARY)


def described(count: int, seed: int) -> str:
    """What random samples are, in words."""
    return f"{counted(count, 'random sample')}, seed {seed}: standard normal floats, uniform integers"


def draw(types: Mapping[str, InputType], seed: int, index: int) -> dict[str, np.ndarray]:
    """One random sample; the same for the same seed and index, whatever the windows and the other inputs are."""
    return {name: _noise(kind, (seed, index, number)) for number, (name, kind) in enumerate(types.items())}


class Random:
    """Random samples as a source of them; the same for the same seed and types, whatever the batch.

    Args:
        types: by input, as one sample holds it: without the axis that counts samples.
    """

    def __init__(self, types: Mapping[str, InputType], count: int, seed: int) -> None:
        self._types, self._count, self._seed = types, count, seed
        self.description = described(count, seed) if types else "one run, since there are no inputs"

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        for index in range(self._count):
            yield Item(f"random[{index}]", lambda index=index: self._drawn(index))  # type: ignore[misc]

    def _drawn(self, index: int) -> Sample:
        return Sample(f"random[{index}]", draw(self._types, self._seed, index))


def _noise(kind: InputType, seed: tuple[int, ...]) -> np.ndarray:
    """Random values, drawn in bands along the longest axis: only those that a window meets."""
    made = np.zeros(kind.shape, kind.dtype)
    if not kind.shape:
        return _values(kind, (), np.random.default_rng(seed))
    axis = int(np.argmax(kind.shape))
    low, high = kind.window.get(axis, (0, kind.shape[axis] - 1))
    for begin in range(low // BAND * BAND, high + 1, BAND):
        inside = (*[slice(None)] * axis, slice(begin, begin + BAND))
        made[inside] = _values(kind, made[inside].shape, np.random.default_rng((*seed, begin)))
    return made


def _values(kind: InputType, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    if kind.dtype.kind == "f":
        return generator.standard_normal(shape, np.float32).astype(kind.dtype, copy=False)
    if kind.dtype.kind == "b":
        return np.asarray(generator.random(shape) < 0.5)  # of no axes, numpy gives a scalar, which onnxruntime refuses
    return np.asarray(generator.integers(kind.values[0], kind.values[1] + 1, shape)).astype(kind.dtype)
