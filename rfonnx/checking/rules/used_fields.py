"""The rule on effective fields: how much of its theoretical field each layer uses, measured on the samples."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.checking.subject import Subject
from rfonnx.effective.depth import layer_fields
from rfonnx.effective.settings import Settings
from rfonnx.results.advice import USED_MASS
from rfonnx.results.effective import ERF
from rfonnx.results.findings import Parameter
from rfonnx.results.plain import axes_text, counted, percent, position_text
from rfonnx.results.ranges import SHARE


@rule(
    "RF046",
    "layers-use-field",
    "note",
    {
        "min": Parameter(
            "float", "share of its field, 0 to 1, that a layer's middle unit must use", required=True, within=SHARE
        ),
        "input": Parameter("str", "the input; the first that windows slide along when left out", named=True),
    },
)
def layers_use_field(subject: Subject, values: Values) -> Iterator[Says]:
    """The middle unit of every layer uses at least a share `min` of its field, as measured on the samples.

    Looked at are the layers of `rfonnx erf --all-layers`, at the unit nearest to the middle of the input. Used are, along each
    axis, the fewest neighbouring positions that hold 95% of the absolute gradient; the share is theirs of what of the field
    lies on the input. It takes a gradient of each layer on each sample (random ones when no data is given). A layer whose
    gradient cannot be taken is not measured, and fails with the reason.

    It is a measurement on these samples, and no proof: a weight that is small today may grow in training.

    Way out: fewer or smaller layers, or train on; `rfonnx erf --all-layers` shows how fields grow.
    """
    if not subject.analysis.windowed:
        raise NotApplicableError("nothing in this model slides along an axis of an input")
    enough = 0
    for one in layer_fields(subject.source, "center", None, _settings(subject, values)):
        if one.erf is None:
            yield unproven(f"is not proven to use a share of its field: {one.problem}", one.name)
        elif one.erf.empty:
            said = f"uses nothing of its field: at {position_text(one.erf.position)} no change of {one.erf.input} changes it"
            yield Says(f"{said} on {counted(one.erf.samples, 'sample')}", one.name)
        elif (share := _share(one.erf)) < values["min"]:
            exact = subject.analysis.tensors[one.name].exact
            text = f"uses {percent(share)} of its field {_told(one.erf, exact)}; at least {percent(values['min'])} are wanted"
            yield Says(text, one.name) if exact else unproven(text, one.name)
        else:
            enough += 1
    if enough:
        yield holds(f"{counted(enough, 'layer')} use {percent(values['min'])} of their fields or more, as measured")


def _settings(subject: Subject, values: Values) -> Settings:
    """The samples of the other rules, at their shapes."""
    names = subject.analysis.inputs
    feeds = [{name: array for name, array in feed.items() if name in names} for _, feed in subject.feeds]
    against = subject.against.settings
    return Settings(
        data=feeds,
        input=values["input"],
        shapes={name: array.shape for name, array in feeds[0].items()} if feeds else {},
        values=against.values or {},
        batch_axes=against.batch_axes or {},
        threads=subject.threads,
        providers=against.provider,
    )


def _share(erf: ERF) -> float:
    return math.prod(erf.stretches(USED_MASS)) / math.prod(_lengths(erf))


def _lengths(erf: ERF) -> list[int]:
    """Positions of the input that lie in the field, along each axis."""
    return [hi - lo + 1 for lo, hi in erf.field]


def _told(erf: ERF, exact: bool) -> str:
    parts, held = ("x".join(map(str, lengths)) for lengths in (erf.stretches(USED_MASS), _lengths(erf)))
    at_most = "" if exact else "at most "
    return (
        f"at {position_text(erf.position)}: {USED_MASS:.0%} of the gradient lies on {parts} of {at_most}{held} positions along"
        f" {axes_text(erf.axes)} of {erf.input}, as measured on {counted(erf.samples, 'sample')}"
    )
