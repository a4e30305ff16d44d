"""Streams: what a chunk takes, against running the offline model again on all that its frames see; and what masks take of it.

python benchmarks/streams.py [--rounds 40] [NET ...]
"""

import time
from collections.abc import Callable

import numpy as np
import onnx
from measure import table
from stream_nets import LARGER, Larger, asked

import rfonnx
from rfonnx.model.runtime import open_session
from rfonnx.results.streaming import ENDLESS
from rfonnx.streaming.stream_plan import StreamPlan

BEGUN = 10_000
"""Chunks so far: the middle of a stream."""


IN_A_ROW = 4
"""Runs of one model before the next has its turn: a stream finds its weights in the processor's caches."""


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    rounds, nets = asked(__doc__, "rounds", 40)
    rows: list[list[object]] = []
    for name in nets:
        net = LARGER[name]
        model = net.make()
        for chunk, before in zip(net.chunks, net.before, strict=True):
            try:
                plan = rfonnx.stream(model, "x", net.axis, chunk)
            except rfonnx.RfonnxError as error:
                print(f"{name}: {error}")
                break
            flat = rfonnx.stream(model, "x", net.axis, chunk, flat=True)
            rows.append([name, chunk, *timed(net, model, plan, flat, rounds), before])
    head = [
        "net",
        "chunk",
        "ms",
        "`--flat`, ms",
        "without masks, ms",
        "masks' share",
        "of `--flat`",
        "window, frames",
        "offline, ms",
        "speed-up",
        "earlier",
    ]
    table(head, rows)


def timed(net: Larger, model: onnx.ModelProto, plan: StreamPlan, flat: StreamPlan, rounds: int) -> list[object]:
    """The least times of a chunk in the middle, of a model without any masks, and of the window, all in turn, in one thread; and
    ratios of times of the same turn."""
    chunk, unit = plan.manifest.chunk, plan.unit
    window = -(-(net.window or plan.manifest.sees) // unit) * unit + chunk
    shape = list(plan.manifest.shape)
    shape[net.axis] = window
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    offline = open_session(model, threads=1)
    ways: list[Callable[[], object]] = [
        step(plan.model, plan),
        step(flat.model, plan),
        step(unmasked(flat), plan),
        lambda: offline.run(None, {"x": x}),
    ]
    turns = np.empty((rounds, len(ways)))
    order = np.random.default_rng(0)
    for turn in turns:
        for place in order.permutation(len(ways)):
            turn[place] = min(taken(ways[place]) for _ in range(IN_A_ROW))
    branched, masked, without, whole = 1000 * turns.min(axis=0)
    shares = [f"{100 * (1 - ratio(turns, 2, way)):.0f} %" if plan.masks else "no masks" for way in (0, 1)]
    times = [f"{one:.3g}" for one in (branched, masked, without)]
    return [*times, *shares, window, f"{whole:.3g}", f"{ratio(turns, 3, 0):.2g}"]


def taken(way: Callable[[], object]) -> float:
    """Processor time of one run, in seconds: what else runs on the machine takes none of it."""
    begin = time.process_time()
    way()
    return time.process_time() - begin


def ratio(turns: np.ndarray, one: int, other: int) -> float:
    """The median of what one way takes of another in the same turn."""
    return float(np.median(turns[:, one] / turns[:, other]))


def begun(plan: StreamPlan) -> dict[str, np.ndarray]:
    """What a chunk in the middle of a stream is given."""
    manifest = plan.manifest
    feeds = {
        one.input: np.broadcast_to(np.asarray(one.initial, one.dtype), one.shape).copy() for one in manifest.states
    }
    feeds[manifest.input] = np.random.default_rng(1).standard_normal(manifest.shape).astype(np.float32)
    feeds[manifest.states[0].input] = np.array(BEGUN)
    if manifest.ends_input:
        feeds[manifest.ends_input] = np.full(len(manifest.ends), ENDLESS, np.int64)
    return feeds


def step(model: onnx.ModelProto, plan: StreamPlan) -> Callable[[], None]:
    """One chunk of a stream that goes on: states are fed back, as a host does it."""
    manifest, session, feeds = plan.manifest, open_session(model, threads=1), begun(plan)
    outputs = [one.name for one in manifest.outputs]
    names = [*outputs, *(one.output for one in manifest.states)]

    def run() -> None:
        found = session.run(names, feeds)
        feeds.update(zip((one.input for one in manifest.states), found[len(outputs) :], strict=True))

    return run


def unmasked(plan: StreamPlan) -> onnx.ModelProto:
    """The streaming model whose masks let everything through; onnxruntime leaves out what they are made of. It is wrong at both
    ends."""
    model = onnx.ModelProto()
    model.CopyFrom(plan.model)
    masks = [node for node in model.graph.node if node.op_type == "Where" and node.name.startswith("stream/")]
    for node in masks:
        node.op_type, node.input[:] = "Identity", [node.input[1]]
    return model


if __name__ == "__main__":
    main()
