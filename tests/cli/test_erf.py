"""`rfonnx erf` from the outside: options, formats, files, exit codes."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from outcome import Outcome

Run = Callable[..., Outcome]


def test_text_by_default(rfonnx: Run, models: Path) -> None:
    done = rfonnx("erf", models / "seed.onnx", "-n", 2)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "effective field of pool in seed.onnx, over x"
    assert "theoretical field               6x6 at 14..19, 18..23" in lines
    assert "outside the theoretical field   0" in lines
    assert any(line.startswith("Picture: axis 2 14..19 down, axis 3 18..23 across") for line in lines)


def test_options_reach_the_measurement(rfonnx: Run, models: Path) -> None:
    done = rfonnx(
        "erf", models / "seed.onnx", "--tensor", "conv2", "--at", "3,4", "--at", "center", "--channel", 2, "-n", 3, "--seed", 7,
        "--method", "perturb", "--probe", "noise", "--block", 2, "--aggregate", "square", "--over", "mean", "--no-crop",
        "--batch", 2, "--threads", 1, "--provider", "cpu", "--tolerance", 0.2, "--format", "json",
    )  # fmt: skip
    document = json.loads(done.out)
    assert (document["tensor"], document["channel"], document["method"], document["probe"]) == (
        "conv2",
        "2",
        "perturb",
        "noise",
    )
    assert (document["aggregation"], document["over"], document["samples"]) == ("square", "mean", 3)
    assert document["data"].startswith("3 random samples, seed 7")
    assert [unit["position"] for unit in document["units"]] == [[0, 2, 3, 4], [0, 2, 16, 20]]
    assert document["units"][0]["window"] == [[0, 31], [0, 39]]
    assert document["converged"] is False


def test_positions_axes_and_shapes(rfonnx: Run, models: Path) -> None:
    done = rfonnx(
        "erf",
        models / "seed.onnx",
        "--position",
        "0,:,-1,0",
        "--axes",
        "3",
        "-n",
        1,
        "--format",
        "json",
        "--input",
        "x",
    )
    document = json.loads(done.out)
    assert (document["axes"], document["units"][0]["position"]) == ([3], [0, None, 15, 0])
    assert document["units"][0]["field"] == [[0, 3]]


def test_data(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.random.default_rng(0).random((4, 3, 32, 40), np.float32))
    document = json.loads(
        rfonnx("erf", models / "seed.onnx", "--data", tmp_path / "d.npy", "-n", 3, "--format", "json").out
    )
    assert (document["samples"], document["data"]) == (3, "4 rows of d.npy")


def test_the_same_command_prints_the_same(rfonnx: Run, models: Path) -> None:
    first, second = (
        rfonnx("erf", models / "inception.onnx", "-n", 3, "--format", "json", "--threads", 1).out for _ in "ab"
    )
    assert first == second


@pytest.mark.parametrize(
    ("ending", "start"),
    [("json", b"{\n"), ("csv", b"tensor,position,radius"), ("md", b"# effective"), ("txt", b"effective"), ("npz", b"PK"),
     ("png", b"\x89PNG"), ("svg", b"<?xml")],
)  # fmt: skip
def test_the_ending_of_the_file_chooses_the_format(
    rfonnx: Run, models: Path, tmp_path: Path, ending: str, start: bytes
) -> None:
    target = tmp_path / f"out.{ending}"
    done = rfonnx("erf", models / "seed.onnx", "-n", 1, "-o", target)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert target.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [target]


def test_binary_formats_go_into_pipes_and_not_to_terminals(models: Path) -> None:
    command = [sys.executable, "-m", "rfonnx", "erf", str(models / "seed.onnx"), "-n", "1", "--format", "npz"]
    piped = subprocess.run(command, capture_output=True, timeout=60, check=True)
    with np.load(io.BytesIO(piped.stdout), allow_pickle=False) as arrays:
        assert arrays["map"].shape == (1, 32, 40)
    main, side = pty.openpty()
    shown = subprocess.run(command, stdout=side, stderr=subprocess.PIPE, timeout=60, check=False, text=True)
    os.close(side)
    os.close(main)
    assert (shown.returncode, shown.stderr) == (
        2, "rfonnx: error: this format is no text for a terminal; give a file with -o\n",
    )  # fmt: skip


@pytest.mark.parametrize("style", ["text", "markdown", "json", "csv"])
def test_all_layers(rfonnx: Run, models: Path, style: str) -> None:
    done = rfonnx("erf", models / "seed.onnx", "--all-layers", "-n", 2, "--format", style)
    assert (done.code, done.err) == (0, "")
    assert "conv1" in done.out
    assert "pool" in done.out
    if style == "json":
        assert [layer["field"] for layer in json.loads(done.out)["layers"]] == [[3, 3], [5, 5], [6, 6]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tensor", "pol"], "no tensor 'pol' is computed from an input; did you mean 'pool'?"),
        (["--at", "99,3"], "place (99, 3) is not in the input's axes (2, 3) of lengths 32x40"),
        (["--at", "here"], "'here' is not 'center' or a place such as 112,112"),
        (["--position", "0,x"], "'0,x' is not a position such as 0,:,3,3"),
        (["--position", "0,:,99,0"], "position 0,:,99,0 is not in tensor 'pool' of shape 1x8x16x20"),
        (["--channel", "all"], "'all' is not 'sum', 'random' or a channel such as 3"),
        (["--channel", "8"], "tensor 'pool' of shape 1x8x16x20 has no channel 8"),
        (["--all-layers", "--format", "png"], "--all-layers gives figures of one place per layer"),
        (["--provider", "abacus"], "provider 'abacus' is not in this build of onnxruntime"),
        (["--data", "/nowhere"], "data '/nowhere' does not exist"),
        (["--axes", "7"], "input 'x' of shape 1x3x32x40 has no axes (7,)"),
        (["--tolerance", "0"], "0.0 is not in the range x>0"),
    ],
)
def test_one_clear_line(rfonnx: Run, models: Path, options: list[str], message: str) -> None:
    done = rfonnx("erf", models / "seed.onnx", *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert message in done.err


def test_the_model_is_never_overwritten(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "m.onnx"
    copy.write_bytes((models / "seed.onnx").read_bytes())
    done = rfonnx("erf", copy, "-n", 1, "--format", "npz", "-o", copy)
    assert done.code == 2
    assert "is the model itself" in done.err
    assert copy.read_bytes() == (models / "seed.onnx").read_bytes()
