"""Rules on a design, as far as fields tell: layers that add no context, padding. None runs by default: a model that is done is no
mistake because it could be smaller."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.analysis.sizes import input_sizes
from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.checking.rules.where import INPUT_AND_AXIS, space_axes
from rfonnx.checking.subject import Subject
from rfonnx.data.boxes import box_sizes
from rfonnx.results.advice import Idle
from rfonnx.results.findings import Parameter
from rfonnx.results.plain import axes_text, counted, percent
from rfonnx.results.ranges import SHARE


@rule(
    "RF042",
    "layers-add-context",
    "note",
    {
        "share": Parameter(
            "float",
            "share of the positions before a layer that see from border to border, from which on it adds no context",
            1.0,
            within=SHARE,
        ),
        **INPUT_AND_AXIS,
    },
)
def layers_add_context(subject: Subject, values: Values) -> Iterator[Says]:
    """Every layer of windows sees more of the input, at this size, than what it reads.

    A convolution behind fields that reach from border to border already cannot add context: it computes more of the same. With
    `share` = 0.5, half of the positions before it are enough, the middle one among them. Gates (squeeze-and-excitation) and
    attention are left aside: layers are judged by windows alone. A field that is only known as at most the whole axis proves
    nothing, and the rule fails there.

    It is structure alone, and says nothing of accuracy: a layer without context may still compute what is needed, and past
    shortcuts less is seen than by the longest way.

    Way out: leave the layers out, train, and compare; or larger inputs.
    """
    pairs = _pairs(subject, values)
    found = [one for one in subject.analysis.advice.idle if (one.input, one.axis) in pairs]
    by_layer: dict[tuple[str, str, str], list[Idle]] = {}
    for one in found:
        if one.whole >= values["share"] * one.positions:
            by_layer.setdefault((one.tensor, one.input, one.state), []).append(one)
    for (tensor, input, state), alike in by_layer.items():
        first, where = alike[0], f"along {input} {axes_text([one.axis for one in alike])}"
        if state == "unknown":
            text = f"is not proven to add context {where}: '{first.reads}' sees at most from border to border"
            yield unproven(text, tensor)
        else:
            least = min(one.whole / one.positions for one in alike)
            who = f"{percent(least)} of the positions" if least < 1 else "all positions"
            yield Says(f"adds no context {where}: {who} of '{first.reads}' see from border to border already", tensor)
    yield holds("every layer of windows sees more than what it reads")


@rule(
    "RF043",
    "padding-share",
    "note",
    {
        "max": Parameter(
            "float", "share of a field, 0 to 1, that may lie beyond the borders", required=True, within=SHARE
        ),
        **INPUT_AND_AXIS,
    },
)
def padding_share(subject: Subject, values: Values) -> Iterator[Says]:
    """At most a share `max` of fields lies beyond the borders, on the average over positions.

    Looked at: each output that slides along the input, and the layer with the largest field by windows alone. Padding stands
    beyond the borders, and a net that mostly looks at it has learnt its size. A field that is known as "at most" may lie
    elsewhere, and fails.

    Way out: larger inputs, less depth, or convolutions without padding.
    """
    pairs = _pairs(subject, values)
    found = [one for one in subject.analysis.advice.beyond if (one.input, one.axis) in pairs]
    if not found:
        raise NotApplicableError("no field of windows lies on these axes")
    for one in found:
        text = f"{percent(one.mean)} of a field lies beyond the borders of {one.input} axis {one.axis}, on the average"
        wanted = f"{text}; at most {percent(values['max'])} may"
        if one.exact:
            yield Says(wanted, one.tensor, one.mean > values["max"])
        else:
            yield unproven(f"{wanted}, and its field is only known as at most this", one.tensor)


@rule("RF044", "input-size-fits", "note", INPUT_AND_AXIS)
def input_size_fits(subject: Subject, values: Values) -> Iterator[Says]:
    """The input is neither so small that a layer adds no context, nor so large that no field reaches from border to border.

    The model is analysed at several sizes, which takes as many times as long. Below the range some layer of windows adds no
    context at any position; above it no position of the layer with the largest field sees from border to border. Where the
    model takes no other size, or its fields are only known as "at most", that is not proven, and the rule fails.

    It is structure alone, and says nothing of accuracy.

    Way out: another size, or fewer or more layers; `rfonnx report --sizes` says the range.
    """
    pairs = _pairs(subject, values)
    against = subject.against.settings
    found = input_sizes(subject.source, subject.shapes, batch_axes=against.batch_axes)
    for one in found:
        if (one.input, one.axis) not in pairs:
            continue
        where = f"{one.input} axis {one.axis}"
        if one.fits is None:
            yield unproven(f"is not proven to fit the {one.length} positions of {where}: {one.reason}", one.tensor)
        else:
            text = f"fits {one.grows_from} to {one.sees_to} positions of {where}, which has {one.length}"
            yield Says(text, one.tensor, not one.fits)


@rule(
    "RF045",
    "object-rate",
    "note",
    {
        "min": Parameter("float", "share of the objects, 0 to 1, that must be seen whole", required=True, within=SHARE),
        "objects": Parameter("str", "a CSV file of their sizes", required=True, named=True),
        "input": Parameter("str", "the input; the first that windows slide along when left out", named=True),
    },
)
def objects_are_seen(subject: Subject, values: Values) -> Iterator[Says]:
    """At least a share `min` of objects is seen whole by one position, wherever they lie.

    `objects` is a CSV file with columns `height` and `width`, or corners of boxes, in positions of the input. Each output is
    held to it, and the layer with the largest field by windows alone: a pooled output sees everything, of what that layer saw in
    parts. A field that is only known as "at most" promises nothing, and fails.

    It is structure alone: an object that is seen whole is not found by that.

    Way out: as for RF001, or smaller inputs.
    """
    analysis = subject.analysis
    name = values["input"] or next((pair[0] for pair in analysis.windowed), "")
    axes = [axis for other, axis in analysis.windowed if other == name]
    if not axes and not values["input"]:
        raise NotApplicableError("nothing in this model slides along an axis of the input")
    for one in analysis.object_rates(box_sizes(values["objects"], len(axes)) if axes else (), name):
        alone = ", by windows alone," if one.by_windows else ""
        text = f"sees{alone} {percent(one.rate)} of {counted(one.objects, 'object')} whole in the field of one position"
        wanted = f"{text}; at least {100 * values['min']:g}% are wanted"
        if one.rate >= values["min"] and not one.exact:
            yield unproven(f"{wanted}, and its field is only known as at most this", one.tensor)
        elif one.rate < values["min"] <= (one.seen + one.unknown) / one.objects:
            yield unproven(f"{wanted}, and {one.unknown} were not worked out", one.tensor)
        else:
            yield Says(wanted, one.tensor, one.rate < values["min"])


def _pairs(subject: Subject, values: Values) -> set[tuple[str, int]]:
    """The axes that are asked about, of those that windows slide along.

    Raises:
        NotApplicableError: there are none.
    """
    pairs = {pair for pair in space_axes(subject, values)[0] if pair in subject.analysis.windowed}
    if not pairs:
        raise NotApplicableError("nothing in this model slides along an axis of an input that is asked about")
    return pairs
