"""Where the payload goes and what it looks like there: files, pipes, terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from outcome import Outcome

Run = Callable[..., Outcome]
ESCAPE = "\x1b"


def one_line(outcome: Outcome) -> str:
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    return outcome.err.removeprefix("rfonnx: error: ").rstrip("\n")


def test_a_file_gets_the_same_bytes_as_standard_output(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text('{"format": 1, "rfonnx": "0.0.1", "model": "an older report"}')
    printed = rfonnx("report", models / "seed.onnx", "--format", "json").out
    written = rfonnx("report", models / "seed.onnx", "--format", "json", "-o", target)
    assert (written.code, written.out, written.err) == (0, "", "")
    assert target.read_bytes().decode() == printed
    assert list(tmp_path.iterdir()) == [target]
    assert rfonnx("report", models / "seed.onnx", "--format", "json", "-o", "-").out == printed


def test_a_failed_report_leaves_the_file_alone(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    target.write_text("an older report\nrfonnx 0.0.1\n")
    assert "nope" in one_line(rfonnx("report", models / "seed.onnx", "--tensor", "nope", "-o", target))
    assert target.read_text() == "an older report\nrfonnx 0.0.1\n"
    assert list(tmp_path.iterdir()) == [target]


def test_a_linked_file_is_replaced_behind_its_link(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "real.txt", tmp_path / "link.txt"
    target.write_text("old\nrfonnx 0.0.1\n")
    link.symlink_to(target)
    assert rfonnx("report", models / "seed.onnx", "-o", link).code == 0
    assert link.is_symlink()
    assert target.read_text().startswith("seed.onnx")


def test_the_model_is_never_overwritten(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    model, link = tmp_path / "m.onnx", tmp_path / "link"
    model.write_bytes((models / "seed.onnx").read_bytes())
    link.symlink_to(model)
    for target in (model, link):
        message = one_line(rfonnx("report", model, "-o", target))
        assert message == f"-o {target} is an input of this run; give the report a file of its own"
    assert model.read_bytes() == (models / "seed.onnx").read_bytes()


def test_a_folder_is_no_file(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    message = one_line(rfonnx("report", models / "seed.onnx", "-o", tmp_path))
    assert message == f"-o {tmp_path} is a folder, expected a file; add a file name to it"


def test_a_folder_that_is_not_there(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    message = one_line(rfonnx("report", models / "seed.onnx", "-o", tmp_path / "no" / "r.txt"))
    assert re.fullmatch(
        r"-o .*r.txt cannot be written: there is no such folder; choose a folder that exists .*", message
    )


def test_a_device_is_written_to(rfonnx: Run, models: Path) -> None:
    assert rfonnx("report", models / "seed.onnx", "-o", os.devnull).code == 0


@pytest.mark.parametrize("style", ["text", "markdown", "csv", "json"])
def test_a_pipe_gets_no_escapes_and_errors_stay_empty(style: str, process: Run, models: Path) -> None:
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "20"}
    outcome = process("report", models / "seed.onnx", "--format", style, env=environment)
    assert (outcome.code, outcome.err) == (0, "")
    assert ESCAPE not in outcome.out
    assert outcome.out.endswith("\n")


def test_a_pipe_is_not_cut_to_the_width_of_a_terminal(process: Run, models: Path) -> None:
    outcome = process("report", models / "unet.onnx", env={**os.environ, "COLUMNS": "40"})
    assert max(map(len, outcome.out.splitlines())) > 100
    assert "188..204x188..204" in outcome.out


def test_an_ascii_terminal_gets_escapes_for_what_it_lacks(process: Run, tmp_path: Path) -> None:
    import onnx

    text = '<ir_version: 8, opset_import: ["": 17]> g (float[1, 2] x) => (float[1, 2] y) { y = Relu(x) }'
    model = onnx.parser.parse_model(text)
    model.graph.node[0].output[0] = model.graph.output[0].name = "schicht_ü"
    onnx.save(model, tmp_path / "m.onnx")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    outcome = process("report", tmp_path / "m.onnx", env=environment)
    assert outcome.code == 0
    assert "schicht_\\xfc" in outcome.out


def on_terminal(models: Path, **environment: str) -> str:
    """What `rfonnx report` prints when standard output is a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CI", "COLORTERM")}
    subprocess.run(
        [sys.executable, "-P", "-m", "rfonnx", "report", str(models / "se.onnx")],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**inherited, "TERM": "xterm", "COLUMNS": "100", **environment},
        timeout=60,
        check=True,
    )
    os.close(theirs)
    pieces = []
    # a pty gives an error, not an end, when the other side is closed
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:
        pass
    os.close(ours)
    return b"".join(pieces).decode()


def test_a_terminal_gets_colours(models: Path) -> None:
    text = on_terminal(models)
    assert f"{ESCAPE}[1m" in text
    assert "GlobalAveragePool" in text


def test_no_color_is_honoured(models: Path) -> None:
    """no-color.org: no colours; rich keeps bold."""
    assert not re.search(rf"{ESCAPE}\[[0-9;]*3[0-7]m", on_terminal(models, NO_COLOR="1"))


def test_a_dumb_terminal_gets_no_escapes(models: Path) -> None:
    assert ESCAPE not in on_terminal(models, TERM="dumb")


def test_shapes_bind_inputs_and_dimensions(rfonnx: Run, tmp_path: Path) -> None:
    import onnx

    text = """<ir_version: 8, opset_import: ["": 17]>
        g (float[N, 1, H, W] x, float[1, 1, 3, 3] w) => (float[N, 1, P, Q] y) { y = Conv<pads = [1, 1, 1, 1]>(x, w) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    by_name = rfonnx(
        "report", tmp_path / "m.onnx", "--format", "json", *(f"--shape={n}" for n in ("N=1", "H=20", "W=30"))
    )
    whole = rfonnx("report", tmp_path / "m.onnx", "--format", "json", "--shape", "x=1,1,20,30")
    assert json.loads(by_name.out)["inputs"][0] == {"name": "x", "shape": [1, 1, 20, 30]}
    assert by_name.out == whole.out
    assert rfonnx("report", tmp_path / "m.onnx", "--format", "json", "--shape", "x=1x1x20x30").out == whole.out


def test_explain_and_ops_write_every_format(rfonnx: Run, models: Path) -> None:
    for args in (["explain", models / "seed.onnx", "--tensor", "pool", "--from-input", "0,0,3,3"], ["ops"]):
        for style in ("text", "markdown", "json"):
            outcome = rfonnx(*args, "--format", style)
            assert (outcome.code, outcome.err) == (0, "")
            if style == "json":
                assert json.loads(outcome.out)["format"] == 1
