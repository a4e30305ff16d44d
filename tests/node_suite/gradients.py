"""ONNX's node test suite, differentiated: each gradient against central differences of onnx's reference evaluator in float64.

`PYTHONPATH=tests python -P tests/node_suite/gradients.py [SUBSTRING]` tries every case and prints what was refused or is wrong.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from gradient.reference import NEW_OPS
from node_suite.cases import Case, all_cases
from rfonnx.errors import RfonnxError
from rfonnx.gradients import GradientError, GradientSession
from rfonnx.model.runtime import MAX_OPSET

Feeds = dict[str, np.ndarray]
Run = Callable[[Feeds], Sequence[np.ndarray]]

CONSTANTS = {
    "Dropout": (1, 2),
    "NonMaxSuppression": (2, 3, 4),
    "OneHot": (2,),
    "QuantizeLinear": (1, 2),
    "Range": (0, 1, 2),
    "Resize": (1, 2),
    "Upsample": (1,),
}
"""Float inputs that are parameters: they decide shapes, or steps."""
DIFFERENTIATED = ("float16", "float32", "float64")
STRAIGHT_THROUGH = ("Quantize", "Dequantize", "Cast")
"""Differences show their steps, gradients go straight through."""
TRIES = 3


@dataclass
class Tally:
    """What came of the cases: by output, "case:output" or with a reason."""

    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        operators = Counter(operator for operator, _ in self.refused)
        return [
            f"gradients of the node suite: {len(self.right)} right, {len(self.wrong)} wrong, {len(self.refused)} refused by name,"
            f" {len(self.not_run)} that onnxruntime does not run",
            f"    refused: {', '.join(f'{operator} {n}' for operator, n in sorted(operators.items()))}",
        ]


def try_all(cases: Sequence[Case]) -> Tally:
    tally = Tally()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # overflows in the reference evaluator
        for case in cases:
            for index, output in enumerate(case.model.graph.output):
                if output.type.tensor_type.elem_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
                    try_output(case, index, tally)
    return tally


def differentiated(case: Case) -> list[str]:
    """Inputs whose gradients are compared."""
    node = case.model.graph.node[0]
    places = CONSTANTS.get(node.op_type, ()) if len(case.model.graph.node) == 1 else ()
    parameters = [node.input[i] for i in places if i < len(node.input)]
    return [n for n in case.float_inputs if n not in parameters and case.feeds[n].dtype.name in DIFFERENTIATED]


def try_output(case: Case, index: int, tally: Tally) -> None:
    label, names = f"{case.name}:{case.outputs[index]}", differentiated(case)
    model = with_constants(case, names)
    if not names or len(model.graph.input) != len(names):
        return
    if case.operator.startswith(STRAIGHT_THROUGH):
        return
    rng = np.random.default_rng(5)
    feeds = {n: off_the_kinks(case.feeds[n], rng) for n in names}
    try:
        session = GradientSession(model, case.outputs[index], {n: v.shape for n, v in feeds.items()})
        seed = np.where(finite(model, index, feeds, session.shape), rng.standard_normal(session.shape), 0)
        found = session.run(feeds, seed)
    except GradientError as error:
        tally.refused.append((case.operator, f"{label}: {error}"))
    except RfonnxError as error:
        tally.not_run.append(f"{label}: {error}")
    else:
        bad = [n for n in names if not agrees(model, index, feeds, seed, n, found[n])]
        (tally.wrong if bad else tally.right).append(f"{label} {' '.join(bad)}")


def with_constants(case: Case, names: Sequence[str]) -> onnx.ModelProto:
    """The model with all other tensors as constants, of an opset that onnxruntime takes."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    fixed = [i.name for i in model.graph.input if i.name in case.feeds and i.name not in names]
    fixed = [n for n in fixed if isinstance(case.feeds[n], np.ndarray)]
    kept = [i for i in model.graph.input if i.name not in fixed]
    model.graph.ClearField("input")
    model.graph.input.extend(kept)
    model.graph.initializer.extend(numpy_helper.from_array(case.feeds[n], n) for n in fixed)
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            entry.version = min(entry.version, MAX_OPSET)
    model.ir_version = min(model.ir_version, 13)
    return model


def off_the_kinks(value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The case's numbers, moved a little: whole ones lie on kinks, equal ones tie."""
    moved = np.clip(np.nan_to_num(value.astype(np.float64)), -1e4, 1e4)
    moved = moved * (1 + 1e-3 * rng.uniform(-1, 1, value.shape)) + 1e-3 * rng.uniform(0, 1, value.shape)
    return np.asarray(moved.astype(value.dtype))


def finite(model: onnx.ModelProto, index: int, feeds: Feeds, shape: tuple[int, ...]) -> np.ndarray:
    """Where the output holds numbers: minus infinity, or the lowest number that stands for it, has no slope."""
    for make in (in_onnxruntime, reference):
        try:
            value = np.asarray(make(model)(feeds)[index], np.float64)
        except Exception:  # each lacks some operators
            continue
        if value.shape == shape:
            return np.asarray(np.abs(value) < 1e30)
    return np.ones(shape, bool)


def reference(model: onnx.ModelProto) -> Run:
    evaluator = ReferenceEvaluator(model, new_ops=NEW_OPS)
    return lambda feeds: list(evaluator.run(None, feeds))


def onnxs_own(model: onnx.ModelProto) -> Run:
    evaluator = ReferenceEvaluator(model)
    return lambda feeds: list(evaluator.run(None, feeds))


def in_onnxruntime(model: onnx.ModelProto) -> Run:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    types = {
        i.name: {"tensor(float16)": np.float16, "tensor(double)": np.float64}.get(i.type, np.float32)
        for i in session.get_inputs()
    }
    return lambda feeds: list(session.run(None, {n: v.astype(types[n]) for n, v in feeds.items()}))


ORACLES = (
    # how it runs, steps, tolerance: the reference evaluator computes some operators in float32, and lacks others
    (reference, (1e-6, 1e-5), 1e-4),
    (onnxs_own, (1e-6, 1e-5), 1e-4),
    (in_onnxruntime, (1e-2, 1e-3, 1e-1), 2e-2),
)


def agrees(model: onnx.ModelProto, index: int, feeds: Feeds, seed: np.ndarray, name: str, found: np.ndarray) -> bool:
    """Whether the slope along random directions is that of any oracle."""
    wide = {n: v.astype(np.float64) for n, v in feeds.items()}
    half = any(v.dtype == np.float16 for v in feeds.values())
    for make, steps, tolerance in ORACLES:
        bound = 5e-2 if half else tolerance
        for step in steps:
            rng = np.random.default_rng(7)
            try:
                run = make(model)
                if all(_slope_agrees(run, index, wide, seed, name, found, step, rng, bound) for _ in range(TRIES)):
                    return True
            except Exception:  # what an oracle cannot run, the next one may
                break
    return False


def _slope_agrees(
    run: Run, index: int, feeds: Feeds, seed: np.ndarray, name: str, found: np.ndarray, step: float,
    rng: np.random.Generator, bound: float,
) -> bool:  # fmt: skip
    direction = rng.standard_normal(found.shape)
    ahead, behind = (
        np.asarray(run({**feeds, name: feeds[name] + sign * step * direction})[index], np.float64)
        for sign in (1.0, -1.0)
    )
    terms = np.where(seed == 0, 0, seed * (ahead - behind) / (2 * step))
    # what is left of terms that cancel is known to the rounding of float32
    scale = np.abs(terms).sum() + np.abs(found * direction).sum() * 1e-2
    return bool(abs((found * direction).sum() - terms.sum()) <= bound * scale + 1e-6)


if __name__ == "__main__":
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    made = try_all([case for case in all_cases() if only in case.name])
    print(*made.not_run, *(text for _, text in made.refused), *(f"WRONG {text}" for text in made.wrong), sep="\n")
    print(*made.lines(), sep="\n")
