"""Inputs whose value is known become constants of the model, so that nothing that reads the model knows of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import ModelProto, ValueInfoProto

from rfonnx.errors import QueryError
from rfonnx.graph.order import true_inputs
from rfonnx.graph.tensors import DTYPES
from rfonnx.graph.text import did_you_mean, quote, show_shape

MAX_BOUND = 1024
"""Elements of the largest value that an input is bound to: values decide branches, axes and sizes, they are no data."""

NUMBERS = {"b": ("b",), "i": ("i", "u"), "u": ("i", "u"), "f": ("f", "i", "u")}
"""By kind of an input's type: the kinds of numbers that it may be given without losing what they mean."""


def write_values(model: ModelProto, values: Mapping[str, np.ndarray]) -> None:
    """Turn inputs into initializers that hold values, in place.

    Args:
        model: changed.
        values: by input name; a single number also stands for an input of one element, whatever its axes.

    Raises:
        QueryError: there is no such input, or its type or shape does not take the value.
    """
    graph = model.graph
    inputs = {entry.name: entry for entry in true_inputs(graph)}
    for name, value in values.items():
        if name not in inputs:
            raise QueryError(
                f"a value was given for {quote(name)}, which is no input",
                did_you_mean(name, inputs) or f"the inputs are {', '.join(map(quote, inputs))}",
            )
        graph.initializer.append(onnx.numpy_helper.from_array(_typed(inputs[name], value), name))
    kept = [entry for entry in graph.input if entry.name not in values]
    del graph.input[:]
    graph.input.extend(kept)


def _typed(info: ValueInfoProto, value: np.ndarray) -> np.ndarray:
    """The value in the input's type and shape."""
    name, tensor = quote(info.name), info.type.tensor_type
    if value.size > MAX_BOUND:
        raise QueryError(
            f"input {name} was given a value of {value.size} elements, expected at most {MAX_BOUND}",
            "values are for small inputs that decide what is computed; give the others as data",
        )
    word = DTYPES.get(tensor.elem_type, "")
    wanted = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type) if word not in ("", "string") else None
    shape = tuple(d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)
    expected = f"{word or 'no tensor of numbers'}" + (f" {show_shape(shape)}" if tensor.HasField("shape") else "")
    if wanted is None or value.dtype.kind not in NUMBERS.get(wanted.kind, ("f", "i", "u")):
        raise QueryError(
            f"input {name} takes {expected}, but was given {_shown(value)} ({value.dtype})",
            "bind inputs of numbers alone" if wanted is None else "give a value of the input's type",
        )
    if wanted.kind in "iu" and value.size:
        limits = np.iinfo(wanted)
        if int(value.min()) < limits.min or int(value.max()) > limits.max:
            raise QueryError(
                f"input {name} takes {expected}, but was given {_shown(value)}",
                f"give numbers from {limits.min} to {limits.max}",
            )
    if tensor.HasField("shape") and not value.ndim and all(n == 1 for n in shape):
        value = value.reshape((1,) * len(shape))
    fits = value.ndim == len(shape) and all(w in (None, n) for w, n in zip(shape, value.shape, strict=True))
    if tensor.HasField("shape") and not fits:
        raise QueryError(
            f"input {name} takes {expected}, but was given {_shown(value)} of shape {show_shape(value.shape)}",
            f"give a value of the input's shape, such as --value {info.name}={_example(shape)}",
        )
    return value.astype(wanted)


def _shown(value: np.ndarray) -> str:
    text = str(value.tolist())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _example(shape: tuple[int | None, ...]) -> str:
    return np.array2string(np.ones([n or 2 for n in shape], np.int8), separator=",", threshold=8).replace("\n", "")
