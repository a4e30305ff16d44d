"""All inner tensors of a model on one sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from rfonnx.compare.model import OpenModel
from rfonnx.graph.read import read_model
from rfonnx.runtime import open_session, run


@dataclass(frozen=True, slots=True)
class Inner:
    """One tensor that a node of the main graph makes.

    Attributes:
        name, node, op_type: of the tensor and its node.
    """

    name: str
    node: str
    op_type: str


class InnerModel:
    """A model whose every tensor is an output. Nothing is fused, so that every tensor exists.

    Args:
        opened: the model.
        threads: threads per operator.
    """

    def __init__(self, opened: OpenModel, threads: int | None) -> None:
        """Open a session of its own.

        Raises:
            ModelError: the model cannot be read or opened.
        """
        proto, name, folder = read_model(opened.source)
        exposed = onnx.ModelProto()
        exposed.CopyFrom(proto)
        self.tensors = list(_tensors(exposed))
        known = {output.name for output in exposed.graph.output}
        exposed.graph.output.extend(onnx.ValueInfoProto(name=t.name) for t in self.tensors if t.name not in known)
        self._session = open_session(exposed, level="none", threads=threads, name=name, folder=folder)
        self._label = opened.label
        # A sequence or an optional that is left empty is no array; tensors alone are asked for.
        self.tensors = self._only_tensors()

    def _only_tensors(self) -> list[Inner]:
        types = {output.name: output.type for output in self._session.get_outputs()}
        return [t for t in self.tensors if types[t.name].startswith("tensor(") and types[t.name] != "tensor(string)"]

    def values(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every tensor by name, in order.

        Raises:
            ShapeError: the model does not take these arrays.
        """
        names = [tensor.name for tensor in self.tensors]
        return dict(zip(names, run(self._session, names, feeds, self._label), strict=True))

    def first_nonfinite(self, feeds: Mapping[str, np.ndarray]) -> str:
        """The first tensor, in order, with a NaN; else the first with an infinity, which masks hold on purpose; else ""."""
        values = self.values(feeds)
        floats = [name for name, value in values.items() if value.dtype.kind == "f"]
        for bad in (np.isnan, np.isinf):
            found = next((name for name in floats if bad(values[name]).any()), "")
            if found:
                return found
        return ""


def _tensors(model: onnx.ModelProto) -> Iterator[Inner]:
    for node in model.graph.node:
        if node.op_type != "Constant":
            for output in node.output:
                if output:
                    yield Inner(output, node.name, node.op_type)
