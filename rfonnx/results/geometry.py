"""Where the cells of a tensor lie on an input: plain data, and the lines that lead from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from rfonnx.system.named import NamedTuple


class AxisGeometry(NamedTuple):
    """Cells along one axis of a tensor, on one axis of an input. Positions count from 0 at the middle of the first one.

    Attributes:
        axis: of the input.
        tensor_axis: of the tensor.
        length, cells: positions of the one, cells of the other.
        stride: positions from one cell to the next, on the average.
        centers: of cells 0 to period - 1, borders extrapolated; from period to period they move by `stride * period`.
        sizes: of their fields.
        varies: fields differ along other axes of the tensor (branches that see other places, joined as channels): centres and
            sizes are of what all of them see together.
        balance: where parts of a field have other middles than the whole (branches, up-sampling): how far beyond the line, on the
            average, weights that are all equal balance; null where that is not known, as their fields reach over a border. 0
            where all parts agree.
    """

    axis: int
    tensor_axis: int
    length: int
    cells: int
    stride: Fraction
    centers: tuple[Fraction, ...]
    sizes: tuple[int, ...]
    varies: bool = False
    balance: float | None = 0.0

    def center(self, cell: int) -> Fraction:
        """The middle of the field of a cell.

        >>> AxisGeometry(2, 2, 8, 4, Fraction(2), (Fraction(1, 2),), (2,)).center(3)
        Fraction(13, 2)
        """
        turns, phase = divmod(cell, len(self.centers))
        return self.centers[phase] + turns * len(self.centers) * self.stride

    @property
    def offset(self) -> Fraction:
        """Of the line `stride * cell + offset` that is nearest to all centres."""
        apart = self._apart()
        return (min(apart) + max(apart)) / 2

    @property
    def deviation(self) -> Fraction:
        """How far a centre lies from that line at most; 0 where one line holds them all."""
        apart = self._apart()
        return (max(apart) - min(apart)) / 2

    def _apart(self) -> list[Fraction]:
        return [center - phase * self.stride for phase, center in enumerate(self.centers)]

    def misplaced(self, cell: int) -> Fraction:
        """By how much half-pixel resizing of the cells to the input (cv2.resize; torch's interpolate with align_corners=False)
        puts one further than that line: it takes `(cell + 1/2) length / cells - 1/2`."""
        resized = (cell + Fraction(1, 2)) * Fraction(self.length, self.cells) - Fraction(1, 2)
        return resized - (self.stride * cell + self.offset)


class Located(NamedTuple):
    """One cell of a tensor on one axis of an input.

    Attributes:
        axis: of the input.
        first, last: positions that it reads, borders left out; last < first where it reads none.
        center: the middle of its field, borders extrapolated.
        size: of that field.
    """

    axis: int
    first: int
    last: int
    center: Fraction
    size: int


class Geometry(NamedTuple):
    """How a tensor lies on an input.

    Attributes:
        tensor, input: their names.
        shape, input_shape: of them.
        exact: both ends of every field are really read; else fields are at most as large.
        axes: those of the input along which cells lie in a line, evenly.
        others: those along which they do not, by axis: why, as in `AxisField.kind`: "block" (windows, flattened axes), "global"
            (every cell sees the same), "none" (nothing is read).
    """

    tensor: str
    input: str
    shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    exact: bool
    axes: tuple[AxisGeometry, ...]
    others: Mapping[int, str]
