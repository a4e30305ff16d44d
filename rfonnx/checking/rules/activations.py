"""Rules on what flows inside: activations that died, and quantisers that are too narrow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfonnx.checking.probes import Probes
from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.checking.subject import Subject
from rfonnx.graph.nodes import Graph
from rfonnx.graph.tensors import element_count
from rfonnx.results.findings import Parameter
from rfonnx.results.ranges import SHARE

FEW = 3
"""Random samples that a ReLU is watched on: nothing is fused in these runs, and more noise says no more."""

LIMITS = {"uint8": (0, 255), "int8": (-128, 127), "uint16": (0, 65535), "int16": (-32768, 32767)}
"""Smallest and largest value of the types that are quantised to."""


@rule("RF034", "no-dead-relu", "note", default=True)
def no_dead_relu(subject: Subject, values: Values) -> Iterator[Says]:
    """No ReLU gives nothing but zeros on all samples.

    What lies before it is computed for nothing, and what lies behind sees a constant: a bias that ran away in training, or a
    part whose weights were not loaded. On random samples it may still answer to real ones: give --data.

    Way out: a smaller learning rate or another activation there; or cut the branch.
    """
    probes, graph = Probes(subject), subject.graph
    names = [
        node.output[0]
        for node in probes.nodes
        if node.op_type == "Relu"
        and not node.domain
        and node.output[0] not in graph.constants
        and (element_count(graph.shapes.get(node.output[0])) or 0) > 1
    ]
    if not names:
        raise NotApplicableError("the model has no ReLU")
    for name in names:
        probes.add([], name)
    given = subject.against.settings.data is not None
    sums = probes.run(subject.feeds if given else subject.feeds[:FEW])
    dead = [name for name, total in zip(names, sums.T, strict=True) if not total.any()]
    kind = "" if given else " (random ones)"
    for name in dead:
        yield Says(f"is zero everywhere, on all {len(sums)} samples{kind}", name)
    yield holds(f"every ReLU answers on {len(sums)} samples")


@rule(
    "RF035",
    "quantiser-range",
    "warning",
    {"max": Parameter("float", "share of a tensor's values that may lie beyond an end", 0.05, within=SHARE)},
    default=True,
)
def quantiser_range(subject: Subject, values: Values) -> Iterator[Says]:
    """The samples stay within the range of the quantisers (QuantizeLinear), but for a share `max` of the values.

    What lies beyond is cut off: a scale that was calibrated on other data, or on too little of it. An end at zero does not
    count, where quantisers stand for a ReLU that was folded into them. Needs samples (`--data`): random ones say nothing.

    Way out: calibrate on samples like these, or by percentile.
    """
    probes, graph = Probes(subject), subject.graph
    watched = []
    for node in probes.nodes:
        if node.op_type == "QuantizeLinear" and not node.domain and node.input[0] not in graph.constants:
            for end, beyond in _ends(graph, list(node.input)):
                watched.append((node.input[0], end, beyond))
    if not watched:
        raise NotApplicableError("the model has no QuantizeLinear of one stored scale")
    if subject.against.settings.data is None:
        yield unproven("random samples say nothing about a range: give --data")
        return
    for tensor, end, beyond in watched:
        probes.add([("Greater" if end > 0 else "Less", [beyond])], tensor)
        probes.add([("Size", [])], tensor)
    counts = probes.run(subject.feeds).sum(axis=0).reshape(-1, 2)
    for (tensor, end, beyond), (outside, size) in zip(watched, counts, strict=True):
        if outside > values["max"] * size:
            side = "above" if end > 0 else "below"
            yield Says(f"{outside / size:.1%} of its values lie {side} {beyond:.4g}, where its quantiser ends", tensor)
    yield holds(f"at most {values['max']:.1%} of the values lie beyond an end of their quantiser")


def _ends(graph: Graph, inputs: list[str]) -> Iterator[tuple[float, float]]:
    """Sign of an end, and the first value that is cut off there: half a step beyond."""
    scale = graph.value(inputs[1])
    point = graph.value(inputs[2]) if len(inputs) > 2 and inputs[2] else np.zeros((), np.uint8)
    if scale is None or point is None or scale.size != 1 or point.size != 1 or str(point.dtype) not in LIMITS:
        return
    low, high = (
        (limit - int(point.reshape(-1)[0])) * float(scale.reshape(-1)[0]) for limit in LIMITS[str(point.dtype)]
    )
    half = float(scale.reshape(-1)[0]) / 2
    for end, value in ((-1.0, low - half), (1.0, high + half)):
        if abs(value) > half * 1.001:
            yield end, value
