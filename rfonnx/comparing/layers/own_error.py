"""What each layer of the student makes of the teacher's tensors: the student, cut at every tensor that has a partner.

The node that makes such a tensor gives its result under another name, and an input of the model takes the tensor's place, so that
every layer of the student reads what the teacher has there. One run then gives what all layers do by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper

from rfonnx.comparing.layers.inner_tensors import Inner, InnerModel
from rfonnx.model.runtime import open_session, run

PREFIX = "rfonnx/own/"
"""Before the name of a tensor: what its layer makes of the teacher's tensors."""

Values = Mapping[str, np.ndarray]


class CutModel:
    """The student with inputs in place of some inner tensors.

    Args:
        student: the model.
        cut: the tensors.
        seen: names of more tensors to give, that are not cut.
        values: of all the student's tensors on some sample, by key: their types and ranks.
        probes: nodes that are added, and the names of what they make, which `values` gives too.
    """

    def __init__(
        self,
        student: InnerModel,
        cut: Sequence[Inner],
        seen: Sequence[str],
        values: Values,
        probes: Sequence[tuple[Sequence[onnx.NodeProto], str]] = (),
    ) -> None:
        """Raises ModelError: onnxruntime does not take the model in parts."""
        made = onnx.ModelProto()
        made.CopyFrom(student.model)
        graph = made.graph
        names = {tensor.name for tensor in cut}
        for node in graph.node:
            for index, name in enumerate(node.output):
                if name in names:
                    node.output[index] = PREFIX + name
        for tensor in cut:
            given = values[tensor.key]
            element = helper.np_dtype_to_tensor_dtype(given.dtype)
            graph.input.append(helper.make_tensor_value_info(tensor.key, element, [None] * given.ndim))
            if tensor.real:
                graph.node.extend([tensor.real.dequantise(PREFIX), tensor.real.quantise()])
        for nodes, _ in probes:
            graph.node.extend(nodes)
        known = [entry for entry in graph.value_info if entry.name not in names]
        graph.ClearField("value_info")
        graph.value_info.extend(known)
        self._outputs = [*(PREFIX + tensor.key for tensor in cut), *seen, *(name for _, name in probes)]
        graph.ClearField("output")
        graph.output.extend(onnx.ValueInfoProto(name=name) for name in self._outputs)
        self._label, self._cut = f"{student.label}, cut between its layers", cut
        self._types = {tensor.key: values[tensor.key].dtype for tensor in cut}
        self._session = open_session(
            made, level="none", threads=student.threads, name=student.name, folder=student.folder
        )
        self._inputs = {entry.name for entry in self._session.get_inputs()}

    def values(self, feeds: Values, teacher: Values) -> dict[str, np.ndarray]:
        """What the layers make.

        Args:
            feeds: the student's inputs.
            teacher: what the cut tensors hold, by the student's key.

        Returns:
            By the student's key, and by name for what is not cut.

        Raises:
            RunError: a layer does not take the teacher's tensor.
        """
        with np.errstate(over="ignore"):
            taken = {key: teacher[key].astype(dtype, copy=False) for key, dtype in self._types.items()}
        given = {name: array for name, array in {**feeds, **taken}.items() if name in self._inputs}
        made = run(self._session, self._outputs, given, self._label)
        return {name.removeprefix(PREFIX): array for name, array in zip(self._outputs, made, strict=True)}
