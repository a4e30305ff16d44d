"""The rule on streams: whether the model can be run chunk by chunk, in which chunks, and how late."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.checking.rule_table import Says, Values, holds, rule, unproven
from rfonnx.checking.rules.time import WHERE
from rfonnx.checking.rules.where import chosen_outputs, time_axes
from rfonnx.checking.subject import Subject
from rfonnx.errors import ModelError, QueryError, ShapeError
from rfonnx.results.findings import Parameter
from rfonnx.results.plain import counted
from rfonnx.results.ranges import AMOUNT, FACTOR
from rfonnx.results.streaming import Manifest, StreamedOutput
from rfonnx.streaming.planning import stream_plan
from rfonnx.streaming.refusal import Refused


@rule(
    "RF041",
    "streams",
    "error",
    {
        "delay": Parameter(
            "float",
            "largest delay that is allowed, in frames of the output, or in ms with `rate`; any when left out",
            within=AMOUNT,
        ),
        "unit": Parameter(
            "int", "largest unit that is allowed: chunks are multiples of it; any when left out", named=True
        ),
        "rate": Parameter(
            "float", "frames of the input per second; `delay` is in milliseconds then", named=True, within=FACTOR
        ),
        **WHERE,
    },
)
def streams(subject: Subject, values: Values) -> Iterator[Says]:
    """The model can be rewritten to take its input chunk by chunk and make exactly what it makes of the whole.

    `rfonnx stream` writes that model. Norms, pools, softmax over time, layers that go backwards and attention without a bound
    keep it from existing: the node that blocks is named. Delay is that of each output in chunks of one unit, beside the time in
    which a chunk fills. It follows from the file; `rfonnx stream` runs both before it writes. Where the file fixes the length
    of the time axis and the network takes no other, nothing is proven. Inputs that have a time axis are streamed together; which
    axis that is, is found as for RF005.

    Way out: the refusal names one; or `tensor`, up to which the model streams; name `input` and `axis` where time is not found.
    """
    pairs, failures = time_axes(subject, values)
    yield from failures
    if not pairs:
        return
    outputs = chosen_outputs(subject, values) if values["tensor"] or values["output"] else None
    try:
        plan = stream_plan(subject.source, dict(pairs), None, None, outputs, subject.shapes)
    except Refused as error:
        yield Says(f"cannot be streamed{_along(pairs)}: {error}")
        return
    except (ModelError, QueryError, ShapeError) as error:
        yield unproven(f"is not proven to stream{_along(pairs)}: {error}")
        return
    manifest = plan.manifest
    if manifest.fixed:
        yield unproven(f"is not proven to stream{_along(pairs)}: {manifest.assumptions[0]}")
        return
    if values["unit"] is not None and manifest.unit > values["unit"]:
        yield Says(f"streams in chunks that are multiples of {manifest.unit}; at most {values['unit']} are allowed")
    for output in manifest.outputs:
        yield _late(manifest, output, values, _along(pairs))
    for name in manifest.finals:
        yield holds(f"is known when the last frame has come{_along(pairs)}", name)


def _along(pairs: list[tuple[str, int]]) -> str:
    return " along " + " and ".join(f"{name} axis {axis}" for name, axis in pairs)


def _late(manifest: Manifest, output: StreamedOutput, values: Values, along: str) -> Says:
    """The verdict on the delay of an output."""
    frames = output.delay + output.held
    rate = values["rate"]
    late = frames if rate is None else 1000 * frames / float(manifest.rate(output)) / rate

    def said(amount: float) -> str:
        return counted(amount, "frame") if rate is None else f"{amount:.10g} ms"

    text = f"streams{along} in chunks of {counted(manifest.unit, 'frame')}, {said(late)} late"
    if values["delay"] is None or late <= values["delay"]:
        return holds(text, output.name)
    return Says(f"{text}; at most {said(values['delay'])} are allowed", output.name)
