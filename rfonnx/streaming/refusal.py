"""What cannot be streamed, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable

from rfonnx.errors import RfonnxError
from rfonnx.graph.nodes import Node
from rfonnx.graph.text import quote

CUT = "stream the part before it with --until, and run the rest on what comes out"

BEHIND = "where nothing else enters what is behind it, that may be streamed, too"


class Refused(RfonnxError):
    """A model, or a node of it, that cannot be streamed exactly, or for which there is no rule."""


class Unbounded(Refused):
    """Attention whose every frame sees all before it."""


CACHE = "let every frame see the last N keys alone with --cache N (that changes what the model computes)"


GIVEN = "or give what it takes of the whole as an input, measured before"


def refused(node: Node, reason: str, until: str = "", hint: str = "", statistics: Iterable[str] = ()) -> Refused:
    """A node's refusal.

    Args:
        node: at fault.
        reason: why, as the end of a sentence that begins with the node.
        until: a tensor before it that can be streamed.
        hint: another way out.
        statistics: what could be an input, so that the node can be streamed.
    """
    made = next(filter(None, node.outputs), "")
    way = hint or (f"{CUT}: --until {quote(until)}; {BEHIND}: --from {quote(made)}" if until else CUT)
    asked = " ".join(f"--statistic {quote(name)}" for name in statistics)
    return Refused(f"{node} {reason}", f"{way}; {GIVEN}: {asked}" if asked else way)
