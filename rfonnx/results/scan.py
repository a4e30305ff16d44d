"""What `rfonnx scan` says of each model: one line of JSON, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, TypedDict

from rfonnx.results.fields import Kind, Shape
from rfonnx.results.findings import Outcome
from rfonnx.system.named import NamedTuple

State = Literal["reported", "refused", "failed", "crashed", "timed out"]
"""What became of a model: it was reported; it cannot be read or analysed, and why is known; rfonnx itself failed; its process
died; or was ended when its time was over."""


class ScannedAxis(TypedDict):
    """What an output sees along one axis of an input.

    Attributes:
        input, axis: of the input.
        kind, size, size_min, stride, coverage: as in `rfonnx report`.
    """

    input: str
    axis: int
    kind: Kind
    size: int
    size_min: int
    stride: Fraction
    coverage: float


class ScannedTime(TypedDict):
    """What an output sees along time.

    Attributes:
        input, axis: of the input.
        causal: whether no position sees what comes after it; null where that is not proven.
        lookahead, context: how far it sees after and before itself, in samples.
        length: of the input axis where these grow with it, else 0.
    """

    input: str
    axis: int
    causal: bool | None
    lookahead: int
    context: int
    length: int


class ScannedOutput(TypedDict):
    """An output.

    Attributes:
        name, shape: of the output.
        exact: both ends of every field are really read; else fields are at most as large.
        fields: by input axis that a window slides along; by all where there is none.
        time: by input with a time axis.
        batch: whether samples are computed apart: "independent", "mixed", "dropped", "unknown".
    """

    name: str
    shape: Shape
    exact: bool
    fields: Sequence[ScannedAxis]
    time: Sequence[ScannedTime]
    batch: str


class ScannedTiles(TypedDict):
    """Whether the model can be run in tiles exactly.

    Attributes:
        exact: it can.
        reason: why not; empty where it can.
        halo: positions around a tile, before and after, by "input:axis".
        grid: tiles begin at multiples of it, by "input:axis".
    """

    exact: bool
    reason: str
    halo: Mapping[str, Sequence[int]]
    grid: Mapping[str, int]


class ScannedStream(TypedDict):
    """Whether the model can be streamed along its time axis exactly.

    Attributes:
        input, axis: that would be streamed.
        unit: chunks are multiples of it; 0 where it cannot be streamed.
        delay: frames, by output; empty where it cannot be streamed.
        reason: why it cannot; empty where it can.
    """

    input: str
    axis: int
    unit: int
    delay: Mapping[str, int]
    reason: str


class ScannedReport(TypedDict):
    """All that is said of a model that can be analysed.

    Attributes:
        nodes, opset: of the file.
        inputs: shapes by name.
        outputs: each.
        globals: operators that take a whole axis together, by tensor.
        misaligned: tensors at which branches meet that look at different places.
        unknown: operators, as in the file, that nobody wrote a rule for.
        tiles: null where windows slide along no axis.
        stream: null where no time axis is known.
        rules: what became of each rule that needs no value, by id.
        macs: multiply-accumulates of a run, of what could be counted.
        uncounted: how many nodes could not be, by operator.
        parameters: weights.
    """

    nodes: int
    opset: int
    inputs: Mapping[str, Shape]
    outputs: Sequence[ScannedOutput]
    globals: Sequence[str]
    misaligned: Sequence[str]
    unknown: Sequence[str]
    tiles: ScannedTiles | None
    stream: ScannedStream | None
    rules: Mapping[str, Outcome]
    macs: int
    uncounted: Mapping[str, int]
    parameters: int


class ScanRecord(TypedDict):
    """A line of `rfonnx scan`.

    Attributes:
        format: version of the layout.
        rfonnx: version of the program that wrote it.
        model: the file, as it was listed.
        sha256: of the file; empty where it cannot be read.
        asked: what else it depends on, as JSON: shapes that were given.
        bytes: of the file.
        state: what became of it.
        reason: why it was not reported, in a line; empty where it was.
        seconds: that it took.
        report: what is said of it; null where it was not reported.
    """

    format: Literal[1]
    rfonnx: str
    model: str
    sha256: str
    asked: str
    bytes: int
    state: State
    reason: str
    seconds: float
    report: ScannedReport | None


class Change(NamedTuple):
    """One thing that is other.

    Attributes:
        model: as it is listed.
        what: where in the record, as "outputs.fc.fields.x:2.size"; "model" where the model itself came or went.
        before, after: as JSON has it; null where there was or is nothing.
    """

    model: str
    what: str
    before: Any
    after: Any


class Fleet(NamedTuple):
    """What a scan found.

    Attributes:
        records: of all models.
        changes: since the records that it was compared with; None: it was compared with none.
    """

    records: Sequence[ScanRecord]
    changes: Sequence[Change] | None = None
