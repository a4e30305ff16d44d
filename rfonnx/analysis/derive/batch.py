"""Batch independence: does sample i of an output see only sample i of the inputs, and is there an answer for each?

Which axes count samples is for `batch_axis` to find. What is proven is proven for the batch that it was found with.
Where an axis is only presumed to be the batch, nobody is told that samples are mixed: it may be time.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from rfonnx.analysis.derive.analysed import Fields, Pair, told
from rfonnx.analysis.derive.batch_axis import Batches
from rfonnx.results.array_types import Int64
from rfonnx.results.fields import BatchFact, TensorField

MOST_PICKED, MOST_POSITIONS = 2**20, 2**24
"""Samples of which each is looked for where an output has no axis of them, and positions that are looked at for it."""

SHOWN = 16
"""Samples that are named."""


def batch_facts(batches: Batches) -> dict[str, BatchFact]:
    """A fact per output."""
    inputs = tuple(batches.along.items())
    if batches.problem:
        found = {name: BatchFact("unknown", 0, batches.problem, None, inputs) for name in batches.fields.outputs}
    else:
        found = {name: _fact(batches, name, inputs) for name in batches.fields.outputs}
    return found if batches.known else {name: fact._replace(presumed=True) for name, fact in found.items()}


def _fact(batches: Batches, output: str, inputs: tuple[tuple[str, int], ...]) -> BatchFact:
    """What the intervals of an output along the batch axes of the inputs say."""
    fields, samples = batches.fields, batches.samples
    tensor = fields.tensors.get(output)
    if tensor is None:  # an input that is passed on, or a constant
        return BatchFact("independent", samples, "", batches.along.get(output), inputs)
    own = sample_axis(batches, tensor)
    answered = np.zeros(samples if own is None and samples <= MOST_PICKED else 0, bool)
    for name, axis in inputs:
        places = [marks.positions for marks in fields.landmarks(output, name, axis, own)]
        lo, hi = fields.intervals(output, name, axis, positions=places)
        reads = lo <= hi
        if _open(tensor, own) and reads.any():
            return BatchFact("unknown", 0, f"the length of '{output}' depends on data", own, inputs)
        several = bool((reads & (lo != hi)).any())
        other = False
        if own is not None and not several:
            index = places[own].reshape([-1 if i == own else 1 for i in range(lo.ndim)])
            other = bool((reads & (lo != index)).any())
        if several or other:
            reason = "a position sees several samples" if several else "a sample sees another one"
            return _mixed(batches, tensor, name, f"{reason} of '{name}'", own, inputs)
        if own is None and reads.any():  # what has no axis of samples may pick any of them
            picked = _picked(fields, tensor, (name, axis), places) if samples <= MOST_PICKED else None
            if picked is None:
                return BatchFact(
                    "unknown", 0, f"whether it depends on each of {samples} samples was not looked at", own, inputs
                )
            answered[picked] = True
    if own is None and answered.any() and not answered.all():
        missing = np.flatnonzero(~answered)
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        words = ", ".join(map(str, missing[:SHOWN])) + more
        return BatchFact("dropped", samples, f"nothing of it depends on sample {words} of {samples}", own, inputs)
    return BatchFact("independent", samples, "", own, inputs)


def _picked(fields: Fields, tensor: TensorField, pair: Pair, places: Sequence[Int64]) -> Int64 | None:
    """The samples that positions see, of a tensor of which each sees one; None: there are too many positions."""
    walked = [n or 0 for n, held in zip(tensor.shape or (), places, strict=True) if len(held) > 1]
    if prod(walked) > MOST_POSITIONS:
        return None
    lo, hi = fields.intervals(tensor.name, *pair)
    found: Int64 = lo[lo <= hi]
    return found


def _mixed(
    batches: Batches, tensor: TensorField, name: str, reason: str, own: int | None, inputs: tuple[tuple[str, int], ...]
) -> BatchFact:
    """Mixed, as far as that is proven."""
    if not tensor.exact:
        return BatchFact("unknown", 0, f"it is not proven that samples of '{name}' stay apart", own, inputs)
    if not batches.axes[name].known:
        axis = batches.axes[name].axis
        reason = (
            f"positions of axis {axis} of '{name}' are mixed, and nothing tells whether these are samples:"
            f" --batch-axis {name}={axis} says so, --batch-axis {name}=none that they are not"
        )
        return BatchFact("unknown", 0, reason, own, inputs)
    return BatchFact("mixed", batches.samples, reason, own, inputs)


def _open(tensor: TensorField, own: int | None) -> bool:
    """Whether nobody knows how many samples the tensor holds."""
    return tensor.shape is None or (own is None and tensor.shape[:1] == (None,))


def sample_axis(batches: Batches, tensor: TensorField) -> int | None:
    """The axis of a tensor that counts samples: along which its field walks over those of an input, or, where it walks over none,
    whose length follows theirs."""
    shape, samples = tensor.shape, batches.samples
    if shape is None:
        return None
    counting = [axis for axis, n in enumerate(shape) if n == samples]
    for name, input_axis in batches.along.items():
        lo, _ = told(batches.fields, tensor.name, (name, input_axis))
        walked = [axis for axis in counting if lo.shape[axis] > 1 and np.ptp(lo, axis=axis).any()]
        if len(walked) == 1:
            return walked[0]
    return _following(batches, tensor.name, counting)


def _following(batches: Batches, tensor: str, counting: list[int]) -> int | None:
    """Of axes as long as the batch, the one that was shorter while the batch was; else the one where an input has its own."""
    if batches.before is not batches.fields:
        before = _shape(batches.before, tensor)
        grown = [axis for axis in counting if axis < len(before) and before[axis] != batches.samples]
        return grown[0] if len(grown) == 1 else None
    return next((axis for axis in batches.along.values() if axis in counting), None)


def _shape(fields: Fields, tensor: str) -> tuple[int | None, ...]:
    found = fields.tensors.get(tensor)
    return (found.shape if found is not None else None) or ()
