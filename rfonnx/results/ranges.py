"""What numbers of options, configurations and rules may be. One table: the command line, TOML and Python take the same."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.errors import DataError


class Range:
    """Numbers from `least` to `most`; both are among them, unless `above` says that the least is not.

    Attributes:
        whole: whole numbers alone.
        above: numbers are larger than `least`.
    """

    def __init__(self, least: float, most: float, whole: bool = True, above: bool = False) -> None:
        self.least, self.most, self.whole, self.above = least, most, whole, above

    def __contains__(self, value: float) -> bool:
        """NaN lies in no range."""
        return (self.least < value if self.above else self.least <= value) and value <= self.most

    def __str__(self) -> str:
        """In words: "a whole number from 1 to 1024", "a number above 0, at most 100"."""
        kind = "a whole number" if self.whole else "a number"
        least, most = _text(self.least), _text(self.most)
        return f"{kind} above {least}, at most {most}" if self.above else f"{kind} from {least} to {most}"

    def check(self, value: float, where: str) -> None:
        """Refuse a number outside.

        Raises:
            DataError: it is outside; `where` names the option or key.
        """
        if value not in self:
            raise DataError(f"{where} is {_text(value)}", f"give {self}")


def _text(value: float) -> str:
    """Large whole numbers in short: 10^30 has no digits worth reading."""
    if isinstance(value, int) and abs(value) >= 2**31:
        if value > 0 and not value & (value - 1):
            return f"2^{value.bit_length() - 1}"
        return f"{value:.3g}" if abs(value) < 2**1000 else f"a number of {value.bit_length()} bits"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


NUMBER = Range(-1e30, 1e30, whole=False)
SHARE = Range(0, 1, whole=False)
PERCENTILE = Range(0, 100, whole=False)
POSITIONS = Range(0, 2**62)
AXIS = Range(-64, 63)
AMOUNT = Range(0, 1e30, whole=False)
FACTOR = Range(0, 1e6, whole=False, above=True)
RUNS = Range(1, 100_000)

OPTIONS: Mapping[str, Range] = {
    "samples": Range(1, 2**31),
    "seed": Range(0, 2**62),
    "batch": Range(1, 2**16),
    "threads": Range(1, 1024),
    "workers": Range(1, 1024),
    "coverage": Range(0, 1, whole=False, above=True),
    "changes": Range(1, 3),
    "mass": Range(0, 1, whole=False, above=True),
    "chunk": Range(1, 2**31),
    "cache": Range(1, 2**31),
    "class-axis": AXIS,
    "temperature": FACTOR,
    "layer-limit": Range(-1000, 1000, whole=False),
    "latency-runs": Range(5, 100_000),
    "timeout": Range(0, 1e7, whole=False, above=True),
    "seconds": Range(0, 1e7, whole=False, above=True),
    "tolerance": Range(0, 1, whole=False, above=True),
    "block": Range(1, 2**31),
    "rate": Range(0, 1e12, whole=False, above=True),
    "scale": NUMBER,
    "mean": NUMBER,
    "std": NUMBER,
}
"""By the name of the option, which is the key in TOML."""
