"""A model is opened once: how often a command reads a model's file, and how many sessions it makes of models."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from small_nets import classifier, save
from tiling.nets import Net

PROGRAM = """
import json, os, sys

*watched, out = json.loads(sys.argv[1])
reads, sessions = dict.fromkeys(watched, 0), [0]


def count(path):
    if os.path.abspath(os.fsdecode(path)) in reads:
        reads[os.path.abspath(os.fsdecode(path))] += 1


def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
        count(args[0])


import onnxruntime


class Counted(onnxruntime.InferenceSession):
    def __init__(self, model, *args, **options):
        sessions[0] += 1
        if isinstance(model, (str, os.PathLike)):
            count(model)  # onnxruntime opens it in C++, which no audit hook sees
        super().__init__(model, *args, **options)


onnxruntime.InferenceSession = Counted
sys.addaudithook(hook)
from rfonnx.cli.main import run

code = run(sys.argv[2:])
with open(out, "w") as file:
    json.dump({"code": code, "reads": list(reads.values()), "sessions": sessions[0]}, file)
"""


def counted(watched: Sequence[Path], *command: object, code: int = 0) -> tuple[list[int], int]:
    """Reads of each file, and sessions, of a command in a process of its own, which ends with a code."""
    out = watched[0].with_suffix(".json")
    about = json.dumps([str(path.resolve()) for path in (*watched, out)])
    args = [sys.executable, "-P", "-c", PROGRAM, about, *map(str, command)]
    done = subprocess.run(args, capture_output=True, text=True, timeout=120, check=False)
    assert out.exists(), done.stderr
    found = json.loads(out.read_text())
    assert found["code"] == code, done.stderr
    return found["reads"], found["sessions"]


@pytest.fixture
def net(tmp_path: Path) -> Path:
    return save(classifier(), tmp_path / "net.onnx")


# A measured layer needs two sessions: one folds what is constant, one runs the model with its gradient.
@pytest.mark.parametrize(
    ("command", "sessions"),
    [
        (("report",), 0),
        (("explain", "--tensor", "c2"), 0),
        (("erf", "--tensor", "r2"), 2),
        (("erf", "--tensor", "r2", "--method", "perturb"), 1),
        (("erf", "--all-layers"), 6),
        (("check",), 3),
    ],
)
def test_a_command_reads_its_model_once(command: Sequence[str], sessions: int, net: Path) -> None:
    name, *options = command
    assert counted([net], name, net, *options) == ([1], sessions)


@pytest.fixture
def gated(tmp_path: Path) -> Path:
    net = Net()
    x = net.conv("x", 4)
    gate = net.add("GlobalAveragePool", [x], 4)
    return save(net.model(net.conv(net.add("Mul", [x, gate], 4), 2)), tmp_path / "gated.onnx")


# --mass: a session folds what is constant, one runs the gradient. verify: one for all sizes. run: one for each pass.
@pytest.mark.parametrize(
    ("command", "code", "sessions"),
    [
        (("plan", "MODEL", "--size", "100,100"), 1, 0),
        (("plan", "MODEL", "--size", "100,100", "--stages"), 0, 0),
        (("plan", "MODEL", "--mass", "0.9"), 1, 2),
        (("run", "MODEL", "x.npy", "y.npy", "--tile", "40,40", "--stages"), 0, 2),
    ],
)
def test_tiles_read_their_model_once(
    command: Sequence[str], code: int, sessions: int, gated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(gated.parent)
    np.save("x.npy", np.ones((1, 2, 100, 100), np.float32))
    words = [str(gated) if word == "MODEL" else word for word in command]
    assert counted([gated], "tile", *words, code=code) == ([1], sessions)


def test_verifying_tiles_reads_their_model_once(models: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.onnx"
    seed.write_bytes((models / "seed.onnx").read_bytes())
    assert counted([seed], "tile", "verify", seed) == ([1], 1)


# compare: a session runs each model, and two tensors of each are measured, the scores and the last feature map. --layers: a
# session that gives every tensor of a model, one that gives its constants, and the student cut at its layers.
# check: the model optimised, as it is written, and with probes inside. --against: what compare needs, and the student's runs
# are those of the other rules.
@pytest.mark.parametrize(
    ("command", "sessions"),
    [
        (("compare", "TEACHER", "STUDENT", "--no-effective"), 2),
        (("compare", "TEACHER", "STUDENT"), 2 + 2 * 4),
        (("compare", "TEACHER", "STUDENT", "--no-effective", "--layers"), 2 + 2 * 2 + 1),
        (("check", "--against", "TEACHER", "STUDENT"), 3 + 1 + 2 * 4),
    ],
)
def test_two_models_are_read_once_each(command: Sequence[str], sessions: int, net: Path, tmp_path: Path) -> None:
    files = {"TEACHER": save(classifier(), tmp_path / "teacher.onnx"), "STUDENT": net}
    found = counted([*files.values()], *(files.get(word, word) for word in command))
    assert found == ([1, 1], sessions)
