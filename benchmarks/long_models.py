"""Models on axes of any length: processor time and peak memory of `rfonnx report`, facts among what it says, and of
`rfonnx explain`.

python benchmarks/long_models.py [RUNS]
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from measure import REPORT, peak_megabytes, processor_seconds, table
from onnx import TensorProto, helper, numpy_helper
from resolution import dynamic

HOUR = 3600 * 16_000
"""Samples of an hour of speech."""


class Net:
    """A model that is written node by node, along an axis of open length."""

    def __init__(self, shape: list[int | str]) -> None:
        self.shape, self.last = shape, "x"
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []

    def add(self, kind: str, *operands: str | list[int] | np.ndarray, **attrs: object) -> str:
        """A node; lists and arrays are stored."""
        names = []
        for operand in operands:
            if not isinstance(operand, str):
                value = np.array(operand, np.int64) if isinstance(operand, list) else operand
                self.stored.append(numpy_helper.from_array(value, f"stored{len(self.stored)}"))
                operand = self.stored[-1].name
            names.append(operand)
        self.last = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [self.last], **attrs))
        return self.last

    def model(self) -> onnx.ModelProto:
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)
        y = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "net", [x], [y], self.stored)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def weights(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def dilated() -> onnx.ModelProto:
    """60 causal convolutions of kernel 2, dilations 1 to 512 six times over, each added to what it reads."""
    net = Net([1, 4, "n"])
    for block in range(60):
        before, d = net.last, 2 ** (block % 10)
        net.add("Conv", before, weights(4, 4, 2), dilations=[d], pads=[d, 0])
        net.add("Add", net.last, before)
    return net.model()


def codec() -> onnx.ModelProto:
    """Strides 2, 4, 5 and 8 down, and up again by transposed convolutions, windows of 7 between."""
    net = Net([1, 1, "n"])
    net.add("Conv", "x", weights(8, 1, 7), pads=[3, 3])
    for stride in (2, 4, 5, 8):
        net.add("Conv", net.last, weights(8, 8, 7), pads=[3, 3])
        pads = [-(-stride // 2), stride // 2]
        net.add("Conv", net.last, weights(8, 8, 2 * stride), strides=[stride], pads=pads)
    for stride in (8, 5, 4, 2):
        pads = [-(-stride // 2), stride // 2]
        net.add("ConvTranspose", net.last, weights(8, 8, 2 * stride), strides=[stride], pads=pads)
        net.add("Conv", net.last, weights(8, 8, 7), pads=[3, 3])
    return net.model()


def conformer() -> onnx.ModelProto:
    """Frames of 160 samples by a convolution; four blocks of attention within chunks of 64 frames, and a causal depthwise
    convolution of 15."""
    net = Net([1, 1, "n"])
    net.add("Conv", "x", weights(8, 1, 160), strides=[160])
    for _ in range(4):
        before = net.last
        frames = net.add("Transpose", before, perm=[0, 2, 1])
        chunks = net.add("Reshape", frames, [-1, 64, 8])
        scores = net.add("MatMul", chunks, net.add("Transpose", chunks, perm=[0, 2, 1]))
        seen = net.add("MatMul", net.add("Softmax", scores, axis=-1), chunks)
        back = net.add("Transpose", net.add("Reshape", seen, [1, -1, 8]), perm=[0, 2, 1])
        net.add("Conv", net.add("Add", back, before), weights(8, 1, 15), group=8, pads=[14, 0])
    return net.model()


def gated() -> onnx.ModelProto:
    """Strided convolutions, each scaled by a mean over all that comes out of it: every position reads the whole axis."""
    net = Net([1, 1, "n"])
    net.add("Conv", "x", weights(4, 1, 7), strides=[4], pads=[2, 2])
    for _ in range(3):
        made = net.add("Conv", net.last, weights(4, 4, 3), strides=[2], dilations=[3], pads=[3, 3])
        net.add("Mul", net.add("GlobalAveragePool", made), made)
    return net.model()


def unet() -> onnx.ModelProto:
    """models/unet.onnx, of open rows and columns."""
    return dynamic("unet", (2, 3))


def wavenet() -> onnx.ModelProto:
    """models/wavenet.onnx, of open length."""
    return dynamic("wavenet", (2,))


LENGTHS = (10**4, 10**6, HOUR, 10**9, 2**39)
NETS: list[tuple[Callable[[], onnx.ModelProto], int, tuple[int, ...]]] = [
    (dilated, 1, (10**4, 10**6, 4 * 10**6, 10**9, 2**40)),
    (wavenet, 1, LENGTHS),
    (codec, 320, LENGTHS),
    (conformer, 160 * 64, LENGTHS),
    (gated, 1, LENGTHS),
    (unet, 1, (512, 8192, 100_000)),
]


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for make, unit, lengths in NETS:
            model, path = make(), Path(folder) / f"{make.__name__}.onnx"
            onnx.save(model, path)
            source = model.graph.input[0]
            for wanted in lengths:
                n = max(wanted // unit, 1) * unit
                dims = [dim.dim_value or n for dim in source.type.tensor_type.shape.dim]
                shape = ["--shape", f"{source.name}={','.join(map(str, dims))}"]
                row: list[object] = [make.__name__, n]
                for command in (
                    [*REPORT, str(path)],
                    [*REPORT[:-1], "explain", str(path), "--tensor", model.graph.output[0].name],
                ):
                    took = [processor_seconds([*command, *shape])[1] for _ in range(runs)]
                    row += [min(took), peak_megabytes([*command, *shape])]
                rows.append(row)
    table(["net", "length", "report, processor s", "peak, MB", "explain, processor s", "peak, MB"], rows)


if __name__ == "__main__":
    main()
