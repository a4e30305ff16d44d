"""`--timeout` ends a command wherever it is, with one line, and hands on everything else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from outcome import Outcome
from rfonnx.cli import deadline
from rfonnx.cli.commands import cli

Run = Callable[..., Outcome]
MODEL = Path(__file__).parents[2] / "models" / "seed.onnx"
ENDED = "rfonnx: error: the command took longer than the {} s of --timeout and was ended; give it more time, fewer samples or"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
)


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A loop of 2^62 rounds whose condition looks as if it could end it: no look at the file tells."""

    def info(name: str, elem: int = TensorProto.FLOAT, shape: tuple[int, ...] | None = ()) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, elem, shape)

    body = helper.make_graph(
        [helper.make_node("Less", ["i", "many"], ["more"]), helper.make_node("Relu", ["v"], ["o"])],
        "body",
        [info("i", TensorProto.INT64), info("k", TensorProto.BOOL), info("v", shape=None)],
        [info("more", TensorProto.BOOL), info("o", shape=None)],
        [numpy_helper.from_array(np.array(2**62), "many")],
    )
    nodes = [helper.make_node("Loop", ["", "", "w"], ["l"], body=body), helper.make_node("Mul", ["x", "l"], ["y"])]
    stored = [numpy_helper.from_array(np.ones((2, 2), np.float32), "w")]
    graph = helper.make_graph(nodes, "g", [info("x", shape=(2, 2))], [info("y", shape=None)], stored)
    path = tmp_path / "endless.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_a_run_that_does_not_end_is_ended(process: Run, endless: Path) -> None:
    """onnxruntime folds the loop when the model is opened, with the interpreter's lock held."""
    found = process("compare", endless, endless, "--timeout", "4")
    assert found.code == 2
    assert found.out == ""
    assert found.err.splitlines()[-1].startswith(ENDED.format(4))


@pytest.mark.parametrize("command", ["report", "explain", "erf", "compare", "check", "tile plan"])
def test_every_command_that_reads_models_has_it(command: str) -> None:
    found: click.Command | None = cli
    for word in command.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    assert found is not None
    assert "timeout" in {parameter.name for parameter in found.params}


def test_what_ends_in_time_is_as_without(process: Run) -> None:
    plain, timed = (
        process("report", MODEL, "--format", "json"),
        process("report", MODEL, "--format", "json", "--timeout", "300"),
    )
    assert (timed.code, timed.out, timed.err) == (plain.code, plain.out, plain.err) == (0, plain.out, "")
    missing = process("report", "nowhere.onnx", "--timeout", "300")
    assert (missing.code, missing.err) == (2, "rfonnx: error: nowhere.onnx: no such file; check the path\n")


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e30", "x"])
def test_seconds_out_of_range(rfonnx: Run, seconds: str) -> None:
    found = rfonnx("report", MODEL, "--timeout", seconds)
    assert found.code == 2
    assert f"'{seconds}' is not a number above 0, at most 1e+07" in found.err


@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_exit_codes_are_handed_on(code: int) -> None:
    assert deadline.watch([sys.executable, "-c", f"raise SystemExit({code})"], 300) == code


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
def test_a_death_by_a_signal_is_told_as_shells_do() -> None:
    assert deadline.watch([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], 300) == 137


def test_what_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(deadline, "GRACE", 0.2)
    assert deadline.watch([sys.executable, "-c", STUBBORN], 2) == 2
    assert ENDED.format(2) in capfd.readouterr().err


def test_whoever_is_interrupted_takes_it_along(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    waited = subprocess.Popen.wait

    def wait(self: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if not started:
            started.append(self)
            raise KeyboardInterrupt
        return waited(self, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        deadline.watch([sys.executable, "-c", "import time; time.sleep(600)"], 300)
    assert started[0].returncode is not None
