"""An analysis made by hand, for tests of reports: nothing in it was computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from rfonnx.results.advice import Advice
from rfonnx.results.fields import AxisField, ExplainStep, Kind, OutputFacts, Shape, TensorField


def axis_field(size: int, stride: Fraction | int = 1, padding: int = 0, **changes: object) -> AxisField:
    """A local field that walks along axis 2, with what the test changes."""
    values: dict[str, object] = {
        "kind": "local",
        "size": size,
        "size_min": size,
        "stride": Fraction(stride),
        "period": 1,
        "start": -padding,
        "center": Fraction(size - 1, 2) - padding,
        "tensor_axis": 2,
        "coverage": min(1.0, size / 32),
        "aligned": True,
        **changes,
    }
    return AxisField(**values)  # type: ignore[arg-type]


def square(name: str, op_type: str, shape: Shape, one: AxisField, **changes: object) -> TensorField:
    """A tensor with the same field along rows and columns of input "x", and a global one along channels."""
    none = axis_field(1, tensor_axis=0, coverage=1.0)
    channels = axis_field(3, 0, kind="global", tensor_axis=None, coverage=1.0)
    fields = {("x", 0): none, ("x", 1): channels, ("x", 2): one, ("x", 3): one}
    values: dict[str, object] = {
        "node": "",
        "exact": True,
        "notes": (),
        "dtype": "float32",
        "fields": fields,
        **changes,
    }
    return TensorField(name=name, shape=shape, op_type=op_type, **values)  # type: ignore[arg-type]


def _looks(tensor: TensorField, pairs: Sequence[tuple[str, int]]) -> tuple[object, ...]:
    """What a row says of a tensor, and its number of elements."""
    shape = tensor.shape
    elements = shape if shape is None or None in shape else math.prod(n or 0 for n in shape)
    fields = [tensor.fields[pair] for pair in pairs if pair in tensor.fields]
    looks = [(f.kind, f.size, f.size_min, f.stride, f.start, f.center, f.aligned) for f in fields]
    return tensor.exact, elements, looks


@dataclass(frozen=True)
class FakeModel:
    name: str = "seed.onnx"
    opsets: dict[str, int] = field(default_factory=lambda: {"": 17})
    ir_version: int = 8
    producer: str = "pytest"
    nodes: int = 3


@dataclass(frozen=True)
class FakeAnalysis:
    """What reports read of an analysis."""

    tensors: dict[str, TensorField]
    outputs: tuple[str, ...]
    inputs: tuple[str, ...] = ("x",)
    input_shapes: dict[str, Shape] = field(default_factory=lambda: {"x": (1, 3, 32, 32)})
    values: dict[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    joins: tuple[tuple[str, str, int, tuple[Fraction, ...]], ...] = ()
    globals: tuple[tuple[str, str, int], ...] = ()
    windowed: tuple[tuple[str, int], ...] = (("x", 2), ("x", 3))
    past: frozenset[str] = frozenset()
    chains: dict[str, tuple[ExplainStep, ...]] = field(default_factory=dict)
    facts: dict[str, OutputFacts] = field(default_factory=dict)
    advice: Advice = field(default_factory=lambda: Advice((), (), (), {}))
    model: FakeModel = field(default_factory=FakeModel)
    twins: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)

    @property
    def inexact(self) -> int:
        return sum(not tensor.exact for tensor in self.tensors.values())

    @property
    def assumed(self) -> dict[str, list[str]]:
        exact = [tensor for tensor in self.tensors.values() if tensor.exact]
        notes = dict.fromkeys(note for tensor in exact for note in tensor.notes)
        return {note: [tensor.name for tensor in exact if note in tensor.notes] for note in notes}

    def changing_along(self, pairs: Sequence[tuple[str, int]]) -> list[str]:
        told = [(tensor.name, _looks(tensor, pairs)) for tensor in self.tensors.values()]
        return [name for i, (name, looks) in enumerate(told) if i == 0 or looks != told[i - 1][1]]

    def kinds_along(self, pairs: Sequence[tuple[str, int]]) -> set[Kind]:
        return {tensor.fields[pair].kind for tensor in self.tensors.values() for pair in pairs if pair in tensor.fields}

    def misaligned(self, tensor: str, *, input: str, axis: int) -> bool:
        joined = (tensor, input, axis) in [join[:3] for join in self.joins]
        return tensor not in self.past and (joined or not self.tensors[tensor].fields[input, axis].aligned)

    def explain(self, tensor: str, *, input: str, axis: int) -> tuple[ExplainStep, ...]:
        return self.chains.get(tensor, ())


def step(tensor: str, op_type: str, size: int, added: int, **changes: object) -> ExplainStep:
    """A convolution's step, with what the test changes."""
    values: dict[str, object] = {"node": "", "jump": Fraction(1), "kernel": 1, "dilation": 1, "stride": Fraction(1)}
    return ExplainStep(tensor, size=size, added=added, op_type=op_type, **{**values, "cause": "kernel", **changes})  # type: ignore[arg-type]


def fake(tensors: list[TensorField], **changes: object) -> FakeAnalysis:
    """An analysis of these tensors; the last one is the output."""
    values: dict[str, object] = {"outputs": (tensors[-1].name,), **changes}
    return FakeAnalysis({tensor.name: tensor for tensor in tensors}, **values)  # type: ignore[arg-type]


def seed() -> FakeAnalysis:
    """conv 3, relu, conv 3, pool 2 with stride 2: a field of 6, stride 2."""
    three = axis_field(3, padding=1)
    return fake(
        [
            square("c1", "Conv", (1, 8, 32, 32), three, node="conv1"),
            square("r1", "Relu", (1, 8, 32, 32), three, node="relu1"),
            square("c2", "Conv", (1, 8, 32, 32), axis_field(5, padding=2), node="conv2"),
            square("p", "MaxPool", (1, 8, 16, 16), axis_field(6, 2, padding=2), node="pool"),
        ],
        chains={
            "p": (
                step("c1", "Conv", 3, 2, kernel=3),
                step("c2", "Conv", 5, 2, kernel=3),
                step("p", "MaxPool", 6, 1, kernel=2, stride=Fraction(2), cause="pooling"),
            )
        },
    )


HOSTILE = "\x1b[31m[red]a|b`c\n=1+1\u202e<b>@all"
"""A name with a terminal escape, rich markup, Markdown, a line break, a bidirectional override and HTML."""


def hostile() -> FakeAnalysis:
    """An analysis in which every name is `HOSTILE` or begins as a spreadsheet formula."""
    one = axis_field(3, padding=1)
    tensors = [
        square("=cmd|'/C calc'!A0", HOSTILE, (1, 8, 32, 32), one, node=HOSTILE, exact=False, notes=(HOSTILE,)),
        square(HOSTILE, "@SUM", (1, 8, 16, None), axis_field(5, 2), node="-1+1"),
    ]
    return fake(
        tensors,
        warnings=(HOSTILE,),
        joins=((HOSTILE, "x", 2, (Fraction(0), Fraction(1, 2))),),
        model=FakeModel(name=HOSTILE, producer=HOSTILE, opsets={HOSTILE: 1}),
        chains={HOSTILE: (step(HOSTILE, HOSTILE, 5, 4, kernel=5),)},
    )
