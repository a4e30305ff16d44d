"""The types of what users bind of a model's inputs: the same for every function and command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Shapes = Mapping[str, Sequence[int] | int]
"""Shapes by input, `{"x": (1, 3, 224, 224)}`, or lengths by symbolic dimension, `{"H": 512}`."""

Values = Mapping[str, "ArrayLike"]
"""What small inputs hold, by name: `{"sr": 16000}`."""

BatchAxes = Mapping[str, int | None]
"""The axis of an input that counts samples; None: it has no such axis."""
