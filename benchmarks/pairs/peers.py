"""What Polygraphy and onnxruntime's qdq_loss_debug say of the same pair, over the same crops."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import polygraphy.comparator as poly
from onnxruntime.quantization import qdq_loss_debug
from polygraphy.logger import G_LOGGER
from quantised import Reader

from truth import Outputs

MODES = {
    "simple": lambda: poly.SimpleCompareFunc(),
    "simple, max": lambda: poly.SimpleCompareFunc(check_error_stat="max"),
    "simple, mean": lambda: poly.SimpleCompareFunc(check_error_stat="mean"),
    "simple, median": lambda: poly.SimpleCompareFunc(check_error_stat="median"),
    "simple, quantile": lambda: poly.SimpleCompareFunc(check_error_stat="quantile"),
    "l2": lambda: poly.L2CompareFunc(),
    "cosine": lambda: poly.CosineSimilarityCompareFunc(),
    "psnr": lambda: poly.PsnrCompareFunc(),
    "snr": lambda: poly.SnrCompareFunc(),
}
"""Its comparisons of numbers, each with its default tolerance. The first is what `polygraphy run` does when nothing is said."""

CROPS = 4
"""How many crops qdq_loss_debug sees: it holds every tensor of every one in memory. `rfonnx compare --layers` takes as many."""


def polygraphy(teacher: Outputs, student: Outputs) -> dict[str, bool]:
    """Passed or not, by mode: its comparator on onnxruntime's outputs, which `polygraphy run --onnxrt` makes the same way."""
    G_LOGGER.module_severity = G_LOGGER.CRITICAL
    runs = poly.RunResults()
    for label, outputs in (("teacher", teacher), ("student", student)):
        crops = [dict(zip(outputs, arrays, strict=True)) for arrays in zip(*outputs.values(), strict=True)]
        runs.append((label, [poly.IterationResult(outputs=crop, runner_name=label) for crop in crops]))
    return {mode: bool(poly.Comparator.compare_accuracy(runs, compare_func=make())) for mode, make in MODES.items()}


def loss_debug(teacher: Path, student: Path, mine: list[dict], theirs: list[dict]) -> dict[str, Any]:
    """How many tensors it pairs, and the one that it finds farthest from the teacher's; or its error. It gives no verdict."""
    try:
        activations = _activations(student, theirs), _of_teacher(teacher, mine)
        errors = qdq_loss_debug.compute_activation_error(qdq_loss_debug.create_activation_matching(*activations))
        across = {name: found["xmodel_err"] for name, found in errors.items() if "xmodel_err" in found}
    except Exception as error:  # a peer's failure is a result
        return {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    lowest = min(across, key=across.__getitem__, default="")
    return {"matched": len(across), "lowest": lowest, "db": across.get(lowest)}


_TEACHER: dict[Path, dict] = {}


def _of_teacher(path: Path, feeds: list[dict]) -> dict:
    """Of the last teacher: they are the same for all its students."""
    if path not in _TEACHER:
        _TEACHER.clear()
        _TEACHER[path] = _activations(path, feeds)
    return _TEACHER[path]


def _activations(path: Path, feeds: list[dict]) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        augmented = str(Path(folder) / "model.onnx")
        qdq_loss_debug.modify_model_output_intermediate_tensors(str(path), augmented)
        return qdq_loss_debug.collect_activations(augmented, Reader(feeds[:CROPS]))
