"""The C++ core alone: propagation, support, path weights and explanation of the light models at their own input size.

python benchmarks/propagation.py
"""

import statistics
import time
from collections.abc import Callable

from measure import LIGHT, table

import rfonnx
from rfonnx import _core
from rfonnx.analysis.lower import lower
from rfonnx.model.reading.load import load

RUNS = 20


def milliseconds(action: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        action()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times)


def main() -> None:
    rows: list[list[object]] = []
    for name in ("resnet50", "densenet121", "inception_v1", "vgg19"):
        path = LIGHT / f"light_{name}.onnx"
        program = lower(load(path))
        tensors = [(t.name, t.shape, t.paths, t.exact) for t in program.tensors]
        analysis = rfonnx.analyze(path)
        tensor = next(
            t for t in reversed(list(analysis.tensors.values())) if t.shape and len(t.shape) == 4 and t.shape[2] > 1
        )
        middle, source = tuple(n // 2 for n in tensor.shape or ()), analysis.inputs[0]
        rows.append([
            f"light_{name}",
            len(tensors),
            milliseconds(lambda: _core.run(list(program.inputs), tensors)),  # noqa: B023  called at once
            milliseconds(lambda: analysis.support(tensor.name, middle, source)),  # noqa: B023
            milliseconds(lambda: analysis.paths(tensor.name, middle, source)),  # noqa: B023
            milliseconds(lambda: analysis.explain(tensor.name, source, 2)),  # noqa: B023
        ])  # fmt: skip
    table(["model", "tensors", "propagate, ms", "support, ms", "paths, ms", "explain, ms"], rows)


if __name__ == "__main__":
    main()
