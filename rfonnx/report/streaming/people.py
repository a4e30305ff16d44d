"""A stream, and what running it showed, for people."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from rfonnx.report.document import Document, Line, Name, Table
from rfonnx.results.plain import counted
from rfonnx.results.stream_checks import SPARED, StreamRun, StreamSummary, StreamVerification, share
from rfonnx.results.streaming import Manifest, StreamedOutput


def stream_document(told: StreamSummary, rate: float | None = None) -> Document:
    """Each output with its delay, what is carried, what was assumed, and what verifying showed.

    Args:
        told: the stream.
        rate: frames of the input in a second, for delays in milliseconds.
    """
    return Document(tuple(_head(told, rate)), ())


def _head(told: StreamSummary, rate: float | None) -> Iterator[Line]:
    manifest = told.manifest
    for output in manifest.outputs:
        yield (
            Name(output.name),
            *_inputs(manifest),
            f": {manifest.chunk} in, {output.frames} out, delay {_delay(manifest, output, rate)}",
        )
    if any(output.least is not None and output.delay + output.held > output.least for output in manifest.outputs):
        why = "later than the least" if len(told.waits) == 1 else "may be later than the least"
        yield from ((f"{why}: {reason}",) for reason in told.waits)
    for name in manifest.finals:
        yield Name(name), *_inputs(manifest), ": once, when the last frame has come"
    size = sum(prod(one.shape) * np.dtype(one.dtype).itemsize for one in manifest.states)
    packs = f" in {counted(len(manifest.packs), 'tensor')}" if manifest.packs else ""
    yield (
        f"{counted(len(manifest.states), 'state')}{packs}, {size / 1024:.1f} KiB; {counted(told.masks, 'mask')}; "
        f"chunks are multiples of {manifest.unit}",
    )
    for state in manifest.states:
        if state.initial is None:
            yield (
                "a state of the model's own, whose first value the host gives: ",
                Name(state.input),
                " becomes ",
                Name(state.output),
            )
    if manifest.longest:
        yield (
            f"a stream has {counted(manifest.longest, 'frame')} of the input at most: a table by position, a crop or a "
            "padded length ends there",
        )
    if manifest.cache:
        yield (
            f"changed: attention that sees all frames up to its own in the file sees the last {manifest.cache} alone; up to "
            f"{counted(manifest.unchanged, 'frame')} of the input all is as in the file",
        )
    for one in manifest.statistics:
        yield "given: ", Name(one.input), f" of shape {list(one.shape)}, ", Name(one.meaning)
    for name, frames in manifest.differs.items():
        which = "all frames" if frames < 0 else f"the first {counted(frames, 'frame')}"
        yield (
            "changed: where frames are mirrored at the start, the first one is repeated: ",
            which,
            " of ",
            Name(name),
            " may be other than the file's",
        )
    for line in manifest.assumptions:
        yield (f"assumed: {line}",)
    if told.found is not None:
        yield (f"verified: {_verdict(told.found)}",)
        yield from _structure(told.found)
    if told.keys:
        yield (f"metadata_props, too: {', '.join(told.keys)}",)
    if told.written:
        yield ("written: ", Name(told.written))


def _inputs(manifest: Manifest) -> Iterator[str | Name]:
    """` of a along axis 2 and b along axis 1`."""
    for number, one in enumerate(manifest.inputs):
        yield " and " if number else " of "
        yield Name(one.name)
        yield f" along axis {one.axis}"


def _delay(manifest: Manifest, output: StreamedOutput, rate: float | None) -> str:
    delay = output.delay + output.held
    time = ""
    if rate is not None:
        time = f" ({1000 * delay / float(manifest.rate(output)) / rate:.1f} ms)"
    if output.least is None or delay == output.least:
        return f"{delay}{time}, the least possible" if output.least is not None else f"{delay}{time}"
    return f"{delay}{time}, {delay - output.least} more than what outputs see asks for"


def _verdict(found: StreamVerification) -> str:
    ran = [run for run in found.runs if not run.skipped and not run.untouched]
    held = [run for run in found.runs if not run.skipped and run.untouched]
    changed = _changed(found)
    few = "of few frames" if found.cache else "behind those frames"
    same = f"; {counted(len(held), 'run')} {few} from the file's own by no more" if held else ""
    own = ", each given what the offline model takes of the same frames," if found.statistics else ""
    lengths = counted(len({run.length for run in ran}), "length")
    chunks = ", ".join(str(n) for n in sorted({run.chunk for run in ran}))
    return (
        f"{counted(len(ran), 'run')} of {lengths} in chunks of {chunks}{own} differ from the offline model{changed} by at most "
        f"{found.worst:.1e} of the largest value{same}"
    )


def _changed(found: StreamVerification) -> str:
    """With what the offline model was changed before the stream was held against it."""
    words = [*(["that cache"] if found.cache else []), *(["that start"] if found.differs else [])]
    return f" with {' and '.join(words)}" if words else ""


def _structure(found: StreamVerification) -> Iterator[Line]:
    """What comparing what tensors see showed."""
    seen = found.structure
    if seen is None:
        return
    if seen.skipped:
        yield (f"what its tensors see was not compared: {seen.skipped}",)
        return
    at_most = f"; {seen.loose} more are known as at most alone, and were not compared" if seen.loose else ""
    kept = "sees what it sees" if not seen.differences else "was held against what it sees"
    yield (
        f"every frame of {counted(seen.tensors, 'tensor')} {kept} in the offline model: {seen.frames} frames of "
        f"{seen.copies} chunks of {seen.chunk}, linked by their states{at_most}",
    )
    for line in seen.differences:
        yield (f"differs: {line}",)


STEADY = ": the stream is what the offline model makes with the first frame in the place of those that are mirrored at the start"
BEHIND = ", and what the file makes of it behind all that see those, but for rounding"
OWN = ": the stream, given statistics as the offline model takes them of the same frames, is what that makes, but for rounding"
NOWHERE = ", but for rounding; the file's own frames may all differ"


def verification_document(found: StreamVerification) -> Document:
    """The verdict, and a row for each run."""
    if found.passed and found.cache:
        verdict = (
            f": the stream is what the offline model makes with a cache of {found.cache} keys, and what it makes itself of as "
            "many frames as that changes nothing of, but for rounding"
        )
    elif found.passed and found.differs:
        verdict = STEADY + (BEHIND if any(run.untouched and run.errors for run in found.runs) else NOWHERE)
    elif found.passed and found.statistics:
        verdict = OWN
    elif found.passed:
        verdict = ": the stream is what the offline model makes, but for rounding"
    elif any(not run.skipped for run in found.runs):
        verdict = ": the stream is not what the offline model makes"
    else:
        verdict = ": nothing was verified: the offline model runs at no length that was tried"
    bad = frozenset(i for i, run in enumerate(found.runs) if _bad(run, found.tolerance))
    table = Table(
        ("chunk", "frames", "differ by at most", "of the largest value"),
        tuple(_row(run) for run in found.runs),
        (f"up to {found.tolerance:.0e} of the largest value is rounding",),
        alarm=bad,
    )
    return Document(((Name(found.name), verdict), *_structure(found)), (table,) if found.runs else ())


def _bad(run: StreamRun, tolerance: float) -> bool:
    return bool(run.missing) or any(share(*pair) > tolerance for pair in run.errors.values())


def _row(run: StreamRun) -> tuple[str, ...]:
    start = (str(run.chunk), str(run.length))
    if run.skipped:
        return (*start, "not run", SPARED if run.skipped == SPARED else "the offline model does not take it")
    if run.missing:
        name, (got, wanted) = next(iter(run.missing.items()))
        return (*start, Name(f"{name} has {got} frames"), f"expected {wanted}")
    worst = max(run.errors.values(), key=lambda pair: share(*pair), default=(0.0, 0.0))
    return (*start, f"{worst[0]:.2g}", f"{share(*worst):.2g}")
