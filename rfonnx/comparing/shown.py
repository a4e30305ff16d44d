"""The samples that fare worst, to be looked at: what went in, and what both models say of it. They are read and run once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from rfonnx.comparing.figures.metrics import are_probabilities, log_probabilities
from rfonnx.comparing.pairs.feeds import Feed, stack
from rfonnx.comparing.pairs.outputs import Measured
from rfonnx.comparing.pairs.pair import Pair
from rfonnx.data.samples import Item, SampleSource
from rfonnx.results.agreement import Answer, OutputAgreement, ShownSample
from rfonnx.results.measures import MEASURES
from rfonnx.results.png import Pixels, data_uri

SHOWN, CLASSES = 6, 3
"""Samples that are shown, and classes of each answer."""

INPUTS, OUTPUTS = 2, 3
"""Pictures of a sample: they bound the size of a page."""

SIDE, SMALLEST, LONGEST = 128, 4, 8
"""Positions along an axis of a picture, longer ones are thinned: most, and fewest; and how many times it is as long as wide."""

Figures = tuple[tuple[str, str, float], ...]


def shown_samples(
    pair: Pair, source: SampleSource, measured: Sequence[Measured], outputs: Sequence[OutputAgreement]
) -> tuple[ShownSample, ...]:
    """The worst samples of all measures, the worst ones first; none where outputs were saved, for the samples are not there.

    Raises:
        RfonnxError: a sample cannot be read again.
    """
    worst = worst_of(outputs)
    if pair.saved or not worst:
        return ()
    left, found = set(worst), dict[str, ShownSample]()
    for item in source:
        if item.name in left:
            left.remove(item.name)
            found[item.name] = _shown(pair, item, worst[item.name], measured, outputs)
            if not left:
                break
    return tuple(found[name] for name in worst if name in found)


def worst_of(outputs: Sequence[OutputAgreement]) -> dict[str, Figures]:
    """The worst sample of every measure, then the second worst ones, `SHOWN` in all; and the figures that they stand out by.

    What could not be better is no case.
    """
    ranked = [
        (rank, case.sample, (output.teacher, measure, case.value))
        for output in outputs
        for measure, cases in output.worst.items()
        for rank, case in enumerate(cases)
        if not MEASURES[measure].exact(case.value)
    ]
    bad = [
        (0, found.sample, (output.teacher, "finite", float("nan"))) for output in outputs for found in output.nonfinite
    ]
    found: dict[str, list[tuple[str, str, float]]] = {}
    for _, name, figure in sorted([*bad, *ranked], key=lambda one: one[0]):
        if name in found or len(found) < SHOWN:
            found.setdefault(name, []).append(figure)
    return {name: tuple(figures) for name, figures in found.items()}


def _shown(
    pair: Pair, item: Item, figures: Figures, measured: Sequence[Measured], outputs: Sequence[OutputAgreement]
) -> ShownSample:
    sample = item.load()
    feeds = (pair.preparer(0)(sample), pair.preparer(1)(sample))
    found = ((name, picture(array)) for name, array in feeds[0].items())
    pictures = {name: data_uri(pixels) for name, pixels in islice(((n, p) for n, p in found if p is not None), INPUTS)}
    # What a hook makes of outputs is the user's: it may be anything.
    answers = () if pair.settings.before else tuple(_answers(pair, item.name, feeds, measured, outputs))
    return ShownSample(sample.name, sample.label, figures, pictures, answers)


def _answers(
    pair: Pair, name: str, feeds: tuple[Feed, Feed], measured: Sequence[Measured], outputs: Sequence[OutputAgreement]
) -> Iterator[Answer]:
    made = []
    for which, model in enumerate(pair.models):
        wanted = pair.wanted()[which]
        rows = model.run_rows(stack([feeds[which]], model.axes.inputs), [name], wanted, 1)
        made.append(dict(zip(wanted, rows, strict=True)))
    left = OUTPUTS
    for one, output in zip(measured, outputs, strict=True):
        ports = one.ports
        teacher, student = one.parts(pair.models, (made[0][ports[0].name], made[1][ports[1].name]))
        answer = _answer(output, teacher, student, left > 0)
        left -= bool(answer.pictures)
        yield answer


def _answer(output: OutputAgreement, teacher: np.ndarray, student: np.ndarray, pictured: bool) -> Answer:
    """Of one sample each, axis 0 of length 1; `pictured`: there may be pictures of it."""
    if output.task == "classifier":
        return Answer(output.teacher, likeliest(teacher), likeliest(student))
    if not pictured or teacher.shape != student.shape or not _is_picture(teacher[0], output.class_axis):
        return Answer(output.teacher)
    classes = output.class_axis is not None
    one, other = (_plane(rows[0], output.class_axis) for rows in (teacher, student))
    difference = (one != other).astype(np.float64) if classes else np.abs(other - one)
    both = np.stack([one, other])
    pictures = [*grey(both), grey(difference)]
    return Answer(output.teacher, pictures=tuple(data_uri(thinned(pixels)) for pixels in pictures))


def likeliest(scores: np.ndarray) -> tuple[tuple[int, float], ...]:
    """Classes and probabilities of one sample's scores, (1, classes, ...), the likeliest first."""
    rows = scores.reshape(1, -1)
    shares = np.exp(log_probabilities(rows, are_probabilities(rows), 1.0))[0]
    return tuple((int(index), float(shares[index])) for index in np.argsort(-shares, kind="stable")[:CLASSES])


def picture(array: np.ndarray) -> Pixels | None:
    """A sample of an input as a picture: greys, or three channels first or last; None for what is none."""
    if array.dtype.kind not in "iufb" or array.size == 0:
        return None
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[0] == 3:
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    colour = array.ndim == 3 and array.shape[-1] == 3
    if not (array.ndim == 2 or colour) or not _is_broad(array.shape[:2]):
        return None
    return thinned(grey(array))


def _is_broad(sides: Sequence[int]) -> bool:
    return min(sides) >= SMALLEST and max(sides) <= LONGEST * min(sides)


def _is_picture(row: np.ndarray, class_axis: int | None) -> bool:
    """Whether one sample of an output lies over two axes: of classes, or beside axes of few channels."""
    shape = [length for axis, length in enumerate(row.shape) if axis + 1 != class_axis]
    return row.dtype.kind in "iufb" and len(shape) >= 2 and _is_broad(shape[-2:])


def _plane(row: np.ndarray, class_axis: int | None) -> np.ndarray:
    """The chosen class at every position, or the mean over all axes but the last two."""
    plane = row.argmax(class_axis - 1) if class_axis is not None else row
    flat: np.ndarray = plane.astype(np.float64).mean(axis=tuple(range(plane.ndim - 2)))
    return flat


def grey(values: np.ndarray) -> Pixels:
    """Values from the least to the largest as 0 to 255; what is not finite is black."""
    known = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    if np.isnan(known).all():
        return np.zeros(values.shape, np.uint8)
    low, high = float(np.nanmin(known)), float(np.nanmax(known))
    scaled = (np.nan_to_num(known, nan=low) - low) * (255 / (high - low) if high > low else 0.0)
    pixels: Pixels = np.round(scaled).astype(np.uint8)
    return pixels


def thinned(pixels: Pixels) -> Pixels:
    """At most `SIDE` rows and columns: every so-manieth one, so that no value is there that the picture does not have."""
    step = -(-max(pixels.shape[:2]) // SIDE)
    return np.ascontiguousarray(pixels[step // 2 :: step, step // 2 :: step])
