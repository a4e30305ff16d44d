"""The example of docs/stream.md reads a sound file chunk by chunk, and makes what the offline model makes of all of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile

import rfonnx

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("length", [160, 4000, 4001, 4159])
def test_a_sound_file_is_streamed_as_the_page_says(
    length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = [
        part
        for part in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "stream.md").read_text(), re.DOTALL)
        if "soundfile" in part
    ]
    sound = (np.random.default_rng(0).standard_normal(length) * 0.1).astype(np.float32)
    monkeypatch.chdir(tmp_path)
    soundfile.write("speech.wav", sound, 16000, subtype="FLOAT")
    model = ROOT / "models" / "wavenet.onnx"
    plan = rfonnx.stream(model, "audio", 2, 160)
    names = {"np": np, "stream": rfonnx.Stream(plan.model)}
    exec(example, names)  # noqa: S102  # it is ours
    logits = np.asarray(names["logits"])
    opened = plan.source.offline.proto
    (expected,) = onnxruntime.InferenceSession(opened.SerializeToString()).run(
        ["logits"], {"audio": sound.reshape(1, 1, -1)}
    )
    assert logits.shape == expected.shape
    assert np.abs(logits - expected).max() <= 1e-5 * np.abs(expected).max()
