"""Exit codes and messages: one line for the user's mistakes, a traceback for ours, nothing for an interruption."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import rfonnx as package
from fake_analysis import HOSTILE
from outcome import Outcome

Run = Callable[..., Outcome]


def one_line(outcome: Outcome) -> str:
    """The message of a user's error: alone, on one visible line, without a traceback."""
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.endswith("\n")
    line = outcome.err[:-1]
    assert line.isprintable()
    assert line.startswith("rfonnx: error: ")
    return line.removeprefix("rfonnx: error: ")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nonsense"], "No such command 'nonsense'; 'rfonnx --help' lists what there is"),
        (["report"], r"Missing argument 'MODEL\.\.\.'; 'rfonnx report --help' lists what there is"),
        (
            ["report", "m.onnx", "--farmat", "x"],
            r"No such option:? '?--farmat'?.*; 'rfonnx report --help' lists what there is",
        ),
        (["report", "m.onnx", "--format", "pdf"], r"Invalid value for '--format': 'pdf' is not one of 'text', .*"),
        (
            ["report", "m.onnx", "--shape", "x"],
            r"Invalid value for '--shape': 'x' is not like x=1,3,224,224 or H=512; .*",
        ),
        (["report", "m.onnx", "--shape", "=3"], r"Invalid value for '--shape': '=3' is not like .*"),
        (
            ["report", "m.onnx", "--shape", "x=1,a"],
            r"Invalid value for '--shape': 'a' in 'x=1,a' is not a whole number .*",
        ),
        (
            ["report", "m.onnx", "--shape", "x=-1"],
            r"Invalid value for '--shape': '-1' in 'x=-1' is not a whole number .*",
        ),
        (
            ["report", "m.onnx", "--shape", "x=1,,2"],
            r"Invalid value for '--shape': '' in 'x=1,,2' is not a whole number .*",
        ),
        (
            ["report", "m.onnx", "--shape", "x=" + "9" * 30],
            r"Invalid value for '--shape': '9{30}' in .* is larger than .*",
        ),
        (
            ["report", "m.onnx", "--shape", "x=1", "--shape", "x=2"],
            r"Invalid value for '--shape': 'x' is given twice; .*",
        ),
        (
            ["report", "m.onnx", "--axes", "rows"],
            r"Invalid value for '--axes': 'rows' is not 'all', 'spatial' or axis .*",
        ),
        (["report", "m.onnx", "--axes", "2,,3"], r"Invalid value for '--axes': '2,,3' is not .*"),
        (["explain", "m.onnx"], r"Missing option '--tensor'; .*"),
        (
            ["explain", "m.onnx", "--tensor", "t", "--at", "1;2"],
            r"Invalid value for '--at': '1;2' is not a position such as .*",
        ),
        (
            ["compare", "a", "b", "--task", "values", "--task", "values"],
            r"Invalid value for '--task': what holds for all is given twice; .*",
        ),
        (
            ["compare", "a", "b", "--limit", "y.kl=1", "--limit", "y.kl=2"],
            r"Invalid value for '--limit': 'y\.kl' is given twice; .*",
        ),
        (["compare", "a", "b", "--prep", "size"], r"Invalid value for '--prep': 'size' is not like NAME=VALUE; .*"),
        (["ops", "Conv"], r"Got unexpected extra argument \(Conv\); 'rfonnx ops --help' lists what there is"),
    ],
)
def test_mistakes_in_the_options(args: list[str], message: str, rfonnx: Run) -> None:
    assert re.fullmatch(message, one_line(rfonnx(*args)))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--tensor", "pol"], "seed.onnx: no tensor 'pol' is computed from an input; did you mean 'pool'?"),
        (["--tensor", "x"], "seed.onnx: 'x' is an input, which sees only itself; name a computed tensor"),
        (
            ["--axes", "7"],
            "seed.onnx: no input has an axis 7; number of axes: 'x' 4; axes count from 0, batch included",
        ),
    ],
)
@pytest.mark.parametrize("style", ["text", "csv", "json", "markdown"])
def test_mistakes_about_the_model(args: list[str], message: str, style: str, rfonnx: Run, models: Path) -> None:
    assert one_line(rfonnx("report", models / "seed.onnx", "--format", style, *args)) == message


def test_a_missing_file(process: Run) -> None:
    """As a process: what a shell sees."""
    assert "nowhere.onnx" in one_line(process("report", "nowhere.onnx"))


@pytest.mark.parametrize("content", [b"", b"not a model", bytes(range(256))])
def test_no_model(content: bytes, process: Run, tmp_path: Path) -> None:
    path = tmp_path / "junk.onnx"
    path.write_bytes(content)
    assert "junk.onnx" in one_line(process("report", path))


def test_python_without_docstrings_checks_all_the_same(process: Run, models: Path) -> None:
    found = process("check", models / "seed.onnx", "--list", env={**os.environ, "PYTHONOPTIMIZE": "2"})
    assert (found.code, found.err) == (0, "")
    assert "RF034" in found.out


def test_hostile_names_stay_on_the_one_line(rfonnx: Run, tmp_path: Path) -> None:
    """A message that quotes the model shows its controls instead of acting on them."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in (HOSTILE, HOSTILE + "2")]
    graph = helper.make_graph([helper.make_node("Relu", [HOSTILE], [HOSTILE + "2"])], "g", values[:1], values[1:])
    path = tmp_path / "hostile.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    message = one_line(rfonnx("report", path, "--tensor", HOSTILE + "3"))
    assert "\\x1b[31m[red]" in message
    assert rfonnx("report", path).code == 0


def test_an_internal_error_shows_its_traceback(rfonnx: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(package, "analyze", broken)
    outcome = rfonnx("report", models / "seed.onnx")
    assert outcome.code == 3
    assert "Traceback" in outcome.err
    assert "RuntimeError: a bug" in outcome.err
    assert re.search(r"^rfonnx: internal error: please report this to .+$", outcome.err, re.MULTILINE)


def test_an_interruption_is_quiet(rfonnx: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "analyze", interrupted)
    outcome = rfonnx("report", models / "seed.onnx")
    assert (outcome.code, outcome.out, outcome.err.strip()) == (130, "", "")


@pytest.mark.parametrize("words", [(), ("tile",)])
def test_no_command_shows_the_help(words: tuple[str, ...], rfonnx: Run) -> None:
    outcome = rfonnx(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith(" ".join(["Usage: rfonnx", *words]))


def test_help_lists_every_command(rfonnx: Run) -> None:
    from rfonnx.cli.commands import COMMANDS

    outcome = rfonnx("--help")
    assert outcome.code == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\S", outcome.out, re.MULTILINE)


def test_the_lines_of_the_help_are_whole(rfonnx: Run) -> None:
    """click cuts the sentence on a command to a line, and ends it in dots."""
    told = rfonnx("--help").out
    assert "..." not in told.partition("Commands:")[2]
    assert "effective receptive field." in " ".join(told.split())


def test_version(process: Run) -> None:
    outcome = process("--version")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"rfonnx {package.__version__}\n", "")


def test_a_reader_that_leaves_early_is_no_error(models: Path) -> None:
    """`rfonnx report ... | head -1`: more output than a pipe holds, of which one line is read."""
    command = [sys.executable, "-P", "-m", "rfonnx", "report", str(models / "resnet18.onnx"), "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_the_users_to_mend(models: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-P", "-m", "rfonnx", "report", str(models / "seed.onnx")]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    message = "standard output cannot be written: No space left on device; make room, or use -o"
    assert one_line(Outcome(done.returncode, "", done.stderr)) == message
