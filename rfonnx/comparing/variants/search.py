"""The fewest changes with which tensors see so much of the input, those that add the fewest multiply-accumulates first.

A set of changes that cannot reach the target is not analysed. A window that reaches g positions further, over a tensor whose
positions lie s positions of the input apart, makes the field of anything behind it at most s g positions longer; where a stride
is removed, positions lie closer together, and fields are no longer than before. What sees the past alone goes on doing so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.variants.candidates import Candidate, candidates
from rfonnx.comparing.variants.looked import Subject, look
from rfonnx.comparing.variants.siblings import fitting_changes
from rfonnx.errors import DataError, QueryError, RfonnxError
from rfonnx.results.ranges import OPTIONS
from rfonnx.results.variants import ChangeKind, Changes, Target, Variant
from rfonnx.system.named import NamedTuple

SHOWN = 5
"""Proposals at most."""

ANALYSED = 300
"""Sets of changes that are analysed at most."""

LISTED = 300_000
"""Sets of as many changes that are compared at most."""

KINDS: tuple[ChangeKind, ...] = ("dilation", "kernel", "stride")


class Search(NamedTuple):
    """What is searched for.

    Attributes:
        coverage: the share of the input that the middle position of each tensor shall see, along every axis.
        kinds: what may be changed.
        most: changes of a set, at most.
    """

    coverage: float
    kinds: Sequence[ChangeKind] = KINDS
    most: int = 2


class Fit(NamedTuple):
    """A candidate whose shapes go together, with what must be changed beside it; and the MACs that it adds."""

    one: Candidate
    changes: Changes
    added: int


def search(asked: Search, subject: Subject, before: Variant) -> Target:
    """Single changes first, then sets of two, and so on, until one reaches the target.

    Raises:
        DataError: the target is no share, a kind is none, or there may be too many or no changes.
        QueryError: there is no axis to see along.
    """
    _check(asked)
    if not before.seen:
        raise QueryError(
            f"{subject.graph.name}: no axis of an input is longer than one position", "leave out the target"
        )
    least = min(before.seen, key=lambda one: one.field.coverage)
    tensors = list(dict.fromkeys(one.tensor for one in before.seen))
    found = candidates(subject.model, subject.analysis, tensors, subject.pairs, asked.kinds)
    run = _Run(asked, subject, before)
    reached = least.field.coverage >= asked.coverage
    fits = [] if reached else [fit for one in found if (fit := run.fit(one)) is not None]
    proposals: list[Variant] = []
    for count in range(1, asked.most + 1):
        if reached or proposals:
            break
        proposals = run.sets(fits, count)
    past = min(subject.past.get(least.tensor, {}).values(), default=None)
    unfit = 0 if reached else len(found) - len(fits)
    return Target(
        least.tensor, asked.coverage, least.field.coverage, past, tuple(asked.kinds), len(found), unfit, asked.most,
        run.analysed, run.proven, tuple(proposals),
    )  # fmt: skip


def _check(asked: Search) -> None:
    OPTIONS["coverage"].check(asked.coverage, "coverage")
    OPTIONS["changes"].check(asked.most, "most")
    if not asked.kinds or not set(asked.kinds) <= set(KINDS):
        raise DataError(f"changes of {', '.join(asked.kinds) or 'no kind'} were asked for", f"give {', '.join(KINDS)}")


class _Run:
    """One search: how many sets were analysed, and whether none was left out that might have been cheaper."""

    def __init__(self, asked: Search, subject: Subject, before: Variant) -> None:
        self.asked, self.subject, self.before = asked, subject, before
        self.analysed, self.proven = 0, True

    def fit(self, one: Candidate) -> Fit | None:
        """The candidate with what it needs beside it; None: shapes do not go together."""
        try:
            made = fitting_changes(self.subject, one.changes)
            return Fit(one, made.asked, macs(made.graph).total - self.before.macs)
        except RfonnxError:
            return None

    def sets(self, fits: Sequence[Fit], count: int) -> list[Variant]:
        """Sets of so many changes that reach the target, the cheapest ones."""
        if comb(len(fits), count) > LISTED:
            self.proven = False
            return []
        found: list[tuple[int, Variant]] = []
        known = set[frozenset[tuple[str, ChangeKind]]]()
        for added, chosen in self._ordered(fits, count):
            best = sorted(one.macs - self.before.macs for _, one in found)[:SHOWN]
            if len(best) == SHOWN and best[-1] <= added:
                break
            what = frozenset((name, fit.one.kind) for fit in chosen for name in fit.one.changes)
            if what in known:
                continue  # the same with larger steps
            if self.analysed >= ANALYSED:
                self.proven = False
                break
            variant = self._reaches(chosen)
            if variant is not None:
                known.add(what)
                found.append((len(found), variant))
        found.sort(key=lambda one: (one[1].macs, one[0]))
        return [one._replace(name=f"proposal {turn}") for turn, (_, one) in enumerate(found[:SHOWN], 1)]

    def _ordered(self, fits: Sequence[Fit], count: int) -> Iterator[tuple[int, tuple[Fit, ...]]]:
        """Sets that may reach the target: those that add the fewest MACs first, and of those the ones that change least."""
        rows = []
        for order, chosen in enumerate(combinations(fits, count)):
            names = [name for fit in chosen for name in fit.changes]
            if len(set(names)) == len(names) and self._may_reach(chosen):
                steps = sum(fit.one.step for fit in chosen)
                grows = sum(sum(fit.one.grows.values()) for fit in chosen)
                rows.append((sum(fit.added for fit in chosen), steps, grows, order, chosen))
        rows.sort(key=lambda row: row[:4])
        return ((added, chosen) for added, *_, chosen in rows)

    def _may_reach(self, chosen: Sequence[Fit]) -> bool:
        removed = any(fit.one.kind == "stride" for fit in chosen)
        for one in self.before.seen:
            grows = sum(fit.one.grows.get((one.input, one.axis), 0.0) for fit in chosen)
            seen = one.field.size if removed else one.field.coverage * one.length
            past = self.subject.past.get(one.tensor, {}).get((one.input, one.axis), 1.0)
            if min(seen + grows, past * one.length) < self.asked.coverage * one.length - 1e-6:
                return False
        return True

    def _reaches(self, chosen: Sequence[Fit]) -> Variant | None:
        """The variant, where it reaches the target."""
        self.analysed += 1
        asked: dict[str, object] = {}
        for fit in chosen:
            asked |= fit.changes
        try:
            made = fitting_changes(self.subject, asked)  # type: ignore[arg-type]
            variant = look(self.subject, made.changed, "")
        except RfonnxError:
            return None
        least = min(one.field.coverage for one in variant.seen)
        return variant if least >= self.asked.coverage and not variant.ahead else None
