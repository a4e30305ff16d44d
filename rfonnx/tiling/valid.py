"""The lengths that a model takes along the axes that are tiled."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rfonnx.errors import RfonnxError
from rfonnx.model.opened import Opened
from rfonnx.results.tiling import Pair, TiledAxis, ValidLengths
from rfonnx.tiling.dims import Lengths, longer

MOST = 64
"""Remainders by the grid that are tried: a grid that has more of them is taken for the step."""


def valid_lengths(model: Opened, seen: Lengths, axis: TiledAxis) -> Iterator[tuple[Pair, ValidLengths]]:
    """By (input, axis) of a group: the lengths for which all shapes in the model fit, other axes as in `seen`.

    The step is the smallest of which all multiples are taken, up to the grid. Beyond a length that is taken, by whole steps, all
    are supposed to be.
    """
    grid = math.gcd(*axis.inputs.values())
    rates = {pair: step // grid for pair, step in axis.inputs.items()}

    def takes(further: int) -> bool:
        lengths = longer(seen, {pair: further * rate for pair, rate in rates.items()})
        if any(lengths[name][place] < 1 for name, place in rates):
            return False
        try:
            graph = model.graph(lengths)
        except RfonnxError:
            return False
        return all(n != 0 for output in graph.outputs for n in graph.shapes.get(output) or ())

    divisors = [d for d in range(1, grid + 1) if grid % d == 0 and grid // d <= MOST]
    step = next((d for d in divisors if all(takes(further) for further in range(d, grid, d))), grid)
    refused, taken = -min(seen[name][place] // rate for (name, place), rate in rates.items()) // step - 1, 0
    while taken - refused > 1:
        middle = (taken + refused) // 2
        if takes(middle * step):
            taken = middle
        else:
            refused = middle
    for pair, rate in rates.items():
        yield pair, ValidLengths(seen[pair[0]][pair[1]] + taken * step * rate, step * rate)
