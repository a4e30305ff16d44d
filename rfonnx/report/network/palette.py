"""Colours of drawings: those of the page where it has them, else, in a notebook or a file, the light ones."""

from __future__ import annotations

from typing import get_args

from rfonnx.results.operations import Family

FAMILIES: tuple[Family, ...] = get_args(Family)
"""By the number that they have in a page; the last one is grey."""

LIGHT = {
    "ink": "#1c2127",
    "paper": "#ffffff",
    "muted": "#59636e",
    "line": "#d5dbe1",
    "accent": "#0a5cc2",
    "global": "#7c3aed",
    "family-0": "#0072b2",
    "family-1": "#c8760a",
    "family-2": "#00866a",
    "family-3": "#b8478f",
    "family-4": "#d04f00",
    "family-5": "#3d93c9",
    "family-6": "#8a7d00",
    "family-7": "#6b5bd2",
    "family-8": "#a3423b",
    "family-9": "#4b7a2b",
}
"""As `page/assets/page.css` has them."""


def paint(name: str) -> str:
    """A colour for an attribute of SVG.

    >>> paint("line")
    'var(--line,#d5dbe1)'
    """
    return f"var(--{name},{LIGHT[name]})"


def family_paint(family: Family) -> str:
    """The colour of a family of operators."""
    number = FAMILIES.index(family)
    return paint(f"family-{number}" if number < len(FAMILIES) - 1 else "muted")
