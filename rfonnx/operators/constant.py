"""Tensors made of a shape, of a few numbers, or at random: they read no values, or a few."""

from __future__ import annotations

import math

import numpy as np
from onnx import TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.table import declare


@shapes("Range")
def arange_shape(call: ShapeCall) -> list[TypeProto]:
    """Limits (0, 10, 3) give (4). JAX exporters write limits of shape (1), which onnx refuses."""
    values = [call.value(index) for index in range(3)]
    start, limit, delta = (None if v is None or v.size != 1 else v.reshape(-1)[0].item() for v in values)
    length = None
    if start is not None and limit is not None and delta:
        steps = (limit - start) / delta if isinstance(delta, float) else -((start - limit) // delta)
        length = max(math.ceil(steps), 0) if math.isfinite(steps) else None
    return [tensor_type(call.elem(0), (length,))]


@rule("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "EyeLike", "ConstantOfShape")
def only_shape(op: Op) -> Access:
    """Reads a shape, or its operand's, and no value. Exact."""
    return Access(())


@rule("Multinomial")
def multinomial(op: Op) -> Access:
    """Samples of row b read the probabilities x[b,:]. Exact."""
    return Access((Path(op.name(0), (Reduce((1,)),)),))


@rule("Range")
def count_up(op: Op) -> Access:
    """Position o is `start + o*delta`: reads start, and from 1 on delta. The limit decides the length alone. Exact."""
    n = op.out_shape()[0]
    paths = []
    for index in (0, 2):
        if op.reads(index):
            position = positions(n)
            last = np.zeros(n, np.int64) if index == 0 else np.minimum(position, 1) - 1
            steps: tuple[Step, ...] = (Reshape((1,)), Select(0, np.zeros(n, np.int64), last))
            paths.append(Path(op.name(index), steps))
    return Access(tuple(paths))


declare("Multinomial", "RandomNormal", "RandomUniform", draws=True, macs=0, manner=())
declare("RandomNormalLike", "RandomUniformLike", draws=True, macs=0, manner=(), shape_only=True)
declare("Constant", macs=0, manner=())
declare("ConstantOfShape", evaluation="fast", macs=0, manner=())
declare("EyeLike", evaluation="fast", macs=0, manner=(), shape_only=True)
declare("Range", evaluation="fast", macs=0, manner=(), shape_floats=(0, 1, 2))
