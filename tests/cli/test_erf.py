"""`rfonnx erf` from the outside: options, formats, files, exit codes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rfonnx as package
from outcome import Outcome
from rfonnx.report.effective.json import erf_json

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
        (
            ["--all-layers", "--format", "npz"],
            "--format npz is not written here; it may be text, markdown, html, json, csv, png, svg",
        ),
        (["--all-layers", "--at", "3,3", "--at", "4,4"], "--all-layers gives figures of one place per layer"),
        (["--provider", "abacus"], "provider 'abacus' is not in this build of onnxruntime"),
        (["--data", "/nowhere"], "data '/nowhere' does not exist"),
        (["--axes", "7"], "input 'x' of shape 1x3x32x40 has no axes (7,)"),
        (["--tolerance", "0"], "'0' is not a number above 0, at most 1"),
        (["--tolerance", "nan"], "'nan' is not a number above 0, at most 1"),
        (["--seed", "-1"], "'-1' is not a whole number from 0 to 2^62"),
        (["--threads", "100000"], "'100000' is not a whole number from 1 to 1024"),
        (["--tensor", ""], "no tensor '' is computed from an input"),
        (["--axes", "all"], "name the axes, such as 2,3"),
        (["--position", "0,:,3,3", "--at", "3,3"], "--at and --position both say which units to measure"),
        (
            ["--position", "0,1,3,3", "--channel", "2"],
            "position 0,1,3,3 sums along no axis of 'pool' that channel 2 could",
        ),
        (["--method", "gradient", "--probe", "noise"], "probe and block say how the input is perturbed"),
        (
            ["--all-layers", "--data", "/nowhere"],
            "none of 3 layers could be measured: conv1: data '/nowhere' does not exist",
        ),
        (
            ["--all-layers", "--provider", "abacus"],
            "layers could be measured: conv1",
        ),
        (["--all-layers", "--tensor", "pol"], "none of 1 layers could be measured: pol: seed.onnx: no tensor 'pol'"),
        (["-o", "field.jpg"], "-o field.jpg: no format that is written here ends in .jpg; end it in .txt, .md"),
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
    assert "is an input of this run" in done.err
    assert copy.read_bytes() == (models / "seed.onnx").read_bytes()


def test_one_channel_of_a_position(rfonnx: Run, models: Path) -> None:
    options = ("-n", 2, "--format", "json")
    by_channel = rfonnx("erf", models / "seed.onnx", "--position", "0,:,3,3", "--channel", 2, *options)
    by_number = rfonnx("erf", models / "seed.onnx", "--position", "0,2,3,3", *options)
    first, second = (json.loads(done.out)["units"] for done in (by_channel, by_number))
    assert first[0]["position"] == [0, 2, 3, 3]
    assert first == second


@pytest.mark.parametrize("target", ["nowhere/f.json", "folder", "model.onnx"])
def test_where_it_goes_is_checked_before_the_work(
    rfonnx: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "model.onnx").write_bytes(b"")
    monkeypatch.setattr("rfonnx.cli.erf.erf_many", lambda *given, **options: pytest.fail("it was measured"))
    done = rfonnx("erf", tmp_path / "model.onnx", "--format", "json", "-o", tmp_path / target)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"{target} " in done.err


def test_a_bar_on_a_terminal_tells_the_interval_and_the_layers(models: Path) -> None:
    for options, words in ((["-n", "12", "--batch", "4"], b"% of the mass"), (["--all-layers", "-n", "1"], b"3/3")):
        main, side = pty.openpty()
        command = [sys.executable, "-m", "rfonnx", "erf", str(models / "seed.onnx"), *options]
        environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=side, env=environment) as process:
            os.close(side)
            shown = b""
            with contextlib.suppress(OSError):  # what Linux says at the end of a terminal
                while piece := os.read(main, 65536):  # while it draws: nobody can write to a terminal that is full
                    shown += piece
            out, _ = process.communicate(timeout=60)
        os.close(main)
        assert process.returncode == 0
        assert words in shown
        assert b"\x1b" not in out


def test_interrupted_in_the_middle(models: Path) -> None:
    _, out = interrupted(models, rb"% of the mass", "-n", "100000000", "--batch", "1")  # samples are being measured
    assert b"interrupted: " in out
    assert b" of 100000000 samples were measured" in out.replace(b",", b"")


def interrupted(models: Path, until: bytes, *options: str) -> tuple[bytes, bytes]:
    """What `rfonnx erf` showed on its terminal and printed, after Ctrl-C once it showed `until` (a regular expression)."""
    main, side = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "rfonnx", "erf", str(models / "seed.onnx"), *options],
        stdout=subprocess.PIPE,
        stderr=side,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    ) as running:
        os.close(side)
        try:
            shown = b""
            while not re.search(until, shown):
                shown += os.read(main, 65536)
                assert len(shown) < 2**22, "it was never shown"
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(OSError):
                while piece := os.read(main, 65536):
                    shown += piece
            out, _ = running.communicate(timeout=60)
        finally:
            running.kill()
            os.close(main)
    assert running.returncode == 130
    assert b"interrupted: what was measured before follows" in shown
    assert b"Traceback" not in shown
    return shown, out


def test_too_little_memory_is_told(rfonnx: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*given: object, **options: object) -> None:
        raise MemoryError("Unable to allocate 27 GiB")

    monkeypatch.setattr("rfonnx.effective.measure.measure", greedy)
    done = rfonnx("erf", models / "seed.onnx", "-n", 1)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "rfonnx: error: not enough memory (Unable to allocate 27 GiB); bind a shorter input with --shape, or a smaller --batch\n"
    )


def test_the_json_is_what_the_api_says(rfonnx: Run, models: Path) -> None:
    """Every figure of the document is the ERF's own, and nothing is lost on the way."""
    document = json.loads(
        rfonnx("erf", models / "seed.onnx", "--at", "3,4", "-n", 3, "--format", "json", "--threads", 1).out
    )
    erf = package.erf(models / "seed.onnx", at=(3, 4), n=3, threads=1)
    (unit,) = document["units"]
    for name in ("center", "field", "unbounded", "window", "sigma", "centroid", "offset", "at", "position"):
        assert unit[name] == json.loads(json.dumps(getattr(erf, name))), name
    for name in ("scale", "outside", "half_width", "luo_size", "ratio", "share", "anisotropy", "entropy", "runs"):
        assert unit[name] == getattr(erf, name), name
    assert unit["gaussian"]["sigma"] == list(erf.gaussian.sigma if erf.gaussian else ())
    for name, measure in (("mass_radius", erf.mass_radius), ("area_ratio", erf.area_ratio)):
        assert unit[name] == {share: measure(float(share)) for share in unit[name]}
    assert unit["area_ratio_log10"] == {share: erf.area_ratio_log10(float(share)) for share in unit["area_ratio_log10"]}
    assert unit["marginals"] == [erf.map.sum(1).tolist(), erf.map.sum(0).tolist()]


def test_numbers_of_numpy_are_numbers(models: Path) -> None:
    erf = package.erf(models / "seed.onnx", channel=np.int64(2), n=np.int32(1), at=np.array([3, 4]))
    again = package.erf(models / "seed.onnx", position=np.array([0, 2, 1, 2]), n=1)
    assert [json.loads("".join(erf_json([one])))["units"][0]["position"] for one in (erf, again)] == [[0, 2, 1, 2]] * 2


def test_every_key_of_the_json_is_documented(rfonnx: Run, models: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "erf.md").read_text()
    data = rfonnx("erf", models / "seed.onnx", "-n", 1, "--format", "json").out
    layers = rfonnx("erf", models / "seed.onnx", "--all-layers", "-n", 1, "--format", "json").out
    named = set(re.findall(r"`(\w+)(?:\(\w\))?`", page))
    for document in map(json.loads, (data, layers)):
        records = [*document.get("units", ()), *document.get("layers", ())]
        keys = {*document, *(key for record in records for key in record)}
        keys |= {key for record in records for key in record.get("gaussian") or ()}
        assert keys <= named


def test_pictures_without_matplotlib(rfonnx: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told at once, not after the measurement."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("rfonnx.cli.erf.erf_many", lambda *given, **options: pytest.fail("it was measured"))
    done = rfonnx("erf", models / "seed.onnx", "-o", "field.png")
    assert (done.code, done.out) == (2, "")
    assert done.err == "rfonnx: error: pictures need matplotlib, which is not installed; pip install 'rfonnx[plot]'\n"


def test_runs_and_time_left_are_told_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """With a clock of our own: 20 runs a second, 2000 in all, the first 5 of them with the model's start."""
    from rfonnx.cli.progress import Lines

    now = [0.0]
    lines = Lines("measuring", lambda: now[0])
    lines.tell(0, None, "")
    now[0] = 40.0  # the model was read
    for done in range(5, 2000, 5):
        lines.tell(done, 2000, " runs")
        now[0] += 0.25
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "rfonnx: measuring runs: 30 of 2,000, about 98 s left"
    assert told[1] == "rfonnx: measuring runs: 635 of 2,000, about 68 s left"
    assert len(told) == 4
    resumed = Lines("tiles", lambda: now[0])
    resumed.tell(1500, 2000)
    now[0] += 3  # the model was read
    for done in range(1501, 1600):
        resumed.tell(done, 2000)
        now[0] += 0.25
    assert capsys.readouterr().err == "rfonnx: tiles: 1,506 of 2,000, about 2 min left\n"
    short = Lines("measuring", lambda: now[0])
    for done in range(5, 100, 5):
        short.tell(done, 100, " runs")
        now[0] += 0.25
    assert capsys.readouterr().err == ""


def test_a_perturbation_tells_its_runs_and_is_interrupted_in_the_middle(models: Path) -> None:
    # The bar is drawn ten times a second: whichever number of samples it shows first.
    until = rb" runs, [1-9][0-9]* of 100000 samples done"
    _, out = interrupted(models, until, "--method", "perturb", "--block", "1", "-n", "100000", "--no-crop")
    assert b"samples were measured" in out


def test_interrupted_before_anything_was_measured(rfonnx: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*given: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rfonnx.cli.erf.erf_many", stopped)
    done = rfonnx("erf", models / "seed.onnx", "-n", 1)
    assert (done.code, done.out, done.err) == (130, "", "rfonnx: interrupted: nothing was measured yet\n")


def test_layers_before_an_interruption_are_shown(rfonnx: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rfonnx.effective import depth

    def stopped(subject: object, name: str, *given: object) -> object:
        if name != "conv1":
            raise KeyboardInterrupt
        return layer(subject, name, *given)

    layer = depth._field
    monkeypatch.setattr("rfonnx.effective.depth._field", stopped)
    done = rfonnx("erf", models / "seed.onnx", "-n", 1, "--all-layers", "--format", "csv")
    assert (done.code, done.err) == (130, "rfonnx: interrupted: what was measured before follows\n")
    assert len(done.out.splitlines()) == 2
