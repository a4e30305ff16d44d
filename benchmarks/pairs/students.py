"""The sixteen students of a teacher, as other tools make them."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import damage
import onnx
import onnxruntime
import onnxslim
import quantised
from onnx import version_converter
from onnxruntime.transformers import float16
from subjects import SUBJECTS, Subject


def _as_it_is(subject: Subject) -> Subject:
    return subject


@dataclass(frozen=True)
class Student:
    """How one is made, and what it is.

    Attributes:
        title: in the table.
        family: "same" (a re-export), "approximate" or "damaged".
        make: from the teacher's name, the cache and where to write; gives the tensors that come out of the damaged layer.
        prep: from the teacher's preparation of pictures to the student's.
    """

    title: str
    family: str
    make: Callable[[str, Path, Path], list[str]]
    prep: Callable[[Subject], Subject] = _as_it_is


def _itself(name: str, cache: Path, to: Path) -> list[str]:
    shutil.copy(cache / "models" / f"{name}.onnx", to)
    return []


def _opset(name: str, cache: Path, to: Path) -> list[str]:
    """onnx.version_converter to opset 21; the teachers are of 9 to 17."""
    onnx.save(version_converter.convert_version(onnx.load(cache / "models" / f"{name}.onnx"), 21), to)
    return []


def _slim(name: str, cache: Path, to: Path) -> list[str]:
    onnxslim.slim(str(cache / "models" / f"{name}.onnx"), str(to))
    return []


def _extended(name: str, cache: Path, to: Path) -> list[str]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(to)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(cache / "models" / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])
    return []


def _half(name: str, cache: Path, to: Path) -> list[str]:
    model = onnx.shape_inference.infer_shapes(onnx.load(cache / "models" / f"{name}.onnx"))
    onnx.save(float16.convert_float_to_float16(model, keep_io_types=True), to)
    return []


STUDENTS = {
    "itself": Student("itself", "same", _itself),
    "opset": Student("opset converted", "same", _opset),
    "slim": Student("onnxslim", "same", _slim),
    "extended": Student("ORT extended", "same", _extended),
    "preprocess": Student("quant_pre_process", "same", quantised.prepared),
    "fp16": Student("fp16", "approximate", _half),
    "dynamic": Student("int8 dynamic", "approximate", quantised.dynamic),
    "tensor": Student("QDQ per tensor", "approximate", quantised.per_tensor),
    "channel": Student("QDQ per channel", "approximate", quantised.per_channel),
    "noise": Student("QDQ, one noise sample", "approximate", quantised.on_noise),
    "scaled": Student("one Conv x1.5", "damaged", damage.scaled),
    "permuted": Student("filters permuted", "damaged", damage.permuted),
    "unnormed": Student("BatchNorm (or bias) lost", "damaged", damage.unnormed),
    "pruned": Student("30% pruned", "approximate", damage.pruned),
    "bgr": Student("BGR", "damaged", _itself, Subject.bgr),
    "raw": Student("mean and std missing", "damaged", _itself, Subject.raw),
}


def build(name: str, student: str, cache: Path) -> tuple[Path, list[str]]:
    """The student's file, made once, and the tensors out of its damaged layer."""
    folder = cache / "students" / name
    folder.mkdir(parents=True, exist_ok=True)
    path, layer = folder / f"{student}.onnx", folder / f"{student}.layer"
    if not layer.exists():
        layer.write_text("\n".join(STUDENTS[student].make(name, cache, path)))
    return path, layer.read_text().split()


def subject(name: str, student: str | None = None) -> Subject:
    """How the student (None: the teacher) prepares pictures."""
    return STUDENTS[student].prep(SUBJECTS[name]) if student else SUBJECTS[name]


def feeds(name: str, student: str | None, cache: Path) -> list[dict]:
    """The crops as inputs, prepared as the student (None: the teacher) prepares them."""
    return _feeds(subject(name, student), cache / "samples" / name)


@functools.lru_cache(2)
def _feeds(found: Subject, crops: Path) -> list[dict]:
    return [{found.input: found.array(path)} for path in sorted(crops.iterdir())]
