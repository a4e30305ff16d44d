"""A model in normal form, as nodes that can be run: functions, taken branches, rounds and sequences are written out.

It computes what the model computes at the shapes that the graph was built at, and calls tensors as the graph does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from rfonnx.graph.order import needed, reads, subgraphs
from rfonnx.model.building.main_graph import Built
from rfonnx.model.building.scope import Body, Placed
from rfonnx.model.building.sequences import Sequences
from rfonnx.model.building.tables import Tables
from rfonnx.system.named import NamedTuple


class Normal(NamedTuple):
    """The nodes of a main graph, in order.

    Attributes:
        nodes: of ai.onnx and other domains; none calls a function of the file.
        stored: the tensors that no node makes, by name; they themselves may have another one. Data in files stays there.
    """

    nodes: Sequence[NodeProto]
    stored: Mapping[str, TensorProto]


def is_normal(model: ModelProto) -> bool:
    """Whether a model has nothing that could be written out: no functions, subgraphs, sequences and optionals."""
    nodes = [node for node in model.graph.node if node.op_type != "Identity"]
    return not model.functions and not any(node.op_type in Sequences.RULES or subgraphs(node) for node in nodes)


def as_it_is(model: ModelProto) -> Normal:
    """A model that is in normal form."""
    return Normal(model.graph.node, {tensor.name: tensor for tensor in model.graph.initializer})


def normal_form(built: Built, outputs: Iterable[str] | None = None) -> Normal:
    """What a graph was built of.

    Args:
        built: the graph.
        outputs: tensors; what they do not need is left out. None: nothing is.
    """
    nodes = _Writer(built.tables).nodes(built.placed)
    if outputs is not None:
        nodes = needed(nodes, outputs)[0]
    made = {*built.graph.inputs, *(name for node in nodes for name in node.output)}
    wanted = dict.fromkeys([*(name for node in nodes for name in reads(node)), *built.graph.outputs])
    found = ((name, built.tables.constants.tensor(name)) for name in wanted if name not in made)
    return Normal(nodes, {name: tensor for name, tensor in found if tensor is not None})


class _Writer:
    """Writes nodes of the file under their graph-wide names. No two have one name: onnxruntime refuses that."""

    def __init__(self, tables: Tables) -> None:
        self._unique = tables.unique
        self._taken: set[str] = set()

    def nodes(self, placed: Iterable[Placed]) -> list[NodeProto]:
        return [self._node(one) for one in placed]

    def _node(self, placed: Placed) -> NodeProto:
        node, proto, scope, bodies = placed
        name = proto.name and scope.prefix + proto.name
        if name in self._taken:
            name = next((o for o in node.outputs if o), "")
        made = NodeProto(op_type=proto.op_type, domain=proto.domain, name=name, input=node.inputs, output=node.outputs)
        made.attribute.extend(a for a in proto.attribute if a.name not in bodies)
        made.attribute.extend(helper.make_attribute(key, self._graph(body)) for key, body in bodies.items())
        self._taken.update([name] if name else [])
        return made

    def _graph(self, body: Body) -> GraphProto:
        """A subgraph. What it has stored stands outside, where it is read from."""
        graph, resolve = body.graph, body.scope.resolve
        made = GraphProto(name=graph.name, node=self.nodes(body.placed), input=graph.input, output=graph.output)
        for entry in (*made.input, *made.output):
            entry.name = resolve(entry.name)
        own = {entry.name for entry in made.input} | {name for node in made.node for name in node.output}
        for output in made.output:
            if output.name not in own:  # from outside: a subgraph has to make what it gives
                inside = self._unique(output.name, ["given"]) + "given"
                made.node.append(NodeProto(op_type="Identity", input=[output.name], output=[inside]))
                output.name = inside
        return made
