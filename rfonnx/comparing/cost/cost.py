"""What both models cost, side by side: weights, MACs, file, memory, latency."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.cost.memory import peak_bytes
from rfonnx.comparing.cost.weight_counts import parameters
from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.comparing.pairs.pair import Pair
from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.model.opened import Opened
from rfonnx.results.comparison import Cost

WARM_UP = 3
SECONDS = 20.0
"""Time after which the latency runs end early; at least five are made."""


def costs(pair: Pair, feeds: tuple[Feed, Feed], peaks: Sequence[int | None]) -> tuple[Cost, Cost]:
    """Both costs. Nothing else may run meanwhile: latencies are measured.

    Args:
        pair: the two models.
        feeds: inputs of one run of each.
        peaks: what `peak` gave of each.
    """
    times = latencies(pair.models, feeds, pair.settings.latency_runs)
    one, other = map(_cost, pair.models, feeds, times, peaks)
    return one, other


def peak(model: OpenModel, feed: Feed, threads: int) -> int | None:
    """Memory that a run of the model takes, measured in a process of its own; None when it is no file, or that fails."""
    given = model.source.given
    return peak_bytes(os.fspath(given), feed, threads, model.values) if isinstance(given, str | os.PathLike) else None


def _cost(model: OpenModel, feed: Feed, times: Sequence[float], peak: int | None) -> Cost:
    graph = model.graph(feed)
    counted, spread = macs(graph), (percentile(times, 50), percentile(times, 95))
    return Cost(parameters(graph), counted.total, file_bytes(model.source), peak, spread, dict(counted.uncounted))


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


def file_bytes(model: Opened) -> int | None:
    """The file and its external data; None when the model is no file."""
    if not isinstance(model.given, str | os.PathLike):
        return None
    files = (Path(model.given), *model.weight_files.values())
    return sum(path.stat().st_size for path in files if path.is_file())
