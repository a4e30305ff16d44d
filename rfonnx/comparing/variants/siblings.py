"""Changes that must be made beside others so that shapes go together: the other branch of a residual block, say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rfonnx.comparing.variants.changed import Changed, changed
from rfonnx.comparing.variants.fitting import fitting_graph
from rfonnx.comparing.variants.looked import Subject
from rfonnx.comparing.variants.reshaped import until_fitting
from rfonnx.errors import MisfitError, RfonnxError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.text import one_line
from rfonnx.graph.walk import makers
from rfonnx.model.editing.windows import SPELT, changeable
from rfonnx.model.opened import Opened
from rfonnx.results.variants import Attribute, Changes, set_option
from rfonnx.system.named import NamedTuple

TRIED = 12
"""Sets of changes that are tried beside one at most."""


class Fitting(NamedTuple):
    """A model with changes whose shapes go together: its graph, and what was asked for, with what had to be beside it."""

    changed: Changed
    graph: Graph
    asked: Changes


def fitted(subject: Subject, asked: Changes) -> Changed:
    """The model with changes.

    Raises:
        MisfitError: shapes do not go together; the hint says which change beside these would do, if one was found.
        QueryError, ShapeError: see `changed`, `fitting_graph`.
    """
    try:
        return _with(subject, asked).changed
    except MisfitError as error:
        beside = _completed(subject, asked, error)
        hint = error.hint or "change what it is joined with alike, or say pads that keep the length"
        if beside is not None:
            more = [(name, values) for name, values in beside.asked.items() if name not in asked and values]
            words = " ".join(one_line(set_option(name, values)) for name, values in more)
            hint = f"with {words} as well they do"
        message = str(error).removesuffix(f"; {error.hint}") if error.hint else str(error)
        raise MisfitError(message, hint, error.makes, error.shapes) from None


def fitting_changes(subject: Subject, asked: Changes) -> Fitting:
    """The changes, and those that must be made beside them.

    Raises:
        RfonnxError: as `fitted`.
    """
    try:
        return _with(subject, asked)
    except MisfitError as error:
        found = _completed(subject, asked, error)
        if found is None:
            raise
        return found


def _with(subject: Subject, asked: Changes) -> Fitting:
    def build(model: Opened) -> Graph:
        return fitting_graph(model, subject.shapes, subject.graph)

    made = changed(subject.model, subject.graph, asked)
    return Fitting(*until_fitting(subject.model, subject.graph, made, build), asked)


def _completed(
    subject: Subject, asked: Changes, error: MisfitError, tries: Iterator[int] | None = None
) -> Fitting | None:
    """With changes beside those that were asked for, with which shapes go together; None: none was found.

    Tried is, at the nodes of the branches that do not go together, what was asked for elsewhere; where shapes then contradict
    each other further on only, there as well. `tries`: those that are left, `TRIED` in all.
    """
    tries = iter(range(TRIED)) if tries is None else tries
    for name, values in _candidates(subject.graph, asked, error.makes):
        if next(tries, None) is None:
            return None
        more = {**asked, name: values}
        try:
            return _with(subject, more)
        except MisfitError as later:
            if _behind(subject.graph, later.makes, error.makes):
                rest = _completed(subject, more, later, tries)
                if rest is not None:
                    return rest
        except RfonnxError:
            continue
    return None


def _candidates(graph: Graph, asked: Changes, makes: str) -> Iterator[tuple[str, Mapping[str, Sequence[int]]]]:
    """Nodes of one branch only that have what the changed ones had, and what becomes of them; the nearest first."""
    maker = makers(graph)
    node = maker.get(makes)
    branches = [upstream(maker, name) for name in node.inputs if name in maker] if node is not None else []
    if not branches:
        return
    common = set.intersection(*map(set, branches)) if len(branches) > 1 else set(branches[0])
    place = {one.outputs[0]: index for index, one in enumerate(graph.nodes)}
    near = {name for branch in branches for name in branch} - common
    wanted = list(_asked(graph, asked))
    for name in sorted(near, key=lambda name: -place[name]):
        other = maker[name]
        if changeable(other) and not {other.name, *other.outputs} & set(asked):
            for attribute, before, after in wanted:
                if tuple(other.attrs[SPELT[attribute]]) == before:
                    yield name, {attribute: after}


def _asked(graph: Graph, asked: Changes) -> Iterator[tuple[Attribute, tuple[int, ...], tuple[int, ...]]]:
    """What was asked for, paddings aside: attribute, values before and after."""
    for node in graph.nodes:
        for name in {node.name, *node.outputs} & set(asked):
            attributes = asked[name]
            if attributes and changeable(node):
                for key, spelt in SPELT.items():
                    value = attributes.get(key, attributes.get(spelt))
                    if value is not None and key != "pads":
                        before = tuple(node.attrs[spelt])
                        yield key, before, (value,) * len(before) if isinstance(value, int) else tuple(value)


def upstream(maker: Mapping[str, Node], name: str) -> list[str]:
    """The first tensors of the nodes that a tensor is made by."""
    found: dict[str, None] = {}
    pending = [name]
    while pending:
        node = maker.get(pending.pop())
        if node is not None and node.outputs[0] not in found:
            found[node.outputs[0]] = None
            pending += [*node.inputs, *node.attrs.get("captures", ())]
    return list(found)


def _behind(graph: Graph, later: str, earlier: str) -> bool:
    """Whether a tensor is made after another one."""
    order = [node.outputs[0] for node in graph.nodes]
    return later in order and earlier in order and order.index(later) > order.index(earlier)
