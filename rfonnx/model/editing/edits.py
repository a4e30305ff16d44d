"""Changes to nodes of a file, written into a copy of it: attributes, constant operands, and nodes that pass an input on."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import ModelProto, NodeProto, TensorProto, helper

from rfonnx.graph.order import reads, subgraphs
from rfonnx.system.named import NamedTuple

NOWHERE = "of a shape that rfonnx was asked about"
"""The file that holds the numbers of a weight of another shape: there is none, and none are needed."""


class Shaped(NamedTuple):
    """A constant operand of another shape. Its numbers are not known: they would have to be trained.

    Attributes:
        operand: its index.
        element_type: as TensorProto numbers it.
        shape: the new one.
    """

    operand: int
    element_type: int
    shape: tuple[int, ...]


class Edit(NamedTuple):
    """What becomes of a node.

    Attributes:
        makes: the first tensor that it makes.
        attributes: lists of whole numbers, by name.
        explicit: its padding is no longer worked out by the runtime (`auto_pad`).
        shaped: an operand that gets another shape.
        numbers: operands that become these numbers, by index.
        passes: the operand that it passes on, and is no more; "": it stays.
    """

    makes: str
    attributes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    explicit: bool = False
    shaped: Shaped | None = None
    numbers: tuple[tuple[int, tuple[int, ...]], ...] = ()
    passes: str = ""


def write_edits(model: ModelProto, edits: Sequence[Edit]) -> None:
    """Write the edits into the model, in place; shapes that it declares of what follows from them are taken back."""
    graph = model.graph
    nodes = {output: node for node in graph.node for output in node.output if output}
    taken = {*nodes, *(tensor.name for tensor in graph.initializer), *(entry.name for entry in graph.input)}
    for edit in edits:
        _write(model, nodes[edit.makes], edit, taken)
    _forget_shapes(model, {edit.makes for edit in edits})


def _write(model: ModelProto, node: NodeProto, edit: Edit, taken: set[str]) -> None:
    if edit.passes:
        made = helper.make_node("Identity", [edit.passes], [edit.makes], name=node.name)
        node.CopyFrom(made)
        return
    names = {name for name, _ in edit.attributes} | ({"auto_pad"} if edit.explicit else set())
    kept = [attribute for attribute in node.attribute if attribute.name not in names]
    written = [helper.make_attribute(name, list(values)) for name, values in edit.attributes]
    copies = [type(one).FromString(one.SerializeToString()) for one in kept]
    del node.attribute[:]
    node.attribute.extend([*copies, *written])
    if edit.shaped is not None:
        index, element_type, shape = edit.shaped
        tensor = model.graph.initializer.add(name=_fresh(node.input[index], taken), dims=shape, data_type=element_type)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=NOWHERE)
        node.input[index] = tensor.name
    for index, values in edit.numbers:
        tensor = model.graph.initializer.add(name=_fresh(node.input[index], taken))
        tensor.CopyFrom(helper.make_tensor(tensor.name, TensorProto.INT64, [len(values)], values))
        node.input[index] = tensor.name


def _fresh(name: str, taken: set[str]) -> str:
    """A name like this one that no tensor has."""
    number = 1
    while f"{name}_changed{number}" in taken:
        number += 1
    taken.add(f"{name}_changed{number}")
    return f"{name}_changed{number}"


def _forget_shapes(model: ModelProto, changed: set[str]) -> None:
    """Take back declared shapes of these tensors, of all that is made of them, and of what subgraphs say, which may see them."""
    graph = model.graph
    pending = True
    while pending:  # a file need not be in order
        pending = False
        for node in graph.node:
            if not changed.issuperset(node.output) and not changed.isdisjoint(reads(node)):
                changed.update(node.output)
                pending = True
    for entry in (*graph.value_info, *graph.output):
        if entry.name in changed:
            entry.type.tensor_type.ClearField("shape")
    for node in graph.node:
        for inner in subgraphs(node):
            del inner.value_info[:]
