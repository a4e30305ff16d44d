"""The search for the batch axes of a model: by all that tells of them (`batch_axis`), with two samples where one cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from rfonnx.analysis.derive.batch_axis import BatchAxis, Batches, Dims, Given, along, named_axes, names_along
from rfonnx.analysis.derive.time import Timed
from rfonnx.analysis.derive.time_axis import named_time
from rfonnx.errors import RfonnxError
from rfonnx.graph.nodes import Graph
from rfonnx.operators.movement import batch_operands, sequence_axis, takes_batch
from rfonnx.operators.table import operator
from rfonnx.system.named import NamedTuple

FIXED_TO_ONE = "the batch is fixed to 1"
NO_BATCH = "no input has a batch axis"

SAMPLES = 2
MAX_NODES = 20_000
"""Nodes of the largest model that is analysed a second time without being asked."""


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
            traced = set(self._traced(fields, name, self._not_batch(name)))
            if len(traced) == 1:
                found[name] = BatchAxis(traced.pop(), True, "operators take it for the batch")
            elif presumed is not None and name in presumed:
                found[name] = presumed[name]
        symbols = names_along(self.graph.declared, along(found))
        inputs = [name for name in self.fields.inputs if name in self.graph.declared]
        for name in sorted(inputs, key=lambda name: not isinstance((*self.graph.declared[name], 0)[0], str)):
            if name not in found:
                axis = self._presumed(name, symbols, found)
                if axis is not None:
                    found[name] = axis
        return self._agreeing(found)

    def _agreeing(self, found: dict[str, BatchAxis]) -> dict[str, BatchAxis]:
        """Presumed axes of fixed lengths, moved to where an input has as many positions as the others have samples."""
        lengths = self._lengths(found)
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

    def _lengths(self, axes: Mapping[str, BatchAxis]) -> dict[str, int | None]:
        """How many samples each input holds that has a batch axis."""
        return {name: (self.fields.input_shapes[name] or ())[axis] for name, axis in along(axes).items()}

    def _traced(self, fields: Timed, input: str, barred: set[int]) -> Iterator[int]:
        """Axes of an input, but for those that are barred, that run along the batch axis of operators that have one, position by
        position."""
        shape = fields.input_shapes.get(input) or ()
        axes = [axis for axis, length in enumerate(shape) if (length or 0) >= SAMPLES and axis not in barred]
        for node in [node for node in self.graph.nodes if takes_batch(node.kind)] if axes else ():
            for name, batch in batch_operands(node):
                for axis in axes:
                    for line in fields.time.walks.of(name, input, axis):
                        if line.walks(batch) and line.slope(batch) == 1 and not line.start:
                            yield axis

    def _not_batch(self, input: str) -> set[int]:
        """Axes that windows slide along, that are time, or that attention compares the positions of."""
        candidates = self.fields.time.axes.candidates.get(input)
        slid = {axis for name, axis in self.fields.windowed if name == input}
        return slid.union(named_time(self.graph.declared[input]), candidates.axes if candidates else ())

    def _presumed(self, name: str, symbols: set[str], found: Mapping[str, BatchAxis]) -> BatchAxis | None:
        dims, barred = self.graph.declared[name], self._not_batch(name)
        left = [axis for axis in range(len(dims)) if axis not in barred]
        unsized = [axis for axis in left if isinstance(dims[axis], str)]
        shared = [axis for axis in unsized if dims[axis] in symbols]
        declared = self.graph.declared
        open_elsewhere = any(isinstance(declared[other][axis], str) for other, axis in along(found).items())
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
        time = set(named_time(dims))
        kinds = {node.kind for node in self.graph.nodes}
        for node in self.graph.nodes if any(operator(kind).recurrent for kind in kinds) else ():
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
        counting, lengths = along(axes), self._lengths(axes)
        if unknown:
            name = unknown[0]
            return no(
                f"no axis of input '{name}' is known to count samples: give --batch-axis {name}=AXIS, or {name}=none"
            )
        if not counting:
            return no(NO_BATCH)
        fixed = {name for name, axis in counting.items() if isinstance(self.graph.declared[name][axis], int)}
        few = [name for name in fixed if (lengths[name] or 0) < SAMPLES]
        if few:
            return no(FIXED_TO_ONE if all(lengths[name] == 1 for name in few) else f"'{few[0]}' holds no samples")
        agreed = len(set(lengths.values())) == 1
        enough = min(n or 0 for n in lengths.values()) >= SAMPLES
        if enough and agreed:
            return Batches(axes, fields, fields, next(iter(lengths.values())) or 0)
        if enough or len({lengths[name] for name in fixed}) > 1:
            told = ", ".join(f"{n} along axis {counting[name]} of '{name}'" for name, n in lengths.items())
            return no(
                f"inputs do not agree how many samples there are: {told}; --batch-axis says which axes count them"
            )
        if len(self.graph.nodes) > MAX_NODES:
            return no(f"the model is large: analyse it with a batch of {SAMPLES} to see")
        samples = next((lengths[name] or SAMPLES for name in fixed), SAMPLES)
        try:
            shapes = doubled(fields.input_shapes, self.graph.declared, counting, samples)
            return Batches(axes, again(shapes), fields, samples)
        except RfonnxError as error:
            return no(f"the model cannot be analysed with a batch of {SAMPLES}: {error}")


def doubled(
    shapes: Mapping[str, tuple[int | None, ...] | None], declared: Dims, counting: Mapping[str, int], samples: int
) -> dict[str, tuple[int, ...]]:
    """The shapes with so many samples along these axes, where the file leaves them open; dimensions of one name are as long."""
    symbols = names_along(declared, counting)
    result = {}
    for name, shape in shapes.items():
        dims = declared.get(name)
        if shape is None or dims is None or len(dims) != len(shape) or None in shape:
            continue
        result[name] = tuple(
            samples if isinstance(dim, str) and (axis == counting.get(name) or dim in symbols) else length or 0
            for axis, (dim, length) in enumerate(zip(dims, shape, strict=True))
        )
    return result
