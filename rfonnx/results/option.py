"""How users give a field of a settings dataclass: the command line, its help and the keys of TOML follow from one declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from rfonnx.results.ranges import OPTIONS, Range

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        help: a line on what it means; what holds where it is not given stands at its end in brackets.
        metavar: what stands for its value in the help; "": what it can be says it.
        choices: words that it can be; (): any.
        flag: its name on the command line.
        key: its name in TOML; "": it cannot be there.
        within: the name of its range in `rfonnx.results.ranges.OPTIONS`; "": it is no number.
        switch: it is true or false, and this by default; None: it is neither.
        many: it may be given several times.
        preset: what the command line takes where nothing is given; None: the field's default.
    """

    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    flag: str = ""
    key: str = ""
    within: str = ""
    switch: bool | None = None
    many: bool = False
    preset: str | None = None

    @property
    def range(self) -> Range | None:
        """What a number can be; None: it is no number."""
        return OPTIONS.get(self.within)

    @property
    def kind(self) -> type[bool | int | float | str]:
        """The type of its value."""
        if self.switch is not None:
            return bool
        return str if self.range is None else int if self.range.whole else float


def option(default: Value, words: str, *, in_file: bool = True, **more: Any) -> Value:
    """A field of a settings dataclass that users give by an option.

    Args:
        default: of the field.
        words: the help; a default that says something is added to it.
        in_file: whether it is a key in TOML too.
        more: other attributes of `Option`, where the field's name does not say them.
    """
    switch = default if isinstance(default, bool) else None
    shown = "yes" if switch else more.get("preset", default)
    if shown is not None and shown is not False and not words.endswith("]"):
        words += f" [default: {shown:g}]" if isinstance(shown, float) else f" [default: {shown}]"
    made = Option(words, key="yes" if in_file else "", switch=switch, **more)
    declared: Any = field(default=default, metadata={"option": made})
    return declared  # type: ignore[no-any-return]  # dataclasses take the field for its default


def options(settings: type) -> Mapping[str, Option]:
    """The options of a settings dataclass, by field."""
    found = {}
    for one in fields(settings):
        if "option" in one.metadata:
            made: Option = one.metadata["option"]
            name = one.name.replace("_", "-")
            found[one.name] = replace(
                made,
                flag=made.flag or f"--{name}",
                key=name if made.key else "",
                within=made.within or (name if name in OPTIONS else ""),
            )
    return found
