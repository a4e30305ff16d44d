"""How a field grows along the depth of a model: the operators that made an output's field, and what each adds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.errors import QueryError
from rfonnx.report.fields.view import View, pick_axes, pick_tensors
from rfonnx.report.fields.view_source import Source
from rfonnx.results.fields import TensorField
from rfonnx.system.named import NamedTuple

Key = tuple[int, int]
"""Which input of a model, counted from 0, and its axis: models that are compared may call their inputs differently."""


class Point(NamedTuple):
    """A tensor where the field changes.

    Attributes:
        place: among the model's tensors, which stand in the order in which they are computed; from 0.
        tensor: its name.
        size: of its field along the axis; on a chain that of the chain's position, as `rfonnx explain` shows it.
        cause: what changed it, as in `ExplainStep`; "" where nothing did, and off the chain.
        whole: its operator takes the whole axis into each position.
    """

    place: int
    tensor: str
    size: int
    cause: str
    whole: bool


class Curve(NamedTuple):
    """The growth of one tensor's field along one axis of an input.

    Attributes:
        model: the file's name.
        target: the tensor; `exact` as in `TensorField`.
        input: the input, `shape` its shape, `axis` the axis.
        chain: the operators on the way to the target that changed the field, in order.
        others: tensors off the chain whose field differs from that of the tensor before, and operators that take all of the axis.
        tensors: how many the model has.
    """

    model: str
    target: str
    exact: bool
    input: str
    shape: tuple[int | None, ...]
    axis: int
    chain: tuple[Point, ...]
    others: tuple[Point, ...]
    tensors: int


def curves(source: Source, view: View) -> dict[Key, list[Curve]]:
    """Curves of one model, by axis that `view` asks for: of the tensors that it names, else of the output that sees most.

    Raises:
        QueryError: `view` names a tensor or an axis that there is not, or nothing depends on such an axis.
    """
    picked = pick_axes(source, view.axes or "spatial")
    named = list(pick_tensors(source, view.tensors)) if view.tensors else []
    outputs = [source.tensors[name] for name in source.outputs if name in source.tensors]
    places = {name: place for place, name in enumerate(source.tensors)}
    found: dict[Key, list[Curve]] = {}
    for number, (name, axes) in enumerate(picked.items()):
        for axis in axes:
            pair = (name, axis)
            seeing = [one for one in named or outputs if pair in one.fields and one.fields[pair].kind != "none"]
            if seeing and not named:
                seeing = [max(seeing, key=lambda one: one.fields[pair].size)]
            if seeing:
                found[number, axis] = [_curve(source, one, pair, places) for one in seeing]
    if not found:
        raise QueryError(
            f"{source.model.name}: {'no such tensor' if named else 'no output'} depends on such an axis of an input: there is "
            "no growth to draw",
            "choose other axes with --axes",
        )
    return found


def _curve(source: Source, target: TensorField, pair: tuple[str, int], places: dict[str, int]) -> Curve:
    whole = {tensor for tensor, *taken in source.globals if tuple(taken) == pair}
    steps = source.explain(target.name, input=pair[0], axis=pair[1])
    chain = tuple(
        Point(places[step.tensor], step.tensor, step.size, step.cause if step.added else "", step.tensor in whole)
        for step in steps
        if (step.added or step.tensor in whole) and step.tensor in places
    )
    on_it = {step.tensor for step in steps}
    others = tuple(point for point in _changes(source, pair, whole) if point.tensor not in on_it)
    shape = source.input_shapes.get(pair[0]) or ()
    return Curve(source.model.name, target.name, target.exact, pair[0], shape, pair[1], chain, others, len(places))


def _changes(source: Source, pair: tuple[str, int], whole: set[str]) -> Iterator[Point]:
    """Tensors whose field differs from that of the tensor before, and the operators of `whole`."""
    before = 0
    for place, tensor in enumerate(source.tensors.values()):
        field = tensor.fields.get(pair)
        size = field.size if field is not None else 0
        if size and (size != before or tensor.name in whole):
            yield Point(place, tensor.name, size, "", tensor.name in whole)
        before = size


class Panel(NamedTuple):
    """What is drawn in one pair of axes.

    Attributes:
        axes: of the input, along which all curves are alike.
        curves: a line each.
    """

    axes: tuple[int, ...]
    curves: tuple[Curve, ...]


def panels(models: Sequence[dict[Key, list[Curve]]]) -> list[Panel]:
    """A panel per axis, axes of an input along which the fields of all models grow alike together."""
    found: dict[tuple[object, ...], list[Key]] = {}
    for key in dict.fromkeys(key for one in models for key in one):
        alike = tuple(tuple((curve.target, curve.chain) for curve in one.get(key, ())) for one in models)
        found.setdefault((key[0], alike), []).append(key)
    return [
        Panel(tuple(axis for _, axis in keys), tuple(curve for one in models for curve in one.get(keys[0], ())))
        for keys in found.values()
    ]
