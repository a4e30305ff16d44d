"""The section on advice: what fields alone tell of a design, each with its number and its reason.

Every sentence speaks of structure. What a layer is worth, only a measurement tells: the last line says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from rfonnx.report.document import Line, Name, shared
from rfonnx.report.fields.view import Axes
from rfonnx.report.fields.view_source import Source
from rfonnx.results.advice import Beyond, Gate, Idle, InputSizes, State
from rfonnx.results.plain import axes_text, counted, percent

if TYPE_CHECKING:
    from rfonnx.report.explorer.measured_field import MeasuredField

CAVEAT = "this is structure alone, and no accuracy was measured: train or prune, and compare, before a layer goes"

WORDS: Mapping[State, str] = {
    "nothing": "adds no context",
    "borders": "adds context near borders alone",
    "unknown": "may add no context",
}

SHOWN = 6
"""Most layers of a state that are told one by one."""

MOST_PADDING = 0.5
"""Mean share of a field beyond the border from which people are told."""


def advice_lines(
    source: Source, axes: Axes, sizes: Sequence[InputSizes] = (), measured: Sequence[MeasuredField] = ()
) -> Iterator[Line]:
    """Layers that add no context, gates, padding, sizes; along the axes that are shown. Nothing where nothing is to be said."""
    made = [
        *_layers(source, axes),
        *_gates(source, axes),
        *_padding(source, axes),
        *_sizes_that_fit(source, sizes, axes),
    ]
    used: list[Line] = []
    if measured:
        from rfonnx.report.fields.used import used_lines  # most reports are told of no measurement

        used = list(used_lines(source, measured))
    yield from (*made, *used)
    if made or used:
        yield (CAVEAT,)


def _layers(source: Source, axes: Axes) -> Iterator[Line]:
    """Axes of which the same is so share a line."""
    same: dict[tuple[object, ...], list[Idle]] = {}
    for one in source.advice.idle:
        if one.axis in axes.get(one.input, ()):
            alike = (one.tensor, one.input, one.reads, one.whole, one.positions, one.state)
            same.setdefault(alike, []).append(one)
    for state in get_args(State):
        found = [along for along in same.values() if along[0].state == state]
        yield from (_layer(source, along) for along in found[:SHOWN])
        if len(found) > SHOWN:
            yield (
                f"... and {len(found) - SHOWN} layers more of which each {WORDS[state]}, up to ",
                Name(found[-1][0].tensor),
            )


def _layer(source: Source, alike: Sequence[Idle]) -> Line:
    one = alike[0]
    where: Line = (f" along {axes_text([other.axis for other in alike])} of ", Name(one.input))
    reads, border = Name(one.reads), "from border to border"
    words = f" {WORDS[one.state]}"
    layer: Line = (Name(one.tensor), " (", Name(one.op_type), ")")
    long, short = (_sizes([getattr(other, name) for other in alike]) for name in ("before", "shortest"))
    ways = f", {short} by the shortest way" if short != long else ""
    by_windows = _by_windows(source, one.reads, {(other.input, other.axis): other.before for other in alike})
    sizes = f" (its field is {long} long{by_windows}{ways}; the axis {_lengths(source, alike)})"
    if one.state == "nothing":
        return (*layer, words, *where, ": every position of ", reads, f" sees {border} already", sizes)
    if one.state == "borders":
        count = f"{one.whole} of {counted(one.positions, 'position')} of "
        told = f" see {border} already, the middle one among them"
        return (*layer, words, *where, f": {count}", reads, told, sizes)
    return (*layer, words, *where, ": ", reads, f" sees at most {border}: not known whether it does")


def _sizes(sizes: Sequence[int]) -> str:
    return shared([str(size) for size in sizes])


def _lengths(source: Source, alike: Sequence[Idle]) -> str:
    shape = source.input_shapes.get(alike[0].input) or ()
    return _sizes([shape[one.axis] or 0 for one in alike])


def _gates(source: Source, axes: Axes) -> Iterator[Line]:
    """By input: the first, and how many more there are."""
    by_input: dict[str, dict[str, list[Gate]]] = {}
    for one in source.advice.gates:
        if one.axis in axes.get(one.input, ()):
            by_input.setdefault(one.input, {}).setdefault(one.tensor, []).append(one)
    for name, by_tensor in by_input.items():
        first = next(iter(by_tensor.values()))
        more = f" and {counted(len(by_tensor) - 1, 'tensor')} behind it take" if len(by_tensor) > 1 else " takes"
        yield (
            *(Name(first[0].tensor), " (", Name(first[0].op_type), ")", more),
            f" in what was taken over all of {axes_text([one.axis for one in first])} of ",
            Name(name),
            f": each position depends on all of it there; by windows alone it sees {_sizes([one.size for one in first])}, and",
            " layers are judged by windows alone",
        )


def _padding(source: Source, axes: Axes) -> Iterator[Line]:
    """Tensors of which most of a field lies beyond the border, on the average; axes with the same share together."""
    same: dict[tuple[str, str, str], list[Beyond]] = {}
    for one in source.advice.beyond:
        if one.mean >= MOST_PADDING and one.axis in axes.get(one.input, ()):
            same.setdefault((one.tensor, one.input, percent(one.mean)), []).append(one)
    for (tensor, name, share), alike in same.items():
        at_most = "" if alike[0].exact else "at most "
        by_windows = _by_windows(source, tensor, {(name, one.axis): one.size for one in alike})
        yield (
            Name(tensor),
            f": {share} of {at_most}a field of {_sizes([one.size for one in alike])}{by_windows and by_windows + ','}",
            f" lies beyond the borders of {axes_text([one.axis for one in alike])} of ",
            Name(name),
            ", on the average over its positions: padding stands there",
        )


def _by_windows(source: Source, tensor: str, sizes: Mapping[tuple[str, int], int]) -> str:
    """What is said of sizes, by input and axis, that are not those of the table: behind global operators."""
    fields = source.tensors[tensor].fields
    return "" if all(fields[where].size == size for where, size in sizes.items()) else ", by windows alone"


def _sizes_that_fit(source: Source, sizes: Sequence[InputSizes], axes: Axes) -> Iterator[Line]:
    """Axes of which the same is so share lines."""
    same: dict[InputSizes, list[int]] = {}
    for one in sizes:
        if one.axis in axes.get(one.input, ()):
            same.setdefault(one._replace(axis=0), []).append(one.axis)
    for one, numbers in same.items():
        where: Line = (f" of {axes_text(numbers)} of ", Name(one.input))
        if one.grows_from is None or one.sees_to is None:
            why = one.reason or "no length was found at which it is so"
            yield ("not known which lengths", *where, " the model fits: ", Name(why))
            continue
        tried = f" ({counted(one.tried, 'length')} tried" + (f", in steps of {one.step})" if one.step > 1 else ")")
        gated = {(gate.input, gate.axis) for gate in source.advice.gates}
        alone = ", by windows alone" if (one.input, numbers[0]) in gated else ""
        if one.grows_from > one.sees_to:
            yield ("no length", *where, " fits", tried)
        else:
            yield (f"lengths from {one.grows_from} to {one.sees_to}", *where, f" fit{alone}", tried)
        if one.idle:
            yield (
                f"below {one.grows_from}: at {one.grows_from - one.step} ",
                Name(one.idle),
                " adds no context at any position",
            )
        else:
            yield (f"below {one.grows_from}: the model takes none of the lengths that were tried",)
        deepest = f", which has the largest field of windows ({one.size}), sees from border to border"
        yield (f"above {one.sees_to}: no position of ", Name(one.tensor), deepest)
        if not one.fits:
            side = "below" if one.length < one.grows_from else "above"
            yield (f"the length that was asked about, {one.length}, lies {side} these",)
