"""Sizes of objects from a CSV file of boxes: a column for each axis, or the corners of boxes."""

from __future__ import annotations

import csv
import math
import os

from rfonnx.errors import DataError
from rfonnx.system.regular import read_regular

MOST_BYTES, MOST_LENGTH = 2**28, 2**40
"""Of a file; of a side of an object."""

SIDES = {"height": 0, "h": 0, "width": 1, "w": 1}
"""Columns of sides, by the axis that they lie along: rows, columns."""

CORNERS = (("ymin", "ymax", "y1", "y2"), ("xmin", "xmax", "x1", "x2"))
"""Columns of corners, by axis: both names of one way or of the other."""

HINT = "write a line of names, height,width or xmin,ymin,xmax,ymax, and a line of numbers for each object"


def box_sizes(path: str | os.PathLike[str], axes: int) -> list[tuple[int, ...]]:
    """The sizes of all boxes, in whole positions, rounded up: an object that covers part of a position needs it.

    Args:
        path: the file. Its first line names columns: height and width (or h and w), in any order, or corners of boxes, xmin,
            ymin, xmax, ymax (or x1, y1, x2, y2); other columns are left aside. Of one axis a column `length`; of three or more,
            columns `length0`, `length1`, ...
        axes: how many sides an object has.

    Raises:
        DataError: the file cannot be read, has no such columns, or holds what is no size.
    """
    try:
        rows = csv.reader(read_regular(path, MOST_BYTES).decode("utf-8-sig").splitlines())
        columns = _columns([name.strip().lower() for name in next(rows, [])], axes, str(path))
        found = [_size(row, columns, f"{path}: line {rows.line_num}") for row in rows if any(map(str.strip, row))]
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}", HINT) from None
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise DataError(f"{path}: not a CSV file ({type(error).__name__})", HINT) from None
    if not found:
        raise DataError(f"{path}: holds no box", HINT)
    return found


def _columns(names: list[str], axes: int, path: str) -> list[tuple[int, ...]]:
    """By axis the number of the column of a side, or of both corners."""
    found: list[tuple[int, ...]] = []
    for axis in range(axes):
        sides = [name for name, number in SIDES.items() if axes == 2 and number == axis]
        sides += ["length"] if axes == 1 else [f"length{axis}"]
        least, most, *others = CORNERS[axis] if axes == 2 else ("", "", "", "")
        pairs = [pair for pair in ((least, most), tuple(others)) if set(pair) <= set(names)]
        if own := [name for name in sides if name in names]:
            found.append((names.index(own[0]),))
        elif pairs:
            found.append(tuple(map(names.index, pairs[0])))
        else:
            wanted = "height and width, or corners" if axes == 2 else " and ".join(sides)
            raise DataError(f"{path}: names no column for side {axis} of {axes}, expected {wanted}", HINT)
    return found


def _size(row: list[str], columns: list[tuple[int, ...]], where: str) -> tuple[int, ...]:
    sides = []
    for numbers in columns:
        try:
            ends = [float(row[number]) for number in numbers]
        except (ValueError, IndexError):
            raise DataError(f"{where}: holds no number in column {numbers[0] + 1}", HINT) from None
        side = ends[-1] - (ends[0] if len(ends) > 1 else 0)
        if not 0 < side <= MOST_LENGTH:
            raise DataError(f"{where}: a side of {side:g} positions", "give sides above 0, in positions of the input")
        sides.append(max(1, math.ceil(side - 1e-9)))
    return tuple(sides)
