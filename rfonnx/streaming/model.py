"""The offline model, ready to be rewritten: one opset, whole weights, and its graph at several lengths of the streamed axis."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto

from rfonnx.analysis.analyze import Lowered, lowered
from rfonnx.errors import ModelError, RfonnxError, ShapeError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import reads
from rfonnx.graph.tensors import is_static
from rfonnx.model.opened import Opened, with_free
from rfonnx.results.fields import Shape
from rfonnx.streaming.figures import Figure
from rfonnx.system.regular import digest

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
        statistics: inputs that `proto` has more than the model, which are statistics of all frames in that.
        measuring: with statistics, the model without these inputs, which gives what they are taken of.
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
    statistics: tuple[Figure, ...] = ()
    measuring: Opened | None = None
    _sizes: dict[int, Mapping[str, Shape]] = field(default_factory=dict, init=False, repr=False, compare=False)

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
    def made_by(self) -> Mapping[str, Node]:
        """By tensor that is made, its node in the graph."""
        return {name: node for node in self.graph.nodes for name in node.outputs if name}

    @cached_property
    def read_by(self) -> Mapping[str, Sequence[int]]:
        """By tensor that is read, which nodes of the graph read it: their numbers."""
        found: dict[str, list[int]] = {}
        for index, node in enumerate(self.graph.nodes):
            for name in dict.fromkeys((*node.inputs, *node.attrs.get("captures", ()))):
                found.setdefault(name, []).append(index)
        return found

    @cached_property
    def readers(self) -> Counter[str]:
        """How often a tensor is read or is an output: recurrent layers give last states that nobody looks at."""
        return Counter(name for node in self.proto.graph.node for name in reads(node)) + Counter(self.graph.outputs)

    def at(self, length: int) -> dict[str, tuple[int, ...]]:
        """Shapes of the inputs at another length of the streamed axis."""
        return with_frames(self.shapes, self.streamed, length)

    def sizes(self, length: int) -> Mapping[str, Shape]:
        """Shapes of all tensors at that length, inferred once; none where the model does not take it."""
        if length not in self._sizes:
            self._sizes[length] = {}
            with suppress(ModelError, ShapeError):
                self._sizes[length] = self.ready.graph(self.at(length)).shapes
        return self._sizes[length]

    def values(self, name: str) -> list[np.ndarray | None]:
        """A constant at every length."""
        return [view.graph.value(name) for view in self.views.values()]

    @property
    def sha256(self) -> str:
        """sha256 of the file; "" where it was none."""
        given = self.model.given
        if isinstance(given, str | os.PathLike):
            return digest(given)
        return hashlib.sha256(given).hexdigest() if isinstance(given, bytes) else ""

    def changed(self, proto: ModelProto) -> Source:
        """With another model in the place of this one, which is held against that and, as far as both are the same, against the
        one that was given."""
        return replace(self.written(proto), offline=Opened(proto), untouched=self.untouched or self.offline)

    def written(self, proto: ModelProto) -> Source:
        """The same model, written in another way."""
        return replace(
            self,
            proto=proto,
            ready=Opened(proto, limits=self.ready.limits),
            stored={tensor.name: tensor for tensor in proto.graph.initializer},
        )

    def freed(self) -> Source:
        """With an open length of the streamed axis, whatever the file says."""
        pairs = self.streamed.items()
        return replace(
            self,
            offline=with_free(self.offline, pairs),
            ready=with_free(self.ready, pairs),
            untouched=None if self.untouched is None else with_free(self.untouched, pairs),
            measuring=None if self.measuring is None else with_free(self.measuring, pairs),
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


Tried = TypeVar("Tried")
Found = TypeVar("Found")


def first_taken(tried: Iterable[Tried], look: Callable[[Tried], Found]) -> Found:
    """What comes of the first length, or other thing that is tried, that a model takes.

    Raises:
        ModelError, ShapeError: it takes none; that of the last.
    """
    failed: RfonnxError = ShapeError("no length was tried", "give one")
    for one in tried:
        try:
            return look(one)
        except (ModelError, ShapeError) as error:  # shorter than a kernel, a fixed shape, a table that ends
            failed = error
    raise failed


def _sized(graph: Graph) -> set[str]:
    """Tensors whose shape is known."""
    return {name for name, shape in graph.shapes.items() if is_static(shape)}


def with_frames(
    shapes: Mapping[str, tuple[int, ...]], streamed: Mapping[str, int], frames: int
) -> dict[str, tuple[int, ...]]:
    """Shapes of inputs with another number of frames."""
    return {
        name: (*shape[: streamed[name]], frames, *shape[streamed[name] + 1 :]) if name in streamed else shape
        for name, shape in shapes.items()
    }
