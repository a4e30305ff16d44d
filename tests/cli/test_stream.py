"""`rfonnx stream`: what it says and writes, and what it refuses; `stream verify`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

import rfonnx as api
from outcome import Outcome
from streaming.nets import NETS, Net, banded, echo_canceller

Run = Callable[..., Outcome]


@pytest.fixture
def tcn(tmp_path: Path) -> Path:
    onnx.save(NETS["symmetric TCN with norms"][0](), tmp_path / "tcn.onnx")
    return tmp_path / "tcn.onnx"


def test_a_stream_is_made_verified_and_written(rfonnx: Run, tcn: Path, tmp_path: Path) -> None:
    made = tmp_path / "s.onnx"
    done = rfonnx("stream", tcn, "--input", "x", "--axis", "2", "--chunk", "16", "--rate", "1000", "-o", made)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "add11 of x along axis 2: 16 in, 16 out, delay 7 (7.0 ms), the least possible"
    plan = api.stream(tcn, "x", 2, 16)
    assert lines[1].startswith(f"{len(plan.states)} states, ")
    assert lines[1].endswith(f"{plan.masks} masks; chunks are multiples of 1")
    assert lines[2].startswith("verified: ")
    assert "in chunks of 1, 2, 8, 16 differ from the offline model by at most" in lines[2]
    seen = plan.verify().structure
    assert seen is not None
    assert seen.tensors > 6  # each of its layers, at least
    assert lines[3].startswith(f"every frame of {seen.tensors} tensors sees what it sees in the offline model: ")
    assert lines[4] == f"written: {made}"
    said = json.loads((tmp_path / "s.json").read_text())
    assert (said["chunk"], said["unit"], said["outputs"][0]["delay"], said["outputs"][0]["rate"]) == (16, 1, 7, "1")
    assert said["sha256"] == hashlib.sha256(tcn.read_bytes()).hexdigest()
    done = rfonnx("stream", "verify", tcn, made)
    assert done.code == 0
    assert done.out.startswith("s.onnx: the stream is what the offline model makes, but for rounding\n")
    assert done.out.splitlines()[1].startswith("every frame of 1 tensor sees what it sees in the offline model: ")
    again = rfonnx("stream", tcn, "--axis", "2", "-o", made)
    assert again.code == 0  # what it wrote, it replaces


def test_two_inputs_are_streamed_together(rfonnx: Run, tmp_path: Path) -> None:
    model, made = tmp_path / "m.onnx", tmp_path / "s.onnx"
    onnx.save(echo_canceller(), model)
    both = ("--input", "x", "--input", "reference", "--axis", "2")
    done = rfonnx("stream", model, *both, "--axis", "reference=0", "--chunk", "4", "-o", made)
    assert done.code == 0, done.err
    assert "of x along axis 2 and reference along axis 0: 4 in, 4 out, delay 2" in done.out
    assert rfonnx("stream", "verify", model, made).code == 0
    done = rfonnx("stream", model, *both, "--axis", "1", "--dry-run")
    assert (done.code, "given twice" in done.err) == (2, True)


def test_a_cache_bounds_attention_and_says_so(rfonnx: Run, tmp_path: Path) -> None:
    model, made = tmp_path / "m.onnx", tmp_path / "s.onnx"
    onnx.save(banded(2**40, 0), model)
    refused = rfonnx("stream", model, "--axis", "1", "-o", made)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "lets every frame see all before it (attention without a bound)" in refused.err
    assert "--cache N" in refused.err
    done = rfonnx("stream", model, "--axis", "1", "--chunk", "3", "--cache", "5", "-o", made)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0].endswith("3 in, 3 out, delay 0, the least possible")
    assert (
        "changed: attention that sees all frames up to its own in the file sees the last 5 alone; up to 5 frames"
        in done.out
    )
    assert "differ from the offline model with that cache by at most" in done.out
    assert "runs of few frames from the file's own by no more" in done.out
    said = json.loads((tmp_path / "s.json").read_text())
    assert (said["cache"], said["unchanged"]) == (5, 5)
    done = rfonnx("stream", "verify", model, made)
    assert done.code == 0
    assert done.out.startswith(
        "s.onnx: the stream is what the offline model makes with a cache of 5 keys, and what it makes"
    )
    none = rfonnx("stream", model, "--axis", "1", "--cache", "4096", "--dry-run")
    assert (none.code, "give --cache 1 to 2048" in none.err) == (2, True)
    onnx.save(banded(4, 0), model)
    none = rfonnx("stream", model, "--axis", "1", "--cache", "5", "--dry-run")
    assert (none.code, "there is nothing to bound; leave out --cache" in none.err) == (2, True)


def test_a_stream_of_another_model_is_told(rfonnx: Run, tcn: Path, tmp_path: Path) -> None:
    made, other = tmp_path / "s.onnx", tmp_path / "other.onnx"
    assert rfonnx("stream", tcn, "--axis", "2", "-o", made).code == 0
    model = onnx.load(tcn)
    model.graph.node[0].input[1] = model.graph.node[4].input[1]
    onnx.save(model, other)
    done = rfonnx("stream", "verify", other, made)
    assert done.code == 1
    assert "the stream is not what the offline model makes" in done.out


def test_a_dry_run_says_all_but_writes_nothing(rfonnx: Run, tmp_path: Path) -> None:
    onnx.save(NETS["U-Net, nearest"][0](), tmp_path / "unet.onnx")
    done = rfonnx("stream", tmp_path / "unet.onnx", "--dry-run")
    assert done.code == 0, done.err
    assert "8 in, 8 out, delay 23, the least possible" in done.out
    assert "chunks are multiples of 8" in done.out
    assert "verified" not in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["unet.onnx"]


def test_more_than_the_least_is_said(rfonnx: Run, tmp_path: Path) -> None:
    """Frames of a crop of the end wait for the end, which intervals do not tell."""
    net = Net()
    onnx.save(
        net.model([1, 1, "t"], net.add("Slice", "x", net.ints(0), net.ints(-3), net.ints(2))), tmp_path / "m.onnx"
    )
    done = rfonnx("stream", tmp_path / "m.onnx", "--dry-run")
    assert "delay 3, 3 more than what outputs see asks for" in done.out
    assert "\nlater than the least: which frames a crop takes from the end is known at the end alone\n" in done.out


def test_what_cannot_be_streamed_is_refused_in_one_line(rfonnx: Run, tmp_path: Path) -> None:
    net = Net()
    onnx.save(
        net.model([1, 2, "t"], net.add("InstanceNormalization", "x", net.numbers(2), net.numbers(2))),
        tmp_path / "m.onnx",
    )
    done = rfonnx("stream", tmp_path / "m.onnx", "-o", tmp_path / "s.onnx")
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert "(InstanceNormalization)" in done.err
    assert not (tmp_path / "s.onnx").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give -o FILE to write to, or --dry-run"),
        (("--chunk", "0", "--dry-run"), "a whole number from 1"),
        (("--axis", "7", "--dry-run"), "no axis 7"),
        (("--axis", "x=last", "--dry-run"), "'x=last' is not like 2 or NAME=2"),
        (("--axis", "y=2", "--dry-run"), "there is no input 'y'"),
        (("--until", "nothing", "--dry-run"), "'nothing' is not in the model"),
        (("-o", "tcn.onnx"), "is an input of this run"),
        (("-o", "taken.onnx"), "is no report of rfonnx"),
        (("-o", "nowhere/s.onnx"), "no such folder"),
        (("-o", "s.html"), "-o s.html: a streaming model is written; end it in .onnx"),
        (("-o", "s.onnx", "--dry-run"), "--dry-run writes nothing: leave out -o"),
    ],
)
def test_what_is_asked_for_wrongly(
    rfonnx: Run, tcn: Path, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tcn.parent)
    Path("taken.onnx").write_bytes(b"somebody's")
    done = rfonnx("stream", "tcn.onnx", *words)
    assert done.code == 2
    assert said in done.err
    assert Path("taken.onnx").read_bytes() == b"somebody's"


def test_verify_wants_a_stream(rfonnx: Run, tcn: Path) -> None:
    done = rfonnx("stream", "verify", tcn, tcn)
    assert done.code == 2
    assert "holds no manifest of a stream" in done.err


def test_states_are_packed(rfonnx: Run, tcn: Path, tmp_path: Path) -> None:
    made = tmp_path / "packed.onnx"
    done = rfonnx("stream", tcn, "--axis", "2", "--pack", "--metadata", "sherpa", "-o", made)
    assert done.code == 0, done.err
    assert "metadata_props, too: T, decode_chunk_len, window_size, chunk_shift, subsampling_factor" in done.out
    assert " in 2 tensors, " in done.out
    assert rfonnx("stream", "verify", tcn, made).code == 0
