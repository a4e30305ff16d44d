"""What is said of inputs, for two models of which one may lack what the other takes (a student for one sampling rate)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from rfonnx.errors import QueryError
from rfonnx.graph.text import did_you_mean, quote
from rfonnx.model.opened import Source, opened, with_values

Said = TypeVar("Said")


def for_both(
    what: str, said: Mapping[str, Said], teacher: Iterable[str], student: Iterable[str], pairs: Mapping[str, str]
) -> tuple[dict[str, Said], dict[str, Said]]:
    """To each model what concerns an input of it.

    Args:
        what: is said ("a value"), for messages.
        said: by input, named as in the teacher, or as in the student where the teacher has none of that name.
        teacher, student: names of their inputs.
        pairs: the student's name of an input by the teacher's, where they differ.

    Raises:
        QueryError: neither has such an input.
    """
    mine, theirs = list(teacher), list(student)
    for name in said:
        if name not in mine and pairs.get(name, name) not in theirs:
            raise QueryError(
                f"{what} was given for {quote(name)}, which is an input of neither model",
                did_you_mean(name, [*mine, *theirs]) or f"the teacher's inputs are {', '.join(map(quote, mine))}",
            )
    own = {name: one for name, one in said.items() if name in mine}
    return own, {pairs.get(name, name): one for name, one in said.items() if pairs.get(name, name) in theirs}


def bind_both(
    teacher: Source, student: Source, values: Mapping[str, Any], pairs: Mapping[str, str]
) -> tuple[Source, Source]:
    """Both models, each with the values of the inputs that it has.

    Raises:
        ModelError: a model cannot be read.
        QueryError: see `for_both`, or an input does not take its value.
    """
    if not values:
        return teacher, student
    mine, theirs = opened(teacher), opened(student)
    names, others = ([*one.input_names, *one.values] for one in (mine, theirs))
    own, other = for_both("a value", values, names, others, pairs)
    return with_values(mine, own), with_values(theirs, other)
