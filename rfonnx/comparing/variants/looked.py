"""What a model sees and costs: a row of the table of variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from onnx import NodeProto

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.comparing.cost.activations import activation_bytes
from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.variants.changed import Changed
from rfonnx.effective.default import default_tensor, survey
from rfonnx.effective.place import find_place
from rfonnx.errors import QueryError
from rfonnx.graph.nodes import Graph
from rfonnx.graph.text import did_you_mean, quote
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.operators.table import operator
from rfonnx.results.variants import Change, Seen, Variant
from rfonnx.system.named import NamedTuple

Pair = tuple[str, int]

AS_IT_IS = "as it is"

PLACED = ("local", "periodic")
"""Kinds of fields that move with the position."""


class Subject(NamedTuple):
    """What is changed and looked at.

    Attributes:
        model, shapes: as it is, and of its inputs.
        analysis: of it.
        pairs: axes of inputs along which fields are looked at.
        tensors: whose fields are.
        past: by tensor that sees the past alone along axes of time, the share that its middle position can see at most.
    """

    model: Opened
    shapes: Shapes | None
    analysis: Analysis
    pairs: tuple[Pair, ...]
    tensors: tuple[str, ...]
    past: Mapping[str, Mapping[Pair, float]]

    @property
    def graph(self) -> Graph:
        """The model's."""
        return self.analysis.graph


def look(subject: Subject, made: Changed, name: str) -> Variant:
    """The fields and the cost of a model.

    Args:
        subject: what is looked at.
        made: the model, with what was changed.
        name: of the variant.
    """
    analysis = analyze(made.model, subject.shapes)
    counted = macs(analysis.graph)
    return Variant(
        name,
        made.changes,
        tuple(_seen(analysis, subject.tensors, subject.pairs)),
        counted.total,
        dict(counted.uncounted),
        activation_bytes(analysis.graph),
        tuple(name for name, pairs in subject.past.items() if not pairs.keys() <= past_of(analysis, name).keys()),
        tuple(_notes(made.model, analysis.graph, made.changes)),
    )


def past_of(analysis: Analysis, name: str) -> dict[Pair, float]:
    """By axis of time along which a tensor sees nothing after its own position, the share of it up to the middle one's, and one
    step more."""
    tensor, found = analysis.tensors[name], {}
    for pair in analysis.time.known.items():
        field = tensor.fields.get(pair)
        axis = None if field is None else field.tensor_axis
        length, cells = (
            (analysis.input_shapes[pair[0]] or ())[pair[1]],
            tensor.shape and axis is not None and tensor.shape[axis],
        )
        if field is not None and length and cells and analysis.time.only_past(name, *pair):
            found[pair] = min(1.0, float((cells // 2 + 1) * field.stride) / length)
    return found


def _seen(analysis: Analysis, tensors: Iterable[str], pairs: Sequence[Pair]) -> Iterable[Seen]:
    for name in tensors:
        tensor = analysis.tensors[name]
        for input, axis in pairs:
            field = tensor.fields.get((input, axis))
            length = (analysis.input_shapes[input] or ())[axis]
            if field is not None and length is not None:
                yield Seen(tensor.name, tensor.shape, tensor.exact, input, axis, length, field)


def _notes(model: Opened, graph: Graph, changes: Sequence[Change]) -> Iterable[str]:
    """Dilations that onnxruntime refuses (Conv) or pads too little for (pools); lengths in the file, which follow no change."""
    if not changes:
        return
    same = {name for node in model.proto.graph.node if _pads_itself(node) for name in (node.name, node.output[0])}
    for change in changes:
        if change.attribute == "dilation" and max(change.after) > 1 and change.node in same:
            yield f"onnxruntime does not pad by itself (auto_pad) for dilations, as in {quote(change.node)}: say pads as well"
    for node in graph.nodes:
        sizes = operator(node.kind).switched_off == "scale" and len(node.inputs) > 3 and node.inputs[3]
        if sizes and sizes in graph.constants and node.outputs[0] not in graph.constants:
            yield f"{node} resizes to lengths that may stand in the file: they are what they were"


def _pads_itself(node: NodeProto) -> bool:
    return any(one.name == "auto_pad" and one.s.startswith(b"SAME") for one in node.attribute)


def axes_of(analysis: Analysis) -> tuple[Pair, ...]:
    """Axes of inputs that windows slide along; where none does, those along which an output moves, or all that are longer than
    one position; the first axis aside."""
    if analysis.windowed:
        return analysis.windowed
    shapes = analysis.input_shapes.items()
    pairs = tuple((name, axis) for name, shape in shapes for axis, n in enumerate(shape or ()) if axis and n != 1)
    fields = [analysis.tensors[name].fields for name in analysis.outputs if name in analysis.tensors]
    moving = tuple(pair for pair in pairs if any(pair in one and one[pair].kind in PLACED for one in fields))
    return moving or pairs


def tensors_of(analysis: Analysis, asked: Sequence[str], pairs: Sequence[Pair]) -> tuple[str, ...]:
    """The tensors that are looked at: those asked for, or the outputs; and where no field of an output moves with the position (a
    classifier), the last tensor before it that has places, too: what `rfonnx erf` measures.

    Raises:
        QueryError: there is no such tensor, or none that depends on an input.
    """
    for name in asked:
        if name not in analysis.tensors:
            raise QueryError(
                f"{analysis.model.name}: there is no tensor {quote(name)} that depends on an input",
                did_you_mean(name, analysis.tensors) or "rfonnx report --all lists them",
            )
    if asked:
        return tuple(dict.fromkeys(asked))
    found = [name for name in analysis.outputs if name in analysis.tensors]
    if not found:
        raise QueryError(f"{analysis.model.name}: no output depends on an input", "name a tensor with --tensor")
    if not any(_placed(analysis, name, pairs) for name in found):
        found = [default_tensor(survey(analysis.graph, analysis, find_place(analysis, None, None, "center"))), *found]
    return tuple(dict.fromkeys(found))


def _placed(analysis: Analysis, name: str, pairs: Sequence[Pair]) -> bool:
    fields: Mapping[Pair, object] = analysis.tensors[name].fields
    kinds = {analysis.tensors[name].fields[pair].kind for pair in pairs if pair in fields}
    return bool(kinds) and kinds <= set(PLACED)
