"""What the panels of a page share: tensors, the table's rows, and operators with what they read, as plain data by columns.

Names are written visibly, as the text reports write them. Equal cells, which most rows of a deep model have, are there once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rfonnx.report.escape import printable
from rfonnx.report.fields.table import FieldCells, changing, field_cells, inputs_seen
from rfonnx.report.fields.view import Axes, seen
from rfonnx.report.network.drawn import Drawn
from rfonnx.report.network.palette import FAMILIES
from rfonnx.results.fields import AxisField, TensorField
from rfonnx.results.plain import shape_text


def page_model(source: Drawn, axes: Axes) -> dict[str, Any]:
    """The model of a page.

    Args:
        source: the analysis.
        axes: the axes that are shown, by input.

    Returns:
        inputs: those shown, each with "name", "shape" and "axes".
        tensors: by column, in the order of the analysis: "name", "op", "shape", "exact", "output" and "global" (it takes a whole
            axis into each position) as 0 or 1, and "operation", a number into `operations`.
        rows: by column, the rows of the table of all tensors: "tensor", "input", "look" (numbers) and "changes" (0 or 1: the
            text report shows it).
        looks: "cells", the words of a row by `columns`, and "numbers" to sort by (size, stride, padding, centre, coverage).
        operations: by column: "op", "name", "family", and "reads": how far back each operator that is read stands, the inputs
            of the model (`sources`, their names and shapes) before the first.
    """
    tensors = list(source.tensors.values())
    return {
        "inputs": [
            {"name": printable(name), "shape": list(source.input_shapes.get(name) or ()), "axes": list(numbers)}
            for name, numbers in axes.items()
        ],
        "sources": [
            {"name": printable(name), "shape": shape_text(source.input_shapes.get(name))} for name in source.inputs
        ],
        "families": FAMILIES,
        "columns": FieldCells._fields,
        "tensors": _tensors(source, tensors),
        **_rows(source, tensors, axes),
        "operations": _operations(source),
    }


def _tensors(source: Drawn, tensors: Sequence[TensorField]) -> dict[str, list[Any]]:
    makers = {name: number for number, operation in enumerate(source.operations) for name in operation.tensors}
    outputs, whole = set(source.outputs), {tensor for tensor, _, _ in source.globals}
    return {
        "name": [printable(tensor.name) for tensor in tensors],
        "op": [printable(tensor.op_type) for tensor in tensors],
        "shape": [shape_text(tensor.shape) for tensor in tensors],
        "exact": [int(tensor.exact) for tensor in tensors],
        "output": [int(tensor.name in outputs) for tensor in tensors],
        "global": [int(tensor.name in whole) for tensor in tensors],
        "operation": [makers[tensor.name] for tensor in tensors],
    }


def _rows(source: Drawn, tensors: Sequence[TensorField], axes: Axes) -> dict[str, Any]:
    """A row per tensor and input that it sees, as the text report has them, and what they look like."""
    shown = set(changing(source, axes))
    numbers = {name: number for number, name in enumerate(axes)}
    looks: dict[object, int] = {}
    cells: list[FieldCells] = []
    sorted_by: list[list[float]] = []
    rows: dict[str, list[int]] = {"tensor": [], "input": [], "look": [], "changes": []}
    for number, tensor in enumerate(tensors):
        for name in inputs_seen(source, tensor.name, axes):
            found = seen(tensor, name, axes[name])
            apart = any(
                not tensor.fields[name, axis].aligned and source.misaligned(tensor.name, input=name, axis=axis)
                for axis in axes[name]
                if (name, axis) in tensor.fields
            )
            # Equal fields are one object: an elementwise operator passes its operand's on.
            key = (*map(id, found), tensor.exact, apart)
            if key not in looks:
                looks[key] = len(looks)
                cells.append(field_cells(found, tensor.exact, apart) if found else NOTHING)
                sorted_by.append(_numbers(found))
            for column, value in zip(rows, (number, numbers[name], looks[key], tensor.name in shown), strict=True):
                rows[column].append(int(value))
    return {"rows": rows, "looks": {"cells": cells, "numbers": sorted_by}}


NOTHING = FieldCells("", "", "", "", "", "none")


def _numbers(fields: Sequence[AxisField]) -> list[float]:
    """What sorts a row: of several axes the largest, of coverage the smallest; below all others where nothing is seen."""
    if not fields:
        return [-1.0] * 5
    return [
        float(max(field.size for field in fields)),
        float(max(field.stride for field in fields)),
        float(max(-field.start for field in fields)),
        float(max(field.center for field in fields)),
        round(min(field.coverage for field in fields), 6),
    ]


def _operations(source: Drawn) -> dict[str, list[Any]]:
    operations, inputs = source.operations, len(source.inputs)
    return {
        "op": [printable(operation.op_type) for operation in operations],
        "name": [printable(operation.node or next(iter(operation.tensors), "")) for operation in operations],
        "family": [FAMILIES.index(operation.family) for operation in operations],
        "reads": [[inputs + number - read for read in operation.reads] for number, operation in enumerate(operations)],
    }
