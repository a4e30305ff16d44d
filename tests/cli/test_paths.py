"""Paths and words that no system takes, and names that are not UTF-8: one line of at most 2,000 characters, exit code 2."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from outcome import Outcome
from rfonnx.cli.main import run
from rfonnx.errors import MAX_HINT, MAX_MESSAGE, RfonnxError
from rfonnx.system import scratch

Run = Callable[..., Outcome]
LONG, DEEP, HUGE = "x" * 5000, "d/" * 3000, "y" * 300_000
COMMANDS = {
    "report": ["report", "m.onnx"],
    "explain": ["explain", "m.onnx", "--tensor", "pool"],
    "erf": ["erf", "m.onnx", "-n", "1"],
    "check": ["check", "m.onnx"],
    "compare": ["compare", "m.onnx", "m.onnx"],
    "tile": ["tile", "plan", "m.onnx"],
}


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.onnx").write_bytes((models / "seed.onnx").read_bytes())


def one_line(done: Outcome) -> str:
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert done.err.isascii()
    message = done.err.removeprefix("rfonnx: error: ").rstrip("\n")
    assert len(message) <= MAX_MESSAGE + MAX_HINT == 2000
    return message


@pytest.mark.parametrize("path", [LONG, DEEP], ids=["long", "deep"])
@pytest.mark.parametrize("command", COMMANDS)
def test_models_at_paths_that_cannot_be(command: str, path: str, rfonnx: Run) -> None:
    one_line(rfonnx(*[path if word == "m.onnx" else word for word in COMMANDS[command]]))


@pytest.mark.parametrize("path", [LONG, DEEP, "a\0b"], ids=["long", "deep", "nul"])
@pytest.mark.parametrize(
    ("command", "option"),
    [("erf", "--data"), ("check", "--data"), ("check", "--rules"), ("compare", "--data"), ("compare", "--config")]
    + [(command, "-o") for command in COMMANDS],
)  # fmt: skip
def test_other_files_at_paths_that_cannot_be(command: str, option: str, path: str, rfonnx: Run) -> None:
    one_line(rfonnx(*COMMANDS[command], option, path))


@pytest.mark.parametrize(
    "args",
    [
        [HUGE],
        ["report", f"--{HUGE}"],
        ["report", "m.onnx", "--tensor", HUGE],
        ["report", "m.onnx", "--shape", f"{HUGE}=3"],
        ["report", "m.onnx", "--format", HUGE],
        ["report", "m.onnx", "--axes", HUGE],
        ["erf", "m.onnx", "--provider", HUGE],
        ["erf", "m.onnx", "--at", HUGE],
        ["check", "m.onnx", "--rule", HUGE],
        ["check", "m.onnx", "--rule", f"coverage={HUGE}"],
        ["compare", "m.onnx", "m.onnx", "--map", f"{HUGE}=y"],
        ["compare", "m.onnx", "m.onnx", "--limit", f"kl={HUGE}"],
        ["compare", "m.onnx", "m.onnx", "--prep", f"size={HUGE}"],
    ],
)
def test_a_message_is_bounded(args: list[str], rfonnx: Run) -> None:
    """What was wrong at its beginning, the way out at its end."""
    message = one_line(rfonnx(*args))
    assert "..." in message


def test_a_path_in_a_configuration_with_a_nul(rfonnx: Run) -> None:
    Path("rfonnx.toml").write_text('[compare]\ndata = "a\\u0000b"\n')
    for command in ("compare", "check"):
        assert "a\\x00b" in one_line(rfonnx(*COMMANDS[command]))


@pytest.mark.parametrize("command", COMMANDS)
def test_names_that_are_not_utf8(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """onnxruntime takes paths in UTF-8 alone, but is given what was read from the file."""
    name = os.fsdecode(b"b\xff\xfe.onnx")
    Path(name).write_bytes(Path("m.onnx").read_bytes())
    formats = ["text", "json", "markdown"] + (["sarif", "junit", "github"] if command == "check" else [])
    for style in formats:
        code = run([*[name if word == "m.onnx" else word for word in COMMANDS[command]], "--format", style])
        told = capsys.readouterr()
        assert code == 0
        assert told.err == ""
        told.out.encode("utf-8")
        if style in ("json", "sarif"):
            json.loads(told.out)


def test_a_file_for_the_report_may_have_any_name(rfonnx: Run) -> None:
    name = os.fsdecode(b"b\xff\xfe.json")
    assert rfonnx("report", "m.onnx", "-o", name).code == 0
    assert json.loads(Path(name).read_text())["format"] == 1


def test_no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    with (
        pytest.raises(
            RfonnxError, match=r"^no temporary folder can be made \(No such file or directory\); set TMPDIR to "
        ),
        scratch.folder(),
    ):
        pass


def test_a_temporary_folder_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime says only that the serialization failed, as of a broken model."""
    from rfonnx.errors import ModelError
    from rfonnx.model import runtime

    def full(*_: object) -> None:
        raise ModelError("m: onnxruntime cannot load the model (INVALID_PROTOBUF : Protobuf serialization failed.)")

    monkeypatch.setattr(runtime, "_open", full)
    message = "^m.onnx: the optimised model cannot be written to .*; make room there, or set TMPDIR$"
    with pytest.raises(RfonnxError, match=message):
        runtime.optimize(onnx.load("m.onnx"), name="m.onnx")
