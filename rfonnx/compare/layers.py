"""Where two models part: inner tensors paired and held against each other along the depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import numpy as np

from rfonnx.compare import metrics
from rfonnx.compare.inner import Inner, InnerModel
from rfonnx.comparison import LayerAgreement, Parting

SAMPLES = 4
"""Samples that are looked at: a broken layer shows on the first."""

MAX_BY_ORDER = 4000
"""Tensors without a namesake up to which they are matched by order, which takes time that grows with the square."""

QUANTISERS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")

DEQUANTISED = "_DequantizeLinear_Output"
"""What onnxruntime's quantiser appends to the name of a tensor that it quantises."""

WRAPPERS = frozenset({"Cast", "Identity", "DequantizeLinear"})
"""Operators that hand a tensor on under the name that another operator had."""

Feed = Mapping[str, np.ndarray]


def parting(teacher: InnerModel, student: InnerModel, feeds: Sequence[tuple[Feed, Feed]], limit_db: float) -> Parting:
    """Compare inner tensors over a few samples.

    Memory holds all tensors of both models for one sample.

    Args:
        feeds: inputs of both models, with their batch axis, per sample.
        limit_db: the SQNR under which a pair has parted.

    Raises:
        ShapeError: a model does not take these arrays.
    """
    sums: dict[str, dict[str, float]] = {}
    pairs: list[tuple[Inner, Inner]] = []
    for number, (mine, theirs) in enumerate(feeds):
        a, b = teacher.values(mine), student.values(theirs)
        if number == 0:
            pairs = match_tensors(teacher.tensors, student.tensors, a, b)
        for left, right in pairs:
            _add(sums.setdefault(left.name, {}), a[left.name], b[right.name])
    layers = tuple(_agreement(left, right, sums[left.name]) for left, right in pairs)
    first = next((layer for layer in layers if not layer.finite or layer.sqnr_db < limit_db), None)
    return Parting(
        layers, limit_db, first, _steepest(layers), len(_floats(teacher.tensors, a)) - len(layers), len(feeds)
    )


def match_tensors(
    teacher: Sequence[Inner], student: Sequence[Inner], mine: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]
) -> list[tuple[Inner, Inner]]:
    """Pairs in the teacher's order: the same name and shape, or the same operator and shape in the same order.

    A quantised student's tensor is the one behind onnxruntime's quantiser, which fuses Relu into the quantisation:
    under the Relu's name it leaves what the convolution gives.
    """
    left, right = _floats(teacher, mine), _floats(student, theirs)
    by_name = {tensor.name: tensor for tensor in right}
    pairs = {}
    for tensor in left:
        for name in (tensor.name + DEQUANTISED, tensor.name):
            other = by_name.get(name)
            if other is not None and mine[tensor.name].shape == theirs[name].shape and _same_operator(tensor, other):
                pairs[tensor.name] = other
                break
    taken = {tensor.name for tensor in pairs.values()}
    rest = [tensor for tensor in left if tensor.name not in pairs]
    free = [tensor for tensor in right if tensor.name not in taken and tensor.op_type not in QUANTISERS]
    if max(len(rest), len(free)) <= MAX_BY_ORDER:
        signs = [(t.op_type, mine[t.name].shape) for t in rest], [(t.op_type, theirs[t.name].shape) for t in free]
        for block in SequenceMatcher(None, *signs, autojunk=False).get_matching_blocks():
            for step in range(block.size):
                pairs[rest[block.a + step].name] = free[block.b + step]
    return [(tensor, pairs[tensor.name]) for tensor in left if tensor.name in pairs]


def _same_operator(one: Inner, other: Inner) -> bool:
    """Names alone may be numbers that mean another tensor in another export."""
    return one.op_type == other.op_type or bool({one.op_type, other.op_type} & WRAPPERS)


def _floats(tensors: Sequence[Inner], values: Mapping[str, np.ndarray]) -> list[Inner]:
    return [
        t
        for t in tensors
        if values[t.name].dtype.kind == "f" and values[t.name].size and t.op_type not in QUANTISERS[:1]
    ]


def _add(sums: dict[str, float], teacher: np.ndarray, student: np.ndarray) -> None:
    if not (np.isfinite(teacher).all() and np.isfinite(student).all()):
        sums["bad"] = 1.0
        return
    found = metrics.error_sums(teacher.reshape(1, -1), student.reshape(1, -1))
    for name in ("dd", "tt", "ss", "ts"):
        sums[name] = sums.get(name, 0.0) + float(found[name][0])
    sums["max_abs"] = max(sums.get("max_abs", 0.0), float(found["max_abs"][0]))


def _agreement(left: Inner, right: Inner, sums: Mapping[str, float]) -> LayerAgreement:
    if "bad" in sums:
        return LayerAgreement(left.name, right.name, right.node, right.op_type, -np.inf, 0.0, np.inf, False)
    tt, ss, ts, dd = (np.array(sums[name]) for name in ("tt", "ss", "ts", "dd"))
    sqnr, cosine = float(metrics.decibels(tt, dd)), float(metrics.cosine(ts, tt, ss))
    return LayerAgreement(left.name, right.name, right.node, right.op_type, sqnr, cosine, sums["max_abs"], True)


def _steepest(layers: Sequence[LayerAgreement]) -> LayerAgreement | None:
    """Where the SQNR falls most under the lowest before it; what is exact counts as 150 dB, beyond what float32 can show."""
    lowest, deepest, found = 150.0, 0.0, None
    for layer in layers:
        here = min(layer.sqnr_db, 150.0) if layer.finite else -150.0
        if lowest - here > deepest:
            deepest, found = lowest - here, layer
        lowest = min(lowest, here)
    return found if len(layers) > 1 else None
