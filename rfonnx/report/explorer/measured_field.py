"""Effective fields that `rfonnx erf -o FILE.npz` measured, read again to be shown with the theory."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rfonnx.errors import DataError
from rfonnx.report.fields.view_source import Source
from rfonnx.results.effective import ERF
from rfonnx.system.named import NamedTuple

WAY_OUT = "give the .npz file that `rfonnx erf MODEL -o FILE.npz` writes"

MOST_BYTES = 2**28
"""Of the maps of a file, unpacked: more does not fit a page."""


class MeasuredField(NamedTuple):
    """What a page shows of an effective field: attributes of `rfonnx.ERF` of the same names.

    Attributes:
        map: float64, over the input's `axes`.
    """

    tensor: str
    input: str
    axes: tuple[int, ...]
    position: tuple[int | None, ...]
    map: npt.NDArray[np.float64]
    samples: int
    method: str


def measured_field(field: ERF) -> MeasuredField:
    """What a page shows of a field."""
    return MeasuredField(*(getattr(field, name) for name in MeasuredField._fields))


def read_measured_fields(source: Source, path: str) -> tuple[MeasuredField, ...]:
    """The fields of a file, which must be of the model that `source` is the analysis of.

    Raises:
        DataError: the file cannot be read, is not what the command writes, or is of another model.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise DataError(
                    f"{path}: its maps are larger than {MOST_BYTES} bytes, too much for a page", "measure fewer units"
                )
        with np.load(path, allow_pickle=False) as held:
            told, maps = json.loads(str(held["json"])), np.asarray(held["map"], np.float64)
        found = tuple(_field(told, unit, one) for unit, one in zip(told["units"], maps, strict=True))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}", WAY_OUT) from None
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: not effective fields as `rfonnx erf` writes them ({type(error).__name__})", WAY_OUT
        ) from None
    for field in found:
        _require_of(source, path, field)
    return found


def _field(told: dict[str, Any], unit: dict[str, Any], one: npt.NDArray[np.float64]) -> MeasuredField:
    axes = tuple(int(axis) for axis in told["axes"])
    position = tuple(None if at is None else int(at) for at in unit["position"])
    return MeasuredField(
        str(told["tensor"]), str(told["input"]), axes, position, one, int(told["samples"]), str(told["method"])
    )


def _require_of(source: Source, path: str, field: MeasuredField) -> None:
    """Raises where the model has no such unit, or its input another size."""
    tensor = source.tensors.get(field.tensor)
    if tensor is None or field.input not in source.inputs:
        missing = field.tensor if tensor is None else field.input
        raise DataError(f"{path}: measured of '{missing}', which {Path(source.model.name).name} does not have", WAY_OUT)
    shape = source.input_shapes.get(field.input) or ()
    lengths = tuple(shape[axis] if axis < len(shape) else None for axis in field.axes)
    inside = len(field.position) == len(tensor.shape or ()) and all(
        at is None or length is None or 0 <= at < length
        for at, length in zip(field.position, tensor.shape or (), strict=True)
    )
    if lengths != field.map.shape or not inside or not np.isfinite(field.map).all():
        raise DataError(
            f"{path}: measured of '{field.input}' with {'x'.join(map(str, field.map.shape))} positions, where this analysis has"
            f" {'x'.join(map(str, lengths))}",
            "measure again at these shapes, or give the same --shape",
        )
