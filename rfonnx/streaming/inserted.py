"""Statistics of all frames put into a model as inputs, in the place of what takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onnx import ModelProto, NodeProto, ValueInfoProto, helper

from rfonnx.gradients.emitter import Emitter
from rfonnx.graph.nodes import Node
from rfonnx.graph.order import needed
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.operators.table import operator
from rfonnx.results.streaming import StreamStatistic
from rfonnx.streaming.figures import Figure, along
from rfonnx.streaming.model import Source
from rfonnx.streaming.normed import PREFIX, normed, quantised
from rfonnx.streaming.taken import taken_axes, whole_shape


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be an input.

    Attributes:
        node: that takes all frames together.
        tensor: of it: what becomes an input, or what it makes by its own statistics.
        own: its own statistics become inputs.
    """

    node: Node
    tensor: str
    own: bool


def inserted(
    source: Source, chosen: Sequence[Chosen], rows: Mapping[str, str]
) -> tuple[ModelProto, tuple[Figure, ...]]:
    """The model with these as inputs, without what nobody reads any more.

    Args:
        source: looked at.
        chosen: in any order; each once.
        rows: by tensor of groups of channels, the tensor whose channels they are.
    """
    proto = ModelProto()
    proto.CopyFrom(source.proto)
    graph = proto.graph
    taken = {name for node in graph.node for name in (*node.input, *node.output)} | source.stored.keys()
    taken |= {entry.name for entry in graph.input}
    emit = Emitter(source.graph.opsets[""], taken, PREFIX)
    figures: list[Figure] = []
    for one in chosen:
        place = next(i for i, node in enumerate(graph.node) if one.tensor in node.output)
        if not one.own:
            figures.append(_tensor(source, one))
            _rewired(graph.node, graph.node[place], one.tensor, figures[-1].told.input, emit)
            continue
        first = len(emit.nodes)
        write = quantised if operator(one.node.kind).ranged else normed
        figures += write(emit, source.graph, one.node, rows)
        del graph.node[place]
        for more, node in enumerate(emit.nodes[first:]):
            graph.node.insert(place + more, node)
    graph.initializer.extend(emit.constants)
    kept, read = needed(list(graph.node), [entry.name for entry in graph.output])
    figures = [one for one in figures if one.told.input in read]  # another one may have been made of it alone
    graph.input.extend(map(_entry, (one.told for one in figures)))
    stored = [one for one in graph.initializer if one.name in read]
    for field, entries in (("node", kept), ("initializer", stored)):
        graph.ClearField(field)
        getattr(graph, field).extend(entries)
    return proto, tuple(figures)


def _rewired(nodes: Sequence[NodeProto], maker: NodeProto, tensor: str, given: str, emit: Emitter) -> None:
    """Have all that read a tensor read the input instead; where that has its name, the node makes it under another."""
    if given == tensor:
        maker.output[:] = [emit.unique(name) if name == tensor else name for name in maker.output]
        return
    for node in nodes:
        node.input[:] = [given if name == tensor else name for name in node.input]


def _tensor(source: Source, one: Chosen) -> Figure:
    """A tensor that becomes an input under its own name; where it is an output, too, under another."""
    row, tensor = operator(one.node.kind), one.tensor
    meaning = f"what {one.node.kind} makes of all frames, '{tensor}'"
    if row.statistic:
        meaning = f"the {row.statistic} over {along(taken_axes(one.node, source.graph))} of '{one.node.inputs[0]}'"
    name = PREFIX + tensor if tensor in source.graph.outputs else tensor
    shape = whole_shape(source, tensor) or ()
    return Figure(StreamStatistic(name, one.node.name, tensor, meaning, shape, source.graph.dtypes[tensor]), tensor)


def _entry(one: StreamStatistic) -> ValueInfoProto:
    return helper.make_tensor_value_info(one.input, ELEMENT_TYPES[one.dtype], one.shape)


def measuring(given: ModelProto, figures: Sequence[Figure], dtypes: Mapping[str, str]) -> ModelProto:
    """A model that gives what statistics are taken of, beside its outputs. `dtypes`: of its tensors."""
    made = ModelProto()
    made.CopyFrom(given)
    names = {entry.name for entry in (*made.graph.output, *made.graph.input)}
    for name in {one.of: None for one in figures}:
        if name not in names:
            made.graph.output.append(helper.make_tensor_value_info(name, ELEMENT_TYPES[dtypes[name]], None))
    return made
