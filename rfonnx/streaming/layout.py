"""Which tensors have frames, along which axis and at what rate; what every node reads of them; and the first that blocks."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from rfonnx.graph.blocks import NCHWC
from rfonnx.graph.nodes import Node
from rfonnx.graph.temporaries import is_temporary
from rfonnx.graph.text import quote
from rfonnx.operators.table import operator
from rfonnx.streaming.agreed import Seen, agreed, by_node, names_of
from rfonnx.streaming.bands import Attends
from rfonnx.streaming.model import Source
from rfonnx.streaming.placed import Layout, Placed, factor
from rfonnx.streaming.planes import UNBOUNDED, Plane, left, opened, own, passed
from rfonnx.streaming.recurrences import carried_to_end, counted
from rfonnx.streaming.refusal import CACHE, Refused, Unbounded, refused
from rfonnx.streaming.relations import Blends, Blocked, Ends, Found, Moves, Reading, Runs, Same
from rfonnx.streaming.taken import counts_frames, takes, takes_its_own
from rfonnx.streaming.unmoved import undone, unmoved


def lay_out(source: Source, boundless: bool = False, taken: bool = False) -> Layout:
    """Follow the streamed axis through the graph.

    Args:
        source: looked at.
        boundless: attention without a bound is listed, and taken for such that sees its own frame alone: not to be written.
        taken: statistics of all frames that block are listed, and taken for inputs: not to be written, either.

    Raises:
        Refused: a node that an output needs reads the axis in a way that cannot be streamed.
    """
    layout = Layout(axes=dict(source.streamed), rates=dict.fromkeys(source.streamed, Fraction(1)))
    layout.boundless = [] if boundless else None
    layout.taken = {} if taken else None
    blocked: dict[str, Refused] = {}
    programs = [view.program for view in source.views.values()]
    views = [(program, by_node(program), names_of(program)) for program in programs]
    for index, node in enumerate(source.graph.nodes):
        if operator(node.kind).draws:
            raise refused(node, "draws at random in every run")
        outputs = [name for name in node.outputs if name and name not in source.graph.constants]
        if not outputs:
            continue
        for name in (*node.inputs, *node.attrs.get("captures", ())):
            if name in blocked:
                raise blocked[name]
        framed = layout.axes.keys() | layout.planes.keys()
        if any(name in framed for name in node.attrs.get("captures", ())):
            raise refused(node, "reads frames inside a branch or a loop that is not written out", "", _undecided(node))
        late = {name for name in (*node.inputs, *node.attrs.get("captures", ())) if name in layout.finals}
        wholes = tuple(dict.fromkeys(whole for name in sorted(late) for whole in layout.wholes[name]))
        joined = bool(late) and any(name in framed for name in node.inputs)
        if joined and layout.taken is not None:
            layout.taken.update(dict.fromkeys(wholes))
        elif late and not joined:
            layout.finals.update(outputs)
            wholes = tuple(outputs) if counts_frames(source, node) else wholes
            layout.wholes.update(dict.fromkeys(outputs, wholes))
        proto = source.nodes[next(name for name in node.outputs if name)]
        placed = Placed(node, proto, {})
        if any(name in framed for name in node.inputs):
            if node.kind.startswith(NCHWC):
                raise refused(node, "lays channels in blocks, so that no frame lies in one piece", "", UNBLOCKED)
            seen = [Seen(layout, program, own.get(index, ()), names) for program, own, names in views]
            inner = filter(is_temporary, (made for one in seen for made in one.made))
            for name in dict.fromkeys((*inner, *outputs)):
                answer = _answer(source, node, name, seen, layout, placed)
                if answer is not None and not is_temporary(name):
                    blocked[name] = answer
            for name in outputs:
                exact = seen[0].exact.get(name, (True, ""))
                answer = unmoved(source, node, name, layout, placed) or undone(node, name, *exact, placed)
                if answer is not None:
                    blocked.setdefault(name, answer)
            if not (placed.readings or placed.planes or outputs[0] in (layout.taken or ())):
                unread = refused(node, UNREAD, next(name for name in node.inputs if name in framed), SHAPED)
                blocked = dict.fromkeys(outputs, unread) | blocked
        if joined and layout.taken is None:  # where statistics are all that is in the way
            blocked = dict.fromkeys(outputs, refused(node, JOINED, min(late), statistics=wholes)) | blocked
        layout.placed.append(placed)
    for name in source.graph.outputs:
        if name in blocked:
            raise blocked[name]
        if name in layout.planes:
            raise Refused(
                f"{source.model.label}: output {quote(name)} has frames along two axes: it grows with all that came",
                "leave it out: name the others with --until",
            )
        if name not in layout.axes and name not in layout.finals:
            raise Refused(
                f"{source.model.label}: output {quote(name)} has no frames: it does not depend on axis {source.axis} of "
                f"{quote(source.input)}",
                "leave it out: name the others with --until",
            )
    return layout


def _answer(source: Source, node: Node, name: str, seen: list[Seen], layout: Layout, placed: Placed) -> Refused | None:
    """Enter what an output, or a temporary, is and reads; or why it cannot be streamed."""
    one, first, second = (agreed(list(views)) for views in zip(*(view.of(name) for view in seen), strict=True))
    one = one or counted(node, name, layout.axes, source.graph.shapes)
    names = [operand for operand in dict.fromkeys(node.inputs) if operand in layout.planes]
    beside = {operand: found for operand, found in one.items() if operand not in layout.planes}
    if not names:
        plane = opened(beside)
        if plane is None:
            return _enter_frames(source, node, name, beside, layout, placed)
        return _enter_plane(node, name, plane, beside, layout, placed)
    planes = {operand: layout.planes[operand] for operand in names}
    if is_temporary(name):
        _enter_inner(name, (one, first, second), planes, layout)
        return None
    beside = dict(own(node, (beside, first, second), names))
    made = passed(node, (beside, first, second), planes)
    if isinstance(made, Plane):
        return _enter_plane(node, name, made, beside, layout, placed)
    if isinstance(made, Blocked):
        return refused(node, made.reason, next(iter(beside), ""))
    if _without_bound(beside):
        if layout.boundless is None:
            return Unbounded(f"{node} {UNBOUNDED}", CACHE)
        layout.boundless.append(placed)
        beside = _own_alone(beside)
    keyed = left((beside, first, second), planes, names)
    if isinstance(keyed, Blocked):
        return refused(node, keyed.reason, next(iter(beside), ""))
    if any(layout.rates[operand] != layout.rates[names[0]] for operand in beside):
        return refused(node, "takes values of another rate than the keys that they belong to", next(iter(beside)))
    placed.keyed.update(keyed)
    return _enter_frames(source, node, name, beside, layout, placed)


def _without_bound(found: Mapping[str, Found]) -> bool:
    return any(isinstance(one, tuple) and isinstance(one[1], Runs) for one in found.values())


def _own_alone(found: Mapping[str, Found]) -> dict[str, Found]:
    """With a band of one key where there is no bound."""
    alone = Attends((0,), (0,))
    return {
        name: (one[0], alone) if isinstance(one, tuple) and one[1] == Runs() else one for name, one in found.items()
    }


def _enter_frames(
    source: Source, node: Node, name: str, found: Mapping[str, Found], layout: Layout, placed: Placed
) -> Refused | None:
    """A tensor with one axis of frames, or with none."""
    if operator(node.kind).attending and _without_bound(found):
        if layout.boundless is None:
            return Unbounded(f"{node} {UNBOUNDED}", CACHE)
        layout.boundless.append(placed)
        found = _own_alone(found)
    answer = _placed(source, node, name, found, layout)
    if isinstance(answer, Refused):
        return answer
    if is_temporary(name):
        if answer and all(reading == Same() for _, reading in answer.values()):
            layout.inner[name] = next(iter(answer.values()))[0]
    elif answer and (source.readers[name] or not _ends(answer)):
        placed.readings[name] = answer
        _enter(layout, name, answer)
    return None


def _enter_plane(
    node: Node, name: str, plane: Plane, beside: Mapping[str, Found], layout: Layout, placed: Placed
) -> Refused | None:
    """A tensor with two."""
    operands = {operand: one for operand, one in beside.items() if not isinstance(one, Blocked)}
    rates = {layout.rates[operand] for operand in (*operands, *(n for n in node.inputs if n in layout.planes))}
    if len(rates) > 1:
        return refused(node, "compares frames of different rates with each other", next(iter(operands), ""))
    layout.planes[name] = plane
    if not is_temporary(name):
        placed.planes[name] = plane
        placed.readings[name] = operands
        (layout.rates[name],) = rates
    return None


def _enter_inner(
    name: str, found: tuple[Mapping[str, Found], ...], planes: Mapping[str, Plane], layout: Layout
) -> None:
    """A temporary that is made of tensors with two axes of frames: it has both, or one."""
    operand = next(iter(planes))
    places = [
        pair[0] if isinstance(pair := side.get(operand), tuple) and pair[1] == Same() else None for side in found[1:]
    ]
    a, b = places
    if a is not None and b is not None:
        layout.planes[name] = Plane((a, b), planes[operand].keys)
    elif a is not None or b is not None:
        layout.inner[name] = a if a is not None else b or 0


def _undecided(node: Node) -> str:
    """A way out where data decide between branches."""
    return (
        "bind the input that decides it, with --value NAME=VALUE: the branch is written out then"
        if node.kind == "If"
        else ""
    )


RANGED = "takes its scale from the range of all frames"
STATIC = "quantise the model statically, with scales from calibration"
UNBLOCKED = "stream the file as it was before onnxruntime optimised it"
JOINED = "joins frames with what is known when the last one has come"
UNREAD = "has as many positions as the streamed axis, and reads none of them (a product with 0)"
SHAPED = "make it of a shape, not of values that are multiplied by 0"


def _placed(
    source: Source, node: Node, name: str, found: Mapping[str, Found], layout: Layout
) -> dict[str, tuple[int, Reading]] | Refused:
    """What an output reads, or why it cannot be streamed."""
    made: dict[str, tuple[int, Reading]] = {}
    for operand, one in found.items():
        whole = isinstance(one, Blocked) or isinstance(one[1], Ends)
        statistics = takes(source, node, name, operand, layout.axes[operand]) if whole else ()
        if (
            statistics
            and layout.taken is not None
            and not (isinstance(one, tuple) and _carried(node, name, one, layout))
        ):
            layout.taken.update(dict.fromkeys(statistics))
            if name != node.outputs[0] or not takes_its_own(node):
                return {}
            made[operand] = layout.axes[operand], Same()
            continue
        if whole and operator(node.kind).ranged:
            return refused(node, RANGED, operand, STATIC, statistics)
        if isinstance(one, Blocked):
            return refused(node, one.reason, operand, statistics=statistics)
        if isinstance(one[1], Ends) and not _carried(node, name, one, layout):
            return refused(node, one[1].reason, operand, statistics=statistics)
        made[operand] = one
    if len({axis for axis, _ in made.values()}) > 1:
        return refused(node, "compares positions of the streamed axis with each other", next(iter(made)))
    rates = {layout.rates[operand] * factor(one[1]) for operand, one in made.items()}
    if len(rates) > 1:
        return refused(node, "joins tensors of different rates", next(iter(made)))
    return made


def _carried(node: Node, name: str, found: tuple[int, Reading], layout: Layout) -> bool:
    return isinstance(found[1], Ends) and carried_to_end(node, name, found[1], layout.axes)


def _ends(answer: Mapping[str, tuple[int, Reading]]) -> bool:
    return any(isinstance(reading, Ends) for _, reading in answer.values())


def _enter(layout: Layout, name: str, answer: Mapping[str, tuple[int, Reading]]) -> None:
    operand, (axis, reading) = next(iter(answer.items()))
    if _ends(answer):
        layout.finals.add(name)
        layout.wholes[name] = (name,)
        return
    layout.axes[name] = axis
    layout.rates[name] = layout.rates[operand] * factor(reading)
    layout.note(layout.rates[name])
    if isinstance(reading, Moves | Blends):
        layout.note(layout.rates[operand] / reading.shift)
    for operand, (_, reading) in answer.items():
        if isinstance(reading, Attends):
            layout.note(layout.rates[operand] / reading.period)
