"""The offline model, ready to be rewritten: one opset, whole weights, and its graph at several lengths of the streamed axis."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, numpy_helper

from rfonnx.analysis.analyze import Lowered, lowered
from rfonnx.errors import ModelError, QueryError, RfonnxError, ShapeError
from rfonnx.gradients.preparing.large_weights import LightModel, lighten
from rfonnx.gradients.preparing.opset import raise_opset
from rfonnx.gradients.preparing.prepare import prune
from rfonnx.graph.nodes import Graph
from rfonnx.graph.order import reads
from rfonnx.graph.tensors import is_static
from rfonnx.graph.text import quote
from rfonnx.model.building.normal import Normal
from rfonnx.model.building.unroll import STEPS
from rfonnx.model.opened import Opened, with_free, with_limits
from rfonnx.model.reading.bind import Shapes, tensor_of
from rfonnx.streaming.loops import as_scans

FIXED = "the file fixes the length of the streamed axis: that what it does does not depend on the length is assumed"
FREED = "the file fixes the length of the streamed axis; the network takes others, and was looked at and run at those"
SEEN = 3
FURTHER = (1, 2, 4, 8, 16, 32, 64, 40, 60, 80, 160, 256, 320, 640)
"""A model is looked at as many frames further, until it was looked at `SEEN` lengths."""
LENGTHS = (96, 768, 3072, 6144, 49152)
"""Frames at which an open model is looked at: the first at which all its tensors have a few, and all bands an end."""
ODD = tuple(range(769, 776))
"""The same for models that take none of these: groups of frames behind a crop need other remainders."""
WIDEST = 3072
"""The most frames of which it is asked which of them sees which."""

Asked = str | Sequence[str] | Mapping[str, int | None] | None
"""Which inputs are streamed, maybe each with its axis of frames; None: the only one."""


@dataclass(frozen=True)
class Source:
    """A model that is to be streamed.

    Attributes:
        model: as opened.
        offline: what streams are held against: the model, untouched, or the part of it that the wanted tensors need.
        proto: the same in one opset, with its weights, down to the outputs that are wanted.
        ready: `proto`, opened.
        streamed: the inputs that are streamed, all as many frames at a time, and the axis of each one's frames.
        views: graph and access program by length of the streamed axis; the first is that which is planned with.
        shapes: of the inputs at that length.
        fixed: whether it can be run at one length only.
        assumptions: a line each.
        pinned: its loops run as often as the file says, whatever the length.
        stored: weights and other tensors of `proto`, by name.
        cache: keys that queries of attention without a bound see here; 0: it was left as it is.
        narrowed: with a cache, tensors whose frames are such keys.
        untouched: with a cache or a steady start, the model as it was given; None: that is `offline`.
        differs: with a steady start, by output, how many of its first frames may be other than the given model's; -1: all.
    """

    model: Opened
    offline: Opened
    proto: ModelProto
    ready: Opened
    streamed: Mapping[str, int]
    views: Mapping[int, Lowered]
    shapes: Mapping[str, tuple[int, ...]]
    fixed: bool
    assumptions: tuple[str, ...]
    stored: Mapping[str, TensorProto] = field(repr=False)
    pinned: bool = False
    cache: int = 0
    narrowed: tuple[str, ...] = ()
    untouched: Opened | None = None
    differs: Mapping[str, int] = field(default_factory=dict)

    @property
    def input(self) -> str:
        """The first input that is streamed."""
        return next(iter(self.streamed))

    @property
    def axis(self) -> int:
        """Its axis of frames."""
        return self.streamed[self.input]

    @property
    def length(self) -> int:
        """The length that is planned with."""
        return self.shapes[self.input][self.axis]

    @property
    def graph(self) -> Graph:
        """At that length."""
        return self.views[self.length].graph

    @cached_property
    def nodes(self) -> Mapping[str, NodeProto]:
        """The nodes of the file by their first outputs."""
        return {next((name for name in node.output if name), ""): node for node in self.proto.graph.node}

    @cached_property
    def makers(self) -> Mapping[str, NodeProto]:
        """By tensor that is made, its node in the file."""
        return {name: node for node in self.proto.graph.node for name in node.output if name}

    @cached_property
    def readers(self) -> Counter[str]:
        """How often a tensor is read or is an output: recurrent layers give last states that nobody looks at."""
        return Counter(name for node in self.proto.graph.node for name in reads(node)) + Counter(self.graph.outputs)

    def at(self, length: int) -> dict[str, tuple[int, ...]]:
        """Shapes of the inputs at another length of the streamed axis."""
        return with_frames(self.shapes, self.streamed, length)

    def values(self, name: str) -> list[np.ndarray | None]:
        """A constant at every length."""
        return [view.graph.value(name) for view in self.views.values()]

    @property
    def sha256(self) -> str:
        """sha256 of the file; "" where it was none."""
        given = self.model.given
        if isinstance(given, str | os.PathLike):
            return hashlib.sha256(Path(given).read_bytes()).hexdigest()
        return hashlib.sha256(given).hexdigest() if isinstance(given, bytes) else ""

    def freed(self) -> Source:
        """With an open length of the streamed axis, whatever the file says."""
        pairs = self.streamed.items()
        return replace(
            self,
            offline=with_free(self.offline, pairs),
            ready=with_free(self.ready, pairs),
            untouched=None if self.untouched is None else with_free(self.untouched, pairs),
            fixed=False,
            assumptions=(FREED,),
        )

    def seen_at(self, length: int, unit: int = 1) -> Source:
        """Looked at with another length, and beside it at two that leave other remainders, as the model takes them.

        Args:
            length: of the streamed axis.
            unit: frames further at which every tensor has more frames.

        Raises:
            ModelError, ShapeError: the model does not take that length, or no longer one that was tried.
        """
        views = {length: lowered(self.ready, self.at(length))}
        failed: RfonnxError | None = None
        for further in () if self.fixed else (unit, unit + 7, *FURTHER):
            try:
                view = lowered(self.ready, self.at(length + further))
            except (ModelError, ShapeError) as error:  # a U-Net takes multiples of its grid alone
                failed = error
                continue
            if _sized(view.graph) == _sized(views[length].graph):  # where operands do not fit, few inferences say so
                views[length + further] = view
            if len(views) == SEEN:
                break
        if failed is not None and len(views) == 1:
            raise failed
        return replace(self, views=views, shapes=self.at(length))


def _sized(graph: Graph) -> set[str]:
    """Tensors whose shape is known."""
    return {name for name, shape in graph.shapes.items() if is_static(shape)}


def open_source(
    model: Opened,
    inputs: Asked,
    axis: int,
    outputs: Sequence[str] | None = None,
    shapes: Shapes | None = None,
) -> Source:
    """Read a model for streaming; it is looked at when a length is chosen (`seen_at`).

    Args:
        model: any.
        inputs: what is streamed: a name, several, or each with its axis; None: the only input.
        axis: of those that come without one; negative counts from the end.
        outputs: tensors of the file that the streaming model gives; None: the outputs.
        shapes: of the inputs, where axes beside the streamed one are open: 1 unless given here.

    Raises:
        ModelError, QueryError, ShapeError: the model cannot be read, or has no such input, axis or tensor; or the inputs have
            other numbers of frames.
    """
    names = model.input_names
    entries = {entry.name: entry for entry in model.proto.graph.input}
    base = {name: _shape(model, entries[name], shapes or {}) for name in names}
    streamed = _streamed(model, inputs, axis, base)
    lengths = {name: _dims(entries[name])[place] for name, place in streamed.items()}
    fixed = next((length for length in lengths.values() if length is not None), None)
    for name, length in lengths.items():
        if length not in (None, fixed):
            raise QueryError(
                f"{model.label}: input {quote(name)} has {length} frames, and another one that is streamed has {fixed}",
                "only inputs of one rate are streamed together",
            )
    at = with_frames(base, streamed, fixed or LENGTHS[0])
    seen = [with_frames(base, streamed, (fixed or LENGTHS[1]) + more) for more in (0, 64)]
    offline, proto = _prepared(model, outputs, seen[0], at)
    scans, everywhere = as_scans(proto, frozenset(streamed.items()), *seen)
    if fixed or everywhere:
        proto = scans
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    assumed = (FIXED,) if fixed is not None else ()
    return Source(
        model,
        offline,
        proto,
        Opened(proto, limits=STEPS),
        streamed,
        {},
        at,
        fixed is not None,
        assumed,
        stored,
        not everywhere,
    )


def _streamed(model: Opened, inputs: Asked, axis: int, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """The axis of frames by input that is streamed; the first one asked for comes first.

    Raises:
        QueryError: there is no such input, or no such axis.
    """
    if inputs is None and len(shapes) == 1:
        inputs = next(iter(shapes))
    asked = (
        inputs if isinstance(inputs, Mapping) else dict.fromkeys([inputs] if isinstance(inputs, str) else inputs or ())
    )
    if not asked or any(name not in shapes for name in asked):
        unknown = next((name for name in asked if name not in shapes), "")
        said = f"there is no input {quote(unknown)}" if unknown else "which of the inputs is streamed is not said"
        raise QueryError(f"{model.label}: {said}", f"give --input, one of {', '.join(map(quote, shapes))}")
    found = {}
    for name, own in asked.items():
        place, rank = axis if own is None else own, len(shapes[name])
        if not -rank <= place < rank:
            raise QueryError(
                f"{model.label}: input {quote(name)} has {rank} axes, and no axis {place}",
                f"give --axis 0 to {rank - 1}",
            )
        found[name] = place % rank
    return found


def with_frames(
    shapes: Mapping[str, tuple[int, ...]], streamed: Mapping[str, int], frames: int
) -> dict[str, tuple[int, ...]]:
    """Shapes of inputs with another number of frames."""
    return {
        name: (*shape[: streamed[name]], frames, *shape[streamed[name] + 1 :]) if name in streamed else shape
        for name, shape in shapes.items()
    }


def _dims(entry: ValueInfoProto) -> list[int | None]:
    """The dimensions of an input; None where one is open."""
    held = tensor_of(entry.type)
    return [] if held is None else [dim.dim_value or None for dim in held.shape.dim]


def _shape(model: Opened, entry: ValueInfoProto, shapes: Shapes) -> tuple[int, ...]:
    """The shape of an input; 1 where it is open and no length is given, by input or by symbolic dimension."""
    dims, given = _dims(entry), shapes.get(entry.name)
    if given is None or isinstance(given, int):
        held = tensor_of(entry.type)
        names = [] if held is None else [dim.dim_param for dim in held.shape.dim]
        bound = [shapes.get(name) if name else None for name in names]
        return tuple(n or (m if isinstance(m, int) else 1) for n, m in zip(dims, bound, strict=True))
    if len(given) != len(dims) or any(n not in (None, m) for n, m in zip(dims, given, strict=True)):
        raise ShapeError(
            f"{model.label}: the shape {tuple(given)} does not fit input {quote(entry.name)} of shape "
            f"{tuple(n or '?' for n in dims)}",
            "give a length for each axis, and those of the file where it has them",
        )
    return tuple(int(n) for n in given)


def _prepared(
    model: Opened, outputs: Sequence[str] | None, *shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Opened, ModelProto]:
    """What streams are held against, and the same in one opset with its weights."""
    offline, light = part(model, outputs, *shapes)
    raise_opset(light)
    return offline, whole(light)


def part(
    model: Opened, outputs: Sequence[str] | None, *shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Opened, LightModel]:
    """The part of a model that some tensors need, the model itself where that is all of it; and the same without weights.

    What nobody needs may fail at lengths that the rest takes. Loops that run along frames stay loops: at the first of the shapes
    that the model takes, there are more frames than rounds of what is written out.

    Args:
        model: any.
        outputs: the tensors; None: the outputs.
        shapes: of the inputs; of several, the first that the model takes.
    """
    every = [output.name for output in model.proto.graph.output]
    light = light_part(model, *shapes)
    nodes = len(light.proto.graph.node)
    prune(light, list(outputs or every))
    unchanged = set(outputs or every) == set(every) and len(light.proto.graph.node) == nodes
    return model if unchanged else Opened(whole(light)), light


def light_part(model: Opened, *shapes: Mapping[str, tuple[int, ...]]) -> LightModel:
    """A model without its weights, to be cut; `shapes` as in `part`."""
    return lighten(model.proto, model.label, model.folder, normal=_normal(model, *shapes))


def _normal(model: Opened, *shapes: Mapping[str, tuple[int, ...]]) -> Normal:
    steps = with_limits(model, STEPS)
    for tried in shapes[:-1]:
        with suppress(ModelError, ShapeError):
            return steps.normal(tried)
    return steps.normal(shapes[-1])


def whole(light: LightModel) -> ModelProto:
    """A copy with its weights inside."""
    proto = ModelProto()
    proto.CopyFrom(light.proto)
    for tensor in proto.graph.initializer:
        if tensor.name in light.weights:
            tensor.CopyFrom(numpy_helper.from_array(light.weights[tensor.name], tensor.name))
    return proto
