"""What rfonnx claims about a node test, held against what was measured."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import rfonnx
from node_suite.cases import Case, runner
from node_suite.measure import EMPTY_HI, EMPTY_LO, PASSES, PASSES_CLAIMED, PASSES_LOOSE, Probe


@dataclass
class Pair:
    """One output, and one axis of one input."""

    case: str
    output: str
    input: str
    axis: int
    exact: bool
    unsound: str = ""
    loose: str = ""


@dataclass
class Tally:
    """All that was found: a line per error, every pair, and what could not be measured."""

    cases: int = 0
    errors: list[str] = field(default_factory=list)
    random: list[str] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)

    @property
    def unsound(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.unsound]

    @property
    def loose(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.loose]

    @property
    def loose_claims(self) -> list[Pair]:
        """Claimed exact, and not seen to be."""
        return [pair for pair in self.loose if pair.exact]

    def lines(self) -> list[str]:
        count, tight = len(self.pairs), len(self.pairs) - len(self.loose) - len(self.unsound)
        by_case = Counter(pair.case for pair in self.loose)
        return [
            f"{self.cases} cases, {count} pairs of output and input axis: {len(self.unsound)} unsound, "
            f"{len(self.errors)} errors, {tight} tight ({tight / max(count, 1):.2%}), "
            f"{len(self.loose_claims)} claimed exact and not seen to be",
            f"random by design, not measured: {', '.join(self.random) or 'none'}",
            f"loose: {', '.join(f'{case} ({n})' for case, n in by_case.items()) or 'none'}",
        ]


def examine(case: Case, tally: Tally) -> None:
    """Measure and analyse one case; an exception from rfonnx is an error of the case."""
    tally.cases += 1
    probe = Probe(case, runner(case))
    tally.random += [
        f"{case.name}:{name}" for name, steady in zip(case.outputs, probe.steady, strict=True) if not steady
    ]
    try:
        analysis = rfonnx.analyze(
            case.model, shapes={name: value.shape for name, value in case.tensors.items() if value.size}
        )
        tally.pairs += settled(case, analysis, probe)
    except Exception:
        tally.errors.append(f"{case.name}: {traceback.format_exc(limit=-3)}")


def settled(case: Case, analysis: rfonnx.Analysis, probe: Probe) -> list[Pair]:
    """Starting values vary until every pair is tight. A claim to be exact gets the longest search before it counts as loose."""
    passes = probe.passes()
    for most in (PASSES, PASSES_LOOSE, PASSES_CLAIMED):
        while probe.swept < most:
            probe.sweep(*next(passes))
        pairs = list(compared(case, analysis, probe))
        sought = [pair for pair in pairs if pair.loose and (pair.exact or most == PASSES)]
        if not sought:
            break
    return pairs


def compared(case: Case, analysis: rfonnx.Analysis, probe: Probe) -> Any:
    for index, output in enumerate(case.outputs):
        if not probe.steady[index]:
            continue
        for name in case.float_inputs:
            for axis in range(case.feeds[name].ndim):
                yield pair_of(case, analysis, probe, index, output, name, axis)


def pair_of(case: Case, analysis: rfonnx.Analysis, probe: Probe, index: int, output: str, name: str, axis: int) -> Pair:
    shape = probe.shapes[index]
    seen = probe.measured(name, index, axis)
    lo, hi = claimed(analysis, output, name, axis, shape)
    field = analysis.tensors.get(output)
    pair = Pair(case.name, output, name, axis, field.exact if field else True)
    reads = seen.lo <= seen.hi
    if (wrong := reads & ((seen.lo < lo) | (seen.hi > hi))).any():
        pair.unsound = describe(wrong, seen.lo, seen.hi, lo, hi)
    # An end that was not tried on its own cannot have been seen.
    fair = (lo > hi) | (np.isin(lo, seen.tried) & np.isin(hi, seen.tried))
    if not pair.unsound and (wide := fair & ((seen.lo != lo) | (seen.hi != hi))).any():
        pair.loose = describe(wide, seen.lo, seen.hi, lo, hi)
    return pair


def claimed(analysis: rfonnx.Analysis, output: str, name: str, axis: int, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """lo and hi over the output's real shape, empty ones in one form; a constant output reads nothing."""
    if output not in analysis.tensors and output not in analysis.inputs:
        lo, hi = np.array(EMPTY_LO), np.array(EMPTY_HI)
    else:
        lo, hi = analysis.intervals(output, input=name, axis=axis)
    if not shape:
        lo, hi = lo.min(), hi.max()
    lo, hi = np.where(lo > hi, EMPTY_LO, lo), np.where(lo > hi, EMPTY_HI, hi)
    return np.broadcast_to(lo, shape), np.broadcast_to(hi, shape)


def describe(where: np.ndarray, seen_lo: np.ndarray, seen_hi: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> str:
    at = tuple(int(i) for i in np.argwhere(where)[0])
    measured, said = span(seen_lo[at], seen_hi[at]), span(lo[at], hi[at])
    return f"{int(where.sum())} of {where.size} positions, at {at} measured {measured}, claimed {said}"


def span(lo: Any, hi: Any) -> str:
    return f"[{lo}, {hi}]" if lo <= hi else "nothing"
