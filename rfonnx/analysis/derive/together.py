"""How outputs follow when several inputs are moved together, as the image and its mask are when a tile moves."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.analysis.derive.equivariance import Shifts
from rfonnx.analysis.derive.followed import shift_fact
from rfonnx.analysis.lower import Program
from rfonnx.graph.nodes import Graph
from rfonnx.graph.temporaries import named_by
from rfonnx.results.fields import ShiftFact
from rfonnx.system.named import NamedTuple


class Followed(NamedTuple):
    """How an output follows.

    Attributes:
        fact: its period counts moves of all inputs together, each by its rate.
        tensor, op_type: where it begins not to follow, when `fact.reason` says so; "" when no one tensor is at fault.
    """

    fact: ShiftFact
    tensor: str = ""
    op_type: str = ""


def followed(graph: Graph, program: Program, rates: Mapping[tuple[str, int], int], length: int) -> dict[str, Followed]:
    """By output that depends on these inputs.

    Args:
        graph, program: of the model.
        rates: by (input, axis): positions that it moves by.
        length: moves that the shortest of these axes has room for.
    """
    shifts = Shifts(graph, program)
    (name, axis), *_ = rates
    found = {}
    for output, moved in shifts.together(rates).items():
        if moved is not None:
            moves, fact = moved.moves, shift_fact(name, axis, length, moved, shifts.positional)
            found[output] = Followed(fact)
            if moves.constants:
                constant = shifts.positional.named(moves.constants)[0]
                found[output] = Followed(fact, constant.tensor, constant.op_type)
            elif moves.broken:
                at = shifts.broken_at[moves.broken]
                found[output] = Followed(fact, named_by(at.name), at.kind)
    return found
