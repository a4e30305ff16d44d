"""An analysis as plain data: dicts, lists, strings and numbers only, the same for the same file, byte for byte.

Fractions are whole numbers where they can be and "a/b" strings otherwise, so that nothing is rounded.
Coverage, a float, is rounded to `COVERAGE_DIGITS`: it is a share for people to read, and its last bits are no result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor, isfinite
from typing import Any, Protocol

from rfonnx.results.advice import Advice
from rfonnx.results.fields import AxisField, ModelInfo, OutputFacts, Shape, TensorField
from rfonnx.version import __version__

FORMAT = 1
"""Version of the layout, raised when a reader of the old one would break.

1: the first.
"""

HEAD: Mapping[str, Any] = {"format": FORMAT, "rfonnx": __version__}
"""What every JSON report begins with."""

COVERAGE_DIGITS = 6

KeptAxes = Mapping[str, Sequence[int]] | None


class Outline(Protocol):
    """Inputs, outputs and tensors of a model; `rfonnx.Analysis` is one."""

    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def input_shapes(self) -> Mapping[str, Shape]: ...
    @property
    def tensors(self) -> Mapping[str, TensorField]: ...


class Analysed(Outline, Protocol):
    """What plain data is made of; `rfonnx.Analysis` is one."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Arrays that inputs are bound to, by name."""
        ...

    @property
    def model(self) -> ModelInfo: ...
    @property
    def facts(self) -> Mapping[str, OutputFacts]: ...
    @property
    def advice(self) -> Advice: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...


def analysis_to_dict(analysis: Analysed) -> dict[str, Any]:
    """The whole analysis in the layout of `rfonnx report --format json`."""
    document = head_to_dict(analysis)
    document["tensors"] = [tensor_to_dict(tensor) for tensor in analysis.tensors.values()]
    document["facts"] = [facts_to_dict(fact) for fact in analysis.facts.values()]
    document["advice"] = advice_to_dict(analysis.advice)
    document["warnings"] = list(analysis.warnings)
    return document


def head_to_dict(analysis: Analysed) -> dict[str, Any]:
    """Everything that comes before the tensors: format, version, model, inputs, outputs."""
    return {
        **HEAD,
        "model": {**plain(analysis.model), "opsets": dict(sorted(analysis.model.opsets.items()))},
        "inputs": [{"name": name, "shape": _shape(analysis.input_shapes.get(name))} for name in analysis.inputs],
        **values_to_dict(analysis.values),
        "outputs": [{"name": name, "shape": _shape(_tensor_shape(analysis, name))} for name in analysis.outputs],
    }


def values_to_dict(values: Mapping[str, Any]) -> dict[str, Any]:
    """What inputs are bound to, numbers or nested lists of them, under the key "values"; nothing where none is."""
    return {"values": {name: value.tolist() for name, value in values.items()}} if values else {}


def tensor_to_dict(tensor: TensorField, axes: KeptAxes = None) -> dict[str, Any]:
    """One tensor with its fields, in order of input and axis as the analysis gives them.

    Args:
        tensor: the tensor.
        axes: input axes to keep, by input name; all when None.
    """
    return {
        "name": tensor.name,
        "shape": _shape(tensor.shape),
        "dtype": tensor.dtype,
        "op_type": tensor.op_type,
        "node": tensor.node,
        "exact": tensor.exact,
        "notes": list(tensor.notes),
        "fields": [
            {"input": name, "axis": axis, **axis_to_dict(field)}
            for (name, axis), field in tensor.fields.items()
            if axes is None or axis in axes.get(name, ())
        ],
    }


def axis_to_dict(field: AxisField) -> dict[str, Any]:
    """The field along one input axis."""
    return {
        "kind": field.kind,
        "size": field.size,
        "size_min": field.size_min,
        "stride": fraction(field.stride),
        "period": field.period,
        "start": field.start,
        "center": fraction(field.center),
        "tensor_axis": field.tensor_axis,
        "coverage": round(field.coverage, COVERAGE_DIGITS),
        "aligned": field.aligned,
        "offsets": [fraction(offset) for offset in field.offsets],
    }


def facts_to_dict(fact: OutputFacts) -> dict[str, Any]:
    """The derived facts of one output."""
    found = plain(fact)
    return {**found, "batch": {**found["batch"], "inputs": dict(fact.batch.inputs)}}


def advice_to_dict(advice: Advice) -> dict[str, Any]:
    """What fields tell of a design; shares are rounded as coverage is."""
    made = plain(advice)
    shares = {"mean", "least", "most"}
    rounded = [{k: round(v, COVERAGE_DIGITS) if k in shares else v for k, v in one.items()} for one in made["beyond"]]
    return {**made, "beyond": rounded}


def plain(value: Any, beyond: Callable[[float], Any] = str) -> Any:
    """Results as JSON has them: dataclasses and named tuples by field, other tuples as lists.

    Args:
        value: a result, or mappings and sequences of them.
        beyond: what becomes of NaN and infinity, which JSON has no numbers for.
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, AxisField):
        return axis_to_dict(value)
    from dataclasses import fields, is_dataclass  # a report on fields has none of these

    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name), beyond) for one in fields(value)}
    if hasattr(value, "_asdict"):
        return plain(value._asdict(), beyond)
    if isinstance(value, Mapping):
        return {str(key): plain(item, beyond) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item, beyond) for item in value]
    if isinstance(value, Fraction):
        return fraction(value)
    return beyond(value) if isinstance(value, float) and not isfinite(value) else value


def flat_rows(tensors: Iterable[TensorField], axes: KeptAxes = None) -> Iterator[dict[str, Any]]:
    """One flat record per (tensor, input, axis), for CSV files and data frames. `axes` as in `tensor_to_dict`."""
    for tensor in tensors:
        for (name, axis), field in tensor.fields.items():
            if axes is None or axis in axes.get(name, ()):
                yield {
                    "name": tensor.name,
                    "shape": shape_text(tensor.shape),
                    "op_type": tensor.op_type,
                    "node": tensor.node,
                    "exact": tensor.exact,
                    "input": name,
                    "axis": axis,
                    **axis_to_dict(field),
                }


def fraction(value: Fraction) -> int | str:
    """A whole number, or "a/b".

    >>> fraction(Fraction(4)), fraction(Fraction(1, 2))
    (4, '1/2')
    """
    return value.numerator if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def bound_texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and words of each bound input.

    >>> bound_texts({"sr": np.array(16000), "sizes": np.array([1, 3])})
    [('sr', ' = 16000 (bound)'), ('sizes', ' = [1, 3] (bound)')]
    """
    texts = {name: str(value.tolist()) for name, value in values.items()}
    return [(name, f" = {text if len(text) <= 80 else text[:77] + '...'} (bound)") for name, text in texts.items()]


def shape_text(shape: Shape) -> str:
    """A shape as "1x3x224x224"; "?" for what is unknown, "scalar" for rank 0."""
    if shape is None:
        return "?"
    return "x".join("?" if length is None else str(length) for length in shape) or "scalar"


def _shape(shape: Shape) -> list[int | None] | None:
    return None if shape is None else list(shape)


def _tensor_shape(analysis: Analysed, name: str) -> Shape:
    """Shape of an output, which may be an input that is passed on; unknown for a constant, which is no tensor here."""
    tensor = analysis.tensors.get(name)
    return tensor.shape if tensor is not None else analysis.input_shapes.get(name)


def counted(count: float, noun: str) -> str:
    """A number with what it counts.

    >>> counted(1, "sample"), counted(0, "sample"), counted(12.5, "sample")
    ('1 sample', '0 samples', '12.5 samples')
    """
    return f"{count:.10g} {noun}" + ("" if abs(count) == 1 else "s")


def position_text(position: Sequence[int | None]) -> str:
    """A position for people; None is where it is summed.

    >>> position_text((0, None, 3, 3))
    '0,:,3,3'
    """
    return ",".join(":" if index is None else str(index) for index in position)


def axes_text(numbers: Sequence[int]) -> str:
    """Axes for people.

    >>> axes_text([1]), axes_text([1, 2])
    ('axis 1', 'axes 1, 2')
    """
    return f"{'axis' if len(numbers) == 1 else 'axes'} {', '.join(map(str, numbers))}"


def duration(seconds: float) -> str:
    """A time for people.

    >>> duration(12.4), duration(200), duration(9000)
    ('12 s', '3 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def percent(share: float) -> str:
    """A share of 1 in percent, rounded down, so that 100% means all of it and 0% means nothing.

    >>> percent(0.9999), percent(0.0001), percent(1.0)
    ('99.9%', '<0.1%', '100%')
    """
    tenths = floor(share * 1000 + 1e-9)
    if tenths == 0 and share > 0:
        return "<0.1%"
    if tenths >= 1000 and share < 1:
        tenths = 999
    return f"{tenths / 10:g}%"
