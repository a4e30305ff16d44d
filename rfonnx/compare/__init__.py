"""Comparing two models: `rfonnx.compare`, whose parts are loaded when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfonnx.compare.settings import ModelSource
    from rfonnx.comparison import Comparison
    from rfonnx.data.preparation import Preparation

    Prep = Preparation | Mapping[str, Any]


def compare(
    teacher: ModelSource,
    student: ModelSource,
    data: Any = None,
    *,
    teacher_prep: Prep | None = None,
    student_prep: Prep | None = None,
    **options: Any,
) -> Comparison:
    """Hold a student (distilled, pruned, quantised, exported anew) against the teacher it shall replace.

    Both run under onnxruntime over the same samples, in batches; memory does not grow with the number of samples.

    Args:
        teacher, student: ONNX files, their bytes, or ModelProtos.
        data: a folder of images or arrays, or one .npy, .npz or image file; None draws seeded random samples.
        teacher_prep, student_prep: how images become inputs, a `Preparation` or its fields: {"size": 256, "mean": (0.5,)}.
        options: the other fields of `rfonnx.compare.settings.Settings`, which says what each means; their defaults are
            those of the command line. Samples: samples, seed, batch, batch_axes, on_error. Inputs: shapes,
            student_shapes, values, inputs. What is compared: outputs, before, kind, task, tasks, class_axis,
            temperature. What is good enough: limits, output_limits, tolerances. What else: layers, layer_limit, fields,
            effective, cost, latency_runs, pictures, save_outputs. How: threads, provider, teacher_provider,
            student_provider.

    Returns:
        The comparison. When it ended early `incomplete` says why, and what was finished is there.

    Raises:
        ModelError, ShapeError: a model cannot be read or run.
        DataError: the data cannot be read, or does not fit.
        QueryError: inputs or outputs do not match.
    """
    from rfonnx.compare.options import preparation
    from rfonnx.compare.run import compare_models
    from rfonnx.compare.settings import Settings

    for role, prep in (("teacher", teacher_prep), ("student", student_prep)):
        if prep is not None:
            options[role] = preparation(f"{role}_prep", prep) if isinstance(prep, Mapping) else prep
    return compare_models(teacher, student, Settings(data=data, **options))


__all__ = ["compare"]
