"""Reading a model for streaming: which inputs, the part that is wanted, one opset, whole weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import numpy as np
from onnx import GraphProto, ModelProto, ValueInfoProto, numpy_helper

from rfonnx.errors import ModelError, QueryError, ShapeError
from rfonnx.gradients.preparing.large_weights import LightModel, lighten
from rfonnx.gradients.preparing.opset import raise_opset
from rfonnx.gradients.preparing.prepare import prune
from rfonnx.graph.order import reads
from rfonnx.graph.tensors import DTYPES
from rfonnx.graph.text import quote
from rfonnx.model.building.limits import STEPS
from rfonnx.model.building.normal import Normal
from rfonnx.model.opened import Opened, with_limits
from rfonnx.model.reading.bind import Shapes, tensor_of
from rfonnx.streaming.loops import as_scans
from rfonnx.streaming.model import FIXED, LENGTHS, ODD, Source, with_frames

Asked = str | Sequence[str] | Mapping[str, int | None] | None
"""Which inputs are streamed, maybe each with its axis of frames; None: the only one."""


def open_source(
    model: Opened,
    inputs: Asked,
    axis: int | None,
    outputs: Sequence[str] | None = None,
    shapes: Shapes | None = None,
) -> Source:
    """Read a model for streaming; it is looked at when a length is chosen (`seen_at`).

    Args:
        model: any.
        inputs: what is streamed: a name, several, or each with its axis; None: the only input.
        axis: of those that come without one; negative counts from the end; None: that whose length is open.
        outputs: tensors of the file that the streaming model gives; None: the outputs.
        shapes: of the inputs, where axes beside the streamed one are open: 1 unless given here.

    Raises:
        ModelError, QueryError, ShapeError: the model cannot be read, or has no such input, axis or tensor; or the inputs have
            other numbers of frames.
    """
    names = model.input_names
    entries = {entry.name: entry for entry in model.proto.graph.input}
    base = {name: _shape(model, entries[name], shapes or {}) for name in names}
    streamed = _streamed(model, inputs, axis, {name: _dims(entries[name]) for name in names})
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
    others = () if fixed else (with_frames(base, streamed, length) for length in ODD)
    offline, proto = _prepared(model, outputs, streamed, seen[0], *others, at)
    at = {name: at[name] for name in offline.input_names}
    needed = {name for node in proto.graph.node for name in reads(node)}
    for name in names:
        if name in needed or name in streamed:
            _refuse_kind(model, entries[name])
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


def _streamed(
    model: Opened, inputs: Asked, axis: int | None, shapes: Mapping[str, Sequence[int | None]]
) -> dict[str, int]:
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
        place, rank = _own_axis(shapes[name], axis) if own is None else own, len(shapes[name])
        if not -rank <= place < rank:
            raise QueryError(
                f"{model.label}: input {quote(name)} has {rank} axes, and no axis {place}",
                f"give --axis 0 to {rank - 1}",
            )
        found[name] = place % rank
    return found


def _own_axis(dims: Sequence[int | None], axis: int | None) -> int:
    """The axis asked for; else the one behind the first whose length is open, and the last where that is not one."""
    if axis is not None:
        return axis
    free = [place for place, length in enumerate(dims) if length is None and place > 0]
    return free[0] if len(free) == 1 else -1


def _refuse_kind(model: Opened, entry: ValueInfoProto) -> None:
    """Inputs that numpy has no numbers for are not run here, so that no stream of them can be verified."""
    held = tensor_of(entry.type)
    dtype = DTYPES.get(held.elem_type, "") if held is not None else ""
    try:
        known = np.dtype(dtype).kind in "biuf" if dtype else False
    except TypeError:
        known = False
    if not known:
        raise QueryError(
            f"{model.label}: input {quote(entry.name)} holds {dtype or 'no tensor'}, which is not streamed",
            "leave out what needs it: name outputs with --until",
        )


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
    model: Opened, outputs: Sequence[str] | None, streamed: Collection[str], *shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Opened, ModelProto]:
    """What streams are held against, and the same in one opset with its weights."""
    offline, light = part(model, outputs, streamed, *shapes)
    raise_opset(light)
    return offline, whole(light)


def part(
    model: Opened, outputs: Sequence[str] | None, streamed: Collection[str], *shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Opened, LightModel]:
    """The part of a model that some tensors need, the model itself where that is all of it; and the same without weights.

    What nobody needs may fail at lengths that the rest takes. Inputs that nobody reads are left out: onnxruntime would ask for
    them, and no stream has them. Loops that run along frames stay loops: at the first of the shapes
    that the model takes, there are more frames than rounds of what is written out.

    Args:
        model: any.
        outputs: the tensors; None: the outputs.
        streamed: inputs that stay, whoever reads them.
        shapes: of the inputs; of several, the first that the model takes.

    Raises:
        QueryError: one of the tensors is an input.
    """
    every = [output.name for output in model.proto.graph.output]
    for name in outputs or ():
        if name in model.input_names and name not in every:
            raise QueryError(
                f"{model.label}: tensor {quote(name)} is an input, and no node makes it", "name what is made of it"
            )
    light = light_part(model, *shapes)
    nodes = len(light.proto.graph.node)
    prune(light, list(outputs or every))
    dropped = _drop_unread(light.proto.graph, streamed)
    unchanged = set(outputs or every) == set(every) and len(light.proto.graph.node) == nodes and not dropped
    if unchanged:
        return model, light
    found = Opened(whole(light))
    found.label = model.label
    return found, light


def _drop_unread(graph: GraphProto, streamed: Collection[str]) -> bool:
    """Leave out the inputs that nothing reads and that are not streamed; whether there were any."""
    read = {name for node in graph.node for name in reads(node)} | {one.name for one in graph.output} | {*streamed}
    kept = [one for one in graph.input if one.name in read]
    dropped = len(kept) < len(graph.input)
    graph.ClearField("input")
    graph.input.extend(kept)
    return dropped


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
