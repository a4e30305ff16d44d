"""Effective receptive-field parity: do teacher and student really look at the same places, on the same samples?

Two units are measured: the middle unit of the last tensor that still slides over the input (figures without a
prefix), and the output
itself with random channel weights ("output_..."), which for a classifier is a saliency map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rfonnx.compare.model import OpenModel
from rfonnx.comparison import FieldPair
from rfonnx.effective import ERF
from rfonnx.erf import erf
from rfonnx.errors import RfonnxError

SAMPLES = 32
"""Samples that effective fields are a mean over, at most."""

Map = npt.NDArray[np.float64]
Feed = Mapping[str, np.ndarray]


def effective_figures(
    models: tuple[OpenModel, OpenModel], fields: Sequence[FieldPair], samples: Sequence[tuple[Feed, Feed]], threads: int
) -> dict[str, float]:
    """Figures by name.

    Args:
        models: teacher and student.
        fields: their paired theoretical fields, which say what to measure.
        samples: both models' inputs, each a batch of one (or of as many as the file fixes).
        threads: threads per operator.

    Raises:
        RfonnxError: an effective field cannot be measured.
    """
    own = [pair for pair in fields if pair.input == fields[0].input]
    outputs = [pair for pair in own if pair.role == "output" and pair.output == own[0].output]
    still = [pair for pair in outputs if pair.teacher.kind not in ("local", "periodic")]
    # Where the output itself slides, it is the last feature map.
    sliding = [pair for pair in own if pair.role == "features"] or ([] if still else outputs)
    found: dict[str, float] = {}
    for pairs, prefix in ((sliding, ""), (still, "output_")):
        if pairs:
            one = _measure(models[0], pairs, 0, [feed for feed, _ in samples], threads, prefix)
            other = _measure(models[1], pairs, 1, [feed for _, feed in samples], threads, prefix)
            found.update({prefix + name: value for name, value in figures(one, other).items()})
    return found


def _measure(
    model: OpenModel, pairs: Sequence[FieldPair], side: int, samples: Sequence[Feed], threads: int, prefix: str
) -> ERF:
    first = pairs[0]
    axes = tuple(pair.axis[side] for pair in pairs)
    options: dict[str, Any] = {"data": list(samples), "input": first.input[side], "axes": axes, "threads": threads}
    options["batch_axes"] = model.axes.inputs
    tensor = first.output[side]
    if prefix:
        batch = model.axes.outputs.get(tensor, 0)
        first_sample = tuple(0 if axis == batch else None for axis in range(_rank_of_output(model, tensor, samples[0])))
        return erf(model.source, tensor, channel="random", position=first_sample, **options)
    return erf(model.source, tensor, **options)


def _rank_of_output(model: OpenModel, tensor: str, sample: Feed) -> int:
    from rfonnx.graph import load

    graph = load(model.source, {name: array.shape for name, array in sample.items()})
    return len(graph.shapes.get(tensor) or (1, 1))


def figures(teacher: ERF, student: ERF) -> dict[str, float]:
    """Both effective fields in figures, and how alike they are, in shares of the input.

    Raises:
        RfonnxError: nothing changes one of the units, so that it looks nowhere.
    """
    for side, one in (("teacher", teacher), ("student", student)):
        if one.empty:
            raise RfonnxError(
                f"the gradient of the {side}'s '{one.tensor}' is zero on all samples", "give other samples"
            )
    a, b = teacher.map, resampled(student.map, teacher.map.shape)
    found: dict[str, float] = {}
    for side, one in (("teacher", teacher), ("student", student)):
        found[f"area_50_{side}"] = one.area_ratio(0.5)
        found[f"area_95_{side}"] = one.area_ratio(0.95)
        widths = [sigma / length for sigma, length in zip(one.sigma, one.map.shape, strict=True)]
        found[f"sigma_{side}"] = float(np.mean(widths))
    found["overlap_50"] = overlap(a, b, 0.5)
    found["overlap_95"] = overlap(a, b, 0.95)
    found["correlation"] = (
        float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) if a.std() and b.std() else float(np.allclose(a, b))
    )
    found["unseen_mass"] = unseen(a, student)
    return found


def overlap(one: Map, other: Map, share: float) -> float:
    """Intersection over union of the smallest regions that hold a share of each map's mass."""
    a, b = region(one, share), region(other, share)
    return float((a & b).sum() / (a | b).sum())


def region(values: Map, share: float) -> npt.NDArray[np.bool_]:
    """The fewest positions that hold a share of the mass; of equal ones the first count."""
    order = np.argsort(-values, axis=None, kind="stable")
    held = np.cumsum(values.ravel()[order])
    count = int(np.searchsorted(held, share * held[-1] * (1 - 1e-12))) + 1
    inside = np.zeros(values.size, bool)
    inside[order[:count]] = True
    return inside.reshape(values.shape)


def unseen(teacher: Map, student: ERF) -> float:
    """Share of the teacher's mass outside the student's theoretical field."""
    inside = teacher
    for axis, ((low, high), length) in enumerate(zip(student.field, student.map.shape, strict=True)):
        scale = teacher.shape[axis] / length
        edges = np.arange(teacher.shape[axis] + 1)
        covered = np.clip(np.minimum(edges[1:], (high + 1) * scale) - np.maximum(edges[:-1], low * scale), 0, 1)
        inside = inside * np.expand_dims(covered, [i for i in range(teacher.ndim) if i != axis])
    return float(max(0.0, 1 - inside.sum() / teacher.sum()))


def resampled(values: Map, shape: tuple[int, ...]) -> Map:
    """A map on another grid over the same extent; every position's mass is spread evenly over it, so that none is lost."""
    for axis, length in enumerate(shape):
        if values.shape[axis] != length:
            old = np.arange(values.shape[axis] + 1) / values.shape[axis]
            new = np.arange(length + 1) / length
            held = np.concatenate([np.zeros_like(values.take([0], axis)), np.cumsum(values, axis)], axis)
            rows = [np.interp(new, old, mass) for mass in np.moveaxis(held, axis, -1).reshape(-1, len(old))]
            made = np.array(rows).reshape(*(n for i, n in enumerate(values.shape) if i != axis), len(new))
            values = np.diff(np.moveaxis(made, -1, axis), axis=axis)
    return values
