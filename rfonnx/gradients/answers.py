"""What a gradient rule may answer for an input: a gradient, a narrow one, or zero; and the signal that it has no formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rfonnx.gradients.values import Value


class Zero:
    """The gradient of an input that the output does not depend on smoothly: zero, and known to be."""


ZERO: Final = Zero()


@dataclass(frozen=True, slots=True)
class Narrow:
    """A gradient that is the same along some axes, where `value` has length 1 (a mean's). Adding it to others is cheap; it is
    only expanded to the input's shape when it stays alone."""

    value: Value


Gradients = Sequence[Value | Narrow | Zero | None]


class Unsupported(Exception):
    """Raised by a rule that meets a case that it has no formula for, with the reason as its text."""
