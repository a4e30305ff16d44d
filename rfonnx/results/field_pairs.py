"""Receptive fields of two models side by side, as data: theoretical and effective ones. The teacher's comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rfonnx.results.fields import AxisField


@dataclass(frozen=True, slots=True)
class FieldPair:
    """Theoretical receptive fields of two tensors along one axis, in positions of each model's own input.

    Attributes:
        output: the teacher's tensor and the student's.
        role: "output", or "features": the tensor that sees most, of those with places that an output which does not slide is
            computed by.
        input, axis: the teacher's input axis and the student's.
        lengths: lengths of those axes.
        teacher, student: the fields.
        ratio: size of the student's field over the teacher's, each as a share of its input's length; inside the input, where
            sizes reach beyond it (`rfonnx.comparing.fields.field_size`).
        notes: what differs, one line each.
        exact: whether the teacher's field and the student's are known exactly; False: at most so large.
        leads_to: the teacher's outputs that the tensor is, or is a feature map of.
    """

    output: tuple[str, str]
    role: Literal["output", "features"]
    input: tuple[str, str]
    axis: tuple[int, int]
    lengths: tuple[int | None, int | None]
    teacher: AxisField
    student: AxisField
    ratio: float
    notes: tuple[str, ...]
    exact: tuple[bool, bool] = (True, True)
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldMap:
    """The effective field of one unit, in few enough cells to be drawn.

    Attributes:
        lengths: of the input along the map's axes.
        cells: share of the mass, rows along the last axis but one; one row where there is one axis. Further axes are summed.
            Longer axes than 64 are gathered into 64 cells.
        field: first and last position of the theoretical field along the axes of `cells`, inside the input.
    """

    lengths: tuple[int, ...]
    cells: tuple[tuple[float, ...], ...]
    field: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class EffectivePair:
    """Effective receptive fields of two tensors on the same samples: where the units' gradients lie.

    Attributes:
        output: the teacher's tensor and the student's.
        role: "output": units of paired outputs, at the same index; "features": the units of their feature maps that look
            at the same place; "whole": whole outputs that have no places, such as a classifier's.
        input, axes: the input of each model, and its axes that the maps span.
        positions: (teacher's, student's) unit by unit: index per axis, None where channels are summed. The figures are means
            over them.
        samples: how many the maps are a mean over.
        figures: by name; see docs/compare.md for the definitions.
        exact: whether the teacher's theoretical field and the student's are known exactly; False: at most so large.
        leads_to: as in `FieldPair`.
        maps: of the first units, the teacher's and the student's; () where pictures were not asked for.
    """

    output: tuple[str, str]
    role: Literal["output", "features", "whole"]
    input: tuple[str, str]
    axes: tuple[tuple[int, ...], tuple[int, ...]]
    positions: tuple[tuple[tuple[int | None, ...], tuple[int | None, ...]], ...]
    samples: int
    figures: Mapping[str, float]
    exact: tuple[bool, bool] = (True, True)
    leads_to: tuple[str, ...] = ()
    maps: tuple[FieldMap, ...] = ()
