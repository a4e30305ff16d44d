"""How much of a comparison is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """What of a comparison people see; data formats hold everything.

    Attributes:
        config: the configuration file that was read, or "".
        verbose: show every figure, the fields and the cost; else they are folded away, where the format can fold.
        every: all that, with all layers.
    """

    config: str = ""
    verbose: bool = False
    every: bool = False
