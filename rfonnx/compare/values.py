"""Values of inputs, for two models of which one may lack what the other takes (a student exported for one sampling rate)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfonnx.errors import QueryError
from rfonnx.graph.read import Source, input_names, with_values
from rfonnx.graph.text import did_you_mean, quote


def bind_both(
    teacher: Source, student: Source, values: Mapping[str, Any], pairs: Mapping[str, str]
) -> tuple[Source, Source]:
    """Both models, each with the values of the inputs that it has.

    Args:
        teacher, student: the models.
        values: by input, named as in the teacher, or as in the student where the teacher has none of that name.
        pairs: the student's name of an input by the teacher's, where they differ.

    Raises:
        ModelError: a model cannot be read.
        QueryError: neither has such an input, or it does not take the value.
    """
    if not values:
        return teacher, student
    mine, theirs = input_names(teacher), input_names(student)
    for name in values:
        if name not in mine and pairs.get(name, name) not in theirs:
            raise QueryError(
                f"a value was given for {quote(name)}, which is an input of neither model",
                did_you_mean(name, [*mine, *theirs]) or f"the teacher's inputs are {', '.join(map(quote, mine))}",
            )
    own = {name: value for name, value in values.items() if name in mine}
    other = {pairs.get(name, name): value for name, value in values.items() if pairs.get(name, name) in theirs}
    return with_values(teacher, own), with_values(student, other)
