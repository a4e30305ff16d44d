"""Which axis of an input is time? One place that reports, facts and rules ask.

In this order, and where an answer is not one axis there is none:

1. the axis that recurrent layers go through, traced back to the input, and one whose dimension the file names like time
   ("time", "seq_len", "frames", "T"): where these disagree, both are candidates;
2. the axis that windows slide along, and that attention compares positions of.

What an earlier call left (`initial_h`, caches that are put before the new frames) is state, and has no time axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from rfonnx.analysis.derive.analysed import Fields
from rfonnx.analysis.derive.walks import Walks
from rfonnx.analysis.lower import Program
from rfonnx.graph.dim_names import words_of
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.access.primitives import Band, Reduce, Select, Spread, Window, tables
from rfonnx.operators.movement import sequence_axis
from rfonnx.operators.row import Operator, Sequential
from rfonnx.operators.table import operator
from rfonnx.system.named import NamedTuple

TIME_WORDS = {
    *("t", "time", "times", "timestep", "timesteps", "step", "steps"),
    *("frame", "frames", "seq", "sequence", "length", "len", "token", "tokens"),
}
"""Words of a dimension's name that say time."""

OTHER_WORDS = {"past", "cache", "batch", "total"}
"""Words that say that it is not the time of this call's input."""


NONE = Sequential((), ())
"""Of operators that go through no sequence."""


class Candidates(NamedTuple):
    """Axes of an input that may be time.

    Attributes:
        axes: one: that is time; several: it is one of them; none: nothing tells.
        why: what tells.
        sure: whether a recurrent layer or the dimension's name tells, and not what slides or is compared.
        rivals: axes that windows slide along, or attention compares, beside the one of recurrent layers, where no name tells.
    """

    axes: tuple[int, ...]
    why: str
    sure: bool = False
    rivals: tuple[int, ...] = ()


class TimeAxes:
    """The time axis of every input, found when it is first asked for."""

    def __init__(self, fields: Fields, graph: Graph, program: Program, walks: Walks) -> None:
        self._fields = fields
        self._graph = graph
        self._program = program
        self._walks = walks
        self._tensors = {tensor.name: tensor for tensor in program.tensors}

    @cached_property
    def candidates(self) -> Mapping[str, Candidates]:
        """By input; inputs that are states, or along which nothing runs, have none."""
        found = {name: self._search(name) for name in self._fields.inputs if name not in self.states}
        return {name: one for name, one in found.items() if one.axes}

    @cached_property
    def states(self) -> frozenset[str]:
        """Inputs that hold what an earlier call left."""
        return self._initial_states | self._put_before

    def lengths(self, input: str) -> dict[int, int]:
        """Axes of an input that have more than one position, without an open batch: any of them may be what the user means."""
        shape = self._fields.input_shapes.get(input) or ()
        return {axis: n for axis, n in enumerate(shape) if n is not None and n > 1 and axis != self._batch(input)}

    def _batch(self, input: str) -> int | None:
        """The first axis where the file leaves it open and does not name it like time."""
        first = next(iter(self._graph.declared.get(input, ())), 1)
        return 0 if isinstance(first, str) and not says_time(first) else None

    def _search(self, input: str) -> Candidates:
        named = named_time(self._graph.declared.get(input, ()))
        gone_through = tuple(sorted(set(self._gone_through(input, lambda row: row.recurrent))))
        strong = tuple(sorted({*named, *gone_through}))
        if strong:
            why = "recurrent layers go through it" if gone_through else "its dimension is named so"
            rivals = () if named else tuple(sorted(self._slid_or_compared(input) - {*strong}))
            return Candidates(strong, why, sure=True, rivals=rivals)
        slid = self._slid_or_compared(input)
        # Nothing but what was added up by hand: x[t] - x[t - 1].
        slid = slid or {axis for name, axis in self._fields.slid if name == input}
        return Candidates(tuple(sorted(slid)), "windows slide along it, or attention compares its positions")

    def _slid_or_compared(self, input: str) -> set[int]:
        slid = {axis for axis in self.lengths(input) if self._walks.slid_along(input, axis)}
        others = self.lengths(input).keys() - slid
        return slid | {*self._gone_through(input, lambda row: row.attending), *self._compared(input, others)}

    def _gone_through(self, input: str, column: Callable[[Operator], Sequential | None]) -> Iterator[int]:
        """Axes of an input that run along the sequence axis of operators that fill a column."""
        for node, row in self._sequential:
            sequential = column(row)
            if sequential is None:
                continue
            for name in (node.inputs[i] for i in sequential.operands if i < len(node.inputs)):
                for axis in range(len(self._fields.input_shapes.get(input) or ())):
                    for line in self._walks.of(name, input, axis):
                        if line.walks(sequence_axis(node, len(line.axes))):
                            yield axis

    @cached_property
    def _sequential(self) -> list[tuple[Node, Operator]]:
        """The nodes that go through a sequence, or compare its positions."""
        rows = {kind: operator(kind) for kind in {node.kind for node in self._graph.nodes}}
        sequential = {kind: row for kind, row in rows.items() if row.recurrent or row.attending}
        nodes = self._graph.nodes if sequential else ()
        return [(node, sequential[node.kind]) for node in nodes if node.kind in sequential]

    def _compared(self, input: str, axes: Iterable[int]) -> Iterator[int]:
        """Those of some axes that run along two axes of one tensor, as queries and keys do along those of their products."""
        for axis in axes:
            for lines in {id(lines): lines for lines in self._walks.all(input, axis)}.values():
                walking = {frozenset(line.walking) for line in lines} - {frozenset()}
                if any(one.isdisjoint(other) for one in walking for other in walking):
                    yield axis
                    break

    @cached_property
    def _initial_states(self) -> frozenset[str]:
        """Inputs that come to an operator as its state, unchanged but for their layout."""
        found = {
            self._origin(node.inputs[i])
            for node, row in self._sequential
            for i in (row.attending or row.recurrent or NONE).states
            if i < len(node.inputs)
        }
        return frozenset(name for name in found if name is not None)

    @cached_property
    def _put_before(self) -> frozenset[str]:
        """Inputs that are put before another one along its time axis: caches of earlier frames."""
        pairs = [
            (node, *pair) for node in self._graph.nodes if node.kind == "Concat" for pair in self._neighbours(node)
        ]
        if not pairs:
            return frozenset()
        found = {name: self._search(name).axes for name in self._fields.inputs if name not in self._initial_states}
        return frozenset(
            earlier
            for node, earlier, later in pairs
            for name, axes in found.items()
            if name != earlier and len(axes) == 1
            if any(line.walks(node.attrs["axis"]) for line in self._walks.of(later, name, axes[0]))
        )

    def _neighbours(self, node: Node) -> Iterator[tuple[str, str]]:
        """Pairs of an input that a Concat is given as it is, and a tensor behind it that does not come from there alone."""
        origins = [self._origin(name) for name in node.inputs]
        for i, origin in enumerate(origins):
            for j in range(i + 1, len(origins)):
                if origin is not None and origins[j] != origin:
                    yield origin, node.inputs[j]

    def _origin(self, tensor: str) -> str | None:
        """The input that a tensor is, but for its layout and the part that is taken; None when it is computed."""
        inputs = len(self._program.inputs)
        while tensor in self._tensors:
            paths = self._tensors[tensor].paths
            if len(paths) != 1 or any(_mixes(step) for step in paths[0][1]):
                return None
            source = paths[0][0]
            tensor = self._program.inputs[source][0] if source < inputs else self._program.tensors[source - inputs].name
        return tensor if tensor in self._fields.inputs else None


def says_time(name: str) -> bool:
    """Whether the name of a dimension says time.

    >>> [says_time(name) for name in ("T", "seq_len", "numFrames", "past_sequence_length", "height", "batch")]
    [True, True, True, False, False, False]
    """
    words = {word.lower() for word in words_of(name)}
    return bool(words & TIME_WORDS) and not words & OTHER_WORDS


def named_time(dims: Iterable[int | str]) -> tuple[int, ...]:
    """The axes whose dimensions are named like time."""
    return tuple(axis for axis, dim in enumerate(dims) if isinstance(dim, str) and says_time(dim))


def _mixes(step: object) -> bool:
    """Whether a position reads several ones."""
    if isinstance(step, Select):
        read = tables(step)
        return read is None or bool((read.last > read.first).any())
    return isinstance(step, Reduce | Band) or (isinstance(step, Window | Spread) and step.kernel > 1)
