"""The fields of a model: answers to questions about what the core found.

One class, which users hold: it is long by their documentation of each question. What answers them stands in other files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rfonnx.analysis.derive.analysed import Figures
from rfonnx.analysis.explanation import explain
from rfonnx.analysis.fields import KINDS, NOT_SIZED, WIDENED, Tensors, summaries
from rfonnx.analysis.lookup import Lookup
from rfonnx.analysis.lower import Program
from rfonnx.analysis.propagated import propagated
from rfonnx.errors import QueryError, ShapeError
from rfonnx.graph.nodes import Graph
from rfonnx.graph.temporaries import named_by
from rfonnx.results.advice import Advice
from rfonnx.results.fields import ExplainStep, Kind, ModelInfo, OutputFacts, Shape, TensorField
from rfonnx.results.landmarks import Landmarks
from rfonnx.results.operations import Operation
from rfonnx.results.plain import analysis_to_dict, axes_text, flat_rows, shape_text
from rfonnx.system.late import Late

if TYPE_CHECKING:
    import pandas

    from rfonnx import _core
    from rfonnx.analysis import patches as core_patches
    from rfonnx.analysis.derive import batch_axis, geometry, time
    from rfonnx.analysis.derive.exchange import Exchange
    from rfonnx.results import geometry as places
    from rfonnx.results import objects
    from rfonnx.results import reads as results_reads
else:
    _core, pandas, geometry = Late("rfonnx._core"), Late("pandas"), Late("rfonnx.analysis.derive.geometry")
    batch_axis, time = Late("rfonnx.analysis.derive.batch_axis"), Late("rfonnx.analysis.derive.time")
    places, objects = Late("rfonnx.results.geometry"), Late("rfonnx.results.objects")
    core_patches, results_reads = Late("rfonnx.analysis.patches"), Late("rfonnx.results.reads")

showing = Late("rfonnx.report.showing")
"""Reports stand above analyses: what shows one is found when it is asked for."""

FIGURES = ("size", "coverage", "kind")

Int64 = npt.NDArray[np.int64]
Box = dict[str, tuple[tuple[int, int], ...]]


def _is_kind(found: npt.NDArray[np.integer[Any]], *kinds: Kind) -> npt.NDArray[np.bool_]:
    return np.isin(found, [KINDS.index(kind) for kind in kinds])


def _gone(other: Mapping[str, Sequence[int]]) -> Analysis:
    raise QueryError("a copy of an analysis has no model to analyse again", "analyse the model itself")


class Analysis:
    """What every tensor of a model sees of its inputs. Intervals are closed and count positions from 0.

    It can be pickled and deep-copied: the copy answers every question alike, and needs neither the model nor its file. A pickle
    holds the graph and the access program without weights, and `facts`, which are worked out for it.
    """

    def __init__(
        self,
        graph: Graph,
        program: Program,
        result: _core.Result,
        again: Callable[[Mapping[str, Sequence[int]]], Analysis],
        batch_axes: Mapping[str, int | None],
    ) -> None:
        self._graph = graph
        self._program = program
        self._result = result
        self._again = again
        self._batch_axes = batch_axes
        self._lookup = Lookup(graph.name, program, result.axes)
        self._axes = self._lookup.pairs

    def __repr__(self) -> str:
        """The model, its inputs with their shapes, and how many tensors there are."""
        inputs = ", ".join(f"{name!r}: {shape_text(shape)}" for name, shape in self.input_shapes.items())
        return f"<Analysis of {self._graph.name!r}, inputs {{{inputs}}}, {len(self.tensors)} tensors>"

    def _repr_html_(self) -> str:
        """What notebooks show: what `rfonnx report` says, the layers folded away."""
        return str(showing.analysis_html(self))

    def __getstate__(self) -> dict[str, Any]:
        # Facts alone need the values of constants, or the model again; the core's tables are quicker to make than to send.
        return {
            "graph": self._graph,
            "program": self._program,
            "batch_axes": dict(self._batch_axes),
            "kept": {"facts": dict(self.facts), "batches": self.batches},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        graph, program = state["graph"], state["program"]
        Analysis.__init__(self, graph, program, propagated(graph.name, program), _gone, state["batch_axes"])
        vars(self).update(state["kept"])

    @property
    def graph(self) -> Graph:
        """The model's graph, which nobody changes; a copy's has no weights."""
        return self._graph

    @property
    def program(self) -> Program:
        """What each tensor reads, which nobody changes."""
        return self._program

    @property
    def model(self) -> ModelInfo:
        """Facts about the file."""
        g = self._graph
        return ModelInfo(g.name, dict(g.opsets), g.ir_version, g.producer, len(g.nodes))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in file order."""
        return self._graph.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in file order."""
        return self._graph.outputs

    @property
    def input_shapes(self) -> dict[str, Shape]:
        """Bound shape of each input."""
        return {name: self._graph.shapes[name] for name in self._graph.inputs}

    @property
    def values(self) -> dict[str, np.ndarray]:
        """What inputs were bound to, by name; these are no inputs here."""
        return dict(self._graph.values)

    @cached_property
    def tensors(self) -> Mapping[str, TensorField]:
        """TensorField of every tensor computed from an input, in topological order."""
        return self._tensors

    @cached_property
    def _tensors(self) -> Tensors:
        return Tensors(self._graph, self._program, self._result, self._summaries, self._axes)

    @cached_property
    def _summaries(self) -> npt.NDArray[np.void]:
        """A record of every field, see `rfonnx.analysis.fields.Row`: (sources, axes of all inputs)."""
        return summaries(self._program, self._result)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The nodes that depend on an input, in topological order, each with its family and with what it reads of the others."""
        from rfonnx.analysis.operations import operations

        return operations(self._program)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed, and where the answer is only an upper bound, one line each."""
        lines = list(self._graph.warnings)
        for tensor in self._program.tensors:
            if not tensor.exact:
                name = named_by(tensor.name)
                lines.append(f"tensor '{name}' ({tensor.kind}) is at most what it shows: {tensor.note}")
        inherited = False
        for tensor, widened in zip(self._program.tensors, self._result.widened, strict=True):
            if widened and not inherited:
                lines.append(f"from tensor '{tensor.name}' on: {WIDENED}")
                inherited = True
        lines += [f"tensor '{name}': {NOT_SIZED}" for name in self._tensors.not_sized()]
        return tuple(dict.fromkeys(lines))

    @cached_property
    def assumed(self) -> Mapping[str, Sequence[str]]:
        """What was assumed of tensors whose fields are exact: their names by what it is."""
        return self._tensors.assumed()

    @cached_property
    def inexact(self) -> int:
        """How many of `tensors` see at most what they show."""
        return self._tensors.inexact()

    @cached_property
    def joins(self) -> tuple[tuple[str, str, int, tuple[Fraction, ...]], ...]:
        """Misaligned joins: (tensor, input, axis, centres at position 0 of the paths that meet there)."""
        first = len(self._program.inputs)
        found = []
        for tensor, column in self._result.misaligned_joins:
            centers = tuple(Fraction(*c) for c in self._result.centers(tensor + first, column))
            found.append((named_by(self._program.tensors[tensor].name), *self._axes[column], centers))
        return tuple(found)

    def misaligned(self, tensor: str, input: str, axis: int) -> bool:
        """Whether branches that look at different places met on the way to a tensor, and not by design.

        Those of a causal net differ in centre, for they share their ends: where a tensor, or every output, is proven to see
        nothing after its own position, they are not meant. A gate over everything (squeeze-and-excitation) hides no branch:
        what it scales has a place still.

        Args:
            tensor, input, axis: as in `intervals`.
        """
        if self.tensors[tensor].fields[input, axis].aligned or (input, axis) not in self.windowed:
            return False
        return not (self.time.only_past(tensor, input, axis) or (input, axis) in self._causal_throughout)

    @cached_property
    def _causal_throughout(self) -> frozenset[tuple[str, int]]:
        """Axes of which no output sees anything after its own position."""
        outputs = [name for name in self.outputs if name in self.tensors]
        depend = {pair: [name for name in outputs if self.time.depends(name, *pair)] for pair in self.windowed}
        return frozenset(
            pair for pair, names in depend.items() if names and all(self.time.only_past(name, *pair) for name in names)
        )

    @cached_property
    def globals(self) -> tuple[tuple[str, str, int], ...]:
        """Operators that take a whole spatial axis, or all of time, into each position: (tensor, input, axis), in order.

        A pooling to one pixel, attention over all tokens, a normalisation over space, a recurrent layer of both directions; also
        where everything was seen before. What is known only as "at most" is among them: `tensors[tensor].exact` tells.
        """
        return self.globals_along([*self.windowed, *self.time.known.items()])

    def globals_along(self, pairs: Sequence[tuple[str, int]]) -> tuple[tuple[str, str, int], ...]:
        """The same along any axes (input, axis)."""
        from rfonnx.analysis.derive.whole import takes_whole

        steps = [
            (named_by(self._program.tensors[tensor].name), *self._axes[column])
            for tensor, column in self._result.global_steps
        ]
        return takes_whole(self, self._program, self.time.walks, pairs, steps)

    @cached_property
    def local(self) -> Analysis:
        """The same model by windows alone: what operators of `globals` take over a whole axis reads nothing here.

        Norms over positions leave what they normalise in its place. Itself where there are no such operators.
        """
        return self.by_windows({name for name, *_ in self.globals})

    def by_windows(self, taken: Collection[str]) -> Analysis:
        """The same model, in which tensors of these names read nothing; convolutions among them are left as they are."""
        from rfonnx.analysis.derive.local import without

        program = without(self._program, taken)
        if program is self._program:
            return self
        return Analysis(self._graph, program, propagated(self._graph.name, program), _gone, self._batch_axes)

    @cached_property
    def advice(self) -> Advice:
        """What fields tell of the design at this size: layers that add no context, gates, and how much of fields is padding.

        It is structure alone: no accuracy was measured.
        """
        from rfonnx.analysis.derive.idle import advice

        return advice(self)

    def object_rates(self, sizes: Sequence[Sequence[int]], input: str | None = None) -> tuple[objects.ObjectRate, ...]:
        """How many objects of these sizes one position sees whole, each wherever it lies in an input.

        Args:
            sizes: of each object, positions along each axis of the input that windows slide along.
            input: the input's name; None: the first that windows slide along.

        Returns:
            Of each output that sees the input, and of the layer with the largest field by windows alone, if that is none of them.

        Raises:
            QueryError: windows slide along no axis of the input, or along another number of axes than a size has.
        """
        name = input if input is not None else next((pair[0] for pair in self.windowed), "")
        axes = [axis for other, axis in self.windowed if other == name]
        asked = [tuple(size) for size in sizes]
        if not axes:
            raise QueryError(f"{self.model.name}: windows slide along no axis of input '{name}'", "name another input")
        if wrong := next((size for size in asked if len(size) != len(axes)), None):
            raise QueryError(
                f"{self.model.name}: an object of {shape_text(wrong)} in input '{name}', slid along {axes_text(axes)}",
                "give a size for each of them",
            )
        outputs = [one for one in dict.fromkeys(self.outputs) if one in self.tensors]
        found = [
            objects.object_rate(self, one, name, axes, asked)
            for one in outputs
            if self.time.depends(one, name, axes[0])
        ]
        deepest = self.advice.deepest.get(name)
        if deepest is not None and deepest not in outputs:
            found.append(objects.object_rate(self.local, deepest, name, axes, asked, by_windows=True))
        return tuple(found)

    def figures(self, pairs: Sequence[tuple[str, int]]) -> Figures:
        """Sizes and coverage of all tensors at once, where a `TensorField` of each would be too much."""
        columns = [self._axes.index(pair) for pair in pairs]
        s = {name: self._summaries[name][:, columns].T for name in FIGURES}
        reaches, seen = np.greater_equal(s["coverage"], 1), np.not_equal(s["kind"], KINDS.index("none"))
        exact = [True] * len(self._program.inputs) + list(self._tensors.exact)
        return Figures(s["size"].tolist(), reaches.tolist(), seen.tolist(), exact)

    def changing_along(self, pairs: Sequence[tuple[str, int]]) -> list[str]:
        """Tensors whose fields along some (input, axis), number of elements or exactness differ from those of the tensor before.

        Which axis of the tensor walks makes no difference.
        """
        return self._tensors.changing([self._axes.index(pair) for pair in pairs])

    def kinds_along(self, pairs: Sequence[tuple[str, int]]) -> set[Kind]:
        """The kinds of the fields of all tensors along some (input, axis)."""
        return self._tensors.kinds([self._axes.index(pair) for pair in pairs])

    @cached_property
    def windowed(self) -> tuple[tuple[str, int], ...]:
        """The (input, axis) pairs that windows slide along, the spatial axes. States and caches of earlier calls have none."""
        slid = self._slid_as("local", "periodic", "block")
        return tuple(pair for pair in slid if pair[0] not in self.time.axes.states)

    @cached_property
    def slid(self) -> tuple[tuple[str, int], ...]:
        """The (input, axis) pairs along which some tensor slides steadily, with more than one position in view."""
        return self._slid_as("local", "periodic")

    def slides(self, pair: tuple[str, int]) -> npt.NDArray[np.bool_]:
        """By source (inputs, then the tensors of the program): whether its positions see nothing of an input's axis, or a window
        slides along it from one of them to the next; then none is told to see the whole axis."""
        column = self._axes.index(pair)
        kind, walked = self._summaries["kind"][:, column], self._walked[:, column]
        return np.asarray(_is_kind(kind, "none") | (_is_kind(kind, "local", "periodic") & (walked > 1)))

    def _slid_as(self, *kinds: Kind) -> tuple[tuple[str, int], ...]:
        wide = self._summaries["size"] > 1
        seen = np.any(_is_kind(self._summaries["kind"], *kinds) & wide & (self._walked > 1), axis=0).tolist()
        return tuple(pair for pair, slid in zip(self._axes, seen, strict=True) if slid)

    @cached_property
    def _walked(self) -> Int64:
        """By source and column: how long the axis of the source is that walks along the column's; 1 where none does."""
        shapes = [shape for _, shape in self._program.inputs] + [tensor.shape for tensor in self._program.tensors]
        rows = {shape: row for row, shape in enumerate(dict.fromkeys(shapes))}
        longest = max(map(len, rows), default=0)
        lengths = np.ones((len(rows), longest + 1), np.int64)
        for shape, row in rows.items():
            lengths[row, : len(shape)] = shape
        axes = self._summaries["tensor_axis"]
        own = np.array([rows[shape] for shape in shapes], np.int64).reshape(-1, 1)
        return lengths[own, np.where(axes < 0, longest, axes)]

    @cached_property
    def twins(self) -> Mapping[tuple[str, int], tuple[str, int]]:
        """Pairs of (input, axis) that windows slide along, and the one before, along which all tensors see the same, their axes
        exchanged."""
        return {pair: exchange.first for pair, exchange in self._exchanges.items()}

    @cached_property
    def _exchanges(self) -> dict[tuple[str, int], Exchange]:
        from rfonnx.analysis.derive.exchange import exchanges

        return exchanges(self._program, self.windowed)

    @cached_property
    def facts(self) -> Mapping[str, OutputFacts]:
        """By output: batch independence, lookahead and context along time, equivariance to shifts, positional constants.

        Worked out when first asked for. A model whose batch is open and of one sample is read and analysed again with two.
        """
        from rfonnx.analysis.derive import facts

        return facts(self, self._graph, self._program, self.time, self.batches, self._exchanges)

    @cached_property
    def batch_axes(self) -> dict[str, int | None]:
        """The axis of each input that counts samples, known or presumed; None: it has none. Inputs of which nothing tells are
        missing. Names suffice mostly, and then nothing is analysed again."""
        from rfonnx.analysis.derive.batch_axis import named_axes

        named = named_axes(self._graph.declared, self._batch_axes)
        axes = named if all(name in named for name in self.inputs) else self.batches.axes
        return {name: one.axis for name, one in axes.items()}

    @cached_property
    def batches(self) -> batch_axis.Batches:
        """Which axes of the inputs count samples, and what tells."""
        from rfonnx.analysis.derive.batch_search import find

        return find(self, self._graph, self._batch_axes, self._again)

    @cached_property
    def time(self) -> time.Time:
        """What tensors see along time: which axis of an input that is, and how far they look."""
        from rfonnx.analysis.derive.time import Time

        return Time(self, self._graph, self._program)

    def intervals(
        self,
        tensor: str,
        input: str,
        axis: int,
        clip: bool = True,
        positions: Sequence[slice | Int64] | None = None,
    ) -> tuple[Int64, Int64]:
        """Interval of every position of a tensor along one input axis, or of some.

        Args:
            tensor: a tensor computed from an input, or an input.
            input: the input's name.
            axis: the input's axis; negative counts from the end.
            clip: only real positions of the input; otherwise borders are extrapolated.
            positions: by axis of the tensor, which may be long, a slice, or positions in any order: only these are laid out;
                None: all.

        Returns:
            lo, hi: int64 arrays that broadcast to the shape of the positions; `hi < lo` where nothing is read.

        Raises:
            QueryError: no such tensor, input or axis, or not one slice or list of positions per axis.
            ShapeError: too many positions to lay out.
        """
        source, column = self._lookup.source(tensor), self._lookup.column(input, axis)
        with self._laid_out(tensor):
            if positions is None:
                return self._result.intervals(source, column, clip)
            wanted = self._lookup.positions(tensor, positions)
            ranges = [(part.start if part else 0, len(part), part.step) for part in wanted if isinstance(part, range)]
            if len(ranges) == len(wanted):
                return self._result.intervals(source, column, clip, ranges)
            return self._result.intervals_at(source, column, clip, [np.asarray(part, np.int64) for part in wanted])

    def reaching(self, tensor: str, input: str, axis: int) -> tuple[int, int]:
        """How many positions of a tensor see an input axis from border to border, and of how many: those of `intervals`.

        Args:
            tensor, input, axis: as in `intervals`.

        Raises:
            QueryError, ShapeError: as in `intervals`.
        """
        source, column = self._lookup.source(tensor), self._lookup.column(input, axis)
        try:  # as `_laid_out`, in less time: this is asked of every layer
            return self._result.reaching(source, column)
        except ValueError as error:
            raise self._too_many(tensor, error) from None

    def landmarks(
        self, tensor: str, input: str, axis: int, along: int | None = None, period: int = 1, cuts: Sequence[int] = ()
    ) -> tuple[Landmarks, ...]:
        """Positions of a tensor that tell of all what they see along one input axis, however long the tensor's axes are.

        The least and the greatest lo and hi are among what they see, clipped or not; so is how far any position t sees before or
        behind itself, and behind `t * stride`. `intervals(..., positions=[one.positions for one in landmarks])` lays them out.

        Args:
            tensor, input, axis: as in `intervals`.
            along: the axis of the tensor whose own positions are part of what is asked.
            period, cuts: these are asked for as `t // period`, and what is asked changes at the cuts.

        Returns:
            By axis of the tensor. Of axes shorter than 1,024 that fields differ along, all positions.

        Raises:
            QueryError, ShapeError: as in `intervals`.
        """
        source, column = self._lookup.source(tensor), self._lookup.column(input, axis)
        with self._laid_out(tensor):
            found = self._result.landmarks(source, column, -1 if along is None else along, period, list(cuts))
        shape = self._lookup.shape(tensor)
        none = np.zeros(0, np.int64), np.zeros(0)
        return tuple(Landmarks(*(one if n else none)) for one, n in zip(found, shape, strict=True))

    @contextmanager
    def _laid_out(self, tensor: str) -> Iterator[None]:
        """What the core says where an answer has more positions than it lays out, as an error of ours."""
        try:
            yield
        except ValueError as error:
            raise self._too_many(tensor, error) from None

    def _too_many(self, tensor: str, error: ValueError) -> ShapeError:
        return ShapeError(f"{self.model.name}: tensor '{tensor}': {error}")

    def box(self, tensor: str, position: Sequence[int], clip: bool = True) -> Box | None:
        """What one position sees, as a box per input.

        Args:
            tensor: a tensor computed from an input, or an input.
            position: one index per axis of the tensor; negative counts from the end.
            clip: as in `intervals`.

        Returns:
            By input, `((lo, hi), ...)`, one pair per axis, of the inputs that are read, or None when none is.

        Raises:
            QueryError: no such tensor, or the position lies outside it.
        """
        source = self._lookup.source(tensor)
        bounds = self._result.box(source, self._lookup.position(tensor, position), clip)
        boxes: dict[str, list[tuple[int, int]]] = {}
        for (name, _), interval in zip(self._axes, bounds, strict=True):
            boxes.setdefault(name, []).append(interval)
        read = {name: tuple(box) for name, box in boxes.items() if all(lo <= hi for lo, hi in box)}
        return read or None

    def geometry(self, tensor: str, input: str | None = None) -> places.Geometry:
        """Where the cells of a tensor lie on an input: by axis, stride and centres, of every phase where they differ.

        Args:
            tensor: as in `box`.
            input: the input's name; None: the only one that the tensor sees.

        Raises:
            QueryError: no such tensor or input, or the tensor sees several.
            ShapeError: a shape depends on data.
        """
        return geometry.geometry(self, self._computed(tensor), input)

    def locate(self, tensor: str, cell: Sequence[int], input: str | None = None) -> tuple[places.Located, ...]:
        """Where one cell of a tensor lies on every axis of an input.

        Args:
            tensor, input: as in `geometry`.
            cell: an index for each axis of the tensor, or for those alone, longer than 1, along which fields differ; then what
                all positions of the others see together counts. Negative ones count from the end.

        Raises:
            QueryError: as `geometry`; or there is no such cell.
            ShapeError: a shape depends on data.
        """
        return geometry.locate(self, self._computed(tensor), cell, input)

    def _computed(self, tensor: str) -> str:
        """The name of a tensor that is computed."""
        index = self._lookup.source(tensor) - len(self._program.inputs)
        if index < 0:
            raise QueryError(f"{self.model.name}: '{tensor}' is an input", "ask for a tensor that is computed from it")
        return self._program.tensors[index].name

    def support(self, tensor: str, position: Sequence[int], input: str) -> npt.NDArray[np.bool_]:
        """Exactly which input positions can reach one position: the holes inside its box show.

        Args:
            tensor, position: as in `box`.
            input: the input's name.

        Returns:
            bool array of the input's shape.

        Raises:
            QueryError: no such tensor or input, or the position lies outside the tensor.
            ShapeError: the input has too many positions to lay out.
        """
        found = self.reads(tensor, position, input)
        with self._laid_out(tensor):
            return core_patches.laid_out(found, np.bool_)

    def reads(self, tensor: str, position: Sequence[int], input: str) -> results_reads.Reads:
        """What `support` says, as boxes of positions, however long the input's axes are.

        Args:
            tensor, position, input: as in `support`.

        Raises:
            QueryError: as in `support`.
            ShapeError: what is read differs at too many positions.
        """
        return self._read_back(self._result.support, tensor, position, input, np.bool_)

    def shares(self, tensor: str, position: Sequence[int], input: str) -> results_reads.Reads:
        """What `paths` says, as boxes of positions, however long the input's axes are; the sum is not made 1.

        Args:
            tensor, position, input: as in `support`.

        Raises:
            QueryError, ShapeError: as in `reads`.
        """
        return self._read_back(self._result.paths, tensor, position, input, np.float64)

    def _read_back(
        self,
        walk: Callable[[int, list[int], int], core_patches.Patches],
        tensor: str,
        position: Sequence[int],
        input: str,
        kind: type[np.bool_ | np.float64],
    ) -> results_reads.Reads:
        """What one of the core's walks back from a position finds in an input."""
        source = self._lookup.source(tensor)
        place, number = self._lookup.position(tensor, position), self._lookup.input(input)
        with self._laid_out(tensor):
            found = walk(source, place, number)
        return core_patches.reads_of(found, self._program.inputs[number][1], kind)

    def seeing(self, tensor: str, origin: Sequence[int], input: str) -> tuple[results_reads.Reads, tuple[int, ...]]:
        """Which positions of a tensor have a position of an input in their box: a superset of those that read it.

        Args:
            tensor, input: as in `support`.
            origin: an index for each axis of the input.

        Returns:
            The positions, and along which axes of the tensor they differ.

        Raises:
            QueryError: no such tensor or input, or the origin lies outside the input.
            ShapeError: too many positions differ.
        """
        source, place = self._lookup.source(tensor), self._lookup.position(input, origin)
        columns = [self._lookup.column(input, axis) for axis in range(len(place))]
        with self._laid_out(tensor):
            return core_patches.seeing(self._result, source, columns, place, self._lookup.shape(tensor))

    def paths(self, tensor: str, position: Sequence[int], input: str) -> npt.NDArray[np.float64]:
        """The effective field that uniform weights would give (Luo et al. 2016, section 2.1).

        Every operator splits a position's share equally over what it reads, and a join hands it to each operand.

        Args:
            tensor, position, input: as in `support`.

        Returns:
            float64 array of the input's shape that sums to 1, or to 0 when nothing is read.

        Raises:
            QueryError, ShapeError: as in `support`.
        """
        found = self.shares(tensor, position, input)
        with self._laid_out(tensor):
            whole = core_patches.laid_out(found, np.float64)
        if whole.any():
            whole /= whole.max()
            whole /= whole.sum()
        return whole

    def explain(self, tensor: str, input: str, axis: int) -> tuple[ExplainStep, ...]:
        """Which operators made a field this large, from the input to the tensor.

        The chain runs back from the position with the largest field, always to the largest field among those that are read:
        at a concat, through the branch that makes the size. What the steps added sums to the tensor's size less 1.

        Args:
            tensor, input, axis: as in `intervals`.

        Raises:
            QueryError: no such tensor, input or axis.
        """
        return explain(self._program, self._result, self._lookup.source(tensor), self._lookup.column(input, axis))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, in the layout of `rfonnx report --format json`."""
        return analysis_to_dict(self)

    def to_frame(self) -> pandas.DataFrame:
        """One row per tensor and input axis. Needs pandas.

        Raises:
            QueryError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise QueryError("to_frame needs pandas, which is not installed", "pip install pandas") from None
        return pandas.DataFrame(list(flat_rows(self.tensors.values())))
