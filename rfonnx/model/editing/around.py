"""The padding around a window: its own, that of a Pad before it, and what a Slice behind it cuts off again."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.errors import QueryError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.model.editing.edits import Edit
from rfonnx.model.editing.padding import followed
from rfonnx.model.editing.places import label
from rfonnx.operators.table import operator
from rfonnx.results.variants import Change
from rfonnx.system.named import NamedTuple

Values = tuple[int, ...]


class Around(NamedTuple):
    """What becomes of the padding around a window.

    Attributes:
        edits, changes: of nodes beside it.
        pads: its own; (): as they were.
    """

    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]
    pads: Values = ()


def first_axis(node: Node) -> int:
    """The first axis of space of what a window slides over."""
    return 1 if node.attrs.get("channels_last") else operator(node.kind).space


def padding_around(graph: Graph, node: Node, before: Values, after: Values) -> Around:
    """What goes with a window that spans other numbers of positions (`rfonnx.model.editing.padding`).

    Where it has no padding of its own, and a Pad stands before it that nothing else reads, that of the Pad counts; transpositions
    may stand between.

    Raises:
        QueryError: no padding keeps the length of what it makes.
    """
    own = tuple(node.attrs["pads"])
    if before == after:
        return Around((), ())
    found = None if any(own) else _pad_before(graph, node)
    if found is None:
        made = _followed(graph, node, own, before, after)
        return _with_cut(graph, node, own, made)
    along, pad = found
    rank, ends, half = len(before), tuple(pad.attrs["pads"]), len(pad.attrs["pads"]) // 2
    space = [*along[2 : 2 + rank], *(half + axis for axis in along[2 : 2 + rank])]
    old = tuple(ends[index] for index in space)
    new = _followed(graph, node, old, before, after)
    if new == old:
        return Around((), ())
    whole = list(ends)
    for index, value in zip(space, new, strict=True):
        whole[index] = value
    if pad.version < 11:
        edit = Edit(pad.outputs[0], (("pads" if pad.version >= 2 else "paddings", tuple(whole)),))
    else:
        axes = ((3, tuple(range(half))),) if len(pad.inputs) > 3 and pad.inputs[3] else ()
        edit = Edit(pad.outputs[0], numbers=((1, tuple(whole)), *axes))
    change = Change(label(graph, pad), pad.kind, "pads", old, new, follows=True)
    return Around((edit,), (change,))


def _followed(graph: Graph, node: Node, pads: Values, before: Values, after: Values) -> Values:
    if node.attrs.get("ceil_mode"):
        raise QueryError(
            f"{node} rounds its length up (ceil_mode), so that no padding keeps it for every input",
            "say pads as well: kernel=3,pads=1",
        )
    rank, cut = len(before), operator(node.kind).switched_off == "cut"
    begins, ends = [], []
    for i in range(rank):
        made = followed((pads[i], pads[rank + i]), before[i], after[i], cut)
        if made is None:
            raise QueryError(
                f"{node} would need padding below 0 to keep the length of what it makes",
                "say pads as well: kernel=1,pads=0",
            )
        begins.append(made[0])
        ends.append(made[1])
    return (*begins, *ends)


def _pad_before(graph: Graph, node: Node) -> tuple[list[int], Node] | None:
    """The Pad that makes what a window reads, through transpositions, and that nothing else reads; which of its axes are those of
    what the window reads comes first."""
    if first_axis(node) != 2:
        return None
    reader, name, axes = node, node.inputs[0], list(range(len(graph.shapes.get(node.inputs[0]) or ())))
    while _readers(graph, name) == [reader]:
        maker = next((one for one in graph.nodes if name in one.outputs), None)
        if maker is None:
            return None
        if operator(maker.kind).switched_off == "padding":
            pads = maker.attrs.get("pads")
            return (axes, maker) if pads is not None and min(pads) >= 0 else None
        perm = maker.attrs.get("perm")
        if operator(maker.kind).keeps != "elements" or perm is None or len(perm) != len(axes):
            return None
        axes = [perm[axis] for axis in axes]
        reader, name = maker, maker.inputs[0]
    return None


def _readers(graph: Graph, name: str) -> Sequence[Node | None]:
    """Who reads a tensor; None is the user, of an output."""
    inside = [node for node in graph.nodes if name in node.inputs or name in node.attrs.get("captures", ())]
    return [*inside, *([None] if name in graph.outputs else [])]


def _with_cut(graph: Graph, node: Node, old: Values, new: Values) -> Around:
    """Where both sides were padded by the whole window, a Slice behind it that cuts the end off cuts off as much more."""
    rank = len(old) // 2
    grown = [more if (more := new[rank + i] - old[rank + i]) == new[i] - old[i] else 0 for i in range(rank)]
    readers = _readers(graph, node.outputs[0])
    (cut,) = readers if len(readers) == 1 else (None,)
    if cut is None or operator(cut.kind).switched_off != "axes" or first_axis(node) != 2:
        return Around((), (), new)
    value = graph.value(cut.inputs[2]) if cut.version >= 10 else None
    axes = cut.attrs.get("axes")
    if value is None or value.size != 1 or axes is None or axes[0] < 2:
        return Around((), (), new)
    axis, off = axes[0] - 2, -int(value.reshape(-1)[0])
    if not grown[axis] or off != old[rank + axis]:
        return Around((), (), new)
    edit = Edit(cut.outputs[0], numbers=((2, (-off - grown[axis],)),))
    change = Change(label(graph, cut), cut.kind, "cut", (off,), (off + grown[axis],), follows=True)
    return Around((edit,), (change,), new)
