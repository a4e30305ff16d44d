"""Shapes of what a branch of an If gives, also where the file does not say them: inferred from what the branch captures."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto

from rfonnx.graph.order import captures
from rfonnx.graph.tensors import is_static, read_type


class Branches:
    """Answers for the branches of one model's main graph.

    Args:
        model: its value_info tells the types of what branches capture.
    """

    def __init__(self, model: ModelProto) -> None:
        graph = model.graph
        self._infos: Mapping[str, ValueInfoProto] = {
            i.name: i for i in (*graph.value_info, *graph.output, *graph.input)
        }
        self._stored: Mapping[str, TensorProto] = {t.name: t for t in graph.initializer}
        self._model = model

    def shapes(self, branch: GraphProto) -> list[tuple[int, ...] | None]:
        """The shape of each output; None where neither the file nor inference tells it."""
        declared = [_static(output) for output in branch.output]
        if None not in declared:
            return declared
        captured = captures(branch)
        if not all(name in self._stored or name in self._infos for name in captured):
            return declared
        alone = ModelProto(ir_version=self._model.ir_version)
        alone.opset_import.extend(self._model.opset_import)
        alone.graph.name = "branch"
        alone.graph.node.extend(branch.node)
        alone.graph.initializer.extend(branch.initializer)
        alone.graph.initializer.extend(self._stored[name] for name in captured if name in self._stored)
        alone.graph.input.extend(self._infos[name] for name in captured if name not in self._stored)
        for output in branch.output:  # the type alone: names of open lengths mean nothing here
            made = alone.graph.output.add(name=output.name)
            made.type.tensor_type.elem_type = output.type.tensor_type.elem_type
        try:
            inferred = onnx.shape_inference.infer_shapes(alone, data_prop=True).graph.output
        except Exception:  # onnx raises its own types, by release
            return declared
        return [known or _static(found) for known, found in zip(declared, inferred, strict=True)]


def _static(info: ValueInfoProto) -> tuple[int, ...] | None:
    shape = read_type(info.type)[2]
    return tuple(n or 0 for n in shape) if shape is not None and is_static(shape) else None
