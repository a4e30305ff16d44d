"""From trained networks to ONNX files: fp32, fp16, int8 (QDQ), and a teacher with one damaged layer."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from nets import Digits
from onnxconverter_common.float16 import convert_float_to_float16
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quant_pre_process, quantize_static


def write_models(folder: Path, teacher: Digits, student: Digits, twin: Digits, images: np.ndarray) -> None:
    """Write all files; `images`, float32 (n, 1, 32, 32), calibrate int8."""
    write(folder / "teacher.onnx", teacher)
    write(folder / "student.onnx", student)
    write(folder / "twin.onnx", twin)
    write(folder / "damaged.onnx", damage(teacher))
    half = convert_float_to_float16(onnx.load(folder / "teacher.onnx"), keep_io_types=True)
    onnx.save(half, folder / "teacher_fp16.onnx")
    prepared = folder / "prepared.onnx"
    quant_pre_process(folder / "teacher.onnx", prepared)
    quantize_static(
        prepared,
        folder / "teacher_int8.onnx",
        Calibration(images[:200]),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QUInt8,  # signed ones saturate on processors without VNNI: another answer there
    )
    prepared.unlink()


def write(path: Path, net: Digits) -> None:
    """Export with a free batch axis, input "image", output "logits"."""
    example = torch.zeros(2, 1, 32, 32)
    torch.onnx.export(
        net, (example,), path, input_names=["image"], output_names=["logits"], opset_version=17,
        dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}}, dynamo=False,
    )  # fmt: skip


def damage(net: Digits) -> Digits:
    """The same net with the filters of its fourth convolution in another order: nothing that a checker would see."""
    broken = copy.deepcopy(net)
    weight = broken.features.conv4.weight
    with torch.no_grad():
        weight.copy_(weight.roll(1, 0))
    return broken


class Calibration(CalibrationDataReader):
    """One image at a time."""

    def __init__(self, images: np.ndarray) -> None:
        self._rest: Iterator[np.ndarray] = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._rest, None)
        return None if image is None else {"image": image[None]}
