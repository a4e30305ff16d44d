"""A model at a size: a length for the axes that windows slide along, whatever the file says of them."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.analysis.analyze import analyze
from rfonnx.comparing.variants.changed import Changed
from rfonnx.comparing.variants.looked import Pair, axes_of
from rfonnx.comparing.variants.reshaped import until_fitting
from rfonnx.errors import QueryError
from rfonnx.graph.dim_names import batch_word
from rfonnx.graph.order import true_inputs
from rfonnx.graph.text import naming, quote
from rfonnx.model.opened import Opened, with_free
from rfonnx.model.reading.bind import Shapes
from rfonnx.results.plain import counted
from rfonnx.results.variants import Change
from rfonnx.system.named import NamedTuple


class Sized(NamedTuple):
    """A model at a size.

    Attributes:
        model: with lengths open where it has others in its file.
        shapes: of its inputs.
        pairs: axes of inputs that windows slide along.
        changes: lengths of Reshapes in the file, which would be others in an export at this size.
    """

    model: Opened
    shapes: Shapes | None
    pairs: tuple[Pair, ...]
    changes: tuple[Change, ...]


def at_size(model: Opened, shapes: Shapes | None, size: Sequence[int]) -> Sized:
    """The model at a size.

    Args:
        model: with lengths that are fixed or open; a fixed one is freed where it is another.
        shapes: of inputs, or lengths by symbolic dimension, that are not to be asked.
        size: one length for all axes that windows slide along, or one for each.

    Raises:
        QueryError: there are more or fewer axes.
        ShapeError: the model does not take them.
    """
    if min(size, default=0) < 1:
        raise QueryError(f"a size of {min(size, default=0)} was given", "give positive lengths")
    with naming(model.label):
        proto = model.proto
    first = dict(shapes or {})
    for entry in true_inputs(proto.graph):
        dims = entry.type.tensor_type.shape.dim
        known = [dim.dim_value or first.get(dim.dim_param) for dim in dims]
        if entry.name not in first and None in known[1:]:
            lengths = [1 if axis == 0 or batch_word(dim.dim_param) else size[0] for axis, dim in enumerate(dims)]
            first[entry.name] = [n if isinstance(n, int) else other for n, other in zip(known, lengths, strict=True)]
    analysis = analyze(model, first or None)
    wanted, fixed = {name: list(shape or ()) for name, shape in analysis.input_shapes.items()}, set[Pair]()
    pairs = axes_of(analysis)
    for name in dict.fromkeys(name for name, _ in pairs):
        axes = sorted(axis for other, axis in pairs if other == name)
        if len(size) not in (1, len(axes)):
            along = ", ".join(map(str, axes))
            raise QueryError(
                f"a size of {counted(len(size), 'length')} was given, and windows slide along axes {along} of {quote(name)}",
                "give one length for all, or one for each",
            )
        for axis, length in zip(axes, list(size) * (1 if len(size) > 1 else len(axes)), strict=True):
            if wanted[name][axis] != length:
                fixed.add((name, axis))
            wanted[name][axis] = length
    sizes = {name: tuple(n or 0 for n in one) for name, one in wanted.items()}
    freed = Changed(with_free(model, fixed), ())
    made, _ = until_fitting(model, analysis.graph, freed, lambda one: one.graph(sizes))
    return Sized(made.model, sizes, pairs, made.changes)
