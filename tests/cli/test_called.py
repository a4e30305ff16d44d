"""A node's name is taken where a tensor's is, when it makes one tensor; and the same figures are told everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

import rfonnx as package
from outcome import Outcome
from rfonnx.testing import assert_field

Run = Callable[..., Outcome]
TEXT = """<ir_version: 8, opset_import: ["": 17]>
    g (float[1, 2, 16, 23] x, float[2, 2, 3, 3] w) => (float[1, 2, 16, 23] y) {
        a = Conv<pads = [1, 1, 1, 1]>(x, w)
        s, t = Split<axis = 1>(a)
        y = Concat<axis = 1>(t, s)
    }"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    made = onnx.parser.parse_model(TEXT)
    for node, name in zip(made.graph.node, ("conv", "split", "t"), strict=True):
        node.name = name
    onnx.save(made, tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def test_a_node_stands_for_its_one_output(model: Path, rfonnx: Run) -> None:
    for args in (["report", model], ["explain", model], ["erf", model, "-n", 1]):
        by_node, by_tensor = (rfonnx(*args, "--tensor", name, "--format", "json") for name in ("conv", "a"))
        assert by_node.code == 0
        assert by_node.out == by_tensor.out
    checked = rfonnx(
        "check", model, "--rule", "field-minimum=3", "--rule", "field-minimum.tensor=conv", "--format", "json"
    )
    assert json.loads(checked.out)["models"][0]["findings"][0]["tensor"] == "a"
    assert "a" in rfonnx("erf", model, "-n", 1, "--all-layers", "--tensor", "conv", "--format", "csv").out
    assert package.analyze(model).box("conv", (0, 0, 3, 3)) == package.analyze(model).box("a", (0, 0, 3, 3))
    assert_field(model, "conv", min=3, max=3)


def test_a_tensors_name_goes_first_and_two_outputs_are_not_one(model: Path, rfonnx: Run) -> None:
    """The node "t" makes y; the tensor "t" is another."""
    told = json.loads(rfonnx("report", model, "--tensor", "t", "--format", "json").out)
    assert [tensor["name"] for tensor in told["tensors"]] == ["t"]
    for args in (["report", model], ["explain", model], ["erf", model, "-n", 1]):
        done = rfonnx(*args, "--tensor", "split")
        assert (done.code, done.out) == (2, "")
        assert "no tensor 'split' is computed from an input" in done.err
    with pytest.raises(package.QueryError, match="no tensor 'split'"):
        package.analyze(model).box("split", (0, 0, 3, 3))


def test_the_report_and_the_check_tell_one_coverage(model: Path, rfonnx: Run) -> None:
    """3 of 23 is 13.04%, 3 of 16 is 18.75%: the report rounds down, since 100% means all."""
    told = rfonnx("report", model, "--tensor", "a").out
    report = set(re.findall(r"1[0-9.]+%", told))
    checked = rfonnx("check", model, "--rule", "coverage=0.1876", "--rule", "coverage.tensor=a").out
    assert {"13%", "18.7%"} <= report
    assert "sees 18.7% of x axis 2, at least 18.76% are wanted" in checked
    assert "sees 13% of x axis 3" in checked
