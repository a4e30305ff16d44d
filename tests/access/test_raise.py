"""A rule that fails makes an answer "at most", and with RFONNX_RAISE it fails aloud, for who debugs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import rfonnx
from rfonnx.analysis.derive import equivariance
from rfonnx.operators.access import apply
from rfonnx.operators.access.op import Op, Unproven


def meets_what_it_does_not_expect(op: Op) -> None:
    raise KeyError("pads")


def cannot_prove(op: Op) -> None:
    raise Unproven("the mask is no constant")


FAILING = [
    (
        meets_what_it_does_not_expect,
        KeyError,
        "Conv does not have the inputs and attributes its rule expects (KeyError('pads'))",
    ),
    (cannot_prove, Unproven, "Conv: the mask is no constant"),
]


@pytest.mark.parametrize(("rule", "error", "note"), FAILING)
def test_a_rule_that_fails(
    rule: Callable[[Op], None], error: type[Exception], note: str, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "find", lambda kind: rule)
    monkeypatch.delenv("RFONNX_RAISE", raising=False)
    tensor = rfonnx.analyze(models / "seed.onnx").tensors["conv1"]
    assert not tensor.exact
    assert note in tensor.notes
    monkeypatch.setenv("RFONNX_RAISE", "1")
    with pytest.raises(error):
        rfonnx.analyze(models / "seed.onnx")


def test_a_fact_that_fails(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("pads")

    monkeypatch.setattr(equivariance.Shifts, "_treated", fails)
    monkeypatch.delenv("RFONNX_RAISE", raising=False)
    (shift, *_) = rfonnx.analyze(models / "seed.onnx").facts["pool"].shifts
    assert "does not have the inputs that it should have" in shift.reason
    monkeypatch.setenv("RFONNX_RAISE", "1")
    with pytest.raises(KeyError):
        _ = rfonnx.analyze(models / "seed.onnx").facts
