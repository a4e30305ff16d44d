"""`rfonnx report` of a model, against a bare process that imports onnx, loads the file and infers shapes.

python benchmarks/report_time.py [RUNS]
"""

import statistics
import sys

from measure import LIGHT, REPORT, in_turn, processor_seconds, ratio, table

NAMES = (
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)
BARE = "import onnx, sys; onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1]), data_prop=True)"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    rows: list[list[object]] = []
    for name in NAMES:
        path = str(LIGHT / f"light_{name}.onnx")
        commands = {"report": [*REPORT, path], "bare": [sys.executable, "-c", BARE, path]}
        times = in_turn(commands, runs, processor_seconds)
        row: list[object] = [f"light_{name}"]
        for which in range(2):
            report, bare = ([pair[which] for pair in times[name]] for name in times)
            row += [statistics.median(report), statistics.median(bare), ratio(report, bare)]
        rows.append(row)
    table(
        ["model", "rfonnx report, wall s", "bare, wall s", "ratio", "processor s", "bare, processor s", "ratio"], rows
    )


if __name__ == "__main__":
    main()
