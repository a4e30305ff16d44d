"""A model with changes: nodes that users name, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.errors import QueryError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.text import quote, show_shape
from rfonnx.model.editing.edits import Edit
from rfonnx.model.editing.places import find_node, label
from rfonnx.model.editing.windows import Windows, change_windows
from rfonnx.model.opened import Opened, with_edits
from rfonnx.results.variants import Change, Changes
from rfonnx.system.named import NamedTuple


class Changed(NamedTuple):
    """A model with changes.

    Attributes:
        model: with them; the file stays as it is.
        changes: those that were asked for, each followed by what goes with it.
    """

    model: Opened
    changes: tuple[Change, ...]


def changed(model: Opened, graph: Graph, asked: Changes) -> Changed:
    """The model with changes.

    Args:
        model: as it is.
        graph: its graph.
        asked: what becomes of nodes.

    Raises:
        QueryError: there is no such node, or it cannot be changed so.
    """
    edits: dict[str, Edit] = {}
    changes: list[Change] = []
    for name, attributes in asked.items():
        node, proto = find_node(model, graph, name)
        if attributes is not None and not isinstance(attributes, Mapping):
            raise QueryError(
                f"{node} is to become {attributes!r}", 'give attributes, {"stride": 1}, or None to drop it'
            )
        if attributes is None:
            found = Windows((_drop(graph, node),), (Change(label(graph, node), node.kind, "drop"),))
        else:
            found = change_windows(graph, node, proto, attributes)
        for edit in found.edits:
            if edit.makes in edits:
                raise QueryError(f"what makes {quote(edit.makes)} is changed twice", "name each node once in a variant")
            edits[edit.makes] = edit
        changes += found.changes
    return Changed(with_edits(model, edits.values()), tuple(changes))


def _drop(graph: Graph, node: Node) -> Edit:
    """The node passes its operand on.

    Raises:
        QueryError: it has several, or makes another shape or type, or several tensors.
    """
    operands = [name for name in dict.fromkeys(node.inputs) if name and name not in graph.constants]
    if len(operands) != 1:
        read = " and ".join(quote(name) for name in operands)
        raise QueryError(f"{node} cannot be dropped: it reads {read}", "drop what makes one of them")
    (operand,), made = operands, node.outputs[0]
    shapes = {name: (graph.shapes.get(name), graph.dtypes.get(name)) for name in (operand, made)}
    if shapes[operand] != shapes[made] or None in (shapes[made][0] or (None,)):
        came, went = (f"{show_shape(shape)} ({dtype})" for shape, dtype in shapes.values())
        raise QueryError(
            f"{node} cannot be dropped: it makes {went} of {came}",
            "a node can be dropped that keeps shape and type",
        )
    wanted = {name for other in graph.nodes for name in other.inputs} | set(graph.outputs)
    if wanted.intersection(node.outputs[1:]):
        raise QueryError(f"{node} cannot be dropped: {quote(node.outputs[1])} is read, too", "drop what reads it first")
    return Edit(made, passes=operand)
