"""From a model to its fields: loads, lowers, lets the core propagate, and answers questions about the result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rfonnx import _core
from rfonnx.access.lower import Program, lower
from rfonnx.errors import ModelError, QueryError, ShapeError
from rfonnx.explanation import explain
from rfonnx.graph import Graph, load
from rfonnx.plain import analysis_to_dict, flat_rows
from rfonnx.results import AxisField, ExplainStep, Kind, ModelInfo, OutputFacts, Shape, TensorField

if TYPE_CHECKING:
    import numpy.typing as npt
    import onnx
    import pandas

    Int64 = npt.NDArray[np.int64]
Box = dict[str, tuple[tuple[int, int], ...]]

_KINDS: tuple[Kind, ...] = ("none", "local", "periodic", "block", "global")
LONGEST_AXIS = 2**22
"""Positions of the longest input axis: the core's tables hold one entry per position (kLargestTable in cpp/term.hpp)."""

_WIDENED = "an interval table outgrew its limit and was widened; a smaller input shape gives exact intervals"


def analyze(
    model: str | os.PathLike[str] | bytes | onnx.ModelProto,
    shapes: Mapping[str, Sequence[int] | int] | None = None,
    weights: Literal["structure", "values"] = "structure",
) -> Analysis:
    """Find what every tensor of a model can see of its inputs.

    Args:
        model: an ONNX file, its bytes, or a ModelProto. Weights are not read, unless `weights` asks for it.
        shapes: shapes by input name, `{"input": (1, 3, 224, 224)}`, or lengths by symbolic dimension, `{"H": 512}`. A symbolic
            first dimension (the batch) is 1 when it is not given.
        weights: "structure" takes every weight as non-zero; "values" reads them, and a kernel tap that is zero in all
            filters reads nothing.

    Raises:
        ModelError: the file is not a model that can be read.
        ShapeError: a dimension is unbound, or a given shape contradicts the file.
    """
    graph = load(model, shapes)
    program = lower(graph, weights)
    for name, shape in program.inputs:
        if max(shape, default=0) > LONGEST_AXIS:
            text = "x".join(map(str, shape))
            raise ShapeError(
                f"{graph.name}: input '{name}' of shape {text} has an axis longer than {LONGEST_AXIS} positions",
                "bind a shorter one: the field of an inner position does not depend on it",
            )
    try:
        result = _core.run(list(program.inputs), [(t.name, t.shape, t.paths, t.exact) for t in program.tensors])
    except (OverflowError, ValueError) as error:
        raise ModelError(
            f"{graph.name}: {error}", "bind smaller input shapes, or check the model's attributes"
        ) from error
    except MemoryError:
        raise ModelError(f"{graph.name}: its tables do not fit into memory", "bind smaller input shapes") from None

    def again(other: Mapping[str, Sequence[int]]) -> Analysis:
        return analyze(model, other, weights)

    return Analysis(graph, program, result, again)


class Analysis:
    """What every tensor of a model sees of its inputs. Intervals are closed and count positions from 0."""

    def __init__(
        self,
        graph: Graph,
        program: Program,
        result: _core.Result,
        again: Callable[[Mapping[str, Sequence[int]]], Analysis],
    ) -> None:
        self._graph = graph
        self._program = program
        self._result = result
        self._again = again
        self._source = {name: i for i, (name, _) in enumerate(program.inputs)}
        for i, tensor in enumerate(program.tensors, len(program.inputs)):
            self._source[tensor.name] = i
        self._axes = [(program.inputs[source][0], axis) for source, axis in result.axes]
        self._column = {pair: i for i, pair in enumerate(self._axes)}

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

    @cached_property
    def tensors(self) -> Mapping[str, TensorField]:
        """TensorField of every tensor computed from an input, in topological order."""
        return Tensors(self._graph, self._program, self._result, self._axes)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed, and where the answer is only an upper bound, one line each."""
        lines = list(self._graph.warnings)
        for tensor in self._program.tensors:
            if not tensor.exact:
                name = tensor.name.split("\0")[0]
                lines.append(f"tensor '{name}' ({tensor.kind}) is at most what it shows: {tensor.note}")
        inherited = False
        for tensor, widened in zip(self._program.tensors, self._result.widened, strict=True):
            if widened and not inherited:
                lines.append(f"from tensor '{tensor.name}' on: {_WIDENED}")
                inherited = True
        return tuple(dict.fromkeys(lines))

    @cached_property
    def joins(self) -> tuple[tuple[str, str, int, tuple[Fraction, ...]], ...]:
        """Misaligned joins: (tensor, input, axis, centres at position 0 of the paths that meet there)."""
        first = len(self._program.inputs)
        found = []
        for tensor, column in self._result.misaligned_joins:
            centres = tuple(Fraction(*c) for c in self._result.centres(tensor + first, column))
            found.append((self._program.tensors[tensor].name.split("\0")[0], *self._axes[column], centres))
        return tuple(found)

    @cached_property
    def globals(self) -> tuple[tuple[str, str, int], ...]:
        """Operators that take a whole spatial axis into each position: (tensor, input, axis), in topological order.

        A pooling to one pixel, attention over all tokens, a normalisation over space; also where everything was seen before.
        """
        spatial = set(self.windowed)
        found = []
        for tensor, column in self._result.global_steps:
            name, pair = self._program.tensors[tensor].name.split("\0")[0], self._axes[column]
            # Attention in windows takes all of a window's axis, and is not global.
            if pair in spatial and self.tensors[name].fields[pair].kind == "global":
                found.append((name, *pair))
        return tuple(dict.fromkeys(found))

    @cached_property
    def windowed(self) -> tuple[tuple[str, int], ...]:
        """The (input, axis) pairs along which some tensor slides with more than one position in view: the spatial axes."""
        s = self._result.summaries()
        columns = len(self._axes)
        slides = np.isin(s["kind"], [_KINDS.index(kind) for kind in ("local", "periodic", "block")])
        wide = slides & np.greater(s["size"], 1) & np.greater_equal(s["tensor_axis"], 0)
        seen = wide.reshape(-1, columns).any(axis=0) if columns else ()
        return tuple(pair for pair, slid in zip(self._axes, seen, strict=True) if slid)

    @cached_property
    def facts(self) -> Mapping[str, OutputFacts]:
        """By output: batch independence, lookahead and context along time, equivariance to shifts, positional constants.

        Worked out when first asked for. A model whose batch is open and of one sample is read and analysed again with two.
        """
        from rfonnx.derive import facts

        return facts(self, self._graph, self._program, self._again)

    def intervals(self, tensor: str, input: str, axis: int, clip: bool = True) -> tuple[Int64, Int64]:
        """Interval of every position of a tensor along one input axis.

        Args:
            tensor: a tensor computed from an input, or an input.
            input: the input's name.
            axis: the input's axis; negative counts from the end.
            clip: only real positions of the input; otherwise borders are extrapolated.

        Returns:
            lo, hi: int64 arrays that broadcast to the tensor's shape; `hi < lo` where nothing is read.

        Raises:
            QueryError: no such tensor, input or axis.
        """
        return self._result.intervals(self._find(tensor), self._find_axis(input, axis), clip)

    def box(self, tensor: str, position: Sequence[int], clip: bool = True) -> Box | None:
        """What one position sees, as a box per input.

        Args:
            tensor: a tensor computed from an input, or an input.
            position: one index per axis of the tensor; negative counts from the end.
            clip: as in `intervals`.

        Returns:
            `{input: ((lo, hi), ...one per axis)}` of the inputs that are read, or None when none is.

        Raises:
            QueryError: no such tensor, or the position lies outside it.
        """
        source = self._find(tensor)
        bounds = self._result.box(source, self._find_position(tensor, source, position), clip)
        boxes: dict[str, list[tuple[int, int]]] = {}
        for (name, _), interval in zip(self._axes, bounds, strict=True):
            boxes.setdefault(name, []).append(interval)
        read = {name: tuple(box) for name, box in boxes.items() if all(lo <= hi for lo, hi in box)}
        return read or None

    def support(self, tensor: str, position: Sequence[int], input: str) -> npt.NDArray[np.bool_]:
        """Exactly which input positions can reach one position: the holes inside its box show.

        Args:
            tensor, position: as in `box`.
            input: the input's name.

        Returns:
            bool array of the input's shape.

        Raises:
            QueryError: no such tensor or input, or the position lies outside the tensor.
        """
        source = self._find(tensor)
        reached = self._result.support(source, self._find_position(tensor, source, position), self._find_input(input))
        shape = self._program.inputs[self._find_input(input)][1]
        return np.zeros(shape, bool) if reached is None else np.broadcast_to(reached.astype(bool), shape).copy()

    def paths(self, tensor: str, position: Sequence[int], input: str) -> npt.NDArray[np.float64]:
        """The effective field that uniform weights would give (Luo et al. 2016, section 2.1).

        Every operator splits a position's share equally over what it reads, and a join hands it to each operand.

        Args:
            tensor, position, input: as in `support`.

        Returns:
            float64 array of the input's shape that sums to 1, or to 0 when nothing is read.

        Raises:
            QueryError: as in `support`.
        """
        source = self._find(tensor)
        shares = self._result.paths(source, self._find_position(tensor, source, position), self._find_input(input))
        shape = self._program.inputs[self._find_input(input)][1]
        if shares is None:
            return np.zeros(shape)
        whole: npt.NDArray[np.float64] = np.broadcast_to(shares / shares.max(), shape).copy()
        whole /= whole.sum()
        return whole

    def explain(self, tensor: str, input: str, axis: int) -> tuple[ExplainStep, ...]:
        """Which operators made a field this large, from the input to the tensor.

        The chain runs back from the position with the largest field, at every tensor through the operand with the largest
        field. What the steps added sums to the tensor's size less 1.

        Args:
            tensor, input, axis: as in `intervals`.

        Raises:
            QueryError: no such tensor, input or axis.
        """
        return explain(self._program, self._result, self._find(tensor), self._find_axis(input, axis))

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

    def _find(self, tensor: str) -> int:
        if tensor not in self._source or "\0" in tensor:
            import difflib  # slow to import, and only wanted here

            near = difflib.get_close_matches(tensor, self._source, 3)
            hint = f"did you mean {', '.join(map(repr, near))}?" if near else "`Analysis.tensors` lists them all"
            raise QueryError(f"{self._graph.name}: no tensor '{tensor}' is computed from an input", hint)
        return self._source[tensor]

    def _find_input(self, input: str) -> int:
        if input not in self._graph.inputs:
            known = ", ".join(map(repr, self._graph.inputs))
            raise QueryError(f"{self._graph.name}: there is no input '{input}'", f"the inputs are {known}")
        return self._graph.inputs.index(input)

    def _find_axis(self, input: str, axis: int) -> int:
        rank = sum(name == input for name, _ in self._axes)
        column = self._column.get((input, axis + rank if axis < 0 else axis))
        if column is None:
            known = ", ".join(f"'{name}' (rank {len(shape)})" for name, shape in self._program.inputs)
            raise QueryError(
                f"{self._graph.name}: there is no axis {axis} of an input '{input}'", f"the inputs are {known}"
            )
        return column

    def _find_position(self, tensor: str, source: int, position: Sequence[int]) -> list[int]:
        inputs = len(self._program.inputs)
        shape = self._program.inputs[source][1] if source < inputs else self._program.tensors[source - inputs].shape
        if len(position) != len(shape) or not all(-n <= p < n for p, n in zip(position, shape, strict=True)):
            raise QueryError(
                f"{self._graph.name}: position {tuple(position)} is not in tensor '{tensor}' of shape {tuple(shape)}",
                "give one index per axis",
            )
        return [int(p) % n for p, n in zip(position, shape, strict=True)]


class Tensors(Mapping[str, TensorField]):
    """TensorField by name, made when asked for: a model may have a hundred thousand."""

    def __init__(self, graph: Graph, program: Program, result: _core.Result, axes: Sequence[tuple[str, int]]) -> None:
        self._graph = graph
        self._result = result
        self._axes = axes
        self._tensors = program.tensors
        self._first = len(program.inputs)
        self._exact = result.exact
        self._widened = result.widened
        self._notes = _notes_by_tensor(program)
        self._columns = {name: column.tolist() for name, column in result.summaries().items()}
        self._index = {t.name: i for i, t in enumerate(program.tensors) if "\0" not in t.name}
        self._made: dict[str, TensorField] = {}
        self._fields: dict[tuple[Any, ...], AxisField] = {}

    def __getitem__(self, name: str) -> TensorField:
        if name not in self._made:
            self._made[name] = self._make(name, self._index[name])
        return self._made[name]

    def _make(self, name: str, index: int) -> TensorField:
        tensor = self._tensors[index]
        notes = self._notes[index] + ((_WIDENED,) if self._widened[index] else ())
        return TensorField(
            name=name,
            shape=self._graph.shapes.get(name),
            dtype=self._graph.dtypes.get(name, ""),
            op_type=tensor.kind,
            node=tensor.node,
            exact=self._exact[index],
            notes=notes,
            fields={pair: self._field(index + self._first, column) for column, pair in enumerate(self._axes)},
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def _field(self, source: int, column: int) -> AxisField:
        """The field of one input axis; elementwise operators pass theirs on, so equal ones are one object."""
        at = source * len(self._axes) + column
        row = tuple(values[at] for values in self._columns.values())
        centres = () if self._columns["aligned"][at] else tuple(self._result.centres(source, column))
        key = (*row, centres)
        if key not in self._fields:
            self._fields[key] = _axis_field(dict(zip(self._columns, row, strict=True)), centres)
        return self._fields[key]


def _axis_field(row: Mapping[str, Any], centres: Sequence[tuple[int, int]]) -> AxisField:
    return AxisField(
        kind=_KINDS[row["kind"]],
        size=row["size"],
        size_min=row["size_min"],
        stride=Fraction(row["stride_numerator"], row["stride_denominator"]),
        period=row["period"],
        start=row["start"],
        center=Fraction(row["center_numerator"], row["center_denominator"]),
        tensor_axis=row["tensor_axis"] if row["tensor_axis"] >= 0 else None,
        coverage=row["coverage"],
        aligned=not centres,
        offsets=tuple(Fraction(*centre) for centre in centres),
    )


def _notes_by_tensor(program: Program) -> list[tuple[str, ...]]:
    """The notes on each tensor: its own, and for an inexact one where the inexactness began."""
    first = len(program.inputs)
    notes: list[tuple[str, ...]] = []
    origin: dict[int, str] = {}
    for i, tensor in enumerate(program.tensors):
        own: tuple[str, ...] = (tensor.note,) if tensor.note else ()
        if not tensor.exact:
            origin[i] = tensor.name.split("\0")[0]
        else:
            begun = next((origin[s - first] for s, _ in tensor.paths if s - first in origin), None)
            if begun is not None:
                origin[i] = begun
                own += (f"at most, because of '{begun}'",)
        notes.append(own)
    return notes
