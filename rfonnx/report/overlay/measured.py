"""What was measured of a model's tensors, read from the JSON of `rfonnx erf --all-layers` and of `rfonnx compare --layers`.

The files may be of strangers, or of another model: all that is taken from them is checked, and every tensor must be the model's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rfonnx.errors import DataError
from rfonnx.report.fields.view_source import Source
from rfonnx.results.plain import FORMAT, shape_text
from rfonnx.system.named import NamedTuple
from rfonnx.system.regular import read_regular

MAX_BYTES = 1 << 26
"""Largest file that is read: a layer takes 600 bytes there."""

BY_ERF = "write it by `rfonnx erf MODEL --all-layers -o FILE.json`"
BY_COMPARE = "write it by `rfonnx compare TEACHER MODEL --layers -o FILE.json`"

INFINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class Measured(NamedTuple):
    """What was measured, by tensor.

    Attributes:
        sigma: standard deviation of the effective field per axis, in positions of the input; NaN where nothing changes the unit.
        sqnr: of the student's tensor against the teacher's, in dB; NaN where one has a NaN or infinity that the other has not.
    """

    sigma: Mapping[str, tuple[float, ...]] = {}
    sqnr: Mapping[str, float] = {}


def read_measured(source: Source, model: str, erf: str | None, compare: str | None) -> Measured:
    """What two files, where they are given, say of the model that `source` is the analysis of.

    Raises:
        DataError: a file cannot be read, is not what the command writes, or is of another model.
    """
    sigmas = _sigmas(source, model, _document(erf, BY_ERF)) if erf else ()
    sqnrs = _sqnrs(source, model, _document(compare, BY_COMPARE)) if compare else ()
    return Measured(dict(sigmas), dict(sqnrs))


@dataclass(frozen=True)
class _Record:
    """An object of a file.

    Attributes:
        where: it stands.
        data: what it holds.
        way_out: of errors.
    """

    where: str
    data: dict[str, Any]
    way_out: str

    def fail(self, what: str, way_out: str = "") -> NoReturn:
        raise DataError(f"{self.where}{what}", way_out or self.way_out)

    def text(self, key: str) -> str:
        return str(self._take(key, str))

    def each(self, key: str) -> list[Any]:
        return list(self._take(key, list))

    def records(self, key: str) -> Iterator[_Record]:
        """The objects in a list."""
        for at, data in enumerate(self.each(key)):
            if not isinstance(data, dict):
                self.fail(f": '{key}' holds {_short(data)}, expected objects")
            yield _Record(f"{self.where}: {key}[{at}]", data, self.way_out)

    def number(self, key: str, found: Any, least: float) -> float:
        """A finite number that stands under a key, or NaN where it is null: there is no such figure."""
        if found is None:
            return math.nan
        if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= 1e30:
            self.fail(f": '{key}' is {_short(found)}, expected a number")
        return float(found)

    def _take(self, key: str, kind: type[Any]) -> Any:
        found = self.data.get(key)
        if not isinstance(found, kind):
            self.fail(f": '{key}' is {_short(found)}, expected {'text' if kind is str else 'a list'}")
        return found


def _sigmas(source: Source, model: str, document: _Record) -> Iterator[tuple[str, tuple[float, ...]]]:
    _same_model(document, document.text("model"), model)
    for layer in document.records("layers"):
        name, shape = layer.text("tensor"), layer.each("shape")
        if layer.text("problem"):
            continue
        _made_by(source, layer, name, layer.text("op_type"))
        here = source.tensors[name].shape
        if here is not None and not _fits(shape, here):
            told = "x".join(map(_short, shape))[:100]
            layer.fail(f" measured '{name}' at {told}, and it is {shape_text(here)} here", "give --shape as there")
        sigma = layer.each("sigma")
        if not sigma or len(sigma) != len(layer.each("field")):
            layer.fail(": 'sigma' and 'field' are not of one length")
        yield name, tuple(layer.number("sigma", one, 0) for one in sigma)


def _sqnrs(source: Source, model: str, document: _Record) -> Iterator[tuple[str, float]]:
    _same_model(document, document.text("student"), model)
    parting = document.data.get("parting")
    if not isinstance(parting, dict):
        document.fail(" does not tell of layers")
    for layer in _Record(f"{document.where}: parting", parting, BY_COMPARE).records("layers"):
        name, nodes = layer.text("student"), layer.each("nodes")
        _made_by(source, layer, name, nodes[-1][0] if nodes and isinstance(nodes[-1], list) and nodes[-1] else None)
        sqnr = layer.data.get("sqnr_db")
        infinite = INFINITE.get(sqnr) if isinstance(sqnr, str) else None
        value = layer.number("sqnr_db", sqnr, -1e30) if infinite is None else infinite
        yield name, value if layer.data.get("finite") is True else math.nan


def _document(file: str, way_out: str) -> _Record:
    """The object in a file, of the layout that is read here."""
    try:
        found = json.loads(read_regular(file, MAX_BYTES).decode("utf-8"))
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", way_out) from None
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, a path with a NUL; nested too deeply
        raise DataError(f"{file} is no JSON: {error}", way_out) from None
    layout = found.get("format") if isinstance(found, dict) else found
    if layout is not FORMAT and (layout != FORMAT or isinstance(layout, bool)):
        raise DataError(f"{file}: 'format' is {_short(layout)}, expected {FORMAT}", way_out)
    return _Record(file, found, way_out)


def _same_model(document: _Record, named: str, model: str) -> None:
    if named != Path(model).name:
        document.fail(f" tells of {named}, and this is {Path(model).name}", f"annotate {named}, or measure this one")


def _made_by(source: Source, layer: _Record, name: str, op_type: object) -> None:
    """The model has the tensor, made by that operator; None: not said by which."""
    tensor = source.tensors.get(name)
    if tensor is None:
        layer.fail(f" tells of '{name}', which the model does not have", "measure this model")
    elif op_type is not None and tensor.op_type != op_type:
        layer.fail(f" has '{name}' made by {_short(op_type)}, and the model by {tensor.op_type}", "measure this model")


def _fits(shape: list[Any], here: tuple[int | None, ...]) -> bool:
    """Lengths agree where they are known."""
    return len(shape) == len(here) and all(length in (None, told) for told, length in zip(shape, here, strict=True))


def _short(found: object) -> str:
    return json.dumps(found)[:40]
