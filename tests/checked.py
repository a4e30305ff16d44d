"""What one rule says of a small net, and what onnxruntime computes with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

import rfonnx
import small_nets
from rfonnx.results.findings import Finding


def found(model: onnx.ModelProto, folder: Path, rule: str, value: Any = None, **options: Any) -> list[Finding]:
    """The findings of one rule."""
    path = small_nets.save(model, folder / "m.onnx")
    asked: Any = [rule] if value is None else [rule if value is True else f"{rule}={value}"]
    return list(rfonnx.check(path, asked, **options).findings)


def status(model: onnx.ModelProto, folder: Path, rule: str, value: Any = None, **options: Any) -> str:
    """The one status of a rule."""
    (one,) = {finding.status for finding in found(model, folder, rule, value, **options)}
    return one


def run(model: onnx.ModelProto, seed: int | None = None, **feeds: Any) -> list[np.ndarray]:
    """All outputs of a run in a session of its own."""
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    if seed is not None:
        onnxruntime.set_seed(seed)
    session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return list(session.run(None, {name: np.asarray(value) for name, value in feeds.items()}))


def net(
    nodes: Sequence[onnx.NodeProto],
    shape: Sequence[int | str],
    weights: dict[str, np.ndarray] | None = None,
    **more: Any,
) -> onnx.ModelProto:
    """A net from x to y; y's shape is left to inference."""
    model = small_nets.model(nodes, {"x": shape}, {}, weights, **more)
    model.graph.output.append(onnx.ValueInfoProto(name="y"))
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return model
