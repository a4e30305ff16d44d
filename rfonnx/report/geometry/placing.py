"""The call that lays a map of cells over the input, so that each stands at the middle of its field."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rfonnx.results.geometry import AxisGeometry


def placing_call(axes: Sequence[AxisGeometry]) -> str:
    """`scipy.ndimage.affine_transform` of an array `cells` that has an axis for each of `axes`; what it gives is as long as the
    input.

    Position p of the input is cell `(p - offset) / stride`, the offset being that of the line and the balance. Values between
    cells are interpolated, and repeat beyond the last.
    """
    matrix = ", ".join(_exactly(1 / one.stride) for one in axes)
    offset = ", ".join(_exactly(-middle(one) / one.stride) for one in axes)
    shape = ", ".join(str(one.length) for one in axes)
    comma = "," if len(axes) == 1 else ""
    return (
        f"scipy.ndimage.affine_transform(cells, [{matrix}], [{offset}], output_shape=({shape}{comma}), order=1, "
        'mode="nearest")'
    )


FINEST = 1000
"""Balances are rounded to fractions of a position with denominators up to it."""


def middle(one: AxisGeometry) -> Fraction:
    """Where cell 0 is laid, on the line or beside it."""
    return one.offset + Fraction(one.balance or 0.0).limit_denominator(FINEST)


def _exactly(value: Fraction) -> str:
    """As an expression of Python.

    >>> _exactly(Fraction(1, 32)), _exactly(Fraction(3))
    ('1/32', '3')
    """
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"
