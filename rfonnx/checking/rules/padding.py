"""The rule on fields that lie beside the input."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.derive.analysed import on_input, weights
from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.checking.rules.where import chosen_outputs
from rfonnx.checking.subject import Subject
from rfonnx.results.fields import TensorField
from rfonnx.results.findings import Parameter
from rfonnx.results.plain import percent
from rfonnx.results.ranges import SHARE
from rfonnx.system.named import NamedTuple


@rule(
    "RF036",
    "field-on-input",
    "warning",
    {
        "min": Parameter(
            "float", "share of a position's field, 0 to 1, that must lie on the input; 0: some of it", 0.0
        ),
        "blind": Parameter(
            "float", "share of the positions, 0 to 1, that may see nothing of the input", 0.25, within=SHARE
        ),
        "tensor": Parameter("str", "the tensor; every output when left out"),
    },
    default=True,
)
def field_on_input(subject: Subject, values: Values) -> Iterator[Says]:
    """Few positions of an output see nothing of the input; with `min`, a share of each field lies on the input.

    A 1x1 convolution with padding, or pads larger than the kernel, make rows at the border that say the same for every input.
    A first row that sees nothing is common, in a net that looks one step back say: up to a share `blind` of the positions may.
    With `min` = 0.5, also positions fail of which most of the field lies beyond the border: inputs that are too small for the
    net. What is known only as "at most" is not held to `min`.

    Way out: less padding, or larger inputs.
    """
    analysis = subject.analysis
    names = [name for name in chosen_outputs(subject, values) if name in analysis.tensors]
    judged = False
    for name, input in itertools.product(names, analysis.inputs):
        shares = {axis: _on_input(analysis, name, input, axis) for other, axis in analysis.windowed if other == input}
        judged = judged or any(share.positions for share in shares.values())
        yield from _verdicts(analysis.tensors[name], input, shares, values)
    if not judged:
        raise NotApplicableError("nothing in this model slides along an axis of an input")
    few = "no position sees" if not values["blind"] else f"at most {values['blind']:.0%} of the positions see"
    yield holds("fields lie on the input" if values["min"] else f"{few} nothing of the input")


@rule(
    "RF038",
    "input-fits-field",
    "note",
    {"min": Parameter("float", "share of a position's field, 0 to 1, that must lie on the input", 0.5, within=SHARE)},
    default=True,
)
def input_fits_field(subject: Subject, values: Values) -> Iterator[Says]:
    """Some position of each output has at least a share `min` of its field on the input.

    Where every position looks mostly at padding, the input is small for the net: what it learnt of wide context it cannot
    use, and zeros stand in its place. Classifiers are often so, at the size that they were trained with.

    Way out: larger inputs, or a net with a smaller field.
    """
    analysis = subject.analysis
    pairs = list(itertools.product((name for name in analysis.outputs if name in analysis.tensors), analysis.windowed))
    shares = {(name, *pair): share for name, pair in pairs if (share := _on_input(analysis, name, *pair)).positions}
    if not shares:
        raise NotApplicableError("nothing in this model slides along an axis of an input")
    small = {place: share.most for place, share in shares.items() if share.most < values["min"]}
    for (name, input, axis), most in small.items():
        yield Says(
            f"every position has most of its field beside {input} axis {axis}: at most {percent(most)} lies on it",
            name,
        )
    yield holds("the input is as large as half of the fields")


class Shares(NamedTuple):
    """Which shares of their fields lie on the input, of all positions that have one.

    Attributes:
        least, most: 0 to 1; both 1 where no position has a field.
        blind: positions of which nothing lies on it.
        positions: so many there are.
    """

    least: float
    most: float
    blind: int
    positions: int


def _verdicts(tensor: TensorField, input: str, shares: Mapping[int, Shares], values: Values) -> Iterator[Says]:
    least = values["min"]
    blind = [axis for axis, share in shares.items() if share.blind > share.positions * values["blind"]]
    if blind:  # what sees nothing along one axis sees nothing at all: the shortest table tells which axis it is
        axis = min(blind, key=lambda axis: shares[axis].positions)
        count, size = shares[axis].blind, shares[axis].positions
        # A product with zeros is known to read nothing, as padding is.
        text = f"{count} of {size} positions along {input} axis {axis} see nothing of it: padding or zeros stand in its place"
        yield Says(text, tensor.name)
        return
    for axis, share in shares.items():
        if share.least < least:
            wanted = f"at least {100 * least:g}% are wanted"
            yield Says(
                f"{percent(share.least)} of a position's field lies on the input along {input} axis {axis}, {wanted}",
                tensor.name,
            )
        elif least > 0 and share.positions and not tensor.exact:
            yield unproven(
                f"its field along {input} axis {axis} is only known as at most what lies on the input", tensor.name
            )


def _on_input(analysis: Analysis, tensor: str, input: str, axis: int) -> Shares:
    """Of the tensor's fields along an axis of the input. Between landmarks shares only grow, or only shrink."""
    marks = analysis.landmarks(tensor, input, axis)
    read, whole, inside = on_input(analysis, tensor, (input, axis), [one.positions for one in marks])
    shares, counts = inside / whole, weights(marks)[read]
    least, most = float(shares.min(initial=1.0)), float(shares.max(initial=0.0 if shares.size else 1.0))
    return Shares(least, most, round(counts[inside <= 0].sum()), round(counts.sum()))
