"""What rfonnx claims about a node test, held against what was measured."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import rfonnx
from node_suite.cases import Case, runner
from node_suite.measure import EMPTY_HI, EMPTY_LO, Probe
from node_suite.values import Start, Starts

SEARCHES = (4, 10, 34)  # starting values for every case; for one that is loose; for one that is loose and claimed exact


@dataclass
class Pair:
    """One output, and one axis of one input."""

    case: str
    operator: str
    output: str
    input: str
    axis: int
    exact: bool
    unsound: str = ""
    loose: str = ""


@dataclass
class Tally:
    """Every pair under one reading of the cases."""

    reading: str
    pairs: list[Pair] = field(default_factory=list)

    @property
    def unsound(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.unsound]

    @property
    def loose(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.loose]

    @property
    def tight_share(self) -> float:
        return 1 - (len(self.loose) + len(self.unsound)) / max(len(self.pairs), 1)

    def lines(self) -> list[str]:
        claims = sum(pair.exact for pair in self.loose)
        by_operator = Counter(pair.operator for pair in self.loose)
        return [
            f"{self.reading}: {len(self.pairs)} pairs of output and input axis, {len(self.unsound)} unsound, "
            f"{self.tight_share:.2%} tight, {len(self.loose)} loose, {claims} of them claimed exact",
            f"    loose: {', '.join(f'{operator} {n}' for operator, n in by_operator.most_common()) or 'none'}",
        ]


@dataclass
class Findings:
    """Both readings: integers and conditions as the inputs they are, and as the constants that exporters write."""

    cases: int = 0
    given: Tally = field(default_factory=lambda: Tally("integers as inputs"))
    constant: Tally = field(default_factory=lambda: Tally("integers as constants"))
    errors: list[str] = field(default_factory=list)
    random: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [
            f"node suite: {self.cases} cases with float inputs, {len(self.errors)} errors; "
            f"random by design, not measured: {', '.join(self.random) or 'none'}",
            *self.given.lines(),
            *self.constant.lines(),
        ]


def examine(case: Case, findings: Findings) -> None:
    """Measure and analyse one case; an exception from rfonnx is an error of the case."""
    findings.cases += 1
    probe, starts = Probe(case, runner(case)), Starts(case)
    findings.random += [
        f"{case.name}:{name}" for name, steady in zip(case.outputs, probe.steady, strict=True) if not steady
    ]
    shapes = {name: value.shape for name, value in case.tensors.items()}
    floats = {name: shapes[name] for name in case.float_inputs}
    try:
        fixed = settled(case, rfonnx.analyze(case.with_constants(), shapes=floats), probe, starts.fixed())
        findings.constant.pairs += fixed
        if case.parameters:  # on top of what was measured with the case's own
            fixed = settled(case, rfonnx.analyze(case.model, shapes=shapes), probe, starts.varied())
        findings.given.pairs += fixed
    except Exception:
        findings.errors.append(f"{case.name}: {traceback.format_exc(limit=-3)}")


def settled(case: Case, analysis: rfonnx.Analysis, probe: Probe, starts: Iterator[Start]) -> list[Pair]:
    """Starting values vary until every pair is tight. A claim to be exact gets the longest search before it counts as loose."""
    pairs: list[Pair] = []
    for fed, (base, changes) in enumerate(starts, 1):
        probe.sweep(base, changes)
        if fed in SEARCHES:
            pairs = list(compared(case, analysis, probe))
            if fed == SEARCHES[-1] or not any(pair.loose and (pair.exact or fed == SEARCHES[0]) for pair in pairs):
                break
    return pairs


def compared(case: Case, analysis: rfonnx.Analysis, probe: Probe) -> Iterator[Pair]:
    for index, output in enumerate(case.outputs):
        if not probe.steady[index]:
            continue
        for name in case.float_inputs:
            for axis in range(case.feeds[name].ndim):
                yield pair_of(case, analysis, probe, index, output, name, axis)


def pair_of(case: Case, analysis: rfonnx.Analysis, probe: Probe, index: int, output: str, name: str, axis: int) -> Pair:
    seen = probe.measured(name, index, axis)
    lo, hi = claimed(analysis, output, name, axis, probe.shapes[index])
    tensor = analysis.tensors.get(output)
    pair = Pair(case.name, case.operator, output, name, axis, tensor.exact if tensor else True)
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
