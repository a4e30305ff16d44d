"""Lookahead and left context along time: `hi(t) <= t`, mapped with the output's stride.

Output position t stands for input sample floor(t * stride): a strided output for the first sample of its step, an upsampled one
for the sample that it was made of. A model without padding has outputs that start late: that shows as lookahead, which is the
delay with which it runs on a stream. What was picked (the last step of a sequence) stands for the sample that was picked; what
was taken together (a mean over time) stands for none, and nothing can be said of it.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rfonnx.analysis.derive.analysed import Fields, length_of, told
from rfonnx.analysis.derive.lines import Line
from rfonnx.analysis.derive.walks import Walks
from rfonnx.results.array_types import Int64
from rfonnx.results.fields import TimeFact
from rfonnx.system.named import NamedTuple


class Reach(NamedTuple):
    """How far a tensor sees before and after its own position.

    Attributes:
        tensor_axis: its axis that runs along the input's; None when it stands for one sample, which was picked.
        stride: input samples per position.
        causal, lookahead, context, length: as in `rfonnx.results.fields.TimeFact`.
        exact: whether lookahead and context are really read; otherwise they are at most this.
    """

    tensor_axis: int | None
    stride: Fraction
    causal: bool | None
    lookahead: int
    context: int
    length: int
    exact: bool


def time_facts(fields: Fields, walks: Walks, axes: dict[str, int], output: str) -> tuple[TimeFact, ...]:
    """By input, along its time axis; none where the output has no axis that runs along it, or does not depend on it.

    Args:
        fields, walks: of the model.
        axes: the time axis of each input that has one.
        output: the output.
    """
    found = []
    for name, axis in axes.items():
        if output in fields.tensors and depends(fields, output, name, axis):
            seen = reach(fields, walks, output, name, axis)
            if isinstance(seen, Reach) and seen.tensor_axis is not None:
                found.append(TimeFact(name, axis, seen.tensor_axis, *seen[1:-1]))  # all but whether it is exact
    return tuple(found)


def depends(fields: Fields, tensor: str, input: str, axis: int) -> bool:
    """Whether anything of the input's axis is seen."""
    if tensor not in fields.tensors:
        return tensor == input
    return fields.tensors[tensor].fields[input, axis].kind != "none"


def reach(fields: Fields, walks: Walks, tensor: str, input: str, axis: int) -> Reach | str:
    """How far a tensor sees along an input's axis; or why its positions stand for none of the input's.

    Args:
        fields, walks: of the model.
        tensor: one that depends on the input.
        input, axis: where time runs.
    """
    shape = fields.tensors[tensor].shape if tensor in fields.tensors else fields.input_shapes[tensor]
    if shape is None or None in shape:
        return "its shape depends on data"
    length = length_of(fields, (input, axis))
    if length < 2:
        return f"{input} axis {axis} has one position here, of which nothing follows: bind a longer one (--shape)"
    lines = walks.of(tensor, input, axis)
    exact = tensor not in fields.tensors or fields.tensors[tensor].exact
    own = _own_axis(lines) or _advancing(fields, tensor, (input, axis))
    if isinstance(own, str):
        return own
    if own is None:
        picked = {line.start for line in lines}
        if len(picked) != 1:
            return "none of its axes runs along it, so its positions stand for no sample"
        sample = np.int64(int(picked.pop()))
        ahead, before = _reach(sample, *told(fields, tensor, (input, axis)))
        return Reach(None, Fraction(0), _causal(ahead, ahead, exact), ahead, before, length, exact)
    along, stride = own
    half = (shape[along] or 0) // 2
    marks = fields.landmarks(tensor, input, axis, along, stride.denominator, (half,))
    places = [one.positions for one in marks]
    clipped, unbounded = (fields.intervals(tensor, input, axis, clip, places) for clip in (True, False))
    samples = places[along] * stride.numerator // stride.denominator
    samples = samples.reshape(-1, *(1,) * (len(shape) - 1 - along))
    ahead, before = _reach(samples, *unbounded)
    seen, seen_before = _reach(samples, *clipped)
    causal = _causal(ahead, seen, exact)
    if not half or _alike(samples, along, int(np.searchsorted(places[along], half)), *unbounded):
        # Clipped, a position at a border may see further than usual (a mirrored edge): real lookahead, but no usual context.
        return Reach(along, stride, causal, max(ahead, seen), before, 0, exact)
    return Reach(along, stride, causal, seen, seen_before, length, exact)


def begins_ahead(fields: Fields, walks: Walks, tensor: str, input: str, axis: int) -> bool:
    """Whether position 0 of the axis that runs along stands for sample 0 and sees later ones. False says nothing."""
    if tensor not in fields.tensors:
        return False
    if not walks.picks:  # what is first along every axis stands for sample 0, whichever runs along
        first = [slice(0, 1)] * len(fields.tensors[tensor].shape or ())
        lo, hi = fields.intervals(tensor, input, axis, False, first)
        return bool(((lo <= hi) & (hi > 0)).any())
    field = fields.tensors[tensor].fields[input, axis]
    runs = {own for line in walks.of(tensor, input, axis) for own in line.walking}
    return runs == {field.tensor_axis} and 2 * field.center > field.start  # centre and start make the end


def _causal(unbounded: int, clipped: int, exact: bool) -> bool | None:
    """Nothing later is seen, at this length or, borders aside, at another; or it really is; or neither is proven."""
    if max(unbounded, clipped) <= 0:
        return True
    return False if exact and clipped > 0 else None


def _own_axis(lines: tuple[Line, ...]) -> tuple[int, Fraction] | str | None:
    """The axis that runs along, and its stride; why there is none; or None where no line tells.

    What runs backwards counts where nothing runs forwards: its positions come in their own order.
    """
    found: dict[tuple[int, Fraction], None] = {}
    for line in lines:
        if len(line.walking) > 1:
            return "several of its axes together run along it (axes " + ", ".join(map(str, line.walking)) + ")"
        for axis in line.walking:
            slope = line.slope(axis)
            if slope is None:
                return f"its axis {axis} runs along it only in parts"
            found[axis, slope] = None
    forwards = [(axis, slope) for axis, slope in found if slope > 0] or [(axis, -slope) for axis, slope in found]
    forwards = list(dict.fromkeys(forwards))
    if len({axis for axis, _ in forwards}) > 1:
        return "several of its axes run along it (axes " + ", ".join(str(axis) for axis, _ in forwards) + ")"
    if len(forwards) > 1:
        return "paths with different strides meet in it (" + ", ".join(str(slope) for _, slope in forwards) + ")"
    return forwards[0] if forwards else None


def _advancing(fields: Fields, tensor: str, pair: tuple[str, int]) -> tuple[int, Fraction] | None:
    """The one axis along which intervals advance steadily: steps that were written out one by one, and put together again."""
    places = [marks.positions for marks in fields.landmarks(tensor, *pair)]
    walking = [axis for axis, along in enumerate(places) if len(along) > 1]
    lo, hi = fields.intervals(tensor, *pair, positions=places)
    if len(walking) != 1 or (lo > hi).any():
        return None
    apart = np.diff(places[walking[0]])
    for ends in (hi.reshape(-1), lo.reshape(-1)):
        steps = np.diff(ends)
        advance = Fraction(int(steps[0]), int(apart[0]))
        if advance > 0 and advance.denominator == 1 and (steps == apart * advance.numerator).all():
            return walking[0], advance
    return None


def _reach(own: Int64 | np.int64, lo: Int64, hi: Int64) -> tuple[int, int]:
    """How far intervals reach beyond the samples that positions stand for: (after, before), or 0 both."""
    after, before, reads = np.broadcast_arrays(hi - own, own - lo, lo <= hi)
    return (int(after[reads].max()), int(before[reads].max())) if reads.any() else (0, 0)


def _alike(own: Int64, along: int, half: int, lo: Int64, hi: Int64) -> bool:
    """Whether a longer input would change nothing: as much is seen from the first half of the positions as from the second."""
    rank, reaches = lo.ndim, []
    for part in (slice(None, half), slice(half, None)):
        at = (*(slice(None),) * along, part, *(slice(None),) * (rank - 1 - along))
        reaches.append(_reach(own[part], lo[at], hi[at]))
    return reaches[0] == reaches[1]
