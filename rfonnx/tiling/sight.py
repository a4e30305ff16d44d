"""What an axis of a model's outputs sees of its inputs, and how it follows when they move: the facts that a plan stands on."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import Lowered
from rfonnx.analysis.derive.beside import beside
from rfonnx.analysis.derive.together import Followed, followed
from rfonnx.graph.text import quote
from rfonnx.results.plain import axes_text
from rfonnx.results.tiling import Pair
from rfonnx.tiling.dims import Dim, Lengths, lengths_of


@dataclass(frozen=True, slots=True)
class Sight:
    """One group of axes at one size of the model.

    Attributes:
        inputs, outputs: positions per step of the grid by (tensor, axis).
        steps: of the grid, in the whole.
        kept: steps that the outputs fill.
        before, after: steps beside a part on the grid within which all lies that reaches it: what it sees, and a crop's borders.
        halo: by (input, axis): positions before and after such a part that it sees.
        lengths: of all axes, by (tensor, axis).
    """

    inputs: dict[Pair, int]
    outputs: dict[Pair, int]
    steps: int
    kept: int
    before: int
    after: int
    halo: dict[Pair, tuple[int, int]]
    lengths: dict[Pair, int]

    @property
    def rest(self) -> dict[Pair, int]:
        """Positions of each axis beyond its last whole step; below 0 where an output is shorter."""
        by_step = {**self.inputs, **self.outputs}
        return {pair: length - self.steps * by_step[pair] for pair, length in self.lengths.items()}


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why there are no tiles along a group of axes.

    Attributes:
        reasons: a line each, without the axes.
        least: moves of the inputs for which the axes must have room, when that is all that is missing; 0: it is not.
    """

    reasons: tuple[str, ...]
    least: int = 0


def see(analysis: Analysis, dim: Dim) -> Sight | Blocked:
    """The facts, or why there are none."""
    if dim.reason:
        return Blocked((dim.reason,))
    shapes = {name: shape or () for name, shape in analysis.input_shapes.items()}
    found = follow(Lowered(analysis.graph, analysis.program), dim)
    reasons = [line for output, one in found.items() for line in _reasons(analysis, dim, output, one)]
    if not found:
        return Blocked(("no output depends on them",))
    if reasons:
        short = [one.fact.least for one in found.values() if one.fact.reason]
        return Blocked(tuple(dict.fromkeys(reasons)), max(short, default=0) if all(short) else 0)
    facts = {output: one.fact for output, one in found.items()}
    period = math.lcm(*(fact.period or 1 for fact in facts.values()))
    inputs = {pair: rate * period for pair, rate in dim.rates.items()}
    moved = {(o, f.tensor_axis or 0): f.shift * (period // (f.period or 1)) for o, f in facts.items()}
    lengths = {pair: (analysis.tensors[pair[0]].shape or ())[pair[1]] or 0 for pair in moved}
    lengths |= {(name, axis): shapes[name][axis] or 0 for name, axis in inputs}
    steps = min(lengths[pair] // step for pair, step in inputs.items())
    kept = min(steps, max(-(-lengths[pair] // step) for pair, step in moved.items()))
    inner = {pair: facts[pair[0]].positions or (0, -1) for pair in moved}
    before = max(-(-first // moved[pair]) for pair, (first, _) in inner.items())
    after = max(steps - (last + 1) // moved[pair] for pair, (_, last) in inner.items())
    halo = {pair: _halo(analysis, pair, step, moved, steps, inner) for pair, step in inputs.items()}
    for pair, step in inputs.items():
        rest = lengths[pair] - steps * step
        before, after = max(before, -(-halo[pair][0] // step)), max(after, -(-(halo[pair][1] - rest) // step))
    return Sight(inputs, moved, steps, kept, before, max(after, steps - kept), halo, lengths)


def follow(model: Lowered, dim: Dim) -> dict[str, Followed]:
    """By output that depends on these axes, inputs that are passed on aside."""
    shapes = model.graph.shapes
    room = min(((shapes[name] or ())[axis] or 0) // rate for (name, axis), rate in dim.rates.items())
    found = followed(model.graph, model.program, dim.rates, room)
    return {output: one for output, one in found.items() if output not in model.graph.inputs}


def axes_of(pairs: Iterable[Pair]) -> str:
    """In words.

    >>> axes_of([("x", 2), ("x", 3), ("mask", 1)])
    "axes 2, 3 of input 'x' and axis 1 of input 'mask'"
    """
    by_name: dict[str, list[int]] = {}
    for name, axis in pairs:
        by_name.setdefault(name, []).append(axis)
    return " and ".join(f"{axes_text(axes)} of input {quote(name)}" for name, axes in by_name.items())


def _reasons(analysis: Analysis, dim: Dim, output: str, one: Followed) -> list[str]:
    """Why an output cannot be made of tiles along these axes."""
    fact, where = one.fact, f", at {quote(one.tensor)} ({one.op_type})" if one.tensor else ""
    if fact.reason and fact.least:
        return [f"{quote(output)} has no room for a tile with its surroundings: {fact.reason}"]
    takes = [_taking(analysis, tensor) for tensor in first_whole(analysis, dim.rates)]
    if fact.reason:
        return takes or [f"{quote(output)} does not move as the input does: {fact.reason}{where}"]
    if fact.room is not None or fact.tensor_axis is None:
        return takes or [f"{quote(output)} takes everything together"]
    if fact.shift <= 0:
        return [f"{quote(output)} runs backwards"]
    if fact.positions is None:
        return [f"{quote(output)} lays rows end to end in its axis {fact.tensor_axis}"]
    return []


def first_whole(analysis: Analysis, pairs: Collection[Pair]) -> list[str]:
    """Tensors that take one of these axes together, and that are made of none that does."""
    return made_of_no_other(analysis, {tensor for tensor, *_ in analysis.globals_along(list(pairs))})


def made_of_no_other(analysis: Analysis, tensors: Collection[str]) -> list[str]:
    """Those of these tensors that are made of none of the others, in topological order."""
    after: set[str] = set()
    for node in analysis.graph.nodes:
        if any(name in after or name in tensors for name in node.inputs):
            after.update(node.outputs)
    return [tensor for tensor in analysis.tensors if tensor in tensors and tensor not in after]


def taken(analysis: Analysis) -> list[str]:
    """What takes all of an axis of an input together, those that count samples and channels aside."""
    pairs = behind_channels(lengths_of(analysis))
    return list(dict.fromkeys(_taking(analysis, tensor) for tensor, *_ in analysis.globals_along(pairs)))


def behind_channels(shapes: Lengths) -> list[Pair]:
    """Axes of inputs of more than one position, those that count samples and channels aside."""
    return [(name, axis) for name, shape in shapes.items() for axis, n in enumerate(shape) if axis > 1 and n != 1]


def still(analysis: Analysis) -> Iterator[str]:
    """Why outputs walk along no axis of an input, those that count samples and channels aside: one reason at least."""
    pairs = behind_channels(lengths_of(analysis))
    if not pairs:
        yield "inputs have no axes but those of samples and channels, along which nothing is tiled"
    for pair in pairs:
        one = see(analysis, Dim({pair: 1}))
        reasons = one.reasons if isinstance(one, Blocked) else ("outputs do not walk along it steadily",)
        yield from (f"{reason}, along {axes_of([pair])}" for reason in reasons)


def _taking(analysis: Analysis, tensor: str) -> str:
    field = analysis.tensors[tensor]
    node = f" of node {quote(field.node)}" if field.node else ""
    return f"{quote(tensor)} ({field.op_type}{node}) {'takes' if field.exact else 'may take'} everything together"


def _halo(
    analysis: Analysis,
    pair: Pair,
    step: int,
    outputs: dict[Pair, int],
    steps: int,
    inner: dict[Pair, tuple[int, int]],
) -> tuple[int, int]:
    """The largest over the outputs that see anything of the axis."""
    seen = [
        beside(analysis, output, moved, pair, step, steps, inner[output])
        for output, moved in outputs.items()
        if analysis.tensors[output[0]].fields[pair].kind != "none"
    ]
    return max((before for before, _ in seen), default=0), max((after for _, after in seen), default=0)
