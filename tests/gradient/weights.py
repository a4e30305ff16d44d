"""Weights for models that came without: seeded, scaled so that signals neither die nor explode (He et al. 2015)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, numpy_helper


def filled(path: Path, seed: int = 0) -> ModelProto:
    """The model, every tensor whose external data is absent filled."""
    model = onnx.load(path, load_external_data=False)
    rng = np.random.default_rng(seed)
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            tensor.CopyFrom(numpy_helper.from_array(_he(tensor, rng), tensor.name))
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t") and attribute.t.data_location == TensorProto.EXTERNAL:
                attribute.t.CopyFrom(numpy_helper.from_array(_he(attribute.t, rng), attribute.t.name))
    return model


def _he(tensor: TensorProto, rng: np.random.Generator) -> np.ndarray:
    shape = tuple(tensor.dims)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    if dtype.kind != "f":
        return rng.integers(0, 3, shape).astype(dtype)
    fan = math.prod(shape[1:]) if len(shape) > 2 else max(shape)
    return (rng.standard_normal(shape) * math.sqrt(2 / fan)).astype(dtype)
