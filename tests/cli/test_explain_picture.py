"""`rfonnx explain -o field.png`: files, an image under it, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from outcome import Outcome

Run = Callable[..., Outcome]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 70, 3), dtype=np.uint8)).save(file)
    return file


def test_pictures(rfonnx: Run, models: Path, tmp_path: Path, photo: Path) -> None:
    net = ["explain", models / "unet.onnx", "--tensor", "mask"]
    assert rfonnx(*net, "-o", tmp_path / "field.svg", "--image", photo) == Outcome(0, "", "")
    assert b"<svg" in (tmp_path / "field.svg").read_bytes()
    assert rfonnx(*net, "-o", tmp_path / "field.png") == Outcome(0, "", "")
    plain = (tmp_path / "field.png").read_bytes()
    assert rfonnx(*net, "-o", tmp_path / "field.png", "--image", photo).code == 0
    assert (tmp_path / "field.png").read_bytes() != plain
    assert rfonnx("explain", models / "wavenet.onnx", "--tensor", "logits", "-o", tmp_path / "strip.png").code == 0


def test_what_is_refused(rfonnx: Run, models: Path, tmp_path: Path, photo: Path) -> None:
    out = tmp_path / "field.png"
    net = ["explain", models / "unet.onnx", "--tensor", "mask"]
    for words, expected in (
        (["--image", photo], "--image lies under a picture: ask for one, such as -o field.png"),
        (["-o", out, "--image", tmp_path / "none.png"], "none.png' cannot be read"),
        (["-o", out, "--image", models / "unet.onnx"], "cannot be read"),
        (["-o", photo, "--image", photo], "is an input of this run"),
    ):
        done = rfonnx(*net, *words)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert expected in done.err
    assert "give another file with --image" in rfonnx(*net, "-o", out, "--image", models / "unet.onnx").err
    done = rfonnx("explain", models / "wavenet.onnx", "--tensor", "logits", "-o", out, "--image", photo)
    assert "a picture lies under one input with rows and columns; drawn are 'audio' with 1" in done.err
    assert not out.exists()
