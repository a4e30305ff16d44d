"""What a report says of streams: planned from the file, nothing is run but what a plan runs."""

from __future__ import annotations

from rfonnx.errors import RfonnxError
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.results.stream_checks import StreamOutlook
from rfonnx.streaming.planning import stream_plan


def outlook(model: Opened, input: str, axis: int, shapes: Shapes | None = None) -> StreamOutlook:
    """The unit and the delays of a stream, or the first operator that blocks."""
    try:
        plan = stream_plan(model, input, axis, None, None, shapes)
    except RfonnxError as error:
        return StreamOutlook(input, axis, 0, {}, str(error))
    late = {one.name: (one.delay + one.held, one) for one in plan.manifest.outputs}
    delays = {name: (frames, float(frames / plan.manifest.rate(one))) for name, (frames, one) in late.items()}
    return StreamOutlook(input, axis, plan.unit, delays, "")
