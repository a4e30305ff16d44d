"""JSON Schemas from annotations and docstrings: of dataclasses, named tuples and typed dictionaries.

Every key has a description: a class whose docstring does not say what one of its attributes is, is refused.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from rfonnx.results.layout import Picked

Schema = dict[str, Any]

SIMPLE: dict[Any, str] = {bool: "boolean", int: "integer", str: "string", type(None): "null"}

JSON_WORDS = {"None": "null", "True": "true", "False": "false", "()": "[]"}

FRACTION = {
    "description": "a whole number, or a fraction as text, such as 1/2",
    "anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^-?[0-9]+/[0-9]+$"}],
}

FLOATS: dict[str, Schema] = {
    "text": {
        "description": 'a number; "nan", "inf" and "-inf" stand for those that JSON has none for',
        "anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}],
    },
    "null": {"description": "a number; null where there is no such figure", "type": ["number", "null"]},
    "none": {"type": "number"},
}
"""What becomes of NaN and infinity: see `rfonnx.results.plain.plain`. "none": there are none."""


class Generator:
    """Makes the schema of one document.

    Attributes:
        floats: a key of `FLOATS`.
        shared: the schemas that others refer to, by name.
    """

    def __init__(self, floats: str) -> None:
        self.floats = FLOATS[floats]
        self.shared: dict[str, Schema] = {}
        self._made: dict[str, Any] = {}

    def of(self, kind: Any) -> Schema:
        """The schema of values of a type."""
        origin, arguments = get_origin(kind), get_args(kind)
        if kind is Any:
            return {}
        if kind in SIMPLE:
            return {"type": SIMPLE[kind]}
        if kind is float:
            return self.floats if set(self.floats) == {"type"} else self._refer("Number", kind, lambda: self.floats)
        if kind is Fraction:
            return self._refer("Fraction", kind, lambda: FRACTION)
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in (Union, types.UnionType):
            return _any_of([self.of(one) for one in arguments])
        if origin is tuple and arguments[-1:] != (...,):
            items = [self.of(one) for one in arguments]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
        if origin in (tuple, list, Sequence):
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is Mapping and arguments[0] is str:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        parts = arguments if origin is Annotated else (kind,)
        told = _result(parts[-1])  # rows come first, and only add to it
        return self._refer(told.__name__.removesuffix("Row"), kind, lambda: self.object(told, *parts))

    def object(self, about: Any, *parts: Any) -> Schema:
        """An object with the keys of every part; of a key that several have, the first one's. `about` has the docstring."""
        keys: dict[str, Schema] = {}
        for part in parts:
            for key, (kind, words) in _keys(part).items():
                if key not in keys:
                    keys[key] = {"description": words, **self.of(kind)}
        optional = set[str]().union(*(getattr(part, "__optional_keys__", ()) for part in parts))
        return {
            "description": _summary(about),
            "type": "object",
            "properties": keys,
            "required": [key for key in keys if key not in optional],
            "additionalProperties": False,
        }

    def _refer(self, name: str, kind: Any, make: Any) -> Schema:
        """A reference to a shared schema, made at the first call."""
        if name not in self._made:
            self._made[name] = kind
            self.shared[name] = make()
        assert self._made[name] == kind, f"{name} is two things: {kind} and {self._made[name]}"
        return {"$ref": f"#/$defs/{name}"}


def _result(part: Any) -> Any:
    return part.result if isinstance(part, Picked) else part


def _any_of(schemas: list[Schema]) -> Schema:
    """One of several; types without conditions are listed together."""
    if all(set(schema) == {"type"} for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


def _keys(part: Any) -> dict[str, tuple[Any, str]]:
    """Type and description by key of what a class is written as."""
    result = _result(part)
    hints = get_type_hints(result, include_extras=True)
    if isinstance(part, Picked):
        names: Sequence[str] = part.names
    elif dataclasses.is_dataclass(result):
        names = [one.name for one in dataclasses.fields(result)]
    else:
        names = list(hints)
    found = {}
    for name in names:
        getter = _getter(result, name)
        found[name] = get_type_hints(getter)["return"] if getter else hints[name], _words(result, name)
        assert found[name][1], f"the docstring of {result.__name__} does not say what '{name}' is"
    return found


def _getter(result: Any, name: str) -> Any:
    """The function behind a property; None: it is none."""
    own = inspect.getattr_static(result, name, None)
    return own.fget if isinstance(own, property) else own.func if isinstance(own, cached_property) else None


def _words(result: Any, name: str) -> str:
    """What an attribute or property is. "As in X" is what X says, in the same file."""
    getter = _getter(result, name)
    words = _summary(getter) if getter else _attributes(result).get(name, "")
    other = re.fullmatch(r"as in `?(\w+)`?\.", words)
    return _words(vars(sys.modules[result.__module__])[other[1]], name) if other else words


def _attributes(result: Any) -> dict[str, str]:
    """What its docstring says under "Attributes:", by attribute, in the words of JSON."""
    _, _, listed = inspect.cleandoc(result.__doc__).partition("Attributes:\n")
    found: dict[str, str] = {}
    for names, text in re.findall(r"^    (\w[\w, ]*): (.*\n(?:     .*\n)*)", listed + "\n", re.MULTILINE):
        found |= dict.fromkeys(names.split(", "), _in_json(text))
    return found


def _summary(documented: Any) -> str:
    """The first paragraph of a docstring, in the words of JSON."""
    return _in_json((inspect.getdoc(documented) or "").partition("\n\n")[0])


def _in_json(text: str) -> str:
    """Python's words for values as JSON's, in one line."""
    return re.sub(r"\b(None|True|False)\b|\B\(\)", lambda word: JSON_WORDS[word[0]], " ".join(text.split()))
