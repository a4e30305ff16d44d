"""The rule `streams`, on models that stream, that are refused, that are too late, and of which it is not proven."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import rfonnx
from rfonnx.cli.main import run
from streaming.nets import NETS, Net


def saved(name: str, folder: Path) -> Path:
    onnx.save(NETS[name][0](), folder / "m.onnx")
    return folder / "m.onnx"


def pooled(folder: Path) -> Path:
    net = Net()
    pool = net.add("ReduceMean", net.add("Relu", "x"), axes=[2], keepdims=1)
    onnx.save(net.model([1, 2, "time"], net.add("Sub", "x", pool)), folder / "m.onnx")
    return folder / "m.onnx"


AXIS = ("streams.axis=2",)


@pytest.mark.parametrize(
    ("words", "failed"),
    [
        (("streams", *AXIS), ""),
        (("streams=23", "streams.unit=8", *AXIS), ""),
        (("streams=23", "streams.rate=1000", *AXIS), ""),
        (("streams=22", *AXIS), "in chunks of 8 frames, 23 frames late; at most 22 frames are allowed"),
        (("streams=22.5", "streams.rate=1000", *AXIS), "23 ms late; at most 22.5 ms are allowed"),
        (("streams.unit=4", *AXIS), "streams in chunks that are multiples of 8; at most 4 are allowed"),
        (("streams.tensor=relu1", "streams=0", *AXIS), "late; at most 0 frames are allowed"),
    ],
)
def test_unit_and_delay_are_held_to_limits(tmp_path: Path, words: tuple[str, ...], failed: str) -> None:
    model = saved("U-Net, nearest", tmp_path)
    if "streams.tensor=relu1" in words:
        tensor = next(node.output[0] for node in onnx.load(model).graph.node if node.op_type == "Resize")
        words = (f"streams.tensor={tensor}", *words[1:])
    result = rfonnx.check(model, list(words), shapes={"t": 128})
    failures = [one for one in result.findings if one.status != "pass"]
    assert [one.status for one in failures] == (["fail"] if failed else [])
    assert all(failed in one.message for one in failures)


def test_each_output_has_its_own_delay(tmp_path: Path) -> None:
    model, shapes = saved("two outputs", tmp_path), {"n": 1, "t": 128}
    result = rfonnx.check(model, ["streams=0", *AXIS], shapes=shapes)
    delays = rfonnx.stream(model, "x", 2).delay
    late = [name for name, delay in delays.items() if delay > 0]
    assert [(one.status, one.tensor) for one in result.findings] == [("fail", name) for name in late]
    early = next(name for name, delay in delays.items() if delay == 0)
    (finding,) = rfonnx.check(model, ["streams=0", f"streams.output={early}", *AXIS], shapes=shapes).findings
    assert (finding.status, finding.tensor) == ("pass", early)


def test_what_is_refused_fails_with_node_and_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = pooled(tmp_path)
    (finding,) = rfonnx.check(model, ["streams", *AXIS], shapes={"time": 128}).findings
    assert finding.status == "fail"
    assert finding.message.startswith("cannot be streamed along x axis 2: ")
    assert "(Sub) that makes" in finding.message
    for style in ("json", "sarif", "junit", "text"):
        words = ("--rule", "streams", "--shape", "time=128", "--format", style)
        assert run(["check", str(model), *words]) == 1
        assert "(Sub) that makes" in capsys.readouterr().out


def test_a_length_that_is_fixed_proves_nothing(tmp_path: Path) -> None:
    net = Net()
    x = net.add("Reshape", net.add("Conv", "x", net.numbers(2, 2, 3), pads=[1, 1]), net.ints(1, 2, 64))
    onnx.save(net.model([1, 2, 64], x), tmp_path / "m.onnx")
    (finding,) = rfonnx.check(tmp_path / "m.onnx", ["streams", *AXIS]).findings
    assert finding.status == "fail"
    assert "is not proven to stream along x axis 2: " in finding.message
    assert rfonnx.stream(tmp_path / "m.onnx", "x", 2).manifest.fixed == 64


def test_several_inputs_are_streamed_together(tmp_path: Path) -> None:
    """Of each the axis whose dimension is called as time is."""
    net = Net()
    model = net.model([1, 2, "time"], net.add("Add", "x", net.add("Relu", "far")))
    model.graph.input.append(onnx.helper.make_tensor_value_info("far", onnx.TensorProto.FLOAT, [1, 2, "time"]))
    onnx.save(model, tmp_path / "m.onnx")
    (finding,) = rfonnx.check(tmp_path / "m.onnx", ["streams"], shapes={"time": 128}).findings
    assert finding.status == "pass"
    assert "streams along x axis 2 and far axis 2" in finding.message


def test_no_time_axis_is_no_pass(tmp_path: Path) -> None:
    net = Net()
    onnx.save(net.model([1, 2, 8, 8], net.add("Conv", "x", net.numbers(2, 2, 3, 3))), tmp_path / "m.onnx")
    result = rfonnx.check(tmp_path / "m.onnx", ["streams"])
    assert [one.status for one in result.findings] == ["fail"]
    assert "name `input` and `axis`" in result.findings[0].message
    rows = rfonnx.check(tmp_path / "m.onnx", ["streams", "streams.input=x", "streams.axis=2"])
    assert [one.status for one in rows.findings] == ["pass"]
