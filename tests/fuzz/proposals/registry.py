"""The table of proposals: each adds one operator, or a few that exporters write together, with random settings."""

from __future__ import annotations

from collections.abc import Callable

from fuzz.builder import Builder

Proposal = Callable[[Builder], None]

PROPOSALS: list[Proposal] = []
"""Drawn from with equal chances; what matters most, or seldom fits, is in it several times."""


def proposal(function: Proposal) -> Proposal:
    PROPOSALS.append(function)
    return function


def frequent(function: Proposal) -> Proposal:
    PROPOSALS.extend([function] * 3)
    return function
