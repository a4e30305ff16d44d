"""What both models cost, side by side: weights, MACs, file, memory, latency."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.cost.memory import peak_bytes
from rfonnx.comparing.cost.weight_counts import parameters
from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.comparing.settings import ModelSource
from rfonnx.graph.nodes import Graph
from rfonnx.model.opened import as_given, read_model
from rfonnx.model.reading.external import external_files
from rfonnx.results.comparison import Cost

WARM_UP = 3
SECONDS = 20.0
"""Time after which the latency runs end early; at least five are made."""

Feed = Mapping[str, np.ndarray]


def costs(
    models: tuple[OpenModel, OpenModel], graphs: tuple[Graph, Graph], feeds: tuple[Feed, Feed], runs: int, threads: int
) -> tuple[Cost, Cost]:
    """Both costs.

    Args:
        models, graphs: the two models; the graphs at the shapes of `feeds`.
        feeds: inputs of one run.
        runs: runs per model for the latency.
        threads: threads per operator, as the sessions have.
    """
    times = latencies(models, feeds, runs)
    found = []
    for model, graph, feed, measured in zip(models, graphs, feeds, times, strict=True):
        counted = macs(graph)
        source = as_given(model.source)
        path = os.fspath(source) if isinstance(source, str | os.PathLike) else None
        peak = peak_bytes(path, feed, threads, model.values) if path is not None else None
        spread = (percentile(measured, 50), percentile(measured, 95))
        found.append(
            Cost(parameters(graph), counted.total, file_bytes(model.source), peak, spread, dict(counted.uncounted))
        )
    return found[0], found[1]


def latencies(models: Sequence[OpenModel], feeds: Sequence[Feed], runs: int) -> list[list[float]]:
    """Milliseconds per run of each model. They take turns, so that whatever else the machine does slows all."""
    outputs = [[port.name for port in model.outputs] for model in models]
    times: list[list[float]] = [[] for _ in models]
    begun = time.perf_counter()
    for number in range(WARM_UP + runs):
        for which in range(len(models)):
            before = time.perf_counter()
            models[which].run(feeds[which], outputs[which])
            if number >= WARM_UP:
                times[which].append((time.perf_counter() - before) * 1000)
        if number >= WARM_UP + 4 and time.perf_counter() - begun > SECONDS:
            break
    return times


def percentile(values: Sequence[float], share: float) -> float:
    """A percentile, `share` in 0..100."""
    return float(np.percentile(values, share))


def file_bytes(source: ModelSource) -> int | None:
    """The file and its external data; None when the model is no file."""
    source = as_given(source)
    if not isinstance(source, str | os.PathLike):
        return None
    proto, _, folder = read_model(source)
    beside = [Path(folder or ".") / name for name in external_files(proto)]
    return sum(path.stat().st_size for path in (Path(source), *beside) if path.is_file())
