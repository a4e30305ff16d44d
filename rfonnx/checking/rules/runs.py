"""Rules that run the model: does onnxruntime take it, are its answers finite, and do optimisations keep them?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfonnx.checking.rule_table import Says, Values, holds, rule
from rfonnx.checking.rules.deterministic import same
from rfonnx.checking.rules.squash import ENDS, squashed
from rfonnx.checking.subject import Subject
from rfonnx.comparing.layers.inner_tensors import InnerModel
from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.errors import ModelError, RfonnxError, RunError
from rfonnx.model.runtime import run
from rfonnx.results.findings import Parameter


@rule("RF011", "runtime-accepts", "error", default=True)
def runtime_accepts(subject: Subject, values: Values) -> Iterator[Says]:
    """The installed onnxruntime takes the model: its opset, its IR version, its operators.

    onnx writes newer opsets and IR versions than onnxruntime reads; the file is fine and does not run.

    Way out: export at an older opset, or install a newer onnxruntime.
    """
    graph = subject.graph
    told = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in sorted(graph.opsets.items()))
    try:
        assert subject.opened
    except ModelError as error:
        yield Says(f"IR {graph.ir_version}, opset {told}: {error}", cause=str(error))
    else:
        yield holds(f"IR {graph.ir_version}, opset {told}: onnxruntime takes it")


@rule("RF012", "finite", "error", default=True)
def finite(subject: Subject, values: Values) -> Iterator[Says]:
    """Outputs are finite on the samples (random ones when no data is given).

    A NaN passes through every later layer and most metrics; half precision overflows at 65504.

    Way out: the tensor that is named is where it begins; keep that operator in float32.
    """
    outputs = [port.name for port in subject.opened.outputs]
    for name, feed in subject.feeds:
        for output, value in zip(outputs, subject.run(name, feed), strict=True):
            if not all(np.isfinite(array).all() for array in _floats(value)):
                yield Says(f"is not finite on {name}{_begins(subject, feed)}", output)
                return
    yield holds(f"outputs are finite on {len(subject.feeds)} samples")


def _floats(value: object) -> Iterator[np.ndarray]:
    """The arrays of real numbers in an output, which may be a sequence."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _floats(item)


def _begins(subject: Subject, feed: Feed) -> str:
    try:
        origin = InnerModel(subject.opened, subject.threads).first_nonfinite(feed)
    except RfonnxError:
        return ""  # it runs under optimisation only: where it begins is not known, that it is there is
    return f"; it begins in '{origin}'" if origin else ""


@rule(
    "RF014",
    "optimisation-levels",
    "warning",
    {"tolerance": Parameter("float", "largest difference, as a share of the output's largest value", 1e-3)},
    default=True,
)
def optimisation_levels(subject: Subject, values: Values) -> Iterator[Says]:
    """onnxruntime's graph optimisations do not change the answer.

    Fusions reorder sums, which is harmless; a larger difference is a bug in a fusion, or a model that is not stable. What a
    sigmoid or tanh made is measured by the whole of its range: a score of 1e-6 is none, and rounds by a part of itself.

    Way out: run with fewer optimisations, and report the fusion.
    """
    outputs = [port.name for port in subject.opened.outputs]
    name, feed = subject.feeds[0]
    optimised = subject.run(name, feed)
    plain = subject.source.session(level="none", threads=subject.threads)
    try:
        pairs = zip(outputs, run(plain, outputs, feed, str(subject.path)), optimised, strict=True)
    except RunError as error:
        yield Says(f"runs on {name} under full optimisation only: {error}")
        return
    worst, kinds = 0.0, squashed(subject.graph)
    for output, a, b in pairs:
        low, high = ENDS.get(kinds.get(output, ""), (0.0, 0.0))
        gap = _gap(a, b, high - low)
        worst = max(worst, gap)
        if gap > values["tolerance"]:
            yield Says(f"changes by {gap:.2g} of its largest value under full optimisation on {name}", output)
    yield holds(f"full optimisation changes outputs by {worst:.2g} of their largest value")


def _gap(one: object, other: object, least: float) -> float:
    """Largest difference over the largest value, or over `least` where that is more; NaN in the same places agree."""
    if not (isinstance(one, np.ndarray) and isinstance(other, np.ndarray)) or one.dtype.kind not in "fiub":
        return 0.0 if same(one, other) else np.inf
    if one.shape != other.shape:
        return np.inf
    a, b = one.astype(np.float64), other.astype(np.float64)
    bad = ~np.isfinite(a) | ~np.isfinite(b)
    if bad.any() and not np.array_equal(a[bad], b[bad], equal_nan=True):
        return np.inf
    a, b = a[~bad], b[~bad]
    if not a.size or not (difference := np.abs(a - b).max()):
        return 0.0
    return float(difference / max(np.abs(a).max(), least, 1e-30))
