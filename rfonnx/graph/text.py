"""How names and shapes are spelt in messages: one line, whatever a file puts into its names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rfonnx.errors import ModelError, RfonnxError, retold
from rfonnx.results.fields import Shape

MAX_NAME = 160
MAX_CANDIDATES = 4000


def one_line(text: str) -> str:
    """The text with control characters escaped, so that a file cannot break a message into lines or colour it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def check_text(names: Iterable[str], where: str | Callable[[], str]) -> None:
    """Refuse names that are no UTF-8 (protobuf hands them out as bytes) or hold a NUL (which ends a name in C, and parts those
    that are made here). `where` says what they are the names of.

    Raises:
        ModelError: one of them is.
    """
    try:
        wrong = "a name that holds a NUL" if "\0" in "".join(names) else ""
    except TypeError:
        wrong = "a name that is no UTF-8 text"
    if wrong:
        what = where if isinstance(where, str) else where()
        raise ModelError(f"{what} has {wrong}", "the file is damaged: export it again")


@contextmanager
def naming(label: str) -> Iterator[None]:
    """Put the name of a file before what is said about it."""
    try:
        yield
    except RfonnxError as error:
        raise retold(error, one_line(f"{label}: {error}")) from None


def quote(name: str | bytes) -> str:
    """A name in quotes, on one line and of bearable length."""
    if isinstance(name, bytes):
        name = name.decode(errors="replace")
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
    from difflib import get_close_matches  # here: it is for mistakes alone

    pool = list(candidates)
    if len(pool) > MAX_CANDIDATES:
        pool = sorted(pool, key=lambda c: abs(len(c) - len(name)))[:MAX_CANDIDATES]
    close = get_close_matches(name[:MAX_NAME], pool, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(quote(c) for c in close)}?" if close else ""
