"""`rfonnx report`: several models, the answers alone, and the commands that it leads to."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shlex
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from outcome import Outcome
from rfonnx.cli.commands import cli
from rfonnx.cli.main import run

Run = Callable[..., Outcome]
MODELS = Path(__file__).parents[2] / "models"


def report(*words: object) -> str:
    found = CliRunner().invoke(cli, ["report", *map(str, words)])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_several_models_are_reported_one_after_the_other() -> None:
    seed, unet = MODELS / "seed.onnx", MODELS / "unet.onnx"
    assert report(seed, unet) == report(seed) + "\n" + report(unet)


def test_one_that_cannot_be_read_costs_only_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\xff" * 9)
    seed, output = MODELS / "seed.onnx", tmp_path / "report.md"
    assert run(["report", str(broken), str(seed), "-o", str(output)]) == 2
    told = capfd.readouterr().err
    assert told.startswith(f"rfonnx: error: {broken}: ")
    assert told.count("\n") == 1
    text = output.read_text()
    assert f"# `{broken}`: no report\n" in text
    assert report(seed, "--format", "markdown") in text


@pytest.mark.parametrize("words", [["--format", "json"], ["-o", "both.json"]])
def test_data_formats_hold_one_model(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(MODELS / "seed.onnx"), str(MODELS / "unet.onnx"), *words]) == 2
    assert "json" in capfd.readouterr().err
    assert not Path("both.json").exists()


def test_the_summary_is_the_report_without_its_table() -> None:
    whole, short = report(MODELS / "unet.onnx"), report(MODELS / "unet.onnx", "--summary")
    assert whole.startswith(short)
    assert "29 of 49 tensors" in whole[len(short) :]


def test_no_color_is_what_libraries_go_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    report(MODELS / "seed.onnx", "--no-color")
    assert os.environ["NO_COLOR"] == "1"


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.onnx")), ids=lambda path: path.stem)
def test_the_commands_that_it_leads_to_run(path: Path) -> None:
    commands = re.findall(r": rfonnx (.* MODEL.*)$", report(path, "--summary"), re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        words = [str(path) if word == "MODEL" else word for word in shlex.split(command)]
        found = CliRunner().invoke(cli, [*words, *(["-n", "1"] if words[0] == "erf" else [])])
        assert found.exit_code == 0, found.output


def test_growth_curves(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    png, svg = tmp_path / "growth.png", tmp_path / "growth.svg"
    both = models / "unet.onnx", models / "seed.onnx"
    assert rfonnx("report", both[0], "-o", png) == Outcome(0, "", "")
    assert png.read_bytes().startswith(b"\x89PNG")
    alone = rfonnx("report", *both, "--summary")
    assert rfonnx("report", *both, "--summary", "--plot", svg) == alone
    assert b"rfonnx" in svg.read_bytes()[:2000]
    assert rfonnx("report", *both, "-o", svg).code == 0  # a picture of ours is replaced
    (tmp_path / "other.png").write_bytes(b"\x89PNG of somebody")
    done = rfonnx("report", both[0], "--plot", tmp_path / "other.png")
    assert (done.code, done.out) == (2, "")
    assert "is no report of rfonnx" in done.err
    done = rfonnx("report", both[0], "--plot", tmp_path / "growth.txt")
    assert "--plot" in done.err
    assert "end it in .png, .svg" in done.err
    assert "goes into a file" in rfonnx("report", both[0], "--plot", "-").err


def test_an_image_lies_under_the_input_of_a_page(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    photo, page = tmp_path / "photo.png", tmp_path / "page.html"
    Image.fromarray(np.full((20, 30, 3), (200, 10, 90), np.uint8)).save(photo)
    assert rfonnx("report", models / "unet.onnx", "-o", page, "--image", photo) == Outcome(0, "", "")
    [packed] = re.findall(r'id="data">([^<]*)<', page.read_text())
    data = json.loads(zlib.decompress(base64.b64decode(packed)))["panels"]
    [found] = [panel for panel in data if panel and "imageOf" in panel]
    shown = Image.open(io.BytesIO(base64.b64decode(found["image"].removeprefix("data:image/png;base64,"))))
    assert (found["imageOf"], shown.size, shown.getpixel((9, 9))) == (0, (256, 224), (200, 10, 90))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["unet.onnx", "--image", "photo.png"], "--image is shown in a page"),
        (["unet.onnx", "seed.onnx", "-o", "page.html", "--image", "photo.png"], "--image belongs to one model"),
        (["wavenet.onnx", "-o", "page.html", "--image", "photo.png"], "drawn are 'audio' with 1"),
        (["unet.onnx", "-o", "page.html", "--image", "none.png"], "give another file with --image"),
        (["unet.onnx", "-o", "page.html", "--image", "text.png"], "no image of a format that is read"),
        (["unet.onnx", "-o", "photo.png", "--image", "photo.png"], "is an input of this run"),
    ],
)
def test_an_image_without_a_place_is_refused(
    rfonnx: Run, models: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "photo.png")
    (tmp_path / "text.png").write_text("no picture")
    folders = {".onnx": models, ".png": tmp_path, ".html": tmp_path}
    done = rfonnx("report", *(folders[suffix] / word if (suffix := Path(word).suffix) else word for word in words))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err
    assert not (tmp_path / "page.html").exists()
