"""ONNX's own node tests as things to run: feeds, and a function from feeds to outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator

Feeds = dict[str, Any]

REFERENCE_ONLY = {"LRN"}
"""onnxruntime slides LRN's sum by adding and subtracting, so that rounding carries a change past the window."""


SLOW_NODES = 10  # nodes that the reference evaluator runs in too long a time to try every element


@dataclass(frozen=True)
class Runner:
    run: Callable[[Feeds], list[Any]]
    slow: bool = False


@dataclass(frozen=True)
class Case:
    """One node test: `feeds` by input name; sequences stay lists."""

    name: str
    model: onnx.ModelProto
    feeds: Feeds

    @property
    def operator(self) -> str:
        """The operator under test; a case of an expanded function is named by its file."""
        nodes = self.model.graph.node
        return nodes[0].op_type if len(nodes) == 1 else self.name.removeprefix("test_").partition("_")[0] + " expanded"

    @property
    def outputs(self) -> list[str]:
        return [output.name for output in self.model.graph.output]

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """Feeds of the inputs that are tensors with elements; not sequences, not optionals."""
        names = {value.name for value in self.model.graph.input if value.type.HasField("tensor_type")}
        return {name: value for name, value in self.feeds.items() if name in names and value.size}

    @property
    def float_inputs(self) -> list[str]:
        """What is changed."""
        return [name for name, value in self.tensors.items() if is_float(value)]

    @property
    def parameters(self) -> list[str]:
        """Inputs that are integers or conditions: axes, lengths, indices, masks."""
        return [name for name, value in self.tensors.items() if not is_float(value) and value.dtype.kind in "iub"]

    def with_constants(self) -> onnx.ModelProto:
        """The model with its parameters as constants, as exporters write them."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        parameters = self.parameters
        kept = [value for value in model.graph.input if value.name not in parameters]
        del model.graph.input[:]
        model.graph.input.extend(kept)
        model.graph.initializer.extend(numpy_helper.from_array(self.feeds[name], name) for name in parameters)
        return model


def is_float(value: np.ndarray) -> bool:
    """True for numpy's floats and for bfloat16, float8 and float4, which numpy calls void."""
    return value.dtype.kind == "f" or "float" in value.dtype.name


def all_cases() -> list[Case]:
    """Every case that has a float input, by name."""
    return [case for case in every_case() if case.float_inputs]


def every_case() -> list[Case]:
    """Every case, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases divide by zero and overflow on purpose
        found = [case_of(test) for test in collect_testcases(None) if test.data_sets]
    return sorted(found, key=lambda case: case.name)


def case_of(test: Any) -> Case:
    names = [value.name for value in test.model.graph.input]
    given = {name: as_value(value) for name, value in zip(names, test.data_sets[0][0], strict=False)}
    return Case(test.name, test.model, {name: value for name, value in given.items() if value is not None})


def as_value(value: Any) -> Any:
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.generic) else value


def runner(case: Case) -> Runner:
    """onnxruntime where it knows the operator and its types, else onnx's reference evaluator."""
    if any(node.op_type in REFERENCE_ONLY for node in case.model.graph.node):
        return reference(case)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(case.model.SerializeToString(), options, ["CPUExecutionProvider"])
        session.run(None, case.feeds)
    except Exception:  # onnxruntime raises its own classes, RuntimeError and others for what it has no kernel for
        return reference(case)
    return Runner(lambda feeds: list(session.run(None, feeds)))


def reference(case: Case) -> Runner:
    evaluator = ReferenceEvaluator(case.model)
    return Runner(lambda feeds: list(evaluator.run(None, feeds)), slow=len(case.model.graph.node) > SLOW_NODES)
