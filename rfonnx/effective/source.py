"""The model that is measured: as it came, or with other input shapes written into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onnx import ModelProto

from rfonnx.errors import ModelError, QueryError
from rfonnx.graph.order import needed, sort, stored_names, true_inputs
from rfonnx.graph.text import quote
from rfonnx.model.building.normal import as_it_is
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import write_lengths
from rfonnx.model.reading.external import embed, is_external

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Model:
    """A model, and the shapes that its inputs are bound to.

    Attributes:
        source: what the user gave, or that with other lengths.
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

    def up_to(self, tensor: str) -> ModelProto:
        """A copy with the input lengths written into it, whose only output is a tensor; what that does not need is left out.

        A tensor that the file's main graph does not have is looked for in the model's normal form.

        Raises:
            ModelError: external weights are missing.
            QueryError: it lies in a loop or branch that data decide, or there is no such tensor.
        """
        made = self.written(self.shapes, weights=False)
        graph, inputs = made.graph, true_inputs(made.graph)
        here = any(tensor in node.output for node in graph.node)
        nodes, stored = as_it_is(made) if here else self.source.normal(self.shapes)
        given = [*(i.name for i in inputs), *stored_names(graph), *stored]
        kept, wanted = needed(sort(nodes, dict.fromkeys(given), []), [tensor])
        if not kept:
            raise QueryError(
                f"{self.name}: no node outside of loops and branches that data decide makes tensor {quote(tensor)}",
                "choose another tensor",
            )
        made.ir_version = max(made.ir_version, 4)  # before, what is stored had to be an input, too
        for field, entries in (("node", kept), ("input", inputs), ("initializer", ()), ("output", ())):
            graph.ClearField(field)
            getattr(graph, field).extend(entries)
        graph.output.add(name=tensor)
        for name in stored.keys() & wanted:
            held = graph.initializer.add()
            held.CopyFrom(stored[name])
            held.name = name
            if not embed(held, self.source.folder):
                raise _missing_weights(self.name, name)
        return made


def _missing_weights(model: str, tensor: str) -> ModelError:
    """The error for weights that are not there."""
    return ModelError(
        f"{model}: the weights of {quote(tensor)} are missing: they lie in an external file that is not there",
        "put the file beside the model; effective fields need the weights, `rfonnx report` does not",
    )
