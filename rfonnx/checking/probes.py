"""A few figures about inner tensors, worked out inside onnxruntime, so that no inner tensor leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from rfonnx.checking.subject import Subject
from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.errors import RunError
from rfonnx.model.runtime import open_session, run

PREFIX = "rfonnx/probe/"


_ATTRIBUTES: dict[str, dict[str, Any]] = {"Cast": {"to": int(onnx.TensorProto.FLOAT)}, "ReduceSum": {"keepdims": 0}}


class Probes:
    """A copy of a model with nodes that reduce inner tensors to one number each. Nothing is fused, so that each tensor exists."""

    def __init__(self, subject: Subject) -> None:
        """Read the model; add probes, then run."""
        source = subject.source
        self._name, self._folder = source.name, source.folder
        self._model = onnx.ModelProto()
        self._model.CopyFrom(source.proto)
        self._subject = subject
        self._results: list[str] = []

    @property
    def nodes(self) -> Sequence[onnx.NodeProto]:
        """The model's own nodes, of its main graph."""
        return [node for node in self._model.graph.node if not any(o.startswith(PREFIX) for o in node.output)]

    def add(self, steps: Sequence[tuple[str, Sequence[str | float]]], tensor: str) -> None:
        """One number about a tensor: it is cast to float32, goes through the steps, and their result is summed.

        Args:
            steps: operator and its further operands, names or numbers; the first operand is what came before.
            tensor: of the main graph.
        """
        graph = self._model.graph
        stem = f"{PREFIX}{len(self._results)}"
        value = f"{stem}/0"
        graph.node.append(helper.make_node("Cast", [tensor], [value], to=onnx.TensorProto.FLOAT))
        for number, (op_type, operands) in enumerate((*steps, ("Cast", ()), ("ReduceSum", ())), 1):
            names = []
            for place, operand in enumerate(operands):
                name = operand if isinstance(operand, str) else f"{stem}/{number}/{place}"
                if not isinstance(operand, str):
                    graph.initializer.append(numpy_helper.from_array(np.array(operand, np.float32), name))
                names.append(name)
            attributes: dict[str, Any] = _ATTRIBUTES.get(op_type, {})
            made = f"{stem}/{number}"
            graph.node.append(helper.make_node(op_type, [value, *names], [made], **attributes))
            value = made
        graph.output.append(onnx.ValueInfoProto(name=value))
        self._results.append(value)

    def run(self, samples: Sequence[tuple[str, Feed]]) -> np.ndarray:
        """The numbers, (samples, probes).

        Raises:
            ModelError: onnxruntime refuses the model.
            RunError: it fails on a sample.
        """
        session = open_session(
            self._model, level="none", threads=self._subject.threads, name=self._name, folder=self._folder
        )
        rows = []
        for name, feed in samples:
            try:
                rows.append(run(session, self._results, feed, self._name))
            except RunError:
                self._subject.run(name, feed)  # where the model itself fails, in the words that other rules have for it
                raise
        return np.array(rows, np.float64)
