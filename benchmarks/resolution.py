"""`rfonnx report` of a net at 512 x 512 and at 8192 x 8192.

python benchmarks/resolution.py [RUNS]
"""

import statistics
import sys
import tempfile
from pathlib import Path

import onnx
from measure import REPORT, in_turn, ratio, table

MODELS = Path(__file__).parents[1] / "models"
NAMES = {"resnet18": (2, 3), "unet": (2, 3), "superres": (2, 3), "se": (2, 3)}


def dynamic(name: str, axes: tuple[int, ...]) -> onnx.ModelProto:
    """The model with free rows and columns."""
    model = onnx.load(MODELS / f"{name}.onnx")
    del model.graph.value_info[:]
    for info in (*model.graph.input, *model.graph.output):
        for axis, dim in enumerate(info.type.tensor_type.shape.dim):
            if axis in axes:
                dim.dim_param = f"{info.name}{axis}"
    return model


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, axes in NAMES.items():
            model, path = dynamic(name, axes), Path(folder) / f"{name}.onnx"
            onnx.save(model, path)
            source = model.graph.input[0]
            lead = [dim.dim_value for dim in source.type.tensor_type.shape.dim][:2]
            shapes = {size: f"{source.name}={','.join(map(str, [*lead, size, size]))}" for size in (512, 8192)}
            times = in_turn({str(size): [*REPORT, str(path), "--shape", shape] for size, shape in shapes.items()}, runs)
            medians = [statistics.median(times[size]) for size in ("512", "8192")]
            rows.append([name, *medians, ratio(times["8192"], times["512"])])
    table(["model", "512 x 512, s", "8192 x 8192, s", "ratio"], rows)


if __name__ == "__main__":
    main()
