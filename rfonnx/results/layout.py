"""The layout of JSON where it is not that of a result: types that say which keys there are, and what they mean.

docs/schema is made of these and of the results: of their annotations and their docstrings. `Annotated[Row, Result]` is an object
with the keys of both, and where both have one, with the row's. Types of one command stand beside the code that writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

from rfonnx.results.advice import Advice, InputSizes, Used
from rfonnx.results.fields import AxisField, BatchFact, ModelInfo, OutputFacts, Shape, TensorField
from rfonnx.results.objects import ObjectRate
from rfonnx.system.named import NamedTuple


class Picked(NamedTuple):
    """Some of the attributes and properties of a result, for `Annotated`.

    Attributes:
        result: its class.
        names: of those that are written.
    """

    result: type
    names: tuple[str, ...]


class Head(TypedDict):
    """What every document begins with.

    Attributes:
        format: version of the layout.
        rfonnx: version of the program that wrote it.
    """

    format: Literal[1]
    rfonnx: str


class NamedShape(TypedDict):
    """An input or an output of the model.

    Attributes:
        name: in the file.
        shape: lengths by axis; null for one that depends on data, and in the place of all where their number is not known.
    """

    name: str
    shape: Shape


class BoundValues(TypedDict, total=False):
    """What the answer holds under.

    Attributes:
        values: numbers that inputs are bound to, or nested lists of them, by input; left out where none is.
    """

    values: Mapping[str, Any]


class FieldRow(TypedDict):
    """Which axis it is.

    Attributes:
        input: the input that is seen.
        axis: of that input.
    """

    input: str
    axis: int


class TensorRow(TypedDict):
    """What a tensor's fields are in JSON.

    Attributes:
        shape: lengths by axis; null for one that depends on data, and in the place of all where their number is not known.
        fields: by input and axis that the tensor may see something of.
    """

    shape: Shape
    fields: list[Annotated[FieldRow, AxisField]]


class BatchRow(TypedDict):
    """What a batch's inputs are in JSON.

    Attributes:
        inputs: the axis that counts samples, by input that has one.
    """

    inputs: Mapping[str, int]


class FactsRow(TypedDict):
    """What an output's facts are in JSON.

    Attributes:
        batch: whether samples are computed apart.
    """

    batch: Annotated[BatchRow, BatchFact]


class ReportRow(TypedDict):
    """What each tensor of a model sees of each input: the JSON of `rfonnx report` and of `Analysis.to_dict`.

    Attributes:
        model: facts about the file.
        inputs, outputs: of the model.
        tensors: every tensor that is computed from an input, in topological order, or those that were asked for.
        facts: what follows from the fields of each output.
        advice: what fields tell of the design at this size.
        warnings: a line each: what is an upper bound only, and what was assumed.
    """

    model: ModelInfo
    inputs: list[NamedShape]
    outputs: list[NamedShape]
    tensors: list[Annotated[TensorRow, TensorField]]
    facts: list[Annotated[FactsRow, OutputFacts]]
    advice: Advice
    warnings: list[str]


class OnDemand(TypedDict, total=False):
    """What stands in the JSON of `rfonnx report` where it was asked for.

    Attributes:
        sizes: with `--sizes`: lengths of input axes for which the model is neither wasteful nor blind.
        objects: with `--objects`: how many objects of the file one position sees whole.
        used: with `--erf`: how much of its field each measured unit uses.
    """

    sizes: list[InputSizes]
    objects: list[ObjectRate]
    used: list[Used]


Report = Annotated[ReportRow, BoundValues, OnDemand]
