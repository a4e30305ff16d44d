"""`rfonnx stream latency`: what it says of delays; times are measured and never asserted."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from outcome import Outcome
from rfonnx.report.streaming.times import latency_document
from rfonnx.results.stream_latency import ChunkLatency, OutputLatency, StreamLatency, Timed
from streaming.nets import NETS

Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfonnx.streaming.timing.SECONDS", 0.01)


def saved(name: str, folder: Path) -> Path:
    onnx.save(NETS[name][0](), folder / "m.onnx")
    return folder / "m.onnx"


def test_chunk_and_delay_are_told(rfonnx: Run, tmp_path: Path) -> None:
    model = saved("U-Net, nearest", tmp_path)
    done = rfonnx("stream", "latency", model, "--chunks", "8,16", "--rate", "1000")
    assert done.code == 0, done.err
    assert "chunks are multiples of 8" in done.out
    assert "the offline model on the last frames, as many as the newest ones see, and a chunk" in done.out
    assert "31 frames (31.0 ms)" in done.out
    assert "39 frames (39.0 ms)" in done.out
    done = rfonnx("stream", "latency", model, "--chunks", "8,16", "--rate", "1000", "--format", "csv")
    rows = list(csv.DictReader(done.out.splitlines()))
    assert [(row["chunk"], row["delay"], row["latency_ms"]) for row in rows] == [
        ("8", "23", "31.0"),
        ("16", "23", "39.0"),
    ]
    assert all(float(row["ratio"]) > 0 and float(row["realtime"]) > 0 for row in rows)


def test_outputs_of_different_delay_are_told_apart(rfonnx: Run, tmp_path: Path) -> None:
    model = saved("two outputs", tmp_path)
    done = rfonnx("stream", "latency", model, "--axis", "2", "--chunks", "4")
    assert done.code == 0, done.err
    told = json.loads(rfonnx("stream", "latency", model, "--axis", "2", "--chunks", "4", "--format", "json").out)
    (one,) = told["chunks"]
    assert [(output["delay"], output["frames"]) for output in one["outputs"]] == [(0, 4), (1, 6)]
    for output in one["outputs"]:
        assert f"{output['name']} {output['frames']:g} frames" in done.out


def test_the_past_is_run_again_of_what_carries_it(rfonnx: Run, tmp_path: Path) -> None:
    done = rfonnx("stream", "latency", saved("Scan", tmp_path), "--axis", "2", "--chunks", "1,4")
    assert done.code == 0, done.err
    assert (
        "run again: all that came, for the newest frames depend on it, however long ago; it was taken for 400 frames"
        in done.out
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--chunks", "8,9"), "a chunk of 9 frames is no multiple of 8, and tensors of lower rates would get parts of frames; "
                              "the nearest that there is has 8 frames"),
        (("--chunks", "12"), "the nearest that there is has 16 frames"),
        (("--chunks", "1"), "the nearest that there is has 8 frames"),
        (("--chunks", "8,"), "is not a whole number"),
        (("--axis", "7"), "no axis 7"),
        (("-o", "times.png"), "times.png"),
    ],
)  # fmt: skip
def test_what_is_asked_for_wrongly(rfonnx: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = rfonnx("stream", "latency", saved("U-Net, nearest", tmp_path), *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert said in done.err


def test_it_is_said_where_running_again_is_faster() -> None:
    outputs = (OutputLatency("y", 0, 1, None),)
    slow, fast = Timed(2.0, 3.0, 9), Timed(1.0, 1.5, 9)
    chunks = (
        ChunkLatency(1, outputs, slow, fast, 9, "", None),
        ChunkLatency(8, outputs, fast, slow, 16, "", None),
        ChunkLatency(16, outputs, fast, None, 0, "there is no such length", None),
    )
    document = latency_document(StreamLatency("m.onnx", ("x",), None, 1, 0, 0, 0, chunks))
    lines = ["".join(line) for line in document.head]
    assert "re-running the window is faster than streaming in chunks of 1" in lines
    assert "chunks of 16: nothing was run again: there is no such length" in lines
    assert not any("chunks of 8" in line for line in lines)
