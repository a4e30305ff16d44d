"""What cannot be streamed, and what can be done about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rfonnx.errors import RfonnxError
from rfonnx.graph.nodes import Node
from rfonnx.graph.text import quote

CUT = "stream the part before it with --until, and run the rest on what comes out"

BEHIND = "where nothing else enters what is behind it, that may be streamed{}: --from {}"

ALONE = "stream another axis, or export it without that node"

GIVEN = "or give what it takes of the whole as an input, measured before"


@dataclass(frozen=True)
class Cut:
    """Ways out of a refusal at a node.

    Attributes:
        until: a tensor before it that can be streamed; "": none is known.
        made: what the node makes.
        statistics: what could be an input, so that the node can be streamed.
    """

    until: str
    made: str
    statistics: tuple[str, ...] = ()

    def told(self, first: Collection[str] = (), last: Collection[str] = ()) -> str:
        """What is offered, of a model from the tensors `first` to the tensors `last`: nothing lies before or behind these."""
        ways = []
        if self.until not in first:
            ways.append(f"{CUT}: --until {quote(self.until)}" if self.until else CUT)
        if self.until and self.made not in last:
            ways.append(BEHIND.format(", too" if ways else "", quote(self.made)))
        return "; ".join([*ways, *self.given()]) or ALONE

    def given(self) -> list[str]:
        """The way by statistics, where there is one."""
        asked = " ".join(f"--statistic {quote(name)}" for name in self.statistics)
        return [f"{GIVEN}: {asked}"] if asked else []


class Refused(RfonnxError):
    """A model, or a node of it, that cannot be streamed exactly, or for which there is no rule."""

    def __init__(self, message: str, hint: str = "", cut: Cut | None = None) -> None:
        """With a cut, its ways out are the hint."""
        super().__init__(message, hint if cut is None else cut.told())
        self.said, self.cut = message, cut


class Unbounded(Refused):
    """Attention whose every frame sees all before it."""


CACHE = "let every frame see the last N keys alone with --cache N (that changes what the model computes)"


def refused(node: Node, reason: str, until: str = "", hint: str = "", statistics: Iterable[str] = ()) -> Refused:
    """A node's refusal.

    Args:
        node: at fault.
        reason: why, as the end of a sentence that begins with the node.
        until: a tensor before it that can be streamed.
        hint: another way out.
        statistics: what could be an input, so that the node can be streamed.
    """
    cut = Cut(until, next(filter(None, node.outputs), ""), tuple(statistics))
    if not hint:
        return Refused(f"{node} {reason}", cut=cut)
    return Refused(f"{node} {reason}", "; ".join([hint, *cut.given()]))


@contextmanager
def offering(first: Collection[str], last: Collection[str]) -> Iterator[None]:
    """Refusals of a model from some tensors to others do not offer to stream what lies before or behind them."""
    try:
        yield
    except Refused as error:
        if error.cut is None:
            raise
        raise type(error)(error.said, error.cut.told(first, last)) from None
