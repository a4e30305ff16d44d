"""The rule on fields that lie beside the input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rfonnx.analysis import Analysis
from rfonnx.check.registry import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.check.subject import Subject
from rfonnx.errors import QueryError
from rfonnx.findings import Parameter

Float64 = npt.NDArray[np.float64]


@rule(
    "RF036",
    "field-on-input",
    "warning",
    {
        "min": Parameter(
            "float", "share of a position's field, 0 to 1, that must lie on the input; 0: some of it", 0.0
        ),
        "tensor": Parameter("str", "the tensor; every output when left out"),
    },
    default=True,
)
def field_on_input(subject: Subject, values: Values) -> Iterator[Says]:
    """No position of an output sees nothing but padding; with `min`, a share of each field lies on the input.

    A 1x1 convolution with padding, or pads larger than the kernel, make rows at the border that say the same for every input.
    With `min` = 0.5, also positions fail of which most of the field lies beyond the border: inputs that are too small for the
    net. What is known only as "at most" is not held to `min`.

    Way out: less padding, or larger inputs.
    """
    analysis = subject.analysis
    if values["tensor"] and values["tensor"] not in analysis.tensors:
        raise QueryError(
            f"{subject.path}: no tensor '{values['tensor']}' is computed from an input", "rfonnx report names them"
        )
    names = [values["tensor"]] if values["tensor"] else [name for name in analysis.outputs if name in analysis.tensors]
    found = judged = False
    for name in names:
        for input, axis in analysis.windowed:
            share = _on_input(analysis, name, input, axis)
            judged = judged or bool(share.size)
            least = share.min(initial=1.0)
            along = f"along {input} axis {axis}"
            if least <= 0:
                found = True
                count = int((share <= 0).sum())
                yield Says(f"{count} of {share.size} positions see nothing but padding {along}", name)
            elif least < values["min"]:
                found = True
                text = f"{least:.1%} of a position's field lies on the input {along}, at least {values['min']:.1%} are wanted"
                yield Says(text, name)
            elif values["min"] > 0 and share.size and not analysis.tensors[name].exact:
                found = True
                yield unproven(f"its field is only known as at most what lies on the input {along}", name)
    if not judged:
        raise NotApplicableError("nothing in this model slides along an axis of an input")
    if not found:
        yield holds("every position sees some of the input" if not values["min"] else "fields lie on the input")


def _on_input(analysis: Analysis, tensor: str, input: str, axis: int) -> Float64:
    """Share of the field that lies on the input, of each position that has one."""
    low, high = analysis.intervals(tensor, input, axis, clip=False)
    first, last = analysis.intervals(tensor, input, axis)
    read = low <= high
    inside = (
        np.where(first <= last, last, -1) - np.where(first <= last, first, 0) + 1
    )  # empty intervals have extreme ends
    share: Float64 = inside[read] / (high[read] - low[read] + 1)
    return share
