"""A model in a process of its own: what it answers, and that its end is an error like others."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.errors import ModelError, RunError
from rfonnx.model.apart import Apart
from rfonnx.model.opened import Opened
from rfonnx.results.stream_checks import SPARED
from rfonnx.streaming.offline import hold, lengths, within
from streaming.nets import NETS, Net


def gru() -> onnx.ModelProto:
    """onnxruntime ends the process when it is fed no frames."""
    net = Net()
    made = net.add("GRU", "x", net.numbers(1, 6, 2), net.numbers(1, 6, 2), hidden_size=2)
    return net.model(["t", 1, 2], net.add("Identity", made))


def frames(count: int) -> dict[str, np.ndarray]:
    return {"x": np.ones((count, 1, 2), np.float32)}


def test_the_end_of_the_process_is_an_error_and_the_next_run_starts_another() -> None:
    with Apart(Opened(gru())) as apart:
        with pytest.raises(RunError, match=r"ended its process instead of running the model .*; give inputs"):
            apart.run(["identity1"], frames(0))
        (found,) = apart.run(["identity1"], frames(3))
    (expected,) = Opened(gru()).session(level="none").run(["identity1"], frames(3))
    assert np.array_equal(found, expected)


def test_errors_of_a_run_are_told_and_the_process_goes_on() -> None:
    with Apart(Opened(gru())) as apart:
        for wrong in ({"x": np.ones((3, 1, 5), np.float32)}, {}):
            with pytest.raises(RunError, match="model: onnxruntime cannot run the model"):
                apart.run(["identity1"], wrong)
        with pytest.raises(RunError, match="cannot run the model"):
            apart.run(["no such output"], frames(3))
        assert apart.run(["identity1"], frames(2))[0].shape == (2, 1, 1, 2)


def test_what_is_no_model_is_told() -> None:
    model = gru()
    model.graph.node[0].op_type = "NoSuchOperator"
    with Apart(Opened(model)) as apart, pytest.raises(ModelError, match="NoSuchOperator"):
        apart.run(["identity1"], frames(3))


def test_weights_in_other_files_are_found(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    onnx.save(gru(), path, save_as_external_data=True, location="m.bin", size_threshold=0)
    (expected,) = Opened(gru()).session(level="none").run(["identity1"], frames(3))
    with Apart(Opened(path)) as apart:
        assert np.array_equal(apart.run(["identity1"], frames(3))[0], expected)


def test_a_part_that_ends_the_process_is_left_out_where_no_output_needs_it(tmp_path: Path) -> None:
    """Behind a crop of 200 frames a layer gets none of the lengths that are run."""
    net = Net()
    y = net.conv("x", 2, 2, [3], pads=[1, 1])
    cut = net.add("Slice", "x", net.ints(200), net.ints(2**40), net.ints(2))
    net.recurrent(cut, "GRU", 2, 2)
    plan = rfonnx.stream(net.model([1, 2, "t"], y), "x", 2)
    onnx.save(net.model([1, 2, "t"], y), tmp_path / "m.onnx")
    plan.save(tmp_path / "s.onnx")
    from rfonnx.streaming.held import verify_file

    assert verify_file(Opened(tmp_path / "m.onnx"), str(tmp_path / "s.onnx")).passed


def test_when_time_is_over_one_length_is_run_still() -> None:
    make, axis, _, _ = NETS["symmetric TCN with norms"]
    plan = rfonnx.stream(make(), "x", axis, 4)
    found = hold(within(Opened(make())), rfonnx.Stream(plan.model), "stream", until=0.0)
    ran = [run for run in found.runs if not run.skipped]
    assert found.passed
    assert [run.length for run in ran] == lengths(plan.manifest)[:1]
    assert ran[0].length > plan.manifest.sees
    assert {run.skipped for run in found.runs} == {"", SPARED}
    assert len(found.runs) == len(lengths(plan.manifest))


def test_a_process_ends_with_the_one_that_started_it() -> None:
    """Also while it runs the model: reading the next request would end it, but not before the run is over."""
    code = "import os, time; from rfonnx.system.interpreter import end_with; end_with(os.getppid()); time.sleep(60)"
    start = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {code!r}]).pid, flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(1)
        assert running(child)
        parent.kill()
    until = time.monotonic() + 20
    while running(child) and time.monotonic() < until:
        time.sleep(0.1)
    assert not running(child)


def running(process: int) -> bool:
    """Whether it is there, and not only kept until somebody asks how it ended."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
