"""Which axis of an input counts samples? One place that facts, rules, comparisons and measurements ask.

In this order:

1. what the user says;
2. the dimension that the file names like a batch ("batch_size", "B", "N"), and wherever else that name stands;
3. the batch axis of an operator whose specification has one (recurrent layers, convolutions, pools, attention), traced back to
   the input. It is looked for with a batch of two as well, since nothing can be traced along an axis of one position;
4. an input of fixed lengths beside an open batch has none, nor has a single number;
5. else it is *presumed*: the first axis that the file leaves open, of fixed ones the first, or the one that is as long as those
   of the other inputs; never one that windows slide along, that is known as time, or that attention compares. What is presumed
   is said to be, and where another axis may be it as well, nothing is said of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rfonnx.analysis.derive.time import Timed
from rfonnx.analysis.derive.time_axis import says_time
from rfonnx.errors import QueryError, RfonnxError
from rfonnx.graph.dim_names import batch_word
from rfonnx.graph.nodes import Graph
from rfonnx.graph.text import did_you_mean, quote
from rfonnx.operators.movement import batch_operands, sequence_axis
from rfonnx.operators.table import operator

Dims = Mapping[str, tuple[int | str, ...]]
"""Dimensions of the inputs as the file declares them (`rfonnx.graph.Graph.declared`)."""

Given = Mapping[str, int | None]
"""Batch axes by input as the user says them; None: it has none."""

SAMPLES = 2
MAX_NODES = 20_000
"""Nodes of the largest model that is analysed a second time without being asked."""


class BatchAxis(NamedTuple):
    """The batch axis of one input.

    Attributes:
        axis: None: the input has none.
        known: False: it is presumed.
        why: what tells.
        rivals: axes that may count samples as well, where it is presumed.
    """

    axis: int | None
    known: bool
    why: str
    rivals: tuple[int, ...] = ()


class Batches(NamedTuple):
    """The batch axes of a model's inputs.

    Attributes:
        axes: by input; those of which nothing tells are missing.
        fields: the analysis with `samples` samples, or as it was.
        before: the analysis as it was.
        samples: length of the batch in `fields`; 0 when it is not known.
        problem: why nothing can be said of the batch, or "".
    """

    axes: Mapping[str, BatchAxis]
    fields: Timed
    before: Timed
    samples: int
    problem: str = ""

    @property
    def along(self) -> dict[str, int]:
        """The batch axis of each input that has one, known or presumed."""
        return {name: one.axis for name, one in self.axes.items() if one.axis is not None}

    @property
    def known(self) -> bool:
        """Whether nothing is presumed."""
        return all(one.known for one in self.axes.values())


FIXED_TO_ONE = "the batch is fixed to 1"
NO_BATCH = "no input has a batch axis"


def named_axes(declared: Dims, given: Given) -> dict[str, BatchAxis]:
    """What the user and the file's names tell, by input.

    Raises:
        QueryError: the user names an input or an axis that there is not.
    """
    found = {name: _given(name, axis, declared) for name, axis in given.items()}
    for name, dims in declared.items():
        if name not in found and not dims:
            found[name] = BatchAxis(None, True, "it is a single number")
        axis = _by_name(dims)
        if name not in found and axis is not None:
            found[name] = BatchAxis(axis, True, f"its dimension is named '{dims[axis]}'")
    symbols = {declared[name][one.axis] for name, one in found.items() if one.axis is not None}
    for name, dims in declared.items():
        shared = [axis for axis, dim in enumerate(dims) if dim in symbols and isinstance(dim, str) and dim]
        if name not in found and len(shared) == 1:
            found[name] = BatchAxis(
                shared[0], True, f"its dimension is named '{dims[shared[0]]}' as the batch elsewhere"
            )
    return found


def _given(name: str, axis: int | None, declared: Dims) -> BatchAxis:
    if name not in declared:
        raise QueryError(
            f"a batch axis was given for {quote(name)}, which is no input",
            did_you_mean(name, declared) or f"the inputs are {', '.join(map(quote, declared))}",
        )
    rank = len(declared[name])
    if axis is not None and not -rank <= axis < rank:
        raise QueryError(
            f"the batch axis {axis} was given for input {quote(name)}, which has {rank} axes",
            f"give an axis from 0 to {rank - 1}, or none" if rank else "give none: it is a single number",
        )
    return BatchAxis(None if axis is None else axis % rank, True, "as asked for")


def _by_name(dims: tuple[int | str, ...]) -> int | None:
    """The axis whose dimension is named like a batch, the most plainly; None when that is not one."""
    words = [batch_word(dim) if isinstance(dim, str) else 0 for dim in dims]
    best = max(words, default=0)
    if not best or words.count(best) > 1:
        return None
    axis = words.index(best)
    # "n" behind an open first axis of any other name counts points or tokens as often as samples.
    first = dims[0]
    return None if best == 1 and axis and isinstance(first, str) and not says_time(first) else axis


def find(fields: Timed, graph: Graph, given: Given, again: Callable[[dict[str, tuple[int, ...]]], Timed]) -> Batches:
    """The batch axes of a model, and an analysis of it with at least two samples where that can be had.

    Args:
        fields: the analysis as it is.
        graph: what it was made of.
        given: what the user says.
        again: analyses the model once more, with these input shapes.

    Raises:
        QueryError: see `named_axes`.
    """
    search = _Search(fields, graph, named_axes(graph.declared, given))
    axes = search.settled(fields)
    made = search.batches(axes, again)
    if made.fields is not fields and not made.known:
        traced = search.settled(made.fields, axes)
        moved = any(traced[name].axis != one.axis for name, one in axes.items())
        made = search.batches(traced, again) if moved else made._replace(axes=traced)
    rival = next(((name, one) for name, one in made.axes.items() if one.rivals), None)
    if rival is not None and not made.problem:
        name, one = rival
        told = " or ".join(f"axis {axis}" for axis in (one.axis, *one.rivals))
        return made._replace(
            problem=f"{told} of input '{name}' may count samples: give --batch-axis {name}=AXIS, or {name}=none"
        )
    return made


class _Search(NamedTuple):
    fields: Timed
    graph: Graph
    named: Mapping[str, BatchAxis]

    def settled(self, fields: Timed, presumed: Mapping[str, BatchAxis] | None = None) -> dict[str, BatchAxis]:
        """The axes by all that tells, an analysis among it; what is presumed stays unless that tells otherwise."""
        found = dict(self.named)
        for name in self.fields.inputs:
            if name in found or name not in self.graph.declared:
                continue
            traced = set(self._traced(fields, name)) - self._not_batch(name)
            if len(traced) == 1:
                found[name] = BatchAxis(traced.pop(), True, "operators take it for the batch")
            elif presumed is not None and name in presumed:
                found[name] = presumed[name]
        symbols = {self.graph.declared[name][one.axis] for name, one in found.items() if one.axis is not None} - {""}
        inputs = [name for name in self.fields.inputs if name in self.graph.declared]
        for name in sorted(inputs, key=lambda name: not isinstance((*self.graph.declared[name], 0)[0], str)):
            if name not in found:
                axis = self._presumed(name, symbols, found)
                if axis is not None:
                    found[name] = axis
        return self._agreeing(found)

    def _agreeing(self, found: dict[str, BatchAxis]) -> dict[str, BatchAxis]:
        """Presumed axes of fixed lengths, moved to where an input has as many positions as the others have samples."""
        lengths = {name: self._length(name, one.axis) for name, one in found.items() if one.axis is not None}
        sure = [n for name, n in lengths.items() if found[name].known]
        wanted = sure[0] if sure else 1 if 1 in lengths.values() else None
        for name, one in found.items():
            if one.known or one.axis is None or wanted in (None, lengths[name]):
                continue
            dims, barred = self.graph.declared[name], self._not_batch(name)
            fits = [axis for axis, dim in enumerate(dims) if dim == wanted and axis not in barred]
            if fits and isinstance(dims[one.axis], int):
                found[name] = one._replace(axis=fits[0], rivals=())
        return found

    def _length(self, name: str, axis: int) -> int | None:
        return (self.fields.input_shapes.get(name) or ())[axis]

    def _traced(self, fields: Timed, input: str) -> Iterator[int]:
        """Axes of an input that run along the batch axis of operators that have one, position by position."""
        shape = fields.input_shapes.get(input) or ()
        for node in self.graph.nodes:
            for name, along in batch_operands(node):
                for axis, length in enumerate(shape):
                    if (length or 0) < SAMPLES:
                        continue
                    for line in fields.time.walks.of(name, input, axis):
                        if line.walks(along) and line.slope(along) == 1 and not line.start:
                            yield axis

    def _not_batch(self, input: str) -> set[int]:
        """Axes that windows slide along, that are time, or that attention compares the positions of."""
        dims = self.graph.declared[input]
        timely = {axis for axis, dim in enumerate(dims) if isinstance(dim, str) and says_time(dim)}
        candidates = self.fields.time.axes.candidates.get(input)
        slid = {axis for name, axis in self.fields.windowed if name == input}
        return timely | slid | set(candidates.axes if candidates else ())

    def _presumed(self, name: str, symbols: set[int | str], found: Mapping[str, BatchAxis]) -> BatchAxis | None:
        dims, barred = self.graph.declared[name], self._not_batch(name)
        left = [axis for axis in range(len(dims)) if axis not in barred]
        unsized = [axis for axis in left if isinstance(dims[axis], str)]
        shared = [axis for axis in unsized if dims[axis] in symbols]
        open_elsewhere = any(
            isinstance(self.graph.declared[other][one.axis], str)
            for other, one in found.items()
            if one.axis is not None
        )
        alone = dims[:1] == (1,) and not open_elsewhere  # one sample at a time, whatever is open behind it
        if (shared or unsized) and not alone:
            first = (shared or unsized)[0]
            rivals = [axis for axis in shared or self._may_be(name) if isinstance(dims[axis], str) and axis != first]
            return BatchAxis(first, False, "it is the first axis that the file leaves open", tuple(rivals))
        if open_elsewhere:
            return BatchAxis(None, True, "no length of it is open that may be the batch's, which is open")
        if any(isinstance(dim, str) for dim in dims):  # time, or slid along
            left = [axis for axis in left if dims[axis] == 1]
        time = self.fields.time.axes.candidates.get(name)
        if not left or not set(range(left[0])) <= set(time.axes if time and time.sure else ()):
            return None  # positions of axis 0 meet: they may be samples that are mixed
        # the last axis holds features, where lengths are fixed
        rivals = [axis for axis in self._may_be(name) if axis not in (left[0], len(dims) - 1) and dims[axis] != 1]
        return BatchAxis(left[0], False, "it is the first axis", tuple(rivals) if dims[left[0]] != 1 else ())

    def _may_be(self, name: str) -> list[int]:
        """Axes that are not known to be time. Windows along an axis, and attention over it, may be what mixes samples."""
        dims, walks = self.graph.declared[name], self.fields.time.walks
        time = {axis for axis, dim in enumerate(dims) if isinstance(dim, str) and says_time(dim)}
        for node in self.graph.nodes:
            recurrent = operator(node.kind).recurrent
            for operand in (node.inputs[i] for i in recurrent.operands) if recurrent else ():
                lines = [(axis, line) for axis in range(len(dims)) for line in walks.of(operand, name, axis)]
                time |= {axis for axis, line in lines if line.walks(sequence_axis(node, len(line.axes)))}
        return [axis for axis in range(len(dims)) if axis not in time]

    def batches(self, axes: dict[str, BatchAxis], again: Callable[[dict[str, tuple[int, ...]]], Timed]) -> Batches:
        """What these axes make of the batch; open ones of one sample are analysed again with two."""
        fields = self.fields

        def no(problem: str) -> Batches:
            return Batches(axes, fields, fields, 0, problem)

        unknown = [name for name in fields.inputs if name not in axes and name in self.graph.declared]
        along = {name: one.axis for name, one in axes.items() if one.axis is not None}
        if unknown:
            name = unknown[0]
            return no(
                f"no axis of input '{name}' is known to count samples: give --batch-axis {name}=AXIS, or {name}=none"
            )
        if not along:
            return no(NO_BATCH)
        lengths = {name: (fields.input_shapes[name] or ())[axis] for name, axis in along.items()}
        fixed = {name for name, axis in along.items() if isinstance(self.graph.declared[name][axis], int)}
        few = [name for name in fixed if (lengths[name] or 0) < SAMPLES]
        if few:
            return no(FIXED_TO_ONE if all(lengths[name] == 1 for name in few) else f"'{few[0]}' holds no samples")
        agreed = len(set(lengths.values())) == 1
        enough = min(n or 0 for n in lengths.values()) >= SAMPLES
        if enough and agreed:
            return Batches(axes, fields, fields, next(iter(lengths.values())) or 0)
        if enough or len({lengths[name] for name in fixed}) > 1:
            told = ", ".join(f"{n} along axis {along[name]} of '{name}'" for name, n in lengths.items())
            return no(
                f"inputs do not agree how many samples there are: {told}; --batch-axis says which axes count them"
            )
        if len(self.graph.nodes) > MAX_NODES:
            return no(f"the model is large: analyse it with a batch of {SAMPLES} to see")
        samples = next((lengths[name] or SAMPLES for name in fixed), SAMPLES)
        try:
            shapes = doubled(fields.input_shapes, self.graph.declared, along, samples)
            return Batches(axes, again(shapes), fields, samples)
        except RfonnxError as error:
            return no(f"the model cannot be analysed with a batch of {SAMPLES}: {error}")


def doubled(
    shapes: Mapping[str, tuple[int | None, ...] | None], declared: Dims, along: Mapping[str, int], samples: int
) -> dict[str, tuple[int, ...]]:
    """The shapes with so many samples along these axes, where the file leaves them open; dimensions of one name are as long."""
    symbols = {declared[name][axis] for name, axis in along.items() if isinstance(declared[name][axis], str)} - {""}
    result = {}
    for name, shape in shapes.items():
        dims = declared.get(name)
        if shape is None or dims is None or len(dims) != len(shape) or None in shape:
            continue
        result[name] = tuple(
            samples if isinstance(dim, str) and (axis == along.get(name) or dim in symbols) else length or 0
            for axis, (dim, length) in enumerate(zip(dims, shape, strict=True))
        )
    return result
