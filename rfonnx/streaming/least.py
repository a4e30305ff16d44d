"""The least delay that any streaming of a model can have, from what its outputs see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.results.streaming import StreamedOutput
from rfonnx.streaming.model import Source


def least_delays(source: Source, outputs: Sequence[StreamedOutput], chunk: int) -> list[tuple[int, int]]:
    """Frame o of an output sees the input up to hi(o), which comes with chunk floor(hi(o) / n); c frames leave with each chunk.
    So o leaves no earlier than as number c floor(hi(o) / n) of the stream: the delay is at least the greatest
    `c floor(hi(o) / n) - o`, and no less than 0.

    Borders are left out (`clip=False`), as is true of every frame in the middle of a long input; but for frames that mirror what
    comes after them at the start, which are known to the clipped field alone.

    Returns:
        By output that; and how many frames of the input one of the output sees, from the first to the last, at most.
    """
    analysis = analyze(source.ready, source.at(looked_at(source, chunk)))
    every = [[_of(analysis, output, chunk, *pair) for pair in source.streamed.items()] for output in outputs]
    return [(max(0, *(late for late, _ in found)), max(sees for _, sees in found)) for found in every]


def looked_at(source: Source, chunk: int) -> int:
    """A length of a few chunks at which it is asked what frames see; the only one where it is fixed."""
    missing = 0 if source.fixed else max(0, 3 * chunk - source.length)
    return source.length + -(-missing // chunk) * chunk


def _of(analysis: Analysis, output: StreamedOutput, chunk: int, input: str, axis: int) -> tuple[int, int]:
    """The same of one input."""
    lo, hi = analysis.intervals(output.name, input, axis, clip=False)
    first, last = analysis.intervals(output.name, input, axis)
    shape = analysis.tensors[output.name].shape or ()
    frames = shape[output.axis] or 0
    places = np.arange(frames).reshape([-1 if i == output.axis else 1 for i in range(len(shape))])
    late = output.frames * np.floor_divide(np.maximum(hi, last), chunk) - places
    late = np.where((lo <= hi) | (first <= last), late, 0)
    return int(late.max(initial=0)), max(0, int((hi - lo).max(initial=0)) + 1)
