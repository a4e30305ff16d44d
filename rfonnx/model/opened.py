"""A model that is opened once: read when it is first asked for, and kept, with its graphs, until the last user goes."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
import onnx

from rfonnx.errors import QueryError
from rfonnx.graph.nodes import Graph
from rfonnx.graph.order import true_inputs
from rfonnx.graph.text import naming, quote
from rfonnx.model.building.limits import FEW, Limits
from rfonnx.model.building.main_graph import Built, build
from rfonnx.model.reading.bind import Shapes
from rfonnx.model.reading.declared import Measured
from rfonnx.model.reading.external import external_files
from rfonnx.model.reading.open_axes import free_axes
from rfonnx.model.reading.source import Given, read_given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import onnxruntime

    from rfonnx.model import runtime
    from rfonnx.model.building.normal import Normal
    from rfonnx.model.editing.edits import Edit

KEPT_GRAPHS = 4
"""Graphs of one model that are kept, each for other shapes: what asks for more has mostly done with the first ones."""


class Opened:
    """A model. What it gives is shared by all who ask: nobody changes it.

    Attributes:
        given: as the user gave it: path, bytes or ModelProto.
        values: of inputs that are bound to one, by name: they are constants of the model, and inputs no more.
        free: (input, axis) whose lengths are open, whatever the file says.
        limits: which loops its graphs have written out.
        edits: what is other than in the file.
        label: what messages call it before it is read: its path, or "model".
        kept: what others have made of it, by keys of their own; there for as long as somebody uses it.
    """

    def __init__(
        self,
        given: Given,
        values: Mapping[str, np.ndarray] | None = None,
        free: frozenset[tuple[str, int]] = frozenset(),
        base: Opened | None = None,
        limits: Limits | None = None,
        edits: tuple[Edit, ...] = (),
    ) -> None:
        """Nothing is read yet. `base`: the model with fewer values, open axes and edits; what it has read is not read again."""
        self.given, self.values, self.free, self.limits = given, dict(values or {}), free, limits or FEW
        self.edits = edits
        self.label = str(os.fspath(given)) if isinstance(given, str | os.PathLike) else "model"
        self.kept: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self._base = base
        self._built: OrderedDict[Hashable, Built] = OrderedDict()

    def __reduce__(self) -> tuple[type[Opened], tuple[Any, ...]]:
        """Sent to another process by its path or its bytes, and read there anew."""
        given = self.given.SerializeToString() if isinstance(self.given, onnx.ModelProto) else self.given
        return Opened, (given, self.values, self.free, None, self.limits, self.edits)

    @cached_property
    def proto(self) -> onnx.ModelProto:
        """The model, without its external data; not to be changed.

        Raises:
            ModelError: see `read_given`.
            QueryError: a value was given that no input takes.
        """
        base, self._base = self._base, None
        if base is not None and "proto" in vars(base):
            values = {name: value for name, value in self.values.items() if name not in base.values}
            edits = self.edits[len(base.edits) :]
            return _written(base.proto, values, self.free - base.free, edits, shared=True)
        proto = read_given(self.given)
        return _written(proto, self.values, self.free, self.edits, shared=proto is self.given)

    def read(self) -> Opened:
        """Itself, when it was read.

        Raises:
            ModelError, QueryError: as of `proto`; the file is named.
        """
        with naming(self.label):
            _ = self.proto
        return self

    @property
    def by_path(self) -> bool:
        """Whether onnxruntime is given the path: weights lie in other files, and nothing is other than in these."""
        return bool(self.weight_files) and not (self.values or self.free or self.edits)

    @property
    def name(self) -> str:
        """The file's name, or the graph's where there is no file."""
        if isinstance(self.given, str | os.PathLike):
            return Path(self.given).name
        return (isinstance(self.given, onnx.ModelProto) and self.given.graph.name) or "model"

    @property
    def folder(self) -> Path | None:
        """Where external data lies; None: there is no file. Symbolic links of the path itself are not resolved: model caches link
        each file, and the data lies beside the link."""
        return Path(self.given).parent if isinstance(self.given, str | os.PathLike) else None

    @property
    def weight_files(self) -> dict[str, Path]:
        """Files beside the model's own that hold weights, by the name that it calls them; whether they are there or not.

        Raises:
            ModelError: a path leaves the model's folder.
        """
        return {name: self.folder / name for name in external_files(self.proto)} if self.folder is not None else {}

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, initializers excluded, in file order."""
        return [entry.name for entry in true_inputs(self.proto.graph)]

    @property
    def bound(self) -> dict[str, np.ndarray]:
        """Values of the bound inputs, in their types and shapes."""
        stored = self.proto.graph.initializer if self.values else ()
        return {t.name: onnx.numpy_helper.to_array(t) for t in stored if t.name in self.values}

    def graph(self, shapes: Shapes | None = None, known: Mapping[str, Measured] | None = None) -> Graph:
        """Its graph: see `rfonnx.model.reading.load`. The last few are kept."""
        return self.built(shapes, known).graph

    def normal(self, shapes: Shapes | None = None) -> Normal:
        """Its nodes under the names of its graph, such that it can be run; as they are where nothing is to be written out."""
        from rfonnx.model.building.normal import as_it_is, is_normal, normal_form

        with naming(self.label):
            proto = self.proto
        return as_it_is(proto) if is_normal(proto) else normal_form(self.built(shapes))

    def built(self, shapes: Shapes | None = None, known: Mapping[str, Measured] | None = None) -> Built:
        """Its graph, and what it was made of."""
        key = shapes_key(shapes), frozenset((known or {}).items())
        found = self._built.pop(key, None)
        if found is None:
            with naming(self.label):
                proto = self.proto
            with naming(self.name if self.label == "model" else self.label):
                found = build(proto, self.name, self.folder, shapes, known or {}, self.limits)
            found.graph.values = self.bound
        self._built[key] = found
        while len(self._built) > KEPT_GRAPHS:
            self._built.popitem(last=False)
        return found

    def session(
        self,
        *,
        level: runtime.Level = "all",
        providers: str | Sequence[str] | None = None,
        threads: int | None = None,
    ) -> onnxruntime.InferenceSession:
        """A session of it; who asks for the same one gets the one that is in use. onnxruntime is given what was read; with
        weights in other files the path, from which it finds them.

        Args:
            level, providers, threads: as in `rfonnx.model.runtime.open_session`.

        Raises:
            ModelError, QueryError: the model cannot be read or opened, or does not take a value.
        """
        from rfonnx.model import runtime

        key = "session", level, providers if isinstance(providers, str) else tuple(providers or ()), threads
        made: onnxruntime.InferenceSession | None = self.kept.get(key)
        if made is None:
            source, folder = (self.given, None) if self.by_path else (self.proto, self.folder)
            made = self.kept[key] = runtime.open_session(
                source, level=level, providers=providers, threads=threads, name=self.label, folder=folder
            )
        return made


def _written(
    proto: onnx.ModelProto,
    values: Mapping[str, np.ndarray],
    free: Collection[tuple[str, int]],
    edits: Sequence[Edit],
    shared: bool,
) -> onnx.ModelProto:
    """The model with values, open axes and edits; `shared`: others use it as it is."""
    if not values and not free and not edits:
        return proto
    if shared:
        own, proto = proto, onnx.ModelProto()
        proto.CopyFrom(own)
    from rfonnx.model.reading.bound_values import write_values

    write_values(proto, values)
    free_axes(proto, free)
    if edits:
        from rfonnx.model.editing.edits import write_edits

        write_edits(proto, edits)
    return proto


Source = Given | Opened
"""A model: the path of a file, its bytes, a ModelProto; or one that was opened before."""


def opened(model: Source) -> Opened:
    """The model as an opened one; one that is opened is itself. Nothing is read yet."""
    return model if isinstance(model, Opened) else Opened(model)


def with_values(model: Source, values: Mapping[str, Any] | None) -> Opened:
    """The model with values bound to some of its inputs. What does not fit it is said when it is read.

    Args:
        model: nothing of it is read yet; what was read before is not read again.
        values: by input name: a number, or nested lists or an array of numbers.

    Raises:
        QueryError: a value is no number and no array of numbers.
    """
    before = opened(model)
    if not values:
        return before
    arrays = {}
    for name, value in values.items():
        try:
            arrays[name] = np.asarray(value)
        except ValueError:  # rows of different lengths
            arrays[name] = np.asarray(None)
        if arrays[name].dtype.kind not in "biuf":
            raise QueryError(
                f"the value of input {quote(name)} is {value!r}", "give a number, or an array such as [1, 3, 64, 64]"
            )
    if all(name in before.values and np.array_equal(before.values[name], value) for name, value in arrays.items()):
        return before
    base = None if before.values.keys() & arrays.keys() else before
    return Opened(before.given, {**before.values, **arrays}, before.free, base, before.limits, before.edits)


def with_free(model: Opened, axes: Iterable[tuple[str, int]]) -> Opened:
    """The model with open lengths of these (input, axis), whatever the file says: it may not work at others than its own."""
    free = model.free.union(axes)
    return model if free == model.free else Opened(model.given, model.values, free, model, model.limits, model.edits)


def with_limits(model: Opened, limits: Limits) -> Opened:
    """The model with other loops written out."""
    return Opened(model.given, model.values, model.free, model, limits, model.edits)


def with_edits(model: Opened, edits: Iterable[Edit]) -> Opened:
    """The model with nodes that are other than in the file, which stays as it is."""
    return Opened(model.given, model.values, model.free, model, model.limits, (*model.edits, *edits))


def shapes_key(shapes: Shapes | None) -> Hashable:
    """What tells shapes apart, in whatever order they were given."""
    return frozenset((name, s if isinstance(s, int) else tuple(s)) for name, s in (shapes or {}).items())
