"""Constants that hold something for each position: a chunk takes the rows of its own frames."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.writer import Writer


def by_position(writer: Writer, table: np.ndarray, axis: int, frames: int, first: int, count: int) -> Value:
    """The rows of a chunk's frames; frames that the table has not take its first or last row.

    Args:
        writer: of the stream.
        table: a row for each frame of the whole.
        axis: of its rows.
        frames: of a chunk.
        first: number of the first row that is taken, in the first chunk.
        count: of rows that are taken.
    """
    emit = writer.emit
    last = emit.scalar(table.shape[axis] - 1, "int64")
    places = emit("Min", emit("Max", writer.places(frames, first, count), emit.scalar(0, "int64")), last)
    return emit("Gather", emit.constant(table), places, axis=axis)
