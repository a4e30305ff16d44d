"""How names and shapes are spelt in messages: one line, whatever a file puts into its names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from rfonnx.results import Shape

MAX_NAME = 160
MAX_CANDIDATES = 4000


def one_line(text: str) -> str:
    """The text with control characters escaped, so that a file cannot break a message into lines or colour it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quote(name: str) -> str:
    """A name in quotes, on one line and of bearable length."""
    shown = name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}..."
    return f"'{one_line(shown)}'"


def show_shape(shape: Shape) -> str:
    """A shape as people write it: 1x3x224x224, ? for an unknown dimension, "scalar" for rank 0.

    >>> show_shape((1, None, 4))
    '1x?x4'
    """
    if shape is None:
        return "unknown"
    return "x".join("?" if d is None else str(d) for d in shape) or "scalar"


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A hint that names the most similar candidates, or "".

    Comparing is slow, so that of very many candidates only those of the most similar length are looked at.
    """
    pool = list(candidates)
    if len(pool) > MAX_CANDIDATES:
        pool = sorted(pool, key=lambda c: abs(len(c) - len(name)))[:MAX_CANDIDATES]
    close = get_close_matches(name[:MAX_NAME], pool, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(quote(c) for c in close)}?" if close else ""
