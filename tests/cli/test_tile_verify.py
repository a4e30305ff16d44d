"""`rfonnx tile verify`: the verdict, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Run = Callable[..., Any]


def test_the_command_writes_the_verdict(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    done = rfonnx("tile", "verify", models / "seed.onnx")
    assert done.code == 0
    assert "seed.onnx: tiles are what the whole is, bit for bit" in done.out
    assert "a halo of 1 instead of 2, before" in done.out
    np.save(tmp_path / "whole.npy", np.zeros((1, 3, 20, 22), np.float32))
    made = json.loads(
        rfonnx(
            "tile",
            "verify",
            models / "seed.onnx",
            "--data",
            tmp_path / "whole.npy",
            "--tile",
            "12,12",
            "--format",
            "json",
        ).out
    )
    assert made["format"] == 1
    assert made["passed"]
    assert not made["least"]  # of zeros nothing is changed by other windows
    assert made["sizes"][0]["shapes"] == {"x": [1, 3, 20, 22]}


def test_nothing_verified_fails(rfonnx: Run, models: Path) -> None:
    done = rfonnx("tile", "verify", models / "vit.onnx")
    assert done.code == 1
    assert "vit.onnx: nothing was verified" in done.out


def test_a_size_and_data_together_are_refused(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    assert rfonnx("tile", "verify", models / "seed.onnx", "--size", "9,9", "--data", "x.npy").code == 2
    assert rfonnx("tile", "verify", models / "seed.onnx", "--tile", "9,9").code == 2
    assert "x.npy" in rfonnx("tile", "verify", models / "seed.onnx", "--data", tmp_path / "x.npy").err
