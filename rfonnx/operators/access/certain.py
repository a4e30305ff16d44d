"""Positions of one certain value read nothing, and what reduces over them reads the rest: masks by product, by choice, by -inf.

Where a mask varies along one axis, a step says so. Where it varies along several, a table of what each position reads would be
as large as the tensor: the tensor then claims what it would read without the mask, and is at most that. A *twin* of it, a
temporary that is not the user's, is exact for whatever reads no masked position (`Known.twins`): a sum over what the mask leaves,
a softmax, a product.
"""

from __future__ import annotations

import numpy as np

from rfonnx.operators.access.indexing import MAX_FLAT
from rfonnx.operators.access.masks import Mask, along_one, either, full
from rfonnx.operators.access.op import Op, static
from rfonnx.operators.access.path_shape import path_shape
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select
from rfonnx.operators.access.visible import MASK_NOTE, Range, range_steps, visible_range
from rfonnx.operators.access.zeros import fact
from rfonnx.operators.table import operator

MASKED_NOTE = "where a mask hides it, it has one value whatever the inputs are, but it is shown as if it read them"

_GREATEST = ("ReduceMax", "ReduceLogSumExp")
"""Reductions to which what is hidden adds nothing."""


def with_certain(op: Op, accesses: list[Access]) -> list[Access]:
    """The accesses of an operator, less what certain values make unread; a twin where they cannot say it."""
    if op.known.twins:
        accesses = [_narrowed(op, access) for access in accesses]
    node = op.node
    name = node.outputs[0] if node.outputs else ""
    if not name or node.domain:
        return accesses
    first, *others = accesses
    masked = bool(op.known.twins) and any(path.source in op.known.twins for path in first.paths)
    followed = node.op_type == "Trilu" and any(path.steps for path in first.paths)  # one by one
    if masked or (operator(node.op_type).may_fix and name not in op.known.uncertain and not followed):
        first = _less_certain(op, name, first, masked)
    return [first, *others]


def _less_certain(op: Op, name: str, access: Access, masked: bool) -> Access:
    """The access of an output that may be certain in places; `masked`: so is something that it reads."""
    fixed = fact(op, name, "fixed")
    hidden = fact(op, name, "hidden") if masked or _may_hide(op) else None
    certain = either(fixed, hidden)
    if certain is None or not (masked or _is_masked_here(op, certain)):
        return access
    if not masked and fixed is not None and not _beyond(hidden, fixed):
        said = _said_by_steps(op, access, fixed)
        if said is not None:
            return said
    op.known.twins[name] = op.temporary(op.out_shape(), _by_twins(op, access, certain))
    return access._replace(exact=False, note=access.note or MASKED_NOTE)


def _by_twins(op: Op, access: Access, certain: Mask) -> Access:
    """The access by the twins of what it reads, where what is certain in these is certain in the result."""
    twins = op.known.twins
    if not all(path.source not in twins or _handed_on(op, path.source, certain) for path in access.paths):
        return access
    return access._replace(paths=tuple(Path(twins.get(source, source), steps) for source, steps in access.paths))


def twin(op: Op, name: str, unread: Mask | None) -> str:
    """The source to read a tensor by, when no position of a mask is read: its twin, if nothing else in it is certain."""
    masks = (fact(op, name, "fixed"), fact(op, name, "hidden"))
    if name not in op.known.twins or unread is None or any(_beyond(mask, unread) for mask in masks):
        return name
    return op.known.twins[name]


def _beyond(mask: Mask | None, known: Mask) -> bool:
    """True when a mask says more than what is known."""
    return mask is not None and bool((mask & ~known).any())


def _may_hide(op: Op) -> bool:
    """True when a look for hidden values is worth its time: what holds very many values, one per channel, is no mask."""
    shapes = [op.graph.shapes.get(name) for name in op.node.inputs if name in op.graph.constants]
    return not any(shape and shape[-1] == 1 and max(n or 0 for n in shape) > MAX_FLAT for shape in shapes)


def _is_masked_here(op: Op, certain: Mask) -> bool:
    """True when an operand is claimed as read where the result is certain and the operand is not."""
    for index, name in enumerate(op.node.inputs):
        if op.reads(index):
            known = fact(op, name, "fixed")
            if known is None or _beyond(certain, known):
                return True
    return False


def _handed_on(op: Op, source: str, certain: Mask) -> bool:
    """True when what is certain in the source is certain in what is made of it."""
    if operator(op.node.op_type).takes_along:
        return True
    return not any(_beyond(fact(op, source, what), certain) for what in ("fixed", "hidden"))


def _said_by_steps(op: Op, access: Access, fixed: Mask) -> Access | None:
    """The access with nothing read where the result is fixed; None when that differs along several axes."""
    if fixed.all():
        return Access((), note=access.note or "it has one value whatever the inputs are")
    found = along_one(fixed, len(op.out_shape()))
    if found is None:
        return None
    if op.node.op_type == "Where" and any(path.steps for path in access.paths):
        return access  # its rule has said it
    axis, certain = found
    paths = [_with_holes(op, path, axis, ~certain) for path in access.paths]
    fitting = tuple(path for path in paths if path is not None)
    return access._replace(paths=fitting) if len(fitting) == len(paths) else None


def _with_holes(op: Op, path: Path, axis: int, read: np.ndarray) -> Path | None:
    """A path by which places along an axis of the output read nothing; None where it does not fit the output."""
    end = path_shape(_source_shape(op, path.source), path.steps)
    if end is None:
        return None
    lifted = (1,) * (len(op.out_shape()) - len(end)) + end
    place = np.arange(len(read), dtype=np.int64) if lifted[axis] > 1 else np.zeros(len(read), np.int64)
    holes = Select(axis, place, np.where(read, place, place - 1), 1, 1, int(lifted[axis] > 1), place, place)
    return Path(path.source, (*path.steps, *([] if lifted == end else [Reshape(lifted)]), holes))


def _source_shape(op: Op, source: str) -> tuple[int, ...]:
    return op.temporaries[source][0] if source in op.temporaries else static(op.graph.shapes[source])


def _narrowed(op: Op, access: Access) -> Access:
    """The access, its reductions over masked tensors less what the mask makes certain."""
    if not any(path.source in op.known.twins for path in access.paths):
        return access
    paths, exact, note = [], access.exact, access.note
    for path in access.paths:
        found = _range(op, path)
        if found is None:
            paths.append(path)
            continue
        assert isinstance(path.steps[0], Reduce)
        rest = tuple(axis for axis in path.steps[0].axes if axis != found.axis)
        steps = (*range_steps(found), *([Reduce(rest)] if rest else []), *path.steps[1:])
        paths.append(Path(op.known.twins[path.source], steps))
        if not found.exact:
            exact, note = False, note or MASK_NOTE
    return Access(tuple(paths), exact, note)


def _range(op: Op, path: Path) -> Range | None:
    """What a path that begins with a reduction over a masked tensor reads, along the axis that narrows it most."""
    if path.source not in op.known.twins or not path.steps or not isinstance(path.steps[0], Reduce):
        return None
    fixed, hidden = fact(op, path.source, "fixed"), fact(op, path.source, "hidden")
    ignored = fixed
    if op.node.op_type in _GREATEST and hidden is not None:
        axes = path.steps[0].axes
        whole = full(op, path.source, hidden, *axes)
        ignored = either(fixed, whole & ~whole.all(axis=axes, keepdims=True))
    if ignored is None or (hidden is not None and _beyond(hidden, ignored)):
        return None
    ranges = [visible_range(full(op, path.source, ignored, axis), axis) for axis in path.steps[0].axes]
    shape = _source_shape(op, path.source)
    found = [r for r in ranges if r is not None]
    return min(found, key=lambda r: float((r.last - r.first + 1).mean()) / shape[r.axis], default=None)
