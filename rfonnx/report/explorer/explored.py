"""All that the panel of the explorer is given: names, shapes, what walks where, the program, the boxes, measured fields."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from rfonnx.report.effective.maps import SHARES
from rfonnx.report.escape import printable
from rfonnx.report.explanation.footprint import Backdrop
from rfonnx.report.explorer.access_program import numbered, program_to_dict
from rfonnx.report.explorer.interval_tables import Fielded, tables_to_dict
from rfonnx.report.explorer.measured_field import MeasuredField
from rfonnx.results.fields import TensorField
from rfonnx.results.png import data_uri


class Explored(Fielded, Protocol):
    """An analysis that can be explored; `rfonnx.Analysis` is one."""

    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def tensors(self) -> Mapping[str, TensorField]: ...
    @property
    def windowed(self) -> tuple[tuple[str, int], ...]: ...


def explored(
    source: Explored, measured: Sequence[MeasuredField] = (), backdrop: Backdrop | None = None
) -> dict[str, Any]:
    """Plain data for assets/explorer.js.

    Args:
        source: the analysis.
        measured: effective fields of its units.
        backdrop: a picture under an input.

    Returns:
        `inputs`: names. `layers`: by tensor, in the order of `source.tensors`, its source's number. `walks`: different rows of
        (tensor axis, period) for all axes of all inputs in order, the axis -1 where none walks; `walk`: each layer's row.
        `spatial`: (input, axis) that a window slides along. Layers by number: `outputs`; `atMost`, which see at most what is
        said; `open`, of which lengths depend on data and are taken as 1. `program`, `boxes`: as of `program_to_dict` and
        `tables_to_dict`. `measured`: effective fields. `image`: a `data:` URI or "", and `imageOf`, its input's number.
        `first`: the layer that is shown first.
    """
    program = source.program
    index = {tensor.name: number for number, tensor in enumerate(program.tensors, len(program.inputs))}
    inputs = {name: number for number, (name, _) in enumerate(program.inputs)}
    names = list(source.tensors)
    walks = numbered()
    walk, at_most, open_shapes = [], [], []
    for number, tensor in enumerate(source.tensors.values()):
        row = tuple(_walk(tensor, name, axis) for name, shape in program.inputs for axis in range(len(shape)))
        walk.append(walks.of(row, row))
        if not tensor.exact:
            at_most.append(number)
        if tensor.shape is None or None in tensor.shape:
            open_shapes.append(number)
    return {
        "inputs": [printable(name) for name in inputs],
        "layers": [index[name] for name in names],
        "names": [printable(name) for name in names],
        "walks": walks.things,
        "walk": walk,
        "spatial": [(inputs[name], axis) for name, axis in source.windowed],
        "atMost": at_most,
        "open": open_shapes,
        "outputs": [number for number, name in enumerate(names) if name in source.outputs],
        "program": program_to_dict(program),
        "boxes": tables_to_dict(source, names, [name for name in source.outputs if name in source.tensors]),
        "image": data_uri(backdrop.pixels) if backdrop else "",
        "imageOf": inputs[backdrop.input] if backdrop else -1,
        "first": _first(source),
        "measured": [_measured(field, names.index(field.tensor), inputs[field.input]) for field in measured],
    }


def _first(source: Explored) -> int:
    """The first output whose positions look at places; of classifiers the last layer of which that is so; else an output."""
    names = list(source.tensors)
    placed = [
        name
        for name, tensor in source.tensors.items()
        if any(_looks_at_places(tensor, *pair) for pair in source.windowed)
    ]
    outputs = [name for name in source.outputs if name in source.tensors]
    shown = next((name for name in outputs if name in placed), None) or next(
        iter(placed[-1:] or outputs or names[-1:]), None
    )
    return names.index(shown) if shown is not None else -1


def _looks_at_places(tensor: TensorField, input: str, axis: int) -> bool:
    """Whether there are two positions along what walks: of a pooled map there is one."""
    field = tensor.fields[input, axis]
    if field.kind not in ("local", "periodic", "block"):
        return False
    return field.tensor_axis is None or tensor.shape is None or tensor.shape[field.tensor_axis] != 1


def _walk(tensor: TensorField, input: str, axis: int) -> tuple[int, int]:
    field = tensor.fields[input, axis]
    return (-1 if field.tensor_axis is None else field.tensor_axis, field.period)


def _measured(field: MeasuredField, layer: int, input: int) -> dict[str, Any]:
    """One effective field: its map as float32, and the least value among the largest ones that hold each share of the mass."""
    flat = np.sort(field.map.reshape(-1))[::-1]
    held = np.cumsum(flat)
    levels = [float(np.float32(flat[np.searchsorted(held, share * held[-1])])) for share in SHARES] if held[-1] else []
    return {
        "layer": layer,
        "input": input,
        "axes": list(field.axes),
        "position": list(field.position),
        "shape": list(field.map.shape),
        "map": base64.b64encode(field.map.astype("<f4").tobytes()).decode("ascii"),
        "levels": levels,
        "shares": list(SHARES),
        "samples": field.samples,
        "method": field.method,
    }
