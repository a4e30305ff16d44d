"""The explanation of one tensor as JSON. Layout: `format` as in `rfonnx.results.plain`; positions are closed ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypedDict

from rfonnx.report.data import as_json
from rfonnx.report.explanation.chains import Explanation, Region
from rfonnx.report.explanation.growth import growth, percentages
from rfonnx.results.fields import ExplainStep, TensorField
from rfonnx.results.layout import BoundValues, TensorRow
from rfonnx.results.plain import plain, tensor_to_dict, values_to_dict


class ExtentRow(TypedDict):
    """Positions along one axis.

    Attributes:
        axis: of what is told of.
        first, last: the first and the last position that belongs.
        span: positions from the first to the last.
        used: how many of those belong.
    """

    axis: int
    first: int
    last: int
    span: int
    used: int


class ReadsRow(TypedDict):
    """What one position of the tensor reads of an input.

    Attributes:
        input: the input.
        position: of the tensor, an index per axis.
        axes: of the input: those that are shown; empty where it reads nothing.
    """

    input: str
    position: list[int]
    axes: list[ExtentRow]


class ReachedRow(TypedDict):
    """What of the tensor reads one position of the input.

    Attributes:
        tensor: its name.
        position: of the input, an index per axis.
        axes: of the tensor: those along which it differs; empty where nothing reads it. A superset where fields have holes.
    """

    tensor: str
    position: list[int]
    axes: list[ExtentRow]


class ChainRow(TypedDict):
    """The operators that made the field along some axes of an input, which have the same steps.

    Attributes:
        input: the input.
        axes: of the input.
        shares: what enlarged the field, in whole percents by cause, which sum to 100; empty where nothing did.
        steps: from the input to the tensor.
    """

    input: str
    axes: list[int]
    shares: Mapping[str, int]
    steps: Sequence[ExplainStep]


class ExplainedRow(TypedDict):
    """Why one tensor sees what it sees: the JSON of `rfonnx explain`. Ranges of positions are closed.

    Attributes:
        tensor: the tensor, and its fields.
        chains: of operators, by input and axes.
        reads: by input: what one position of the tensor reads, the middle one where none was asked for.
        reached: by input: which positions of the tensor read the one of `--from-input`; empty without.
    """

    tensor: Annotated[TensorRow, TensorField]
    chains: list[ChainRow]
    reads: list[ReadsRow]
    reached: list[ReachedRow]


Explained = Annotated[ExplainedRow, BoundValues]


def explain_json(told: Explanation, every: bool = True) -> Iterator[str]:
    """One JSON object, keys in a fixed order; every operator of a chain is in it, `every` or not."""
    document = {
        "tensor": tensor_to_dict(told.tensor),
        **values_to_dict(told.values),
        "chains": [
            {
                "input": chain.input,
                "axes": list(chain.axes),
                "shares": percentages(growth(chain.steps)),
                "steps": plain(chain.steps),
            }
            for chain in told.chains
        ],
        "reads": [_region("input", region) for region in told.reads],
        "reached": [_region("tensor", region) for region in told.reached],
    }
    return as_json(document)


def _region(what: str, region: Region) -> dict[str, Any]:
    return {
        what: region.where,
        "position": list(region.of),
        "axes": [
            {"axis": e.axis, "first": e.first, "last": e.last, "span": e.span, "used": e.used} for e in region.extents
        ],
    }
