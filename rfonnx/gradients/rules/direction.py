"""One direction of a recurrent operator: its weights, tensors, activations, and steps along time. Letters as in `recurrent`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rfonnx.gradients.answers import Unsupported
from rfonnx.gradients.loops import Step, scan
from rfonnx.gradients.op import Op
from rfonnx.gradients.rules.shared import positive
from rfonnx.gradients.values import Value


@dataclass(frozen=True, slots=True)
class Activation:
    """A function, and its slope as a function of the function's value."""

    function: Callable[[Value], Value]
    slope: Callable[[Value], Value]


_ACTIVATIONS = {
    "Sigmoid": Activation(lambda x: x.emit("Sigmoid", x), lambda y: y * (1.0 - y)),
    "Tanh": Activation(lambda x: x.emit("Tanh", x), lambda y: 1.0 - y * y),
    "Relu": Activation(lambda x: x.emit("Relu", x), positive),
    "HardSigmoid": Activation(
        lambda x: x.emit("HardSigmoid", x, alpha=0.2, beta=0.5), lambda y: positive(y * (1.0 - y)) * 0.2
    ),
}


class Direction:
    """One direction of a recurrent operator: its weights, its tensors as (T, B, ...), and the order of its steps."""

    def __init__(self, op: Op, index: int, gates: int) -> None:
        self.op = op
        self.index = index
        self.backward = op.attrs.get("direction", "forward") == "reverse" or index == 1
        self.hidden = op.shape(2)[2]
        self.steps, self.batch = (op.shape()[1], op.shape()[0]) if batch_first(op) else op.shape()[:2]
        self.w = self.part(op.x(1), 0)
        self.r = self.part(op.x(2), 0)
        self.bias = (
            self.part(op.x(3), 0) if op.has(3) else op.emit.constant(np.zeros(2 * gates * self.hidden, self.w.dtype))
        )
        self.x = time_first(op, op.x(), 3)
        self.running = self._running()
        self.y = self.part(time_first(op, op.demand(0), 4), 1)

    def _running(self) -> Value | None:
        """1 at the steps of each sequence and 0 behind its end, (T, B, 1); None when all run to the last step."""
        if not self.op.has(4):
            return None
        known = self.op.value(4)
        if known is not None and (known == self.steps).all():
            return None
        emit = self.op.emit
        place = emit.constant(np.arange(self.steps, dtype=np.int32).reshape(-1, 1, 1))
        return emit("Less", place, self.op.x(4).reshape([1, self.batch, 1])).cast(self.w.dtype)

    def scan(
        self, step: Step, states: list[Value], inputs: list[Value], backwards: bool = False
    ) -> tuple[list[Value], list[Value]]:
        """A step along time, in this direction or on the way back; inputs and outputs in the order of time.

        Behind the end of a sequence states stay as they are, and outputs are the states (or zeros, on the way back).
        """
        given = [self.ordered(v, backwards) for v in inputs]
        if self.running is None:
            last, outputs = scan(self.op.emit, step, states, given)
        else:

            def masked(before: list[Value], now: list[Value]) -> tuple[list[Value], list[Value]]:
                run = now[0]
                after, made = step(before, now[1:])
                kept = [b + (a - b) * run for a, b in zip(after, before, strict=True)]
                return kept, [m * run for m in made] if backwards else kept

            last, outputs = scan(self.op.emit, masked, states, [self.ordered(self.running, backwards), *given])
        return last, [self.ordered(v, backwards) for v in outputs]

    def part(self, value: Value, axis: int) -> Value:
        """This direction's slice of an axis of directions, which is dropped."""
        return value.slice(axis, self.index, self.index + 1).squeeze([axis])

    def initial(self, index: int) -> Value:
        """The initial state that input `index` gives, (1, B, H); zeros when it is left out."""
        if not self.op.has(index):
            return self.op.emit.constant(np.zeros((1, self.batch, self.hidden), self.w.dtype))
        state = self.op.x(index).transpose([1, 0, 2]) if batch_first(self.op) else self.op.x(index)
        return state.slice(0, self.index, self.index + 1)

    def before(self, states: Value, initial: Value) -> Value:
        """Every step's previous state."""
        if self.steps == 1:
            return initial
        emit = self.op.emit
        if self.backward:
            after = states.slice(0, 1, self.steps)
            if self.running is not None:
                after = initial + (after - initial) * self.running.slice(0, 1, self.steps)
            return emit.concat([after, initial], 0)
        return emit.concat([initial, states.slice(0, 0, self.steps - 1)], 0)

    def ordered(self, value: Value, backwards: bool = False) -> Value:
        """In the order of the steps, or of the way back; the same call undoes it."""
        return value.reversed([0]) if self.backward != backwards else value

    def activations(self, defaults: list[str]) -> list[Activation]:
        """This direction's functions."""
        attrs = self.op.attrs
        names = attrs.get("activations") or defaults * (self.index + 1)
        chosen = names[self.index * len(defaults) : (self.index + 1) * len(defaults)]
        if any(name not in _ACTIVATIONS for name in chosen) or attrs.get("activation_alpha") or attrs.get("clip"):
            raise Unsupported(f"its activations are {chosen}, or have parameters or a clip")
        return [_ACTIVATIONS[name] for name in chosen]

    def weights(self, matrix: Value, gate: int) -> Value:
        """Rows of one gate."""
        return matrix.slice(0, gate * self.hidden, (gate + 1) * self.hidden)

    def arriving(self) -> tuple[Value, Value, Value]:
        """Gradients of this direction's output at every step (T, B, H), of the last one and of the last cell (B, H)."""
        op = self.op
        every, last, cell = (*op.gradients, None, None)[:3]
        found = None if every is None else self.part(time_first(op, every, 4), 1)
        finals = [
            None if v is None else self.part(v.transpose([1, 0, 2]) if batch_first(op) else v, 0) for v in (last, cell)
        ]
        known = next(
            v for v in (*finals, None if found is None else found.slice(0, 0, 1).squeeze([0])) if v is not None
        )
        none = zeros_like(known)
        if found is None:
            found = none.expand([self.steps, 1, 1])
        return found, finals[0] or none, finals[1] or none


def zeros_like(value: Value) -> Value:
    """Zeros of a value's shape."""
    return value.emit("Expand", value.emit.scalar(0.0, value.dtype), value.emit.shape_of(value))


def batch_first(op: Op) -> bool:
    """Whether layout is 1."""
    return bool(op.attrs.get("layout", 0))


def time_first(op: Op, value: Value, rank: int) -> Value:
    """(T, [D,] B, n), from (B, T, [D,] n) in layout 1."""
    if not batch_first(op):
        return value
    return value.transpose([1, 0, 2] if rank == 3 else [1, 2, 0, 3])
