"""What stands on each side of a comparison: a model under onnxruntime, or outputs that one gave earlier."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.comparing.pairs.saved import SavedModel, is_saved
from rfonnx.comparing.pairs.stated_values import bind_both
from rfonnx.comparing.settings import Settings
from rfonnx.errors import QueryError
from rfonnx.graph.text import quote
from rfonnx.model.opened import Source, with_values
from rfonnx.results.measures import MEASURES

Provider = str | Sequence[str] | None
Models = tuple[OpenModel, OpenModel]


def open_models(teacher: Source, student: Source, settings: Settings, threads: int) -> Models:
    """The teacher and the student.

    Raises:
        ModelError, DataError: one cannot be read or opened.
        QueryError: a value is bound that neither takes, or something is asked for that needs a model which is not there.
    """
    saved = [is_saved(teacher), is_saved(student)]
    if not any(saved):
        teacher, student = bind_both(teacher, student, settings.values, settings.inputs)
    else:
        _check_without_models(settings)
        if all(saved):
            _check_without_inputs(settings)
        teacher, student = (
            source if gone else with_values(source, settings.values)
            for source, gone in zip((teacher, student), saved, strict=True)
        )
    return (
        _opened("teacher", teacher, settings, settings.teacher_provider, threads),
        _opened("student", student, settings, settings.student_provider, threads),
    )


def _opened(role: str, source: Source, settings: Settings, own: Provider, threads: int) -> OpenModel:
    if isinstance(source, str | os.PathLike) and is_saved(source):
        return SavedModel(role, source)
    return OpenModel(role, source, threads, own or settings.provider)


def _check_without_models(settings: Settings) -> None:
    """Refuse what was asked for and cannot be done without both models."""
    if settings.layers:
        raise QueryError("--layers needs both models, and one is given as saved outputs", "give the model")
    for said in (settings.limits, *settings.output_limits.values()):
        for name, limit in said.items():
            if limit is not None and MEASURES[name].of_fields:
                raise QueryError(
                    f"a limit of {name} needs both models, and one is given as saved outputs", "give the model"
                )


def _check_without_inputs(settings: Settings) -> None:
    """Refuse what is said of inputs where no model has any."""
    for what, said in (
        ("--value", settings.values),
        ("--map-input", settings.inputs),
        ("--shape", settings.shapes),
        ("--student-shape", settings.student_shapes),
        ("--batch-axis", settings.batch_axes),
    ):
        if said:
            raise QueryError(
                f"{what} is given for {quote(next(iter(said)))}, and both sides are saved outputs, which have no inputs",
                "leave it out, or give the models",
            )
