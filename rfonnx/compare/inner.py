"""All inner tensors of a model on one sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from rfonnx.compare.model import DTYPES, OpenModel
from rfonnx.compare.quantised import Real, real_views
from rfonnx.compare.wiring import Wiring
from rfonnx.graph.read import read_model
from rfonnx.runtime import open_session, run


@dataclass(frozen=True, slots=True)
class Inner:
    """One tensor that a node of the main graph makes.

    Attributes:
        name, node, op_type: of the tensor and its node.
        real: what stands for it in the runs, where it holds quantised numbers: the real ones.
    """

    name: str
    node: str
    op_type: str
    real: Real | None = None

    @property
    def key(self) -> str:
        """Its name among the values of a run."""
        return self.real.name if self.real else self.name


class InnerModel:
    """A model whose every tensor is an output. Nothing is fused, so that every tensor exists.

    Attributes:
        model: the model as it is in the file; not to be changed.
        label, name, folder, threads: for more sessions of it.
        tensors: those that are arrays of numbers, in the file's order.
    """

    def __init__(self, opened: OpenModel, threads: int | None, real: bool = False) -> None:
        """Open a session of its own.

        Args:
            opened: the model.
            threads: threads per operator.
            real: give quantised tensors as the real numbers that they stand for, where their readers tell the scale.

        Raises:
            ModelError: the model cannot be read or opened.
        """
        self.model, self.name, self.folder = read_model(opened.source)
        self.label, self.threads = opened.label, threads
        self.tensors = list(_tensors(self.model, real_views(Wiring(self.model)) if real else ()))
        exposed = onnx.ModelProto()
        exposed.CopyFrom(self.model)
        known = {output.name for output in exposed.graph.output}
        exposed.graph.output.extend(onnx.ValueInfoProto(name=t.key) for t in self.tensors if t.key not in known)
        exposed.graph.node.extend(t.real.dequantise() for t in self.tensors if t.real)
        self._session = open_session(exposed, level="none", threads=threads, name=self.name, folder=self.folder)
        # A sequence or an optional that is left empty is no array, and numpy has no bfloat16.
        types = {output.name: output.type for output in self._session.get_outputs()}
        numbers = {f"tensor({name})" for name in DTYPES}
        self.tensors = [tensor for tensor in self.tensors if types[tensor.key] in numbers]

    def values(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every tensor by key, in order.

        Raises:
            ShapeError: the model does not take these arrays.
        """
        names = [tensor.key for tensor in self.tensors]
        return dict(zip(names, run(self._session, names, feeds, self.label), strict=True))

    def first_nonfinite(self, feeds: Mapping[str, np.ndarray]) -> str:
        """The first tensor, in order, with a NaN; else the first with an infinity, which masks hold on purpose; else ""."""
        values = self.values(feeds)
        floats = [name for name, value in values.items() if value.dtype.kind == "f"]
        for bad in (np.isnan, np.isinf):
            found = next((name for name in floats if bad(values[name]).any()), "")
            if found:
                return found
        return ""


def _tensors(model: onnx.ModelProto, views: Iterable[Real]) -> Iterator[Inner]:
    real = {view.quantised: view for view in views}
    for node in model.graph.node:
        if node.op_type != "Constant":
            for output in node.output:
                if output:
                    yield Inner(output, node.name, node.op_type)
                    if output in real:
                        yield Inner(output, node.name, node.op_type, real[output])
