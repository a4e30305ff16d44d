"""Random small nets over 1 to 3 axes of space, (N, C, ...): one seed, one net of a few blocks.

Shapes are those of a run: what onnxruntime refuses is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import onnx
import onnxruntime

from truth.nets import Writer

CHANNELS = 2
Rates = tuple[Fraction, ...]
Shapes = dict[str, tuple[int, ...]]
Block = Callable[["Maker", str], str]
LOCAL: list[Block] = []
"""Blocks that read near what they make."""
WHOLE: list[Block] = []
"""Blocks that read everything, tell positions apart, or ask how large the image is."""
Any_ = TypeVar("Any_")


def local(make: Block) -> Block:
    LOCAL.append(make)
    return make


def whole(make: Block) -> Block:
    WHOLE.append(make)
    return make


class Misfit(Exception):
    """The block does not fit what is there."""


@dataclass(frozen=True)
class Net:
    """A model, and how its axes belong together.

    Attributes:
        size: of the image that it was made for.
        inputs: positions per position of the image.
        strides: by output and axis: positions of the image per position; None: it does not walk steadily.
        opened: the same model with open lengths.
    """

    model: onnx.ModelProto
    opened: onnx.ModelProto
    size: tuple[int, ...]
    inputs: dict[str, Fraction]
    strides: dict[str, Rates | None]

    def shapes(self, size: tuple[int, ...]) -> Shapes:
        return {name: (1, CHANNELS, *(int(n * rate) for n in size)) for name, rate in self.inputs.items()}


def open_session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def draw(shapes: Shapes, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


class Maker:
    """A net under construction, with the lengths that its tensors have."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.w = Writer(opset=19)
        self.w.random = self.random
        self.dims = self.pick(1, 1, 2, 2, 2, 3)
        low, high = {1: (40, 90), 2: (18, 34), 3: (10, 16)}[self.dims]
        self.size = tuple(self.integer(low, high) for _ in range(self.dims))
        self.inputs = {"x": Fraction(1)}
        if self.chance(0.2):
            self.inputs["z"] = self.pick(Fraction(1), Fraction(2), Fraction(1, 2))
            self.size = tuple(n // 2 * 2 for n in self.size)
        self.lengths = {name: shape[2:] for name, shape in self.shapes().items()}
        self.strides: dict[str, Rates | None] = {name: (1 / r,) * self.dims for name, r in self.inputs.items()}
        self.factor: Rates | None = None  # what the block that is made does to the stride; None: nothing is known

    def shapes(self) -> Shapes:
        return {name: (1, CHANNELS, *(int(n * rate) for n in self.size)) for name, rate in self.inputs.items()}

    def chance(self, share: float = 0.5) -> bool:
        return bool(self.random.random() < share)

    def integer(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high, endpoint=True))

    def integers(self, low: int, high: int) -> list[int]:
        """One per axis."""
        return [self.integer(low, high) for _ in range(self.dims)]

    def pick(self, *options: Any_) -> Any_:
        return options[self.integer(0, len(options) - 1)]

    def by(self, *factors: Fraction | int) -> None:
        """The block makes strides so many times as large, by axis or along all."""
        self.factor = tuple(Fraction(f) for f in (factors * self.dims if len(factors) == 1 else factors))

    def rest_of(self, seed_share: float) -> Block:
        blocks = WHOLE if self.chance(seed_share) else LOCAL
        return blocks[self.integer(0, len(blocks) - 1)]

    def make(self, blocks: int, share: float) -> Net:
        """`blocks` blocks, one after the other or beside each other, a `share` of them of the kind that needs the whole."""
        made = list(self.inputs)
        attempts, wanted = 0, len(made) + blocks
        while len(made) < wanted and attempts < 40:
            attempts += 1
            source = made[-1] if self.chance(0.75) else made[self.integer(0, len(made) - 1)]
            mark = len(self.w.nodes), len(self.w.weights)
            self.by(1)
            try:
                result = self.rest_of(share)(self, source)
                self.lengths[result] = self.measure(result)
            except Exception:  # onnxruntime raises classes of its own
                del self.w.nodes[mark[0] :], self.w.weights[mark[1] :]
                continue
            made.append(result)
            before = self.strides[source]
            both = before is not None and self.factor is not None
            self.strides[result] = tuple(a * b for a, b in zip(before, self.factor, strict=True)) if both else None  # type: ignore[arg-type]
        shown = {f"y{i}": name for i, name in enumerate(self.leaves(made))}
        strides = {name: self.strides[source] for name, source in shown.items()}
        openly = {name: (1, CHANNELS, *(f"{name}{i}" for i in range(self.dims))) for name in self.inputs}
        opened = self.finished(openly, shown)
        model = opened if self.chance(0.6) else self.finished(self.shapes(), shown)
        return Net(model, opened, self.size, self.inputs, strides)

    def finished(self, inputs: Mapping[str, tuple[int | str, ...]], shown: dict[str, str]) -> onnx.ModelProto:
        writer = Writer(opset=19)
        writer.nodes, writer.weights = list(self.w.nodes), list(self.w.weights)
        return writer.finish(inputs, shown)

    def measure(self, name: str) -> tuple[int, ...]:
        """The lengths of a tensor, which must be (1, C, ...), finite and small."""
        session = open_session(self.finished(self.shapes(), {"y": name}))
        value = session.run(None, draw(self.shapes()))[0]
        if value.shape[:2] != (1, CHANNELS) or value.ndim != 2 + self.dims or not min(value.shape[2:]) >= 1:
            raise Misfit
        if (
            max(value.shape[2:]) > 3 * max(self.size)
            or not np.isfinite(value).all()
            or not 1e-3 < abs(value).max() < 1e3
        ):
            raise Misfit
        return tuple(value.shape[2:])

    def leaves(self, made: list[str]) -> list[str]:
        """Blocks that nothing reads, and now and then one in the middle."""
        read = {name for node in self.w.nodes for name in node.input}
        last = [name for name in made if name not in self.inputs]
        found = [name for name in last if name not in read or self.chance(0.12)]
        return found or last[-1:] or made[:1]

    def spatial(self, x: str) -> str:
        """The lengths of a tensor as the net itself finds them, int64."""
        return self.w.op("Slice", self.w.op("Shape", x), self.w.ints(2), self.w.ints(9))

    def length(self, x: str, axis: int) -> str:
        """One of them, a scalar."""
        return self.w.op("Gather", self.w.op("Shape", x), self.w.const(axis, np.int64))

    def mixed(self, x: str) -> str:
        """A 1x1 convolution to the usual channels."""
        channels = 2 * CHANNELS
        return self.w.op("Conv", x, self.w.normal(CHANNELS, channels, *[1] * self.dims))

    def attrs(self) -> dict[str, Any]:
        """Padding of a window: by number, or by the rules of TensorFlow."""
        if self.chance(0.25):
            return {"auto_pad": self.pick("SAME_UPPER", "SAME_LOWER", "VALID")}
        return {}
