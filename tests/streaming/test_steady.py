"""A steady start: no frame waits for mirrored ones; what may differ from the file is said, and all behind it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import rfonnx
from rfonnx.model.opened import Opened
from rfonnx.streaming.held import verify_file
from rfonnx.streaming.manifest import from_json, to_json
from rfonnx.streaming.offline import run_stream
from streaming.nets import centred, codec

CASES: dict[str, tuple[Callable[[], onnx.ModelProto], int, dict[str, int], int]] = {
    "convolutions": (lambda: codec("reflect", layer=False), 2, {"conv21": 136}, 0),
    "spectra": (lambda: centred("reflect"), 1, {"stft2": 2}, 1),
    "a recurrence carries it on": (lambda: codec("reflect"), 2, {"conv26": -1}, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_what_differs_is_said(name: str) -> None:
    make, axis, differs, delay = CASES[name]
    plan = rfonnx.stream(make(), "x", axis, start="steady")
    assert plan.manifest.differs == differs
    assert [(one.delay, one.least) for one in plan.manifest.outputs] == [(delay, delay)]
    assert from_json(to_json(plan.manifest), "s").differs == differs
    found = plan.verify()
    assert found.passed
    assert any(run.untouched and run.errors for run in found.runs) == (differs[next(iter(differs))] >= 0)
    whole = (
        np.random.default_rng(0).standard_normal([1, 1, 801][3 - axis - 1 :] if axis == 1 else [1, 1, 801]).astype("f")
    )
    (expected,) = onnxruntime.InferenceSession(make().SerializeToString()).run(None, {"x": whole})
    ((output, first),) = differs.items()
    made = run_stream(rfonnx.Stream(plan.model), {"x": whole}, 801)[output]
    one = plan.manifest.outputs[0]
    apart = np.abs(made - expected).max(tuple(i for i in range(made.ndim) if i != one.axis))
    assert apart[: max(first, 1)].max() > 1e-3, "the start is another one"
    if first > 0:
        assert apart[first:].max() < 1e-5 * np.abs(expected).max()


def test_a_frame_less_is_said_to_differ_than_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then verifying must fail."""
    import rfonnx.streaming.steady as steady

    counted = steady._changed_frames
    monkeypatch.setattr(steady, "_changed_frames", lambda *given: counted(*given) - 1)
    plan = rfonnx.stream(centred("reflect"), "x", 1, start="steady")
    assert not plan.verify().passed


def test_nothing_changes_where_nothing_is_mirrored() -> None:
    plan = rfonnx.stream(codec("edge"), "x", 2, start="steady")
    assert plan.manifest.differs == {}
    assert plan.source.untouched is None


def test_the_file_is_verified_with_its_start(tmp_path: Path) -> None:
    onnx.save(centred("reflect"), tmp_path / "m.onnx")
    rfonnx.stream(tmp_path / "m.onnx", "x", 1, start="steady").save(tmp_path / "s.onnx")
    found = verify_file(Opened(str(tmp_path / "m.onnx")), str(tmp_path / "s.onnx"))
    assert found.passed
    assert found.differs == {"stft2": 2}
