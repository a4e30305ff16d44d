"""Students in int8, by onnxruntime's own quantiser with its defaults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import version_converter
from onnxruntime.quantization import CalibrationDataReader, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from subjects import SUBJECTS


class Reader(CalibrationDataReader):
    """Hands on what to calibrate with."""

    def __init__(self, feeds: list[dict[str, np.ndarray]]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def prepared(name: str, cache: Path, to: Path) -> list[str]:
    """Shapes inferred, and optimised by onnxruntime: what its documentation asks for before quantising."""
    _prepare(cache / "models" / f"{name}.onnx", to)
    return []


def dynamic(name: str, cache: Path, to: Path) -> list[str]:
    quantize_dynamic(_prepared(name, cache), to)
    return []


def per_tensor(name: str, cache: Path, to: Path) -> list[str]:
    quantize_static(_prepared(name, cache), to, Reader(_crops(name, cache)))
    return []


def per_channel(name: str, cache: Path, to: Path) -> list[str]:
    quantize_static(_prepared(name, cache), to, Reader(_crops(name, cache)), per_channel=True)
    return []


def on_noise(name: str, cache: Path, to: Path) -> list[str]:
    """Calibrated on one sample of standard normal noise: someone forgot the pictures."""
    crop = _crops(name, cache)[0]
    rng = np.random.default_rng(0)
    noise = {key: rng.standard_normal(array.shape).astype(np.float32) for key, array in crop.items()}
    quantize_static(_prepared(name, cache), to, Reader([noise]))
    return []


def _prepare(model: Path, to: Path) -> None:
    """Without symbolic shapes where onnxruntime's inference of them fails: on cls it ends in an AssertionError."""
    try:
        quant_pre_process(str(model), str(to), auto_merge=True)
    except AssertionError:
        quant_pre_process(str(model), str(to), skip_symbolic_shape=True)


def _prepared(name: str, cache: Path) -> Path:
    """The teacher in opset 17, ready to quantise: before opset 13 there are no scales per channel."""
    path = cache / "students" / name / "to_quantise.onnx"
    if not path.exists():
        converted = path.with_suffix(".opset")
        onnx.save(version_converter.convert_version(onnx.load(cache / "models" / f"{name}.onnx"), 17), converted)
        _prepare(converted, path)
    return path


def _crops(name: str, cache: Path) -> list[dict[str, np.ndarray]]:
    subject = SUBJECTS[name]
    return [{subject.input: subject.array(path)} for path in sorted((cache / "calibration" / name).iterdir())]
