"""Rules on answers: to an empty input, and to different ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.checking.rules.squash import ENDS, squashed
from rfonnx.checking.subject import Subject
from rfonnx.errors import RunError
from rfonnx.gradients.rule_table import reason_for_zero
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.walk import makers

MANY = 16
"""Elements from which on an input beside others holds a signal: fewer are a rate, a size, a scale, which zero does not stand
for."""

SATURATED = 0.95
"""Share of values at an end of a sigmoid from which on it tells nothing."""

SCALES = (0.1, 1.0, 10.0)
"""Deviations of the noise that is tried beside random samples: noise of one size may leave a threshold unmet."""

BOTH = 0.01
"""Share of values at either end of a sigmoid from which on noise shows that its scale is lost: a detector that finds nothing in
noise lies at one end, too."""


@rule("RF032", "finite-on-zeros", "warning", default=True)
def finite_on_zeros(subject: Subject, values: Values) -> Iterator[Says]:
    """An input of nothing but zeros gives no NaN.

    Silence, a black image, a cleared buffer: a norm or a standard deviation of zero divides zero by zero, and one NaN in a
    recurrent state never leaves. Inputs of floats and of bytes are zeroed that hold a signal (the only one, or 16 elements
    and more); ids and scalars stay as they are. Infinities do not count: the logarithm of zero is one.

    Way out: add a small constant under the root or to the divisor.
    """
    name, feed = subject.feeds[0]
    graded = {n: array.size for n, array in feed.items() if array.dtype.kind == "f" or array.dtype == np.uint8}
    signals = [n for n, size in graded.items() if size >= MANY or (size > 1 and len(graded) == 1)]
    if not signals:
        raise NotApplicableError("no input holds a signal")
    outputs = [port.name for port in subject.opened.outputs]
    before = dict(zip(outputs, map(_has_nan, subject.run(name, feed)), strict=True))
    told = f"where {', '.join(repr(n) for n in signals)} {'are' if len(signals) > 1 else 'is'} all zero"
    zeros = {name: np.zeros_like(array) if name in signals else array for name, array in feed.items()}
    try:
        after = dict(zip(outputs, map(_has_nan, subject.run("zeros", zeros)), strict=True))
    except RunError as error:
        yield Says(f"the model fails {told}: {error}")
        return
    broken = [output for output in outputs if after[output] and not before[output]]
    for output in broken:
        yield Says(f"is NaN {told}", output)
    for output in (output for output in outputs if before[output]):
        yield unproven(f"is NaN on {name} too", output)
    yield holds("zeros give no NaN")


def _has_nan(array: object) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind == "f" and bool(np.isnan(array).any())


@rule("RF033", "outputs-vary", "warning", default=True)
def outputs_vary(subject: Subject, values: Values) -> Iterator[Says]:
    """Different samples give different outputs, and not all values (95%) lie at the ends of a sigmoid.

    An output that is the same whatever comes in was exported before its weights were loaded, or died in training; one that
    is 0 or 1 everywhere lost its scale on the way. On random samples an output that steps (positions, comparisons, roundings)
    may stay on one step and is not judged; nor is one that lies at one end of a sigmoid, as a detector's in which noise shows
    nothing, nor one that depends on no input, or is empty.

    Way out: run the model that was exported on the same samples; look at scales and at what was left at zero.
    """
    graph, given = subject.graph, subject.against.settings.data is not None
    names = [port.name for port in subject.opened.outputs]
    made = [subject.run(*sample) for sample in subject.feeds] + ([] if given else list(_noise(subject)))
    if len(made) < 2:
        yield unproven("one sample says nothing: give more")
        return
    made_by, kinds = makers(graph), squashed(graph)
    moving = [n for n in names if n not in graph.constants and n not in graph.inputs]
    judged = False
    for output in moving:
        arrays = [results[names.index(output)] for results in made]
        if not all(isinstance(array, np.ndarray) and array.size for array in arrays):
            continue
        judged = True
        if all(_equal(arrays[0], array) for array in arrays[1:]):
            text = f"is the same on all {len(made)} samples{'' if given else ' (random ones)'}"
            stepping = not given and not _smooth(output, graph, made_by)
            yield unproven(f"{text}, and may step: give --data", output) if stepping else Says(text, output)
        elif ends := _saturated(kinds.get(output, ""), arrays[: len(subject.feeds)]):
            text = f"lies at the {ends} of its {kinds[output]} nearly everywhere, on all {len(subject.feeds)} samples"
            if ends == "end" and not given:
                yield unproven(f"{text} (random ones, in which there may be nothing to find: give --data)", output)
            else:
                yield Says(text, output)
    if not judged:
        raise NotApplicableError("no output can be judged: they are empty, or depend on no input")
    yield holds(f"outputs differ between {len(made)} samples")


def _noise(subject: Subject) -> Iterator[Sequence[np.ndarray]]:
    """Outputs on noise of several sizes, where the model takes it. Where a file fixes the batch, a sample stands in all its
    rows; here no row is like another."""
    _, feed = subject.feeds[0]
    draw = np.random.default_rng(subject.against.settings.seed).standard_normal
    for scale in SCALES if any(array.dtype.kind == "f" for array in feed.values()) else ():
        other = {n: (draw(a.shape) * scale).astype(a.dtype) if a.dtype.kind == "f" else a for n, a in feed.items()}
        with contextlib.suppress(RunError):
            yield subject.run(f"noise of {scale:g}", other)


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    """The same values; a zero has no sign here."""
    if one.dtype.kind != "f":
        return np.array_equal(one, other)
    return np.array_equal(one, other, equal_nan=True)


def _smooth(output: str, graph: Graph, made_by: Mapping[str, Node]) -> bool:
    """Whether an output follows an input without a step between: operators whose gradient is zero by definition, and what
    quantises, end the way back."""
    pending, seen = [output], set[str]()
    while pending:
        name = pending.pop()
        if name in graph.inputs:
            return True
        node = made_by.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if reason_for_zero(node.kind) is None and "Quantize" not in node.op_type and "QLinear" not in node.op_type:
            pending += [n for n in (*node.inputs, *node.attrs.get("captures", ())) if n]
    return False


def _saturated(kind: str, arrays: Sequence[np.ndarray]) -> str:
    """Where the values of all samples lie that an operator squashed: at its "ends", at one "end", or "" elsewhere."""
    if not kind:
        return ""
    low, high = ENDS[kind]
    values = np.concatenate([np.ravel(array) for array in arrays])
    below, above = (np.abs(values - low) < 1e-12).mean(), (values == high).mean()
    if below + above < SATURATED:
        return ""
    return "ends" if min(below, above) >= BOTH else "end"
