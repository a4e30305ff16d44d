"""Streams: where the time of a chunk goes, by what its nodes are for, as onnxruntime's profiler tells it.

python benchmarks/stream_profile.py [--runs 300] [NET ...]
"""

import json
from collections import defaultdict
from pathlib import Path
from statistics import median

import onnxruntime
from measure import table
from stream_nets import LARGER, asked
from streams import begun

import rfonnx
from rfonnx.streaming.stream_plan import StreamPlan

CHOICE = ("", "middle", "masks")
"""Scopes of what counts chunks, and chooses a branch."""

PARTS = ("the model's own", "caches", "overlaps", "position and choice")


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    runs, nets = asked(__doc__, "runs", 300)
    rows: list[list[object]] = []
    for name in nets:
        net = LARGER[name]
        model = net.make()
        kinds = {node.name: node.op_type for node in model.graph.node}
        for chunk in net.chunks:
            taken = kernels(rfonnx.stream(model, "x", net.axis, chunk), runs)
            whole = sum(taken.values())
            times, counts = dict.fromkeys(PARTS, 0.0), dict.fromkeys(PARTS, 0)
            for node, time in taken.items():
                times[part(node, kinds)] += time
                counts[part(node, kinds)] += 1
            rows.append([name, chunk, *(f"{100 * times[one] / whole:.0f} % ({counts[one]})" for one in PARTS)])
    table(["net", "chunk", *(f"{one} (nodes)" for one in PARTS)], rows)


def kernels(plan: StreamPlan, runs: int) -> dict[str, float]:
    """Half of the runs of each node took at most so many microseconds, in the branch for the middle."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_profiling = True
    session = onnxruntime.InferenceSession(plan.model.SerializeToString(), options, ["CPUExecutionProvider"])
    feeds = begun(plan)
    for _ in range(runs):
        session.run(None, feeds)
    file = Path(session.end_profiling())
    events = json.loads(file.read_text())
    file.unlink()
    found: dict[str, list[float]] = defaultdict(list)
    end = "_kernel_time"
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(end) and event["args"]["op_name"] != "If":
            found[event["name"].removesuffix(end)].append(event["dur"])
    return {name: median(times) for name, times in found.items()}


def part(node: str, kinds: dict[str, str]) -> str:
    """What a node is for: its name is `stream/NODE OF THE MODEL/OPERATOR_NUMBER`, with what onnxruntime fused behind it."""
    _, scope, own, *_ = node.split("/")
    if scope in CHOICE:
        return "position and choice"
    if own.rpartition("_")[0] == kinds[scope]:
        return "the model's own"
    return "overlaps" if kinds[scope] == "ConvTranspose" else "caches"


if __name__ == "__main__":
    main()
