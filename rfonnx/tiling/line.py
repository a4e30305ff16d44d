"""Tiles along one axis, in steps of the grid: how long a crop must be for a number of them, and where each lies."""

from __future__ import annotations

from rfonnx.system.named import NamedTuple


class Line(NamedTuple):
    """An axis in steps.

    All crops have one length, so that a session sees one shape, and none is a sliver: those at the borders, which need a halo on
    one side only, keep more.

    Attributes:
        steps: of the inputs.
        kept: of the outputs: at most `steps`.
        before, after: that a crop needs beside what is kept of it, away from borders.
    """

    steps: int
    kept: int
    before: int
    after: int

    @property
    def inner(self) -> int:
        """Steps that tiles share out, when the first and the last keep what they need no halo for."""
        return self.steps - self.before - self.after

    def crop(self, count: int) -> int:
        """Steps of the crops of `count` tiles."""
        if count == 1 or self.inner < count:
            return self.steps
        return min(self.steps, -(-self.inner // count) + self.before + self.after)

    def count(self, crop: int) -> int:
        """The fewest tiles whose crops have at most so many steps; 0: such crops keep nothing."""
        if crop >= self.steps:
            return 1
        room = crop - self.before - self.after
        return -(-self.inner // room) if room > 0 else 0

    def tile(self, index: int, count: int, crop: int) -> tuple[int, int, int]:
        """First step that is kept, the one behind the last, and the first of the crop."""
        if count == 1:
            return 0, self.kept, 0
        cuts = [
            0 if j == 0 else self.kept if j == count else self.before + self.inner * j // count
            for j in (index, index + 1)
        ]
        return cuts[0], cuts[1], max(0, min(cuts[0] - self.before, self.steps - crop))
