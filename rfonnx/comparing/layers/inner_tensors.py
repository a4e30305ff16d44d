"""All inner tensors of a model on one sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx

from rfonnx.comparing.layers.quantised import Real, real_views
from rfonnx.comparing.layers.wiring import Wiring
from rfonnx.comparing.pairs.running_model import DTYPES, OpenModel
from rfonnx.errors import ModelError
from rfonnx.graph.tensors import element_count
from rfonnx.model.runtime import open_session, run
from rfonnx.results.fields import Shape

MAX_ELEMENTS = 2**28
"""Elements of all tensors together, for one model and sample: 1 GiB in float32. What is more is left out, the largest first."""


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
        left_out: how many are too large.
    """

    def __init__(
        self, opened: OpenModel, threads: int | None, real: bool = False, shapes: Mapping[str, Shape] | None = None
    ) -> None:
        """Open a session of its own.

        Args:
            opened: the model.
            threads: threads per operator.
            real: give quantised tensors as the real numbers that they stand for, where their readers tell the scale.
            shapes: of tensors, as far as they are known: the largest are left out where all together are too large.

        Raises:
            ModelError: the model cannot be read or opened.
        """
        source = opened.source
        self.model, self.name, self.folder = source.proto, source.name, source.folder
        self.label, self.threads = opened.label, threads
        made = list(_tensors(self.model))
        self.tensors = fitting(made, shapes or {})
        self.left_out = len(made) - len(self.tensors)
        self._open(real_views(self.wiring) if real else ())

    @cached_property
    def wiring(self) -> Wiring:
        """How its nodes hang together. Raises ModelError: they have no order."""
        return Wiring(self.model)

    def _open(self, views: Iterable[Real]) -> None:
        exposed = onnx.ModelProto()
        exposed.CopyFrom(self.model)
        known = {output.name for output in exposed.graph.output}
        every = list(_with_views(self.tensors, {view.quantised: view for view in views}))
        exposed.graph.output.extend(onnx.ValueInfoProto(name=t.key) for t in every if t.key not in known)
        real = [tensor.real for tensor in every if tensor.real]
        exposed.graph.node.extend(view.dequantise() for view in real)
        try:
            self._session = open_session(
                exposed, level="none", threads=self.threads, name=self.name, folder=self.folder
            )
        except ModelError:
            if not real:
                raise
            return self._open(())  # a tensor that an operator takes with a scale, and that is not quantised
        # A sequence or an optional that is left empty is no array, and numpy has no bfloat16.
        types = {output.name: output.type for output in self._session.get_outputs()}
        numbers = {f"tensor({name})" for name in DTYPES}
        self.tensors = [tensor for tensor in every if types[tensor.key] in numbers]
        return None

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


def fitting(tensors: Sequence[Inner], shapes: Mapping[str, Shape]) -> list[Inner]:
    """The tensors, without the largest where all together have more than `MAX_ELEMENTS`."""
    sizes = {tensor.name: element_count(shapes.get(tensor.name)) or 0 for tensor in tensors}
    total = sum(sizes.values())
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if total <= MAX_ELEMENTS:
            break
        total -= sizes.pop(name)
    return [tensor for tensor in tensors if tensor.name in sizes]


def _tensors(model: onnx.ModelProto) -> Iterator[Inner]:
    for node in model.graph.node:
        if node.op_type != "Constant":
            for output in node.output:
                if output:
                    yield Inner(output, node.name, node.op_type)


def _with_views(tensors: Sequence[Inner], views: Mapping[str, Real]) -> Iterator[Inner]:
    for tensor in tensors:
        yield tensor
        if tensor.name in views:
            yield Inner(tensor.name, tensor.node, tensor.op_type, views[tensor.name])
