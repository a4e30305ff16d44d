"""The section on derived facts: what outputs see of other samples and of the future, and which shifts they follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rfonnx.report.document import Line, Name
from rfonnx.report.fields.view import Axes
from rfonnx.report.fields.view_source import Source
from rfonnx.results.fields import BatchFact, OutputFacts, PositionalConstant, ShiftFact, TimeFact
from rfonnx.results.plain import axes_text, counted

if TYPE_CHECKING:
    from rfonnx.results.stream_checks import StreamOutlook

SHOWN = 5
"""Most positional constants that are named one by one."""


def fact_lines(
    source: Source, axes: Axes, rate: float | None, chosen: bool = False, streams: Sequence[StreamOutlook] = ()
) -> Iterator[Line]:
    """The facts, as lines; those along axes that are not shown are left out.

    Args:
        source: the analysis.
        axes: the axes that are shown.
        rate: samples per second of time axes.
        chosen: whether the user named the axes. Else time is told along any axis: frames that a recurrent layer takes one by one
            lie along one that no window slides along.
        streams: told behind what outputs see of the future.
    """
    facts = source.facts
    yield from _batches(facts)
    for output, fact in facts.items():
        for time in fact.time:
            if not chosen or time.axis in axes.get(time.input, ()):
                yield _time(output, time, rate)
        yield from _streams(output, streams, rate)
        yield from _shifts(output, [shift for shift in fact.shifts if shift.axis in axes.get(shift.input, ())])
    yield from _positional(facts)


def _batches(facts: Mapping[str, OutputFacts]) -> Iterator[Line]:
    """Outputs with the same answer share a line."""
    same: dict[BatchFact, list[str]] = {}
    for output, fact in facts.items():
        same.setdefault(fact.batch, []).append(output)
    for batch, outputs in same.items():
        whose: Line = (
            Name(outputs[0]),
            *((f" and {counted(len(outputs) - 1, 'more output')}",) if len(outputs) > 1 else ()),
        )
        where = batch_axes(batch)
        if batch.state == "independent" and batch.axis is None:
            yield (*whose, ": no position sees two samples (", *where, f"; found with a batch of {batch.batch})")
        elif batch.state == "independent":
            yield (*whose, ": each sample (", *where, f") sees only itself (found with a batch of {batch.batch})")
        elif batch.state == "mixed":
            yield (*whose, ": samples (", *where, ") are mixed: ", Name(batch.reason))
        elif batch.state == "dropped":
            yield (*whose, ": not every sample (", *where, ") has an answer: ", Name(batch.reason))
        else:
            yield (*whose, ": not known whether a sample sees only itself: ", Name(batch.reason))


def batch_axes(fact: BatchFact) -> Line:
    """Where samples are counted: "axis 0" when that is so everywhere, else by input and output."""
    axes = {axis for _, axis in fact.inputs} | ({fact.axis} if fact.axis is not None else set())
    presumed = (", presumed to count them",) if fact.presumed else ()
    if len(axes) == 1:
        return (f"axis {axes.pop()}", *presumed)
    words: list[str] = []
    for name, axis in fact.inputs:
        words += [", " if words else "", f"axis {axis} of ", Name(name)]
    return (*words, *([f"; axis {fact.axis} of the output"] if fact.axis is not None else []), *presumed)


def _time(output: str, fact: TimeFact, rate: float | None) -> Line:
    causal = {True: "causal", False: "not causal", None: "not known to be causal"}[fact.causal]
    at_most = "at most " if fact.causal is None else ""
    return (
        Name(output),
        " along ",
        Name(fact.input),
        f" axis {fact.axis}: {causal}; left context {_samples(fact.context, rate)}"
        f", lookahead {at_most}{_samples(fact.lookahead, rate)}"
        + (f", at length {fact.length}" if fact.length else ""),
    )


def _streams(output: str, streams: Sequence[StreamOutlook], rate: float | None) -> Iterator[Line]:
    """Whether an output can be streamed, as `rfonnx stream --dry-run` says it."""
    for one in streams:
        along: Line = (" along ", Name(one.input), f" axis {one.axis}")
        if not one.unit:
            yield (Name(output), " is not streamed", *along, ": ", Name(one.reason))
        elif output in one.delays:
            frames, samples = one.delays[output]
            late = counted(frames, "frame") + (f" ({_seconds(samples / rate)})" if rate else "")
            yield (
                Name(output),
                " streams",
                *along,
                f": `rfonnx stream` makes a model that takes chunks of {one.unit}, or multiples, and is {late} late",
            )


def _samples(count: int, rate: float | None) -> str:
    """A stretch of time in samples, and in seconds when their rate is known.

    >>> _samples(1023, 16000.0), _samples(1, None)
    ('1023 samples (63.9 ms)', '1 sample')
    """
    words = counted(count, "sample")
    if rate is None:
        return words
    return f"{words} ({_seconds(count / rate)})"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if abs(seconds) >= 1 else f"{seconds * 1000:.3g} ms"


def _shifts(output: str, facts: list[ShiftFact]) -> Iterator[Line]:
    """Axes of an input with the same answer share a line."""
    same: dict[tuple[str, int | None, int, str], list[ShiftFact]] = {}
    for fact in facts:
        same.setdefault((fact.input, fact.period, fact.shift, fact.reason), []).append(fact)
    for (name, period, shift, reason), alike in same.items():
        along = f" along {axes_text([fact.axis for fact in alike])}"
        if period is None:
            yield ("no shift of ", Name(name), along, " is known that ", Name(output), " follows: ", Name(reason))
        else:
            does = (" shifts ", Name(output), f" by {shift}") if shift else (" leaves ", Name(output), " as it is")
            yield ("a shift of ", Name(name), f" by {period}{along}", *does, f", borders aside{_where(alike)}")
    yield from _halos(output, facts)


def _halos(output: str, facts: list[ShiftFact]) -> Iterator[Line]:
    """What tiles need, as far as one size of the model tells; axes with the same answer share a line."""
    same: dict[tuple[str, int | None, tuple[int, int]], list[int]] = {}
    for fact in facts:
        if fact.halo is not None:
            same.setdefault((fact.input, fact.period, fact.halo), []).append(fact.axis)
    for (name, period, (before, after)), axes in same.items():
        sides = str(before) if before == after else f"{before} before and {after} after"
        grid = f"tiles of {axes_text(axes)} of "
        yield (
            grid,
            Name(name),
            f" begin on a grid of {period}, and need a halo of {sides} for ",
            Name(output),
            "; whether they are exact, `rfonnx tile plan` tells",
        )


def _where(facts: list[ShiftFact]) -> str:
    """At which positions the shifts hold, what must move, and for which inputs; axes that differ one after the other.

    >>> _where([ShiftFact("x", 2, 2, 1, 1, "", 14, (6, 73)), ShiftFact("x", 3, 3, 1, 1, "", 14, (6, 89))])
    ' (at 6..73 and 6..89; from 14 positions on)'
    """
    at = _ranges([fact.positions for fact in facts])
    room = _ranges([fact.room for fact in facts])
    least = " and ".join(dict.fromkeys(str(fact.least) for fact in facts if fact.least))
    words = [
        *([f"at {at}"] if at else []),
        *([f"of what is shown at {room} before a uniform background"] if room else []),
        *([f"from {least} positions on"] if least else []),
    ]
    return f" ({'; '.join(words)})" if words else ""


def _ranges(ranges: list[tuple[int, int] | None]) -> str:
    return " and ".join(dict.fromkeys(f"{found[0]}..{found[1]}" for found in ranges if found))


def _positional(facts: Mapping[str, OutputFacts]) -> Iterator[Line]:
    constants: dict[PositionalConstant, None] = {}
    for fact in facts.values():
        constants.update(dict.fromkeys(fact.positional))
    for constant in list(constants)[:SHOWN]:
        where = axes_text(constant.axes)
        yield (
            Name(constant.name),
            " treats positions differently, in ",
            Name(constant.tensor),
            " (",
            Name(constant.op_type),
            f") along {where}",
        )
    if len(constants) > SHOWN:
        yield (f"... and {len(constants) - SHOWN} more positional constants",)
