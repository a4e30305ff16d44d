"""Plain data on what running showed of a plan of tiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rfonnx.results.tiling import Pair
from rfonnx.system.late import Late

showing = Late("rfonnx.report.showing")
"""Reports stand above results: what shows a result is found when it is asked for."""


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much numbers of one output differ in two runs.

    Attributes:
        largest: absolute difference; 0: all are the same, bit for bit.
        scale: largest absolute value of the output.
        ulps: `largest` in steps between neighbouring numbers of the output's type, at `scale`; 0 where it holds no floats.
        allowed: the largest that the rounding of sums in another order is taken to make.
    """

    largest: float
    scale: float
    ulps: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether that may be rounding."""
        return self.largest <= self.allowed

    @property
    def share(self) -> float:
        """Of the largest value."""
        return self.largest / self.scale if self.scale else float(self.largest > 0)


@dataclass(frozen=True, slots=True)
class SizeCheck:
    """The whole against tiles, at one size.

    Attributes:
        shapes, crops: of the inputs, in the whole and in each run.
        tiles: how many there are.
        run: how many were run: the first, the second, one in the middle and the last along each axis.
        off: by output: the largest difference.
        leaks: tiles, by index, of which something changed in the whole run when all outside their crops was replaced.
        skipped: why nothing was run at this size, or "".
    """

    shapes: Mapping[str, tuple[int, ...]]
    crops: Mapping[str, tuple[int, ...]]
    tiles: int
    run: int
    off: Mapping[str, Difference]
    leaks: tuple[int, ...] = ()
    skipped: str = ""

    @property
    def passed(self) -> bool:
        return not self.skipped and not self.leaks and all(one.passed for one in self.off.values())


@dataclass(frozen=True, slots=True)
class Opposite:
    """What must go wrong, if the plan is the least that does.

    Attributes:
        kind: "halo": the last position of the halo is replaced, which changes what is kept; "crop": a crop that is one step
            of the grid shorter gives something else; "grid": so does a crop that begins off the grid.
        pair: (input, axis).
        side: "before" or "after"; "" for "grid".
        by: positions of the input: the halo, the shorter margin, the shift.
        off: of what is kept, the largest over the outputs; None: the model does not run so.
        usual: the same with the plan's own crop; for "halo" that of the whole run again, which is 0.
    """

    kind: str
    pair: Pair
    side: str
    by: int
    off: Difference | None
    usual: float = 0.0

    @property
    def differs(self) -> bool:
        """Whether it went wrong, by more than twice the rounding of the plan's own crop."""
        return self.off is None or self.off.largest > 2 * self.usual


@dataclass(frozen=True, slots=True)
class Verification:
    """What running showed of a plan.

    Attributes:
        model: the file's name.
        reasons: a line each, why nothing could be verified.
        sizes: where the whole was held against tiles.
        opposites: what must go wrong.
        samples: what the inputs held, in words.
    """

    model: str
    reasons: tuple[str, ...]
    sizes: tuple[SizeCheck, ...]
    opposites: tuple[Opposite, ...]
    samples: str

    def _repr_html_(self) -> str:
        """What notebooks show: what `rfonnx tile verify` says."""
        return str(showing.verification_html(self))

    @property
    def passed(self) -> bool:
        """Whether tiles are what the whole is, at each size that was run, and at one at least."""
        run = [size for size in self.sizes if not size.skipped]
        return not self.reasons and bool(run) and all(size.passed for size in run)

    @property
    def identical(self) -> bool:
        """Whether they are, bit for bit."""
        return self.passed and all(off.largest == 0 for size in self.sizes for off in size.off.values())

    @property
    def least(self) -> bool:
        """Whether all went wrong that must."""
        return all(one.differs for one in self.opposites)
