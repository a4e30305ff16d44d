"""Lookahead and left context along time: `hi(t) <= t`, mapped with the output's stride.

Output position t stands for input sample floor(t * stride): a strided output for the first sample of its step, an upsampled one
for the sample that it was made of. A model without padding has outputs that start late: that shows as lookahead, which is the
delay with which it runs on a stream.
"""

from __future__ import annotations

import numpy as np

from rfonnx.derive.source import Fields, Int64
from rfonnx.results import AxisField, TensorField, TimeFact


def time_facts(fields: Fields, output: str) -> tuple[TimeFact, ...]:
    """By input, along the one axis that the output slides along; none for images, or where nothing slides."""
    tensor = fields.tensors.get(output)
    if tensor is None or tensor.shape is None or None in tensor.shape:
        return ()
    windowed = set(fields.windowed)
    found = []
    for name in fields.inputs:
        sliding = [
            (axis, field)
            for (other, axis), field in tensor.fields.items()
            if other == name and (other, axis) in windowed
        ]
        sliding = [(axis, field) for axis, field in sliding if _slides(field)]
        if len(sliding) == 1:
            found.append(_fact(fields, tensor, name, *sliding[0]))
    return tuple(found)


def _slides(field: AxisField) -> bool:
    return field.kind in ("local", "periodic", "block") and field.tensor_axis is not None and field.stride > 0


def _fact(fields: Fields, tensor: TensorField, name: str, axis: int, field: AxisField) -> TimeFact:
    assert tensor.shape is not None
    assert field.tensor_axis is not None
    own = np.arange(tensor.shape[field.tensor_axis] or 0, dtype=np.int64)
    own = own * field.stride.numerator // field.stride.denominator
    # Clipped, a position at a border may see further than usual (a mirrored edge): that is real lookahead, but no usual context.
    lookahead, context = _reach(own, field.tensor_axis, *fields.intervals(tensor.name, name, axis, clip=False))
    lookahead = max(lookahead, _reach(own, field.tensor_axis, *fields.intervals(tensor.name, name, axis))[0])
    causal = True if lookahead <= 0 else False if tensor.exact else None
    return TimeFact(name, axis, field.tensor_axis, field.stride, causal, lookahead, context)


def _reach(own: Int64, axis: int, lo: Int64, hi: Int64) -> tuple[int, int]:
    """How far intervals reach beyond the samples that positions along `axis` stand for: (after, before), or 0 both."""
    own = own.reshape(-1, *(1,) * (lo.ndim - 1 - axis))
    after, before, reads = np.broadcast_arrays(hi - own, own - lo, lo <= hi)
    return (int(after[reads].max()), int(before[reads].max())) if reads.any() else (0, 0)
