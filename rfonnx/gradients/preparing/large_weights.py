"""A model and its large weights, kept apart: what works on the graph never copies hundreds of megabytes.

In the graph a large weight is a stub: an initializer without data that points to external data which does not exist. onnxruntime
is handed the arrays themselves when it opens a session.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, numpy_helper

from rfonnx.errors import ModelError
from rfonnx.graph.text import naming, quote
from rfonnx.model.building.normal import Normal, as_it_is
from rfonnx.model.reading.external import embed_inner, is_external, read_tensor

LARGE = 4096
"""Bytes; smaller constants may be axes, shapes or scales, whose values shape inference wants to see."""

Weights = dict[str, np.ndarray]

_PLAIN = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.INT32,
          TensorProto.INT8, TensorProto.UINT8)  # fmt: skip


@dataclass(slots=True)
class LightModel:
    """A model without its large weights.

    Attributes:
        proto: the model, with stubs.
        weights: by name: the stubs' arrays.
        name: what messages call the model.
    """

    proto: ModelProto
    weights: Weights
    name: str

    def kept(self) -> Weights:
        """The weights that the graph still has."""
        return stubbed(self.proto, self.weights)


def stubbed(proto: ModelProto, weights: Weights) -> Weights:
    """The weights that a graph has stubs for: onnxruntime refuses any others."""
    return {t.name: weights[t.name] for t in proto.graph.initializer if t.name in weights}


def lighten(
    model: ModelProto,
    name: str,
    folder: Path | None = None,
    weights: Weights | None = None,
    normal: Normal | None = None,
) -> LightModel:
    """A light copy of a model, which is not changed.

    Args:
        model: with its data inside, or beside it.
        name: what messages call it.
        folder: where external data lies.
        weights: what stubs in the model stand for.
        normal: its normal form; None: it is in normal form.

    Raises:
        ModelError: external data is missing, or data does not fit its shape.
    """
    proto = ModelProto(ir_version=model.ir_version)
    proto.opset_import.extend(model.opset_import)
    graph = proto.graph
    graph.name = model.graph.name or "graph"
    nodes, stored = normal or as_it_is(model)
    graph.node.extend(nodes)
    with naming(name):
        embed_inner((node for node in graph.node if node.attribute), folder)
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    graph.value_info.extend(model.graph.value_info)
    graph.sparse_initializer.extend(model.graph.sparse_initializer)
    kept: Weights = {}
    for called, tensor in stored.items():
        if weights and called in weights:
            kept[called] = weights[called]
            graph.initializer.append(tensor)
        elif is_external(tensor) or (_size(tensor) > LARGE and tensor.data_type in _PLAIN):
            with naming(name):
                value = read_tensor(tensor, folder)
            if value is None:
                raise ModelError(
                    f"{name}: the weights of {quote(called)} are missing: they lie in a file that is not there",
                    "put the file beside the model; gradients need the weights",
                )
            graph.initializer.append(_stored(called, tensor, value, kept))
        else:
            graph.initializer.append(tensor)
            graph.initializer[-1].name = called
    return LightModel(proto, kept, name)


def _stored(name: str, tensor: TensorProto, value: np.ndarray, kept: Weights) -> TensorProto:
    """A small value as it is; a stub for a large one, which is kept."""
    if value.nbytes <= LARGE or tensor.data_type not in _PLAIN:
        return numpy_helper.from_array(value, name)
    kept[name] = value
    return stub(name, tensor.data_type, tensor.dims)


def stub(name: str, data_type: int, dims: Iterable[int]) -> TensorProto:
    """An initializer without data."""
    made = TensorProto(name=name, data_type=data_type, dims=dims, data_location=TensorProto.EXTERNAL)
    made.external_data.add(key="location", value="handed to onnxruntime")
    return made


def _size(tensor: TensorProto) -> int:
    return max(
        len(tensor.raw_data), 4 * len(tensor.float_data), 8 * len(tensor.double_data), 4 * len(tensor.int32_data)
    )


def as_inputs(proto: ModelProto, names: Iterable[str]) -> ModelProto:
    """A copy in which some initializers are inputs of the same type, for tools that read no external data."""
    chosen = set(names)
    copy = ModelProto()
    copy.CopyFrom(proto)
    moved = [t for t in copy.graph.initializer if t.name in chosen]
    rest = [t for t in copy.graph.initializer if t.name not in chosen]
    given = {i.name for i in copy.graph.input}
    copy.graph.ClearField("initializer")
    copy.graph.initializer.extend(rest)
    copy.graph.input.extend(
        onnx.helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in moved if t.name not in given
    )
    return copy


def as_stubs(proto: ModelProto, weights: Weights) -> None:
    """Undo `as_inputs`, in place."""
    inputs = [i for i in proto.graph.input if i.name not in weights]
    moved = [i for i in proto.graph.input if i.name in weights]
    proto.graph.ClearField("input")
    proto.graph.input.extend(inputs)
    proto.graph.initializer.extend(stub(i.name, i.type.tensor_type.elem_type, weights[i.name].shape) for i in moved)
