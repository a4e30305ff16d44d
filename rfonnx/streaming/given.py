"""A model that takes statistics of all frames as inputs: another one, which streams, and is the given one as long as they are its
own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from rfonnx.errors import ModelError, QueryError, ShapeError
from rfonnx.graph.text import did_you_mean, quote
from rfonnx.model.opened import Opened
from rfonnx.streaming.groups import kept_apart, laid_in_rows
from rfonnx.streaming.inserted import Chosen, inserted, measuring
from rfonnx.streaming.layout import lay_out
from rfonnx.streaming.looking import looked_at
from rfonnx.streaming.model import LENGTHS, ODD, Source, first_taken
from rfonnx.streaming.narrow import narrowed
from rfonnx.streaming.refusal import Refused
from rfonnx.streaming.taken import by_statistics, label, taken_axes, takes_its_own, whole_shape

ALL = "all"
"""In the place of a name: what blocks."""


def with_statistics(source: Source, names: Sequence[str], boundless: bool = False) -> Source:
    """The model in which statistics are inputs.

    Args:
        source: not looked at yet.
        names: tensors without frames, which become inputs themselves; nodes that make such, or norms, by their names or by what
            they make; or `ALL`: whatever takes all frames together for one of them.
        boundless: attention without a bound will get one.

    Raises:
        ModelError, ShapeError: the model takes no length that was tried.
        QueryError: there is no such node or tensor, or it takes nothing of all frames.
        Refused: with `ALL`, something else in the model cannot be streamed.
    """
    seen = _seen(source)
    rows = {nodes[1].inputs[0]: nodes[0].inputs[0] for nodes in laid_in_rows(seen).values()}
    for change in (kept_apart, narrowed):
        proto = change(seen)
        if proto is not source.proto:
            source = source.written(proto)
            seen = _seen(source)
    asked = [name for name in names if name != ALL]
    if ALL in names:
        seen, listed = _listed(source, boundless)
        if not listed:
            raise QueryError(
                f"{source.model.label}: frames are joined with nothing that is taken of all of them",
                f"leave out --statistic {ALL}",
            )
        asked += listed
    chosen = {one.tensor: one for one in (_chosen(seen, name) for name in asked)}
    proto, figures = inserted(seen, list(chosen.values()), rows)
    return replace(
        source.written(proto),
        statistics=figures,
        shapes={**source.shapes, **{one.told.input: one.told.shape for one in figures}},
        measuring=Opened(measuring(source.proto, figures, seen.graph.dtypes)),
    )


def _seen(source: Source) -> Source:
    """At several lengths, where the model takes them."""
    own, every = [source.length], list(dict.fromkeys([source.length, *LENGTHS, *ODD]))
    tried = [(source.freed(), length) for length in every] if source.fixed else []
    tried += [(source, length) for length in (own if source.fixed else every)]
    return first_taken(tried, lambda pair: pair[0].seen_at(pair[1]))


def _listed(source: Source, boundless: bool) -> tuple[Source, list[str]]:
    """What blocks, in order."""
    lay = partial(lay_out, boundless=boundless, taken=True)
    if source.fixed and not source.pinned:
        with suppress(ModelError, Refused, ShapeError):  # else it is held to the one length that it has
            seen, layout = looked_at(source.freed(), [source.length], lay)
            return seen, list(layout.taken or ())
    seen, layout = looked_at(source, [source.length] if source.fixed else (*LENGTHS, *ODD), lay)
    return seen, list(layout.taken or ())


def _chosen(source: Source, name: str) -> Chosen:
    """What is meant by a name: a tensor before a node.

    Raises:
        QueryError: see `with_statistics`.
    """
    graph, model = source.graph, source.model.label
    makers = {made: node for made, node in source.made_by.items() if made not in graph.constants}
    node = makers.get(name) or next((node for node in makers.values() if name in (node.name, label(node))), None)
    if node is None:
        raise QueryError(
            f"{model}: no node is called {quote(name)}, and none makes a tensor {quote(name)}",
            did_you_mean(name, {*makers, *(node.name for node in makers.values() if node.name)}),
        )
    if takes_its_own(node) and (name not in makers or name == node.outputs[0]):
        if not by_statistics(source, node):
            raise QueryError(f"{model}: {node} has no form that takes its statistics as inputs", "leave it out")
        if _of_each_frame(source, node.inputs[0], taken_axes(node, graph)):
            raise QueryError(f"{model}: {node} takes its statistics of each frame, and not of all", "leave it out")
        return Chosen(node, node.outputs[0], True)
    tensor = name if name in makers else next(made for made in node.outputs if made in makers)
    if whole_shape(source, tensor) is None:
        raise QueryError(
            f"{model}: {node} has frames: {quote(tensor)} is nothing that is taken of all of them",
            f"stream what is behind it: --from {quote(tensor)}",
        )
    return Chosen(node, tensor, False)


def _of_each_frame(source: Source, tensor: str, taken: Sequence[int]) -> bool:
    """Whether there are more of what is left of a tensor where there are more frames."""
    shapes = [view.graph.shapes[tensor] or () for view in source.views.values()]
    return len({tuple(n for axis, n in enumerate(shape) if axis not in taken) for shape in shapes}) > 1
