"""Ranges of input sizes and border layers beside those of rfa_toolbox (https://github.com/MLRichter/receptive_field_analysis_toolbox).

PYTHONPATH=FOLDER_OF_RFA_TOOLBOX python benchmarks/advice_rfa.py

Each net is written twice, for its graphs and as ONNX. Its fields follow a formula by path, `r + (kernel - 1) * strides before`:
the least and the largest of all paths. Ours come from intervals; the least from nets whose earlier blocks are their shortcuts.
"""

import contextlib
import io
import sys
from typing import NamedTuple

import numpy as np
import onnx
from measure import table
from onnx import helper, numpy_helper

import rfonnx

with contextlib.redirect_stdout(io.StringIO()):
    from rfa_toolbox.graphs import EnrichedNetworkNode, LayerDefinition
    from rfa_toolbox.utils.graph_utils import input_resolution_range


class Layer(NamedTuple):
    """A convolution, or a sum or gate of two layers.

    Attributes:
        reads: the layers before it; none: the input.
        pad: on both sides; None: so that lengths stay but for the stride.
        kind: "conv", "add", or "gate": the second, averaged over everything, times the first.
    """

    name: str
    reads: tuple[str, ...]
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    pad: int | None = None
    kind: str = "conv"


Net = list[Layer]


def resnet50() -> Net:
    """With the stride in the 3 x 3 convolution, as torchvision has it."""
    made = [Layer("conv1", (), 7, 2), Layer("pool", ("conv1",), 3, 2)]
    for stage, (blocks, stride) in enumerate(((3, 1), (4, 2), (6, 2), (3, 2)), 1):
        for block in range(blocks):
            before, name, step = made[-1].name, f"{stage}.{block}", stride if block == 0 else 1
            made += [Layer(f"{name}.1", (before,)), Layer(f"{name}.2", (f"{name}.1",), 3, step)]
            made += [Layer(f"{name}.3", (f"{name}.2",))]
            shortcut = before
            if block == 0:
                shortcut = f"{name}.down"
                made.append(Layer(shortcut, (before,), 1, step))
            made.append(Layer(f"{name}.sum", (f"{name}.3", shortcut), kind="add"))
    return made


def chain(dilation: int = 1, pad: int | None = None) -> Net:
    """Strides of 2 and convolutions in turn."""
    made = [Layer("0", (), 3, 2, 1, pad)]
    made += [Layer(str(i), (str(i - 1),), 3, 1 + (i % 2 == 0), dilation, pad) for i in range(1, 6)]
    return made


def gated() -> Net:
    made = chain()
    return [*made[:3], Layer("gate", ("2", "2"), kind="gate"), made[3]._replace(reads=("gate",)), *made[4:]]


def as_graph(net: Net) -> tuple[EnrichedNetworkNode, dict[str, EnrichedNetworkNode]]:
    """Dilation has no place in it; a gate's branch has an infinite kernel."""
    nodes: dict[str, EnrichedNetworkNode] = {}
    for layer in net:
        before = [nodes[name] for name in layer.reads]
        if layer.kind == "gate":
            whole = LayerDefinition(name="squeeze", kernel_size=np.inf, stride_size=1)
            before[1] = EnrichedNetworkNode(name=f"{layer.name}.squeeze", layer_info=whole, predecessors=[before[1]])
        info = LayerDefinition(name=layer.name, kernel_size=layer.kernel, stride_size=layer.stride)
        nodes[layer.name] = EnrichedNetworkNode(name=layer.name, layer_info=info, predecessors=before)
    return nodes[net[-1].name], nodes


def as_onnx(net: Net, side: int = 224) -> onnx.ModelProto:
    """One channel, weights of 1."""
    nodes, weights = [], {}
    for layer in net:
        sources = list(layer.reads) or ["x"]
        if layer.kind == "add":
            nodes.append(helper.make_node("Add", sources, [layer.name]))
        elif layer.kind == "gate":
            nodes.append(helper.make_node("GlobalAveragePool", [sources[1]], [f"{layer.name}.squeeze"]))
            nodes.append(helper.make_node("Mul", [sources[0], f"{layer.name}.squeeze"], [layer.name]))
        else:
            weights[f"w{layer.kernel}"] = np.ones((1, 1, layer.kernel, layer.kernel), np.float32)
            pad = (layer.kernel - 1) * layer.dilation // 2 if layer.pad is None else layer.pad
            more = {"strides": [layer.stride] * 2, "dilations": [layer.dilation] * 2, "pads": [pad] * 4}
            nodes.append(helper.make_node("Conv", [sources[0], f"w{layer.kernel}"], [layer.name], **more))
    nodes.append(helper.make_node("GlobalAveragePool", [net[-1].name], ["y"]))
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 1, side, side))
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 1, 1, 1))
    stored = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "net", [x], [y], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def shortest(net: Net) -> dict[str, int]:
    """By layer, its field where every sum before it is its shortcut alone."""
    found: dict[str, int] = {}
    sums = [layer for layer in net if layer.kind == "add"]
    for last in [*sums, None]:
        cut = [
            layer._replace(kind="conv", reads=layer.reads[1:], kernel=1)
            if layer.kind == "add" and layer != last
            else layer
            for layer in net
        ]
        fields = rfonnx.analyze(as_onnx(cut)).local.tensors
        for layer in net:
            size = fields[layer.name].fields["x", 2].size
            found[layer.name] = min(found.get(layer.name, size), size)
    return found


def main() -> None:
    nets = {
        "ResNet-50": resnet50(),
        "strides": chain(),
        "... dilated by 2": chain(dilation=2),
        "... gated": gated(),
        "... without padding": chain(pad=0),
    }
    rows: list[list[object]] = []
    for name, net in nets.items():
        top, nodes = as_graph(net)
        low, high = (int(ends[0]) if np.isfinite(ends[0]) else "inf" for ends in input_resolution_range(top, False))
        least, largest = shortest(net), rfonnx.analyze(as_onnx(net)).local.tensors
        before = {one for layer in net for one in layer.reads}
        fits = rfonnx.input_sizes(as_onnx(net))[0]
        agree = sum(
            (nodes[layer.name].receptive_field_min, nodes[layer.name].receptive_field_max)
            == (least[layer.name], largest[layer.name].fields["x", 2].size)
            for layer in net
        )
        ours = f"{max(least[one] for one in before)}..{max(one.fields['x', 2].size for one in largest.values())}"
        formula = max(float(nodes[one].receptive_field_min) for one in before)
        rows.append([name, f"{low}..{high}", f"{formula:g}", ours, f"{agree} of {len(net)}"])
        rows[-1] += [f"{fits.grows_from}..{fits.sees_to}"]
        for side in (64, 128):
            border = {
                one
                for one, node in nodes.items()
                if node.predecessors
                and node.receptive_field_min > side
                and all(p.receptive_field_min >= side for p in node.predecessors)
            }
            same = {
                layer.name
                for layer in net
                if layer.reads and least[layer.name] > side and all(least[one] >= side for one in layer.reads)
            }
            rows[-1].append(f"{len(border)}, {len(border & same)}")
    head = [
        "net",
        "rfa_toolbox: range",
        "its largest least field before a layer",
        "the same, and the largest field, of ours",
    ]
    table([*head, "layers with both ends alike", "lengths that fit", "border layers at 64: its, alike", "at 128"], rows)


if __name__ == "__main__":
    sys.exit(main())
