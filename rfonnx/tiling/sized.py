"""The model that is tiled, at the size of the whole: a size that the file fixes is freed where the network allows others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from onnx import ModelProto

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import Lowered, analyze, lowered
from rfonnx.errors import QueryError, ShapeError
from rfonnx.graph.dim_names import batch_word
from rfonnx.graph.order import true_inputs
from rfonnx.graph.text import naming, quote
from rfonnx.model.opened import Opened, with_free
from rfonnx.model.reading.bind import Shapes
from rfonnx.results.plain import counted
from rfonnx.results.tiling import Pair
from rfonnx.tiling.dims import Dim, Lengths, find_dims, lengths_of, longer
from rfonnx.tiling.proof import differs_in_length_alone
from rfonnx.tiling.sight import Blocked, Sight, see

PROBED = (64, 96, 128, 224, 256, 512, 1024, 2048, 4096, 16384, 65536)
"""Lengths of open axes at which a model is looked at when no size was asked for: the first that it takes."""

LONG = 4096
"""An axis that is longer is looked at through one of `SHORT` positions, which most grids divide, and its remainder by that."""

SHORT = 1920

ROUNDS = 4
"""Times that a model is looked at anew to make room for what its parts see."""

Seen = tuple[tuple[Dim, Sight | Blocked], ...]


@dataclass(frozen=True, slots=True)
class Sized:
    """A model and what is seen of it.

    Attributes:
        model: with open axes where the file fixes them, and others do as well.
        analysis: with room for a part and all that reaches it, of the same remainder by the grid as the whole, if it can be.
        seen: by group of axes.
        lengths: shapes of the inputs in the whole; None: no size was asked for.
        fixed: the network takes no size but the file's, and the whole has another.
        held: the whole was held against the analysis, and differs from it in length alone.
    """

    model: Opened
    analysis: Analysis
    seen: Seen
    lengths: Lengths | None
    fixed: bool = False
    held: bool = False


def sized(model: Opened, shapes: Shapes | None) -> Sized:
    """The model at these shapes; where they leave axes open, at lengths that have room.

    Raises:
        ModelError: the file is not a model that can be read.
        ShapeError: the model does not take these shapes.
    """
    with naming(model.label):
        proto = model.proto
    unbound = list(_open_axes(proto, shapes or {}))
    if unbound:
        return _with_room(model, _probe(model, shapes or {}, unbound), None)
    try:
        graph = model.graph(shapes)
    except ShapeError as error:
        return _resized(model, shapes or {}, error)
    found = _at(model, {name: tuple(n or 0 for n in graph.shapes[name] or ()) for name in graph.inputs})
    return found if shapes else replace(found, lengths=None)


def of_size(model: Opened, shapes: Shapes | None, size: Sequence[int]) -> Lengths:
    """Shapes of all inputs, for lengths along each group of axes that windows slide along (rows, columns).

    Raises:
        QueryError: there are more or fewer groups.
    """
    found = sized(model, shapes)
    if len(size) != len(found.seen):
        axes = ", ".join(
            f"axis {axis} of {quote(name)}" for dim, _ in found.seen for name, axis in [next(iter(dim.rates))]
        )
        raise QueryError(
            f"a size of {counted(len(size), 'length')} was given, expected {len(found.seen)}: {axes or 'none'}",
            "give one for each, or bind whole shapes with --shape",
        )
    if min(size, default=1) < 1:
        raise QueryError(f"a size of {min(size)} was given", "give positive lengths")
    own = lengths_of(found.analysis)
    by: dict[Pair, int] = {}
    for length, (dim, _) in zip(size, found.seen, strict=True):
        first, *_ = dim.rates.values()
        by |= {(name, axis): length * rate // first - own[name][axis] for (name, axis), rate in dim.rates.items()}
    return longer(own, by)


def _resized(source: Opened, shapes: Shapes, error: ShapeError) -> Sized:
    """At shapes that the file does not allow: with its axes freed, or by tiles of its own size."""
    try:
        own = analyze(source, {name: length for name, length in shapes.items() if isinstance(length, int)} or None)
    except ShapeError:  # the file leaves lengths open: it is not that which is in the way
        raise error from None
    wanted = {
        **lengths_of(own),
        **{name: tuple(shape) for name, shape in shapes.items() if isinstance(shape, Sequence)},
    }
    slid = _slid(own)
    if wanted.keys() != own.input_shapes.keys():
        raise error
    for name, shape in lengths_of(own).items():
        for axis, (n, other) in enumerate(zip(shape, wanted[name], strict=False)):
            if len(shape) != len(wanted[name]) or (n != other and (name, axis) not in slid):
                raise error
    try:
        return _at(with_free(source, slid), wanted)
    except ShapeError:
        if any(n < m for name, shape in lengths_of(own).items() for n, m in zip(wanted[name], shape, strict=True)):
            raise  # no tile of the file's own size has room in it
        return Sized(source, own, _seen(own), wanted, fixed=True)


def _at(model: Opened, lengths: Lengths) -> Sized:
    """At these lengths; at shorter ones, where the access program of the whole shows that they do as well."""
    short = {name: tuple(SHORT + n % SHORT if n > LONG else n for n in shape) for name, shape in lengths.items()}
    if short != lengths:
        with suppress(ShapeError):
            found = _with_room(model, analyze(model, short), lengths)
            onto = _onto_the_grid(found, lengths)
            found = found if onto == lengths_of(found.analysis) else _with_room(model, analyze(model, onto), lengths)
            looked_at = Lowered(found.analysis.graph, found.analysis.program)
            dims = [dim for dim, one in found.seen if isinstance(one, Sight)]
            if dims and differs_in_length_alone(looked_at, lowered(model, lengths), dims):
                return replace(found, held=True)
    return _with_room(model, analyze(model, lengths), lengths)


def _onto_the_grid(found: Sized, whole: Lengths) -> Lengths:
    """Lengths at which axes that are tiled have the remainder of the whole, and all others are as long as there."""
    steps = {pair: step for _, one in found.seen if isinstance(one, Sight) for pair, step in one.inputs.items()}
    return {
        name: tuple(
            n + (m - n) % steps[name, axis] if (name, axis) in steps else m
            for axis, (n, m) in enumerate(zip(shape, whole[name], strict=True))
        )
        for name, shape in lengths_of(found.analysis).items()
    }


def _with_room(model: Opened, analysis: Analysis, lengths: Lengths | None) -> Sized:
    """Looked at anew, at longer axes, until there is room; where they cannot be made longer, as it is."""
    model, seen = with_free(model, _slid(analysis)), _seen(analysis)
    for _ in range(ROUNDS):
        wider = _wider(analysis, seen)
        if not wider:
            break
        found = _first(model, [wider, _multiples(lengths_of(analysis), wider)])
        if found is None:
            break
        analysis, seen = found, _seen(found)
    return Sized(model, analysis, seen, lengths)


def _multiples(own: Lengths, wider: Lengths) -> Lengths:
    """The next multiples of lengths that a model takes."""
    return {
        name: tuple(-(-n // m) * m if m else n for m, n in zip(own[name], shape, strict=True))
        for name, shape in wider.items()
    }


def _first(model: Opened, tried: Iterable[Lengths]) -> Analysis | None:
    """At the first shapes that the model takes."""
    for lengths in tried:
        with suppress(ShapeError):
            return analyze(model, lengths)
    return None


def _slid(analysis: Analysis) -> set[Pair]:
    return {pair for dim in find_dims(analysis) for pair in dim.rates}


def _seen(analysis: Analysis) -> Seen:
    """Of what cannot be tiled only that which windows slide along, if there is any: nobody expects it of the rest."""
    seen = [(dim, see(analysis, dim)) for dim in find_dims(analysis)]
    expected = [
        one for one in seen if isinstance(one[1], Sight) or any(pair in analysis.windowed for pair in one[0].rates)
    ]
    return tuple(expected or seen)


def _wider(analysis: Analysis, seen: Seen) -> Lengths:
    """Shapes with room for what is short of it; none are needed: {}."""
    own = lengths_of(analysis)
    by = {
        pair: (found.least - min(own[name][axis] // rate for (name, axis), rate in dim.rates.items())) * step
        for dim, found in seen
        if isinstance(found, Blocked) and found.least
        for pair, step in dim.rates.items()
    }
    return longer(own, by) if by else {}


def _open_axes(model: ModelProto, shapes: Shapes) -> Iterator[Pair]:
    """Axes whose lengths neither the file nor the shapes give, those that count samples aside."""
    for entry in true_inputs(model.graph):
        for axis, dim in enumerate(entry.type.tensor_type.shape.dim):
            bound = dim.dim_value > 0 or entry.name in shapes or dim.dim_param in shapes
            if not bound and axis and not batch_word(dim.dim_param):
                yield entry.name, axis


def _probe(model: Opened, shapes: Shapes, unbound: Iterable[Pair]) -> Analysis:
    """At the first lengths that the model takes."""
    last: ShapeError | None = None
    for length in PROBED:
        lengths = dict(shapes)
        for entry in true_inputs(model.proto.graph):
            own = [axis for name, axis in unbound if name == entry.name]
            if own:
                dims = entry.type.tensor_type.shape.dim
                lengths[entry.name] = [
                    length if axis in own else _bound(dim.dim_value, shapes.get(dim.dim_param))
                    for axis, dim in enumerate(dims)
                ]
        try:
            return analyze(model, {name: n for name, n in lengths.items() if not isinstance(n, int)})
        except ShapeError as error:
            last = error
    assert last is not None
    raise last


def _bound(declared: int, given: Sequence[int] | int | None) -> int:
    """A length that the file or the user gives, or 1."""
    return declared if declared > 0 else given if isinstance(given, int) else 1
