"""Running gradients: one session, many seeds and images through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rfonnx.errors import QueryError, RfonnxError, ShapeError, named
from rfonnx.gradients.build import SEED, GradientModel, build, seed_type
from rfonnx.gradients.forward import Forward
from rfonnx.gradients.lanes import find_lanes
from rfonnx.gradients.preparing.prepare import float_inputs, prepare
from rfonnx.gradients.reverse import GradientError
from rfonnx.graph.tensors import HALF, is_static
from rfonnx.graph.text import did_you_mean, quote, show_shape
from rfonnx.model import runtime
from rfonnx.model.opened import Source, opened, with_values
from rfonnx.model.reading.bind import Shapes

if TYPE_CHECKING:
    import onnxruntime

Arrays = Mapping[str, np.ndarray]

CRASHING = ("MatmulTransposeFusion",)
"""onnxruntime 1.32 dies by a segmentation fault when this optimiser meets Transpose (of the first axis), Cast to float32, MatMul:
what rules emit for recurrent operators and attention in half precision."""

SIDE_BY_SIDE = 8
"""Seeds per run: more share the forward run, fewer stay in the processor's caches. 8 was fastest or within 3% of it for
four networks between 1 and 26 million parameters (of 2, 4, 8 and 16)."""


class GradientSession:
    """Exact vector-Jacobian products of one tensor with respect to a model's inputs, in one onnxruntime session.

    Attributes:
        inputs: shape of every input that `run` wants, by name (those that the tensor does not depend on are not wanted).
        dtypes: their numpy element types, by name.
        tensor: name of the differentiated tensor.
        shape: its shape, that of a seed.
        wrt: names of the tensors whose gradients `run` gives: float inputs, then `layers`.
    """

    def __init__(
        self,
        model: Source | Forward,
        tensor: str,
        shapes: Shapes | None = None,
        *,
        layers: Sequence[str] = (),
        providers: str | Sequence[str] | None = None,
        threads: int | None = None,
        name: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Build the gradient graph and open the session.

        Args:
            model: path, bytes, ModelProto, or what `prepare(model, [tensor, *layers, ...], shapes)` gave: preparing once
                serves many tensors.
            tensor: any tensor of the model that holds floating-point numbers.
            shapes: as in `rfonnx.analyze`; a batch that is left open is 1.
            layers: tensors on the way whose gradients are wanted too.
            providers: "cuda", onnxruntime's own names, or a list; None: the CPU.
            threads: of one operator; None: one per core.
            name: what messages call the model; None: the path.
            values: what small inputs hold, as in `rfonnx.analyze`; `run` wants these inputs no more. Not with a `Forward`, which
                was prepared with its own.

        Raises:
            GradientError: an operator between the inputs and the tensor has no gradient rule.
            ModelError: the model cannot be read or run, its weights are missing.
            QueryError: the tensor is not in the model, or depends on no float input.
            ShapeError: a dimension is unbound, or the tensor's shape depends on data.
        """
        label = model.name if isinstance(model, Forward) else name or opened(model).label
        self._providers, self._threads = providers, threads
        try:
            forward = (
                model
                if isinstance(model, Forward)
                else prepare(with_values(model, values), [tensor, *layers], shapes, name)
            )
            self._set_up(forward, tensor, layers)
        except RfonnxError as error:
            raise named(error, label) from None

    def _set_up(self, forward: Forward, tensor: str, layers: Sequence[str]) -> None:
        if tensor in forward.graph.inputs:
            raise QueryError(
                f"{quote(tensor)} is an input: its gradient is the seed", "choose a tensor that is computed from it"
            )
        self.tensor = tensor
        self.wrt = (*float_inputs(forward), *layers)
        self._name = forward.name
        self._shapes = {name: _static(forward, name) for name in (*self.wrt, *forward.graph.inputs, tensor)}
        self.shape = self._shapes[tensor]
        self._forward = forward
        made = build(forward, tensor, self.wrt)
        self._made, self._session = made, self._open(made)
        self._many: onnxruntime.InferenceSession | None = None
        self.inputs = {i: self._shapes[i] for i in forward.wanted}
        self.dtypes = {i: forward.graph.dtypes[i] for i in forward.wanted}
        self._seed_type = seed_type(forward, tensor)

    def _open(self, made: GradientModel) -> onnxruntime.InferenceSession:
        half = any(dtype in HALF for dtype in self._forward.graph.dtypes.values())
        return runtime.open_session(
            made.model,
            providers=self._providers,
            threads=self._threads,
            name=self._name,
            weights=made.weights,
            without=(*runtime.ALTERING, *(CRASHING if half else ())),
        )

    @cached_property
    def _lanes(self) -> GradientModel | None:
        """The gradient graph for many seeds, or None when this graph has no axis to lay them along."""
        lanes = find_lanes(self._forward.graph, self.wrt)
        if lanes is None:
            return None
        try:
            return build(self._forward, self.tensor, self.wrt, lanes)
        except GradientError:
            return None

    @property
    def shared(self) -> bool:
        """Whether `run_many` shares one forward run between seeds; otherwise it runs once per seed."""
        return self._lanes is not None

    def run(self, inputs: Arrays, seed: np.ndarray) -> dict[str, np.ndarray]:
        """The gradient of `sum(seed * tensor)`.

        Args:
            inputs: an array per input, of the bound shape; converted to the input's element type. More than the model's
                wanted inputs may be given.
            seed: of the tensor's shape.

        Returns:
            Gradient by name in `wrt`, of that tensor's shape: float64 for float64 tensors, float32 for all others (half
            precision is accumulated in float32). Zeros where no differentiable path leads.

        Raises:
            QueryError: an input is missing.
            ShapeError: a shape does not fit, or the model cannot run on these inputs.
        """
        found = self._given_by(self._session, self._made, inputs, self._seed(seed))
        return {name: found.get(name, np.zeros(self._shapes[name], np.float32)) for name in self.wrt}

    def run_many(self, inputs: Arrays, seeds: np.ndarray) -> dict[str, np.ndarray]:
        """The same for several seeds over the same inputs, the forward run shared where the graph allows.

        Args:
            inputs: as in `run`.
            seeds: (n, *shape).

        Returns:
            (n, *shape of the tensor) by name in `wrt`.
        """
        seeds = np.asarray(seeds, self._seed_type)
        if seeds.shape[1:] != self.shape:
            raise ShapeError(
                f"{self._name}: the seeds have shape {show_shape(seeds.shape)}, but tensor {quote(self.tensor)} has"
                f" {show_shape(self.shape)}",
                "give an array of that shape with one more axis in front",
            )
        if len(seeds) < 2 or self._lanes is None:
            rows = [self.run(inputs, seed) for seed in seeds]
            return {name: np.stack([row[name] for row in rows]) for name in self.wrt}
        if self._many is None:
            self._many = self._open(self._lanes)
        parts = [
            self._side_by_side(inputs, seeds[first : first + SIDE_BY_SIDE], self._lanes, self._many)
            for first in range(0, len(seeds), SIDE_BY_SIDE)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.wrt}

    def _side_by_side(
        self, inputs: Arrays, seeds: np.ndarray, made: GradientModel, session: onnxruntime.InferenceSession
    ) -> dict[str, np.ndarray]:
        """All seeds in one run: their axis takes the place of the lane, of length 1."""
        given = self._given_by(session, made, inputs, _into_lane(seeds, made.lanes[self.tensor]))
        found = {name: _out_of_lane(value, made.lanes[name]) for name, value in given.items()}
        return {n: found.get(n, np.zeros((len(seeds), *self._shapes[n]), np.float32)) for n in self.wrt}

    def _given_by(
        self, session: onnxruntime.InferenceSession, made: GradientModel, inputs: Arrays, seed: np.ndarray
    ) -> dict[str, np.ndarray]:
        """The outputs of a run, by the tensor whose gradient they are."""
        feeds = {name: self._input(inputs, name) for name in self.inputs}
        values = runtime.run(session, list(made.outputs.values()), {**feeds, SEED: seed}, self._name)
        return dict(zip(made.outputs, values, strict=True))

    def _input(self, inputs: Arrays, name: str) -> np.ndarray:
        if name not in inputs:
            raise QueryError(
                f"{self._name}: input {quote(name)} is missing", did_you_mean(name, inputs) or "give an array for it"
            )
        value = np.asarray(inputs[name])
        if value.shape != self.inputs[name]:
            raise ShapeError(
                f"{self._name}: input {quote(name)} has shape {show_shape(value.shape)},"
                f" expected {show_shape(self.inputs[name])}",
                "give an array of that shape, or bind other shapes",
            )
        return value.astype(self.dtypes[name], copy=False)

    def _seed(self, seed: np.ndarray) -> np.ndarray:
        value = np.asarray(seed, self._seed_type)
        if value.shape != self.shape:
            raise ShapeError(
                f"{self._name}: the seed has shape {show_shape(value.shape)}, but tensor {quote(self.tensor)} has"
                f" {show_shape(self.shape)}",
                "give an array of the tensor's shape",
            )
        return value


def _into_lane(seeds: np.ndarray, lane: int) -> np.ndarray:
    """(n, ..., 1, ...) -> (..., n, ...)."""
    return np.ascontiguousarray(np.moveaxis(seeds, 0, lane + 1).squeeze(lane))


def _out_of_lane(values: np.ndarray, lane: int) -> np.ndarray:
    """The opposite."""
    return np.expand_dims(np.moveaxis(values, lane, 0), lane + 1)


def _static(forward: Forward, name: str) -> tuple[int, ...]:
    shape = forward.graph.shapes.get(name)
    if shape is None or not is_static(shape):
        raise ShapeError(
            f"{forward.name}: the shape of tensor {quote(name)} depends on data: {show_shape(shape)}",
            "choose another tensor",
        )
    return tuple(n or 0 for n in shape)
