"""Which tensors two access programs of one model, at two sizes, make by the same windows: their tables need not be compared."""

from __future__ import annotations

from rfonnx.analysis.lower import Program
from rfonnx.graph.temporaries import is_temporary
from rfonnx.operators.access.primitives import Permute, Reduce, Spread, Step, Window


def made_alike(a: Program, b: Program) -> frozenset[str]:
    """Names of tensors that read the same sources by the same windows, whose numbers alone may differ.

    What an operator makes inside must be made alike, too.
    """
    names = [name for name, _ in a.inputs] + [tensor.name for tensor in a.tensors]
    found: set[str] = set()
    if names != [name for name, _ in b.inputs] + [tensor.name for tensor in b.tensors]:
        return frozenset()
    for one, other in zip(a.tensors, b.tensors, strict=True):
        inside = [names[source] for source, _ in one.paths if is_temporary(names[source])]
        mine, theirs = ([_rule(path) for path in tensor.paths] for tensor in (one, other))
        if found.issuperset(inside) and None not in mine and mine == theirs:
            found.add(one.name)
    return frozenset(found)


def _rule(path: tuple[int, tuple[Step, ...]]) -> tuple[int, tuple[Step, ...]] | None:
    """A path without the numbers of windows; None where it goes by a table, or lays positions out anew."""
    source, steps = path
    if not all(isinstance(step, Window | Spread | Permute | Reduce) for step in steps):
        return None
    return source, tuple(step._replace(length=0) if isinstance(step, Window | Spread) else step for step in steps)
