"""What attention reads, for every operator that has it fused: queries their own row, keys and values what the mask leaves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven
from rfonnx.operators.access.primitives import Band, Path, Permute, Reduce, Reshape, Select, Step
from rfonnx.operators.access.visible import visible_range
from rfonnx.operators.access.zeros import fact
from rfonnx.system.named import NamedTuple


class Heads(NamedTuple):
    """A tensor, and the steps that bring it to `shape`: (batch, heads, sequence, features of a head)."""

    name: str
    steps: tuple[Step, ...]
    shape: tuple[int, int, int, int]

    def then(self, *steps: Step) -> Path:
        """The path that goes on from there."""
        return Path(self.name, (*self.steps, *steps))


class Keys(NamedTuple):
    """Which keys each query sees: `first[q] .. last[q]`, none where `last < first`.

    exact: False when keys between them are hidden too, or when batches and heads differ.
    """

    first: np.ndarray
    last: np.ndarray
    exact: bool = True

    @classmethod
    def all(cls, queries: int, keys: int) -> Keys:
        """Every key for every query."""
        rows = positions(queries)
        return cls(np.zeros_like(rows), np.full_like(rows, keys - 1))

    def within(self, first: np.ndarray | int, last: np.ndarray | int, exact: bool = True) -> Keys:
        """The keys that are in another range too."""
        return Keys(np.maximum(self.first, first), np.minimum(self.last, last), self.exact and exact)


def packed(name: str, shape: tuple[int, ...], heads: int) -> Heads:
    """A tensor of (batch, sequence, heads * features), or of (batch, heads, sequence, features) already."""
    if len(shape) == 4:
        return Heads(name, (), (shape[0], shape[1], shape[2], shape[3]))
    if len(shape) != 3 or heads < 1 or shape[2] % heads:
        raise Unproven(f"a tensor of shape {shape} does not hold {heads} heads")
    batch, length, width = shape
    split = (Reshape((batch, length, heads, width // heads)), Permute((0, 2, 1, 3)))
    return Heads(name, split, (batch, heads, length, width // heads))


def appended(past: Heads, new: Heads) -> list[Heads]:
    """Both in the tensor that has `new` behind `past` along the sequence. Exact."""
    before, total = past.shape[2], past.shape[2] + new.shape[2]
    parts = zip((past, new), ends(2, 2, before, total), strict=True)
    return [Heads(part.name, (*part.steps, step), (*part.shape[:2], total, part.shape[3])) for part, step in parts]


def ends(first_axis: int, rest_axis: int, before: int, total: int) -> tuple[Select, Select]:
    """Of an axis of `total` places: the first `before` read one tensor's, along its axis, the others another's."""
    places = positions(total)
    old = Select(first_axis, places, np.where(places < before, places, places - 1))
    rest = places - before
    return old, Select(rest_axis, rest, np.where(rest >= 0, rest, rest - 1))


def with_past(op: Op, past: int, heads: int, *new: Heads) -> list[list[Heads]]:
    """New keys and values, each behind what is cached of them in the inputs from `past` on, where that is given."""
    if not op.name(past):
        return [[one] for one in new]
    return [appended(packed(op.name(i), op.shape(i), heads), one) for i, one in enumerate(new, past)]


def shared_heads(heads: Heads, queries: int) -> Heads:
    """Each head serves `queries / heads` query heads in turn (grouped-query attention). Exact."""
    batch, count, length, features = heads.shape
    if count == queries:
        return heads
    if not count or queries % count:
        raise Unproven(f"{count} key heads do not serve {queries} query heads")
    head = positions(queries) // (queries // count)
    return Heads(heads.name, (*heads.steps, Select(1, head, head)), (batch, queries, length, features))


def bias(name: str, shape: tuple[int, ...], steps: tuple[Step, ...] = ()) -> Heads:
    """A mask or bias that broadcasts to (batch, heads, queries, keys)."""
    if len(shape) > 4:
        raise Unproven(f"a mask of shape {shape} has more than four axes")
    full = (1,) * (4 - len(shape)) + shape
    more = (Reshape(full),) if len(shape) < 4 else ()
    return Heads(name, (*steps, *more), (full[0], full[1], full[2], full[3]))


def masked(op: Op, name: str, boolean: bool, keys: Keys, length: int) -> Keys:
    """The keys that a constant mask leaves too: True, or not -inf (see `zeros`); keys that a short mask has not are hidden.

    A query that is left without any key sees all of them: what is then computed differs by runtime.
    """
    shape = op.shape(op.node.inputs.index(name))
    width = shape[-1] if shape else 1
    hidden = fact(op, name, "zero" if boolean else "hidden")
    if hidden is None:
        hidden = np.zeros(shape[-1:], bool)
    hidden = np.broadcast_to(hidden, (*hidden.shape[:-1], width))
    hidden = hidden.reshape((1,) * (4 - hidden.ndim) + hidden.shape)
    if width == 1:  # for all keys, or of the first alone: runtimes differ
        return keys._replace(exact=keys.exact and length == 1)
    if width < length:
        hidden = np.concatenate([hidden, np.ones((*hidden.shape[:-1], length - width), bool)], axis=3)
    lost = hidden.all(axis=3, keepdims=True)
    found = visible_range(hidden & ~lost, 3, 2)
    if found is None:
        return keys._replace(exact=keys.exact and not lost.any())
    narrowed = keys.within(found.first, found.last, found.exact and not lost.any())
    empty = (narrowed.last < narrowed.first) & (keys.last >= keys.first)
    if empty.any():
        return Keys(np.where(empty, 0, narrowed.first), np.where(empty, length - 1, narrowed.last), exact=False)
    return narrowed


def attended(
    query: Heads,
    keys: Sequence[Heads],
    values: Sequence[Heads],
    biases: Sequence[Heads],
    seen: Keys,
    alone: bool = True,
    conditions: Sequence[Heads] = (),
) -> list[Path]:
    """Paths to the attention's output of shape (batch, heads, queries, features of a value).

    Query q of a head reads its own row of `query`, and of keys, values and biases what `seen` leaves; values feature by feature.
    Where one key alone is seen its weight is 1 (with `alone`): only its value is read, and of `conditions`, masks that
    say whether a key is seen at all, its own: without it the weight is 0. Exact when `seen` is.
    """
    heads, total = query.shape[1], keys[0].shape[2]
    weighed = seen
    if alone:
        weighed = seen._replace(last=np.where(seen.first == seen.last, seen.first - 1, seen.last))
    rows = positions(query.shape[2])
    whole_rows = bool((weighed.last >= weighed.first).all())
    own = () if whole_rows else (Select(2, rows, np.where(weighed.last >= weighed.first, rows, rows - 1)),)
    paths = [query.then(Reduce((3,)), *own)]
    paths += [shared_heads(key, heads).then(Reduce((3,)), *_picked(weighed, total)) for key in keys]
    paths += [shared_heads(value, heads).then(*_picked(seen, total)) for value in values]
    paths += [term.then(*_of_mask(term, weighed, total)) for term in biases]
    paths += [term.then(*_of_mask(term, seen, total)) for term in conditions]
    return paths


def _of_mask(term: Heads, keys: Keys, total: int) -> tuple[Step, ...]:
    """What each query reads of a mask or bias, which may have one row for all queries, one column for all keys, or fewer keys."""
    _, _, rows, columns = term.shape
    if _everywhere(keys, total):
        return (Reduce((3,)),)
    last = np.minimum(keys.last, columns - 1)
    first = np.minimum(keys.first, last) if columns == 1 else keys.first
    first = np.where(keys.first <= keys.last, first, last + 1)
    if rows == len(first):
        return (Band(3, 2, first, last),)
    return (Select(3, first, last), Permute((0, 1, 3, 2)))


def _everywhere(keys: Keys, total: int) -> bool:
    return bool((keys.first == 0).all() and (keys.last == total - 1).all())


def _picked(keys: Keys, total: int) -> tuple[Step, ...]:
    """The sequence axis of keys or values becomes that of the queries."""
    return (Reduce((2,)),) if _everywhere(keys, total) else (Select(2, keys.first, keys.last),)


def scores(query: Heads, keys: Sequence[Heads]) -> list[Path]:
    """Paths to the products of queries and keys, (batch, heads, queries, keys). Exact."""
    heads = query.shape[1]
    columns = [shared_heads(key, heads).then(Reduce((3,)), Permute((0, 1, 3, 2))) for key in keys]
    return [query.then(Reduce((3,))), *columns]


def unpacked(length: int, width: int, batch: int) -> tuple[Step, ...]:
    """(batch, heads, sequence, features) -> (batch, sequence, heads * features)."""
    return (Permute((0, 2, 1, 3)), Reshape((batch, length, width)))
