"""Changes that must be made beside others so that shapes go together: the other branch of a residual block, say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rfonnx.comparing.variants.changed import Changed, changed
from rfonnx.comparing.variants.fitting import fitting_graph
from rfonnx.errors import MisfitError, RfonnxError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.model.editing.windows import SPELT, changeable
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.results.variants import Attribute, Changes

TRIED = 12
"""Nodes that are tried beside a change, the nearest to where shapes do not go together first."""

DEEP = 3
"""Places that are put right one after another."""


def fitted(model: Opened, shapes: Shapes | None, graph: Graph, asked: Changes) -> Changed:
    """The model with changes whose shapes go together.

    Raises:
        MisfitError: they do not; the hint says which change beside them would do, if one was found.
        QueryError, ShapeError: see `changed`, `fitting_graph`.
    """
    made = changed(model, graph, asked)
    try:
        fitting_graph(made.model, shapes, graph)
    except MisfitError as error:
        beside = completed(model, shapes, graph, asked, error)
        if beside is None:
            hint = "change what it is joined with alike, or say pads that keep the length"
        else:
            words = " ".join(f"--set {name}:{_words(values)}" for name, values in beside.items() if values)
            hint = f"with {words} as well they do"
        raise MisfitError(str(error), hint, error.makes, error.shapes) from None
    return made


def completed(
    model: Opened, shapes: Shapes | None, graph: Graph, asked: Changes, error: MisfitError, depth: int = DEEP
) -> Changes | None:
    """Changes to make beside others, with which shapes go together; None: none was found.

    Tried is, at the nodes of the branches that do not go together, what was asked for elsewhere.
    """
    for name, values in _candidates(graph, asked, error.makes):
        more: Changes = {**asked, name: values}
        try:
            fitting_graph(changed(model, graph, more).model, shapes, graph)
        except MisfitError as later:
            if depth > 1 and _behind(graph, later.makes, error.makes):
                rest = completed(model, shapes, graph, more, later, depth - 1)
                if rest is not None:
                    return {name: values, **rest}
        except RfonnxError:
            continue
        else:
            return {name: values}
    return None


def _candidates(graph: Graph, asked: Changes, makes: str) -> Iterator[tuple[str, Mapping[str, Sequence[int]]]]:
    """Nodes of one branch only that have what the changed ones had, and what becomes of them."""
    maker = {output: node for node in graph.nodes for output in node.outputs if output}
    node = maker.get(makes)
    if node is None:
        return
    branches = [upstream(maker, name) for name in node.inputs if name in maker]
    common = set.intersection(*map(set, branches)) if branches else set()
    wanted = list(_asked(graph, asked))
    near = [index for branch in branches for index in branch if index not in common]
    position = {one.outputs[0]: index for index, one in enumerate(graph.nodes)}
    for makes_ in sorted(dict.fromkeys(near), key=lambda name: -position[name])[: TRIED * 4]:
        other = maker[makes_]
        if not changeable(other) or {other.name, *other.outputs} & set(asked):
            continue
        for attribute, before, after in wanted:
            if tuple(other.attrs[SPELT[attribute]]) == before:
                yield makes_, {attribute: after}


def _asked(graph: Graph, asked: Changes) -> Iterator[tuple[Attribute, tuple[int, ...], tuple[int, ...]]]:
    """What was asked for: attribute, values before and after."""
    for name, attributes in asked.items():
        for node in graph.nodes:
            if name in (node.name, *node.outputs) and attributes and changeable(node):
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


def _words(values: Mapping[str, int | Sequence[int]]) -> str:
    return ",".join(f"{key}={value if isinstance(value, int) else _short(value)}" for key, value in values.items())


def _short(values: Sequence[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))
