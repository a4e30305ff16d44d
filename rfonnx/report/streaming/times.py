"""How late a stream is, and what it costs, for people and as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.data import as_csv
from rfonnx.report.document import Document, Line, Name, Table
from rfonnx.results.plain import counted
from rfonnx.results.stream_latency import ChunkLatency, OutputLatency, StreamLatency

HEADER = ("chunk", "chunk + delay", "a chunk takes", "90% within", "run again", "takes", "90% within", "times as long")


def latency_document(found: StreamLatency) -> Document:
    """What was timed against what, and a row for each length of chunks; the output that is latest stands for all."""
    rated = found.rate is not None
    header = (*HEADER, "of the time a chunk lasts") if rated else HEADER
    rows = tuple(_row(one) for one in found.chunks)
    slower = frozenset(i for i, one in enumerate(found.chunks) if one.ratio is not None and one.ratio < 1)
    caption = "medians under onnxruntime, on this machine as it was; chunk + delay is known from the file, whatever the machine"
    return Document(tuple(_head(found)), (Table(header, rows, (caption,), alarm=slower),))


def _head(found: StreamLatency) -> Iterator[Line]:
    threads = counted(found.threads, "thread") if found.threads else "as many threads as there are cores"
    rate = f"; {found.rate:g} frames in a second" if found.rate is not None else ""
    yield Name(found.model), f": chunks are multiples of {found.unit}; {threads}{rate}"
    if found.fixed:
        yield (f"run again: the whole of {found.fixed} frames, the only length that the file takes",)
    elif found.past:
        yield (
            "run again: all that came, for the newest frames depend on it, however long ago; it was taken for "
            f"{counted(found.past, 'frame')}, and takes longer the more came",
        )
    else:
        yield ("run again: the offline model on the last frames, as many as the newest ones see, and a chunk",)
    for one in found.chunks:
        if len(one.outputs) > 1:
            yield f"chunks of {one.chunk}: ", *_outputs(one)
    slower = [one.chunk for one in found.chunks if one.ratio is not None and one.ratio < 1]
    if slower:
        yield (f"re-running the window is faster than streaming in chunks of {', '.join(map(str, slower))}",)
    for one in found.chunks:
        if one.reason:
            yield (f"chunks of {one.chunk}: nothing was run again: {one.reason}",)


def _outputs(one: ChunkLatency) -> Iterator[str]:
    for number, output in enumerate(one.outputs):
        yield ", " if number else ""
        yield Name(output.name)
        yield f" {_late(output)}"


def _late(output: OutputLatency) -> str:
    words = counted(output.frames, "frame")
    return words if output.milliseconds is None else f"{words} ({output.milliseconds:.1f} ms)"


def _row(one: ChunkLatency) -> tuple[str, ...]:
    latest = max(one.outputs, key=lambda output: output.frames, default=None)
    again: tuple[str, ...] = ("-", "-", "-", "-")
    if one.window is not None and one.ratio is not None:
        times = one.window.median, one.window.p90
        again = (counted(one.length, "frame"), *(f"{time:.3g} ms" for time in times), f"{one.ratio:.2g}")
    return (
        str(one.chunk),
        _late(latest) if latest else "-",
        f"{one.stream.median:.3g} ms",
        f"{one.stream.p90:.3g} ms",
        *again,
        *(() if one.realtime is None else (f"{one.realtime:.2g}",)),
    )


COLUMNS = (
    *(
        "chunk",
        "output",
        "delay",
        "latency_frames",
        "latency_ms",
        "stream_ms",
        "stream_p90_ms",
        "window_frames",
        "window_ms",
    ),
    *("window_p90_ms", "ratio", "realtime"),
)


def latency_csv(found: StreamLatency) -> Iterator[str]:
    """A row for each output at each length of chunks; what there is not is empty."""
    return as_csv([COLUMNS, *(row for one in found.chunks for row in _rows(one))])


def _rows(one: ChunkLatency) -> Iterator[tuple[object, ...]]:
    window = ("", "") if one.window is None else (one.window.median, one.window.p90)
    for output in one.outputs:
        late = output.name, output.delay, output.frames, _empty(output.milliseconds)
        times = one.stream.median, one.stream.p90, one.length or "", *window, _empty(one.ratio), _empty(one.realtime)
        yield one.chunk, *late, *times


def _empty(value: float | None) -> float | str:
    return "" if value is None else value
