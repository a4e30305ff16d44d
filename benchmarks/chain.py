"""`rfonnx report` of synthetic residual chains of 1,000 to 100,000 nodes: time, memory, and the exponent between them.

python benchmarks/chain.py
"""

import math
import tempfile
from pathlib import Path

import numpy as np
import onnx
from measure import REPORT, peak_megabytes, seconds, table
from onnx import TensorProto, helper, numpy_helper


def save_chain(nodes: int, path: Path) -> None:
    """Conv, Relu and Add to the block's input, over and over."""
    made, at = [], "x"
    for i in range(nodes // 3):
        made.append(helper.make_node("Conv", [at, "w"], [f"conv{i}"], pads=[1, 1, 1, 1]))
        made.append(helper.make_node("Relu", [f"conv{i}"], [f"relu{i}"]))
        made.append(helper.make_node("Add", [at, f"relu{i}"], [f"add{i}"]))
        at = f"add{i}"
    shape = [1, 4, 64, 64]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", at)]
    weight = numpy_helper.from_array(np.ones((4, 4, 3, 3), np.float32), "w")
    graph = helper.make_graph(made, "chain", ends[:1], ends[1:], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def main() -> None:
    rows: list[list[object]] = []
    before: tuple[int, float] | None = None
    with tempfile.TemporaryDirectory() as folder:
        for nodes in (1_000, 10_000, 100_000):
            path = Path(folder) / f"chain{nodes}.onnx"
            save_chain(nodes, path)
            took = min(seconds([*REPORT, str(path)]) for _ in range(3))
            exponent = math.log(took / before[1], nodes / before[0]) if before else "-"
            rows.append([nodes, took, 1e6 * took / nodes, peak_megabytes([*REPORT, str(path)]), exponent])
            before = nodes, took
    table(["nodes", "report, s (best of 3)", "us per node", "peak, MiB", "exponent to the row above"], rows)


if __name__ == "__main__":
    main()
