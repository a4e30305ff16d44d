"""The model that is measured: as it came, or with other input shapes written into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx
from onnx import ModelProto

from rfonnx.errors import ModelError
from rfonnx.graph.order import needed, sort, stored_names
from rfonnx.graph.text import quote
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes as GivenShapes
from rfonnx.model.reading.bind import write_lengths
from rfonnx.model.reading.external import embed, is_external
from rfonnx.model.reading.flat import flattened

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Model:
    """A model, and the shapes that its inputs are bound to.

    Attributes:
        source: what the user gave, or what was made of it.
        name: what messages call it.
        shapes: by input.
        axes: the axis that counts samples, by input; None: it has none.
    """

    source: Opened
    name: str
    shapes: Shapes
    axes: Mapping[str, int | None]

    def rebound(self, shapes: Shapes, weights: bool = True) -> Model:
        """The model with other input lengths, also where the file fixes them.

        Args:
            shapes: by input; the others stay.
            weights: as in `written`.

        Raises:
            ModelError: external weights are missing.
        """
        bound = {**self.shapes, **shapes}
        return Model(Opened(self.written(bound, weights)), self.name, bound, self.axes)

    def with_weights(self, light: Model) -> Model:
        """`light`, which is this model rebound without the weights that lie in other files, with them.

        Raises:
            ModelError: they are missing.
        """
        outside = any(is_external(tensor) for tensor in self.source.proto.graph.initializer)
        return self.rebound(light.shapes) if outside else light

    def written(self, shapes: Shapes, weights: bool = True) -> ModelProto:
        """A copy of the model with input lengths written into it.

        What the file says of other shapes is dropped: it would contradict. Whether the graph means the same at these lengths
        is for the caller to prove.

        Args:
            shapes: by input.
            weights: bring in weights that lie in external files.

        Raises:
            ModelError: external weights are missing.
        """
        made = ModelProto()
        made.CopyFrom(self.source.proto)
        if weights:
            for tensor in made.graph.initializer:
                if not embed(tensor, self.source.folder):
                    raise _missing_weights(self.name, tensor.name)
        write_lengths(made.graph.input, shapes)
        del made.graph.value_info[:]
        for output in made.graph.output:
            if output.type.HasField("tensor_type"):
                output.type.tensor_type.ClearField("shape")
        return made


def up_to(model: ModelProto, tensor: str) -> None:
    """Drop what a tensor does not need, in place; it becomes the only output. Its name must be in the main graph."""
    graph = model.graph
    given = [*(i.name for i in graph.input), *stored_names(graph)]
    kept, wanted = needed(sort(graph.node, given, []), [tensor])
    weights = [t for t in graph.initializer if t.name in wanted]
    for field, entries in (("node", kept), ("initializer", weights)):
        graph.ClearField(field)
        getattr(graph, field).extend(entries)
    del graph.output[:]
    graph.output.append(onnx.ValueInfoProto(name=tensor))


def _missing_weights(model: str, tensor: str) -> ModelError:
    """The error for weights that are not there."""
    return ModelError(
        f"{model}: the weights of {quote(tensor)} are missing: they lie in an external file that is not there",
        "put the file beside the model; effective fields need the weights, `rfonnx report` does not",
    )


def open_model(source: Opened, given: GivenShapes | None, shapes: Shapes, axes: Mapping[str, int | None]) -> Model:
    """The model as it came, but for branches that are taken: tensors inside them are measured like others.

    Args:
        source: what the user gave.
        given: shapes that its graph is built at; those that are left open are bound by it.
        shapes, axes: of all inputs; see `Model`.
    """
    flat = flattened(source, given)
    return Model(Opened(flat) if flat else source, source.label, shapes, axes)
