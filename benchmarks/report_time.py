"""`rfonnx report` of a model, against a bare process that imports onnx, loads the file and infers shapes.

python benchmarks/report_time.py [RUNS]
"""

import statistics
import sys

from measure import LIGHT, REPORT, in_turn, ratio, table

BARE = "import onnx, sys; onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1]), data_prop=True)"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    rows: list[list[object]] = []
    for name in ("resnet50", "densenet121", "inception_v2", "vgg19"):
        path = str(LIGHT / f"light_{name}.onnx")
        times = in_turn({"report": [*REPORT, path], "bare": [sys.executable, "-c", BARE, path]}, runs)
        medians = [statistics.median(times[which]) for which in ("report", "bare")]
        rows.append([f"light_{name}", *medians, ratio(times["report"], times["bare"])])
    table(["model", "rfonnx report, s", "onnx load + infer_shapes, s", "ratio"], rows)


if __name__ == "__main__":
    main()
