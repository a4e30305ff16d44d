"""From a model that was read to its graph: inputs bound, nodes sorted and walked."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import onnx

from rfonnx.errors import ModelError, misexported
from rfonnx.graph.blocks import channel_block
from rfonnx.graph.file_nodes import FileNode
from rfonnx.graph.nodes import Graph
from rfonnx.graph.order import in_order, stored_names, true_inputs
from rfonnx.graph.text import check_text
from rfonnx.model.building.build import Builder
from rfonnx.model.building.limits import Limits
from rfonnx.model.building.scope import Placed, Scope
from rfonnx.model.building.tables import Tables
from rfonnx.model.building.undecided import open_branches
from rfonnx.model.reading.bind import Shapes, bind, declared_dims, tensor_of
from rfonnx.model.reading.convert import opset_of
from rfonnx.model.reading.declared import Declared, Measured
from rfonnx.system.named import NamedTuple


class Built(NamedTuple):
    """A graph, and what it was made of.

    Attributes:
        graph: with functions and taken branches inlined, loops of few rounds and sequences written out.
        placed: its nodes, and where they come from.
        tables: what is known of its tensors.
    """

    graph: Graph
    placed: list[Placed]
    tables: Tables


def build(
    model: onnx.ModelProto,
    name: str,
    folder: Path | None,
    shapes: Shapes | None,
    known: Mapping[str, Measured],
    limits: Limits,
) -> Built:
    """The graph of a model that was read.

    Args:
        model: without its external data; not changed.
        name, folder: of the file, for messages and external data.
        shapes, known: as for `load`.
        limits: of what is written out.

    Raises:
        ModelError, ShapeError: see `load`.
    """
    opsets = _opsets(model)
    graph = model.graph
    stored = stored_names(graph)
    inputs = true_inputs(graph, stored)
    names = [i.name for i in inputs]
    if "" in names or len(set(names)) < len(names):
        raise misexported("an input has no name, or a name that another input has")
    check_text([model.producer_name, graph.name, *names], "the model")
    outputs = [o.name for o in graph.output]
    nodes = in_order([FileNode(node) for node in graph.node], [*names, *stored], outputs)
    binding = bind(inputs, shapes)

    declared = {info.name: info.type for info in (*graph.value_info, *graph.output)}
    settled = Declared(binding.symbols, known)
    block = channel_block(nodes, graph.initializer)
    builder = Builder(model, name, folder, block, settled, limits)
    builder.tables.warnings.extend(binding.warnings)
    builder.tables.take([*names, *stored, *chain.from_iterable([node.outputs for node in nodes])])
    scope = Scope("", opsets, declared=declared)
    for info in inputs:
        held = tensor_of(info.type)
        if held is not None and info.name in binding.shapes:
            builder.tables.tensors.set_tensor(info.name, held.elem_type, binding.shapes[info.name])
        else:
            builder.tables.tensors.set(info.name, info.type)
        if info.type.HasField("optional_type"):
            builder.tables.sequences.optional.add(info.name)
    builder.tables.add_stored(graph, scope)
    made = builder.walk(scope, nodes)
    builder.tables.warnings.extend(settled.warnings())
    result = builder.tables.graph(names, outputs, [placed.node for placed in made], opsets)
    result.warnings.extend(open_branches(result))
    result.ir_version, result.producer = model.ir_version, model.producer_name
    result.declared = {i.name: declared_dims(i) for i in inputs if tensor_of(i.type) is not None}
    return Built(result, made, builder.tables)


def _opsets(model: onnx.ModelProto) -> dict[str, int]:
    """Opset version by domain.

    Raises:
        ModelError: the installed onnx does not know the opset, or the file imports a domain in two versions.
    """
    opsets: dict[str, int] = {}
    check_text([entry.domain for entry in model.opset_import], "an opset import")
    newest = onnx.defs.onnx_opset_version()
    for entry in model.opset_import:
        domain, _ = opset_of(entry)
        if opsets.setdefault(domain, entry.version) != entry.version:
            raise misexported(
                f"the file imports opset {domain or 'ai.onnx'} in the versions {opsets[domain]} and {entry.version}"
            )
        if domain == "" and not 1 <= entry.version <= newest:
            raise ModelError(
                f"the model uses ai.onnx opset {entry.version}, but onnx {onnx.__version__} knows 1 to {newest}",
                "install a newer onnx (pip install -U onnx)",
            )
    if not model.opset_import and model.ir_version < 3:
        opsets[""] = 1  # the file is older than opset numbers
    return opsets
