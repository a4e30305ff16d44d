"""What `rfonnx report --rate` says of streams is what `rfonnx stream` plans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

import rfonnx
from rfonnx.cli.main import run
from streaming.nets import Net


def made(net: Net, output: str, folder: Path) -> Path:
    onnx.save(net.model([1, 2, "time"], output), folder / "m.onnx")
    return folder / "m.onnx"


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    def call(model: Path, *words: str) -> list[str]:
        assert run(["report", str(model), "--shape", "time=96", *words]) == 0
        return [line for line in capsys.readouterr().out.splitlines() if "stream" in line]

    return call


def test_unit_and_delay_stand_beside_lookahead(tmp_path: Path, told: Callable[..., list[str]]) -> None:
    net = Net()
    halved = net.conv("x", 2, 2, [3], strides=[2], pads=[1, 1])
    model = made(net, net.conv(halved, 2, 2, [3], pads=[1, 1]), tmp_path)
    plan = rfonnx.stream(model, "x", 2)
    ((name, delay),) = plan.delay.items()
    (line,) = told(model, "--rate", "1000")
    assert f"takes chunks of {plan.unit}, or multiples, and is {delay} frame" in line
    assert f"({delay * 2} ms) late" in line
    assert name in line
    assert told(model) == []


def test_what_blocks_is_told(tmp_path: Path, told: Callable[..., list[str]]) -> None:
    net = Net()
    x = net.conv("x", 2, 2, [3], pads=[1, 1])
    model = made(net, net.add("Sub", x, net.add("ReduceMean", x, axes=[2], keepdims=1)), tmp_path)
    (line,) = told(model, "--rate", "1000")
    assert "is not streamed along x axis 2: " in line
    assert "(Sub) that makes" in line
