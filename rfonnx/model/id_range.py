"""Which values an integer input may hold: every table that its values index is traced back to it.

The walk starts at the operand that indexes, which may hold 0 .. rows - 1, and goes back over the operators before it; a rule of
each says what its operand may hold so that the result stays inside the interval. Where no rule speaks (a comparison, a size),
the path ends and nothing is claimed.

Worked example: `Gather(table of 512 rows, Add(Cast(x), 2))`: the index is 0..511, so x is -2..509.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.walk import every_node
from rfonnx.operators import seldom  # noqa: F401
from rfonnx.operators.id_rules import Interval
from rfonnx.operators.spelling import input_name
from rfonnx.operators.table import operator


@dataclass(frozen=True, slots=True)
class Lookup:
    """An operator that takes an input's values as indices along an axis.

    Attributes:
        node: the operator.
        table: the tensor that is indexed.
        axis: of the table.
        rows: its length along the axis.
        low, high: closed interval of the *input's* values that index inside the table, counted from its first row.
    """

    node: Node
    table: str
    axis: int
    rows: int
    low: int
    high: int


def lookups(graph: Graph, input: str) -> list[Lookup]:
    """Every lookup that the values of an input reach, in topological order; tables of unknown length are left out."""
    makers = _makers(graph)
    found = []
    for node in every_node(graph):
        for slot, place in operator(node.kind).indexed.items():
            index = input_name(node, slot)
            table = place(graph, node) if index else None
            if table is None:
                continue
            name, axis, rows = table
            held = _held(graph, makers, index, (0, rows - 1), input) if rows else ()
            found += [Lookup(node, name, axis, rows or 0, low, high) for low, high in held]
    return found


def id_range(graph: Graph, input: str) -> tuple[int, int] | None:
    """Closed interval of values that every lookup of an input takes, and every operator that reads them as lengths.

    None when nothing bounds them. Where no value suits all (an export adds the table's length to negative ids), those hold that
    count from the front.
    """
    makers = _makers(graph)
    bounds = [(one.low, one.high) for one in lookups(graph, input)]
    for node in every_node(graph):
        for slot, (data, axis) in operator(node.kind).lengths.items():
            lengths = input_name(node, slot)
            shape = graph.shapes.get(node.inputs[data]) if lengths else None
            most = shape[node.attrs.get(axis, 0) if isinstance(axis, str) else axis] if shape else None
            if most:
                bounds += _held(graph, makers, lengths, (1, most), input)
    if not bounds:
        return None
    low, high = max(bounds)
    bounds += _of_type(graph.dtypes[input])
    for other in bounds:
        if max(low, other[0]) <= min(high, other[1]):
            low, high = max(low, other[0]), min(high, other[1])
    return low, high


def _of_type(dtype: str) -> list[tuple[int, int]]:
    """What an integer type ("int8", "uint4") holds; nothing for others."""
    name, _, bits = dtype.partition("int")
    if name not in ("", "u") or not bits.isdecimal():
        return []
    return [(0, 2 ** int(bits) - 1) if name else (-(2 ** (int(bits) - 1)), 2 ** (int(bits) - 1) - 1)]


def _makers(graph: Graph) -> dict[str, Node]:
    return {name: node for node in every_node(graph) for name in node.outputs if name}


def _held(graph: Graph, makers: dict[str, Node], tensor: str, bound: Interval, input: str) -> Iterator[tuple[int, int]]:
    """What an input may hold so that a tensor made from it stays inside the bound: an interval per path between them."""
    pending = [(tensor, bound)]
    seen = set(pending)
    for name, (low, high) in pending:  # grows
        if name == input:
            if math.isfinite(low) and math.isfinite(high) and math.ceil(low) <= math.floor(high):
                yield math.ceil(low), math.floor(high)
            continue
        node = makers.get(name)
        rule = operator(node.kind).range if node else None
        if node is None or rule is None:
            continue
        for slot, operand in enumerate(node.inputs):
            allowed = rule(graph, node, slot, (low, high)) if operand and operand not in graph.constants else None
            if allowed is not None and (operand, allowed) not in seen:
                seen.add((operand, allowed))
                pending.append((operand, allowed))
