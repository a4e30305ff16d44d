"""The rule on axes that the file declares free: are they?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.checking.subject import Subject
from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.comparing.pairs.matching import Port
from rfonnx.errors import RfonnxError
from rfonnx.results.findings import Parameter
from rfonnx.results.plain import shape_text
from rfonnx.results.ranges import FACTOR

FACTORS = (1.5, 2.0, 4.0)
"""Larger sizes that are tried: a net of total stride 32 takes at least one of them whatever it was given."""
SMALLER = 0.5
"""Tried when no larger size runs: a table of positions ends somewhere."""
MOST = 2 * 10**10
"""Multiply-accumulates of the largest run that is tried; more takes seconds, and is not proven."""

Symbols = Mapping[tuple[str, int], str]
"""The free axes of the inputs, (input, axis), and what the file calls their length."""


@rule(
    "RF019",
    "dynamic-axes",
    "error",
    {"larger": Parameter("float", "the one factor to try; 1.5, 2 and 4 when left out", within=FACTOR)},
    default=True,
)
def dynamic_axes(subject: Subject, values: Values) -> Iterator[Says]:
    """Axes that the file declares free really are: the model runs at more than one size.

    Exporters bake constants into reshapes of models that they declare dynamic; the first image of another size fails in
    production. Every free length is tried at 1.5, 2 and 4 times the one given (of a batch of one: 2 and 4), then at half of
    it: first alone, then with all that is as long, then with all other free lengths but the batch. One size that runs is
    enough: nets with strides take multiples only, tables of positions end. Where an output's length has the name of an
    input's and follows it at the size given, it must follow at the others; otherwise rows were mixed.

    Way out: export with dynamic shapes, and without the example's sizes in views and reshapes.
    """
    model = subject.opened
    symbols = {
        (port.name, axis): n if isinstance(n, str) else f"{port.name} axis {axis}"
        for port in model.inputs
        for axis, n in enumerate(port.shape)
        if not isinstance(n, int)
    }
    if not symbols:
        raise NotApplicableError("the model declares no dynamic axis")
    name, feed = subject.feeds[0]
    trial = _Trial(subject, symbols, feed, subject.run(name, feed))
    for symbol in dict.fromkeys(symbols.values()):
        yield trial.verdict(symbol, [values["larger"]] if values["larger"] else FACTORS)


class _Trial:
    """Runs at other sizes.

    Args:
        symbols: the free axes.
        feed: inputs that the model takes.
        made: the outputs of that run.
    """

    def __init__(self, subject: Subject, symbols: Symbols, feed: Feed, made: Sequence[object]) -> None:
        self._model = subject.opened
        self._macs = max(subject.macs.total, 1)
        self._symbols, self._feed = symbols, feed
        self._kept = _kept(self._model.inputs, self._model.outputs, feed, made)
        static = {name for name, shape in subject.graph.shapes.items() if shape and shape[0] is not None}
        self._kept = {place: source for place, source in self._kept.items() if place[0] in static}

    def verdict(self, symbol: str, factors: Sequence[float]) -> Says:
        """What the runs say of one length."""
        failures: list[str] = []
        tried: set[str] = set()
        for moved in self._companions(symbol):
            runs: list[str] = []
            for factor in (*factors, SMALLER):
                if factor < 1 and runs:
                    break
                grown = self._resized(moved, factor)
                if grown is None or self._macs * max(factor, 1) ** len(moved) > MOST:
                    continue
                shapes = ", ".join(f"{name} {shape_text(array.shape)}" for name, array in grown.items())
                if shapes in tried:
                    continue
                tried.add(shapes)
                failure = self._run(grown)
                (failures if failure else runs).append(f"{shapes}: {failure}" if failure else shapes)
            if runs:
                but = f"; not at {failures[0]}" if failures else ""
                return holds(f"'{symbol}' is free: the model runs at {' and '.join(runs)}{but}", symbol)
        if not tried:
            return unproven(f"'{symbol}' was not tried: a larger run would take too long", symbol)
        more = f" (and at {len(failures) - 1} other sizes)" if len(failures) > 1 else ""
        return Says(f"'{symbol}' is declared free, but the model fails at {failures[0]}{more}", symbol)

    def _companions(self, symbol: str) -> list[set[str]]:
        """Lengths that move together: it alone; with those that are as long; with all but the batch."""
        lengths: dict[str, int] = {}
        for (name, axis), label in self._symbols.items():
            lengths.setdefault(label, self._feed[name].shape[axis])
        batch = {label for (_, axis), label in self._symbols.items() if axis == 0}
        equal = {label for label, n in lengths.items() if n == lengths[symbol]}
        others = {label for label in lengths if label not in batch}
        found: list[set[str]] = []
        for together in ({symbol}, equal, others | {symbol}):
            if together not in found:
                found.append(together)
        return found

    def _resized(self, moved: set[str], factor: float) -> Feed | None:
        """The inputs with some axes repeated or cut to a multiple of their length; None where that changes nothing."""
        grown = {}
        for name, array in self._feed.items():
            for axis in range(array.ndim):
                if self._symbols.get((name, axis)) in moved:
                    length = array.shape[axis]
                    wanted = max(length + 1, round(length * factor)) if factor > 1 else int(length * factor)
                    if not length or not wanted:
                        return None
                    array = array.take(np.arange(wanted) % length, axis)
            grown[name] = array
        return grown

    def _run(self, feed: Feed) -> str:
        """Why the model does not run so, or ""."""
        try:
            made = self._model.run(feed, [port.name for port in self._model.outputs])
        except RfonnxError as error:
            return str(error)
        for (output, axis), source in self._kept.items():
            index = next(i for i, port in enumerate(self._model.outputs) if port.name == output)
            length, wanted = np.shape(made[index])[axis], feed[source[0]].shape[source[1]]
            if length != wanted:
                return f"output '{output}' has the length {length} along axis {axis}, where the file says {wanted}"
        return ""


def _kept(
    inputs: Sequence[Port], outputs: Sequence[Port], feed: Feed, made: Sequence[object]
) -> dict[tuple[str, int], tuple[str, int]]:
    """Axes of outputs that have an input axis' name, and its length in a first run; first axes also where they have no name.

    Files name lengths carelessly; what does not even hold at the first size is not held against the model.
    """
    named = {
        n: (port.name, axis) for port in reversed(inputs) for axis, n in enumerate(port.shape) if isinstance(n, str)
    }
    kept = {}
    for port, array in zip(outputs, made, strict=True):
        shape = np.shape(array) if isinstance(array, np.ndarray) else ()
        for axis, n in enumerate(port.shape if len(port.shape) == len(shape) else ()):
            source = named.get(n) if isinstance(n, str) else None
            if axis == 0 and not isinstance(n, str):
                source = next(((p.name, 0) for p in inputs if p.shape and n in (None, p.shape[0])), None)
            if source is not None and feed[source[0]].shape[source[1]] == shape[axis]:
                kept[port.name, axis] = source
    return kept
