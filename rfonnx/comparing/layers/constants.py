"""Values of a model's constants, computed by onnxruntime where nodes make them; one at a time, since weights may be large."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from rfonnx.comparing.layers.inner_tensors import InnerModel
from rfonnx.graph.order import needed
from rfonnx.model.runtime import open_session, run


class Constants:
    """What does not depend on the inputs.

    Args:
        source: the model.
        wanted: names that may be asked for.
    """

    def __init__(self, source: InnerModel, wanted: Sequence[str]) -> None:
        """Raises ModelError: onnxruntime does not take the nodes."""
        given, wiring = source.model, source.wiring
        made = onnx.ModelProto(ir_version=given.ir_version, opset_import=given.opset_import, functions=given.functions)
        graph = made.graph
        graph.name = given.graph.name
        graph.sparse_initializer.extend(given.graph.sparse_initializer)
        nodes = [node for node in wiring.nodes if not wiring.moves(node)]
        kept, wanted_too = needed(nodes, wanted)
        graph.node.extend(kept)
        graph.initializer.extend(tensor for tensor in given.graph.initializer if tensor.name in wanted_too)
        # An Identity stands before each: a graph without nodes is none, and an initializer is no output.
        self._names = {name: f"rfonnx/constant/{number}" for number, name in enumerate(dict.fromkeys(wanted))}
        graph.node.extend(onnx.helper.make_node("Identity", [name], [to]) for name, to in self._names.items())
        graph.output.extend(onnx.ValueInfoProto(name=to) for to in self._names.values())
        self._label = f"constants of the {source.label}"
        self._session = open_session(made, level="none", threads=1, name=source.name, folder=source.folder)

    def value(self, name: str) -> np.ndarray:
        """One of those that were wanted."""
        return run(self._session, [self._names[name]], {}, self._label)[0]
