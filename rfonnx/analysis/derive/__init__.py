"""Facts that follow from fields and operators: batch independence, causality, positional constants, equivariance to shifts."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.analysis.derive.analysed import Fields, Pair
from rfonnx.analysis.derive.batch import batch_facts
from rfonnx.analysis.derive.batch_axis import Batches
from rfonnx.analysis.derive.beside import with_halo
from rfonnx.analysis.derive.equivariance import Shifts
from rfonnx.analysis.derive.exchange import Exchange, treated_alike
from rfonnx.analysis.derive.followed import shift_fact
from rfonnx.analysis.derive.moves import Moved
from rfonnx.analysis.derive.time import Time, Timed
from rfonnx.analysis.lower import Program
from rfonnx.graph.nodes import Graph
from rfonnx.results.fields import OutputFacts


def facts(
    fields: Timed,
    graph: Graph,
    program: Program,
    time: Time,
    batches: Batches,
    exchanges: Mapping[Pair, Exchange],
) -> dict[str, OutputFacts]:
    """Facts by output.

    Args:
        fields: the analysis.
        graph, program: what it was made of.
        time: how its tensors run along time.
        batches: which axes of its inputs count samples.
        exchanges: which axes of its inputs may change places.
    """
    batch = batch_facts(batches)
    shifts = Shifts(graph, program)
    moved: dict[Pair, dict[str, Moved | None]] = {}
    for key in _axes_of_shifts(fields, graph, time):
        exchange = exchanges.get(key)
        if exchange is not None and exchange.first in moved and treated_alike(graph, program, exchange, shifts.repeats):
            moved[key] = shifts.exchanged(moved[exchange.first], exchange)
        else:
            moved[key] = shifts.of(*key)
    result = {}
    for name in dict.fromkeys(fields.outputs):
        own = [(key, found[name]) for key, found in moved.items() if name in found]
        followed = tuple(
            with_halo(
                fields,
                name,
                shift_fact(*key, (fields.input_shapes[key[0]] or ())[key[1]] or 0, moves, shifts.positional),
            )
            for key, moves in own
            if moves is not None
        )
        constants = frozenset().union(*(moves.moves.constants for _, moves in own if moves is not None))
        result[name] = OutputFacts(name, batch[name], time.facts(name), followed, shifts.positional.named(constants))
    return result


def _axes_of_shifts(fields: Fields, graph: Graph, time: Time) -> tuple[tuple[str, int], ...]:
    """Input axes that positions run along: those that windows slide along, else those of time, else those of tokens.

    Where nothing tells, sequences are looked for: whole numbers of shape (batch, time), and others of (batch, time, features).
    """
    if fields.windowed or time.known:
        return fields.windowed or tuple(time.known.items())
    return tuple(
        (name, 1)
        for name, shape in fields.input_shapes.items()
        if len(shape or ()) == (2 if "int" in graph.dtypes.get(name, "") else 3)
    )
