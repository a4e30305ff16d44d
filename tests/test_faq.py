"""What docs/faq.md says of networks that are not in this repository."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

import rfonnx
import small_nets


def resnet50(strided: int) -> onnx.ModelProto:
    """The longest path through ResNet-50, one channel wide; of a block's three convolutions, `strided` has its stride."""
    nodes: list[onnx.NodeProto] = []
    weights: dict[str, np.ndarray] = {}

    def conv(kernel: int, stride: int) -> None:
        name, before = f"y{len(nodes)}", nodes[-1].output[0] if nodes else "x"
        weights[f"w{name}"] = np.ones((1, 1, kernel, kernel), np.float32)
        pads = [kernel // 2] * 4
        nodes.append(helper.make_node("Conv", [before, f"w{name}"], [name], strides=[stride] * 2, pads=pads))

    conv(7, 2)
    nodes.append(helper.make_node("MaxPool", ["y0"], ["y1"], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4))
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            for number, kernel in enumerate((1, 3, 1)):
                conv(kernel, 2 if stage and not block and number == strided else 1)
    return small_nets.model(nodes, {"x": (1, 1, 224, 224)}, {nodes[-1].output[0]: (1, 1, 7, 7)}, weights)


@pytest.mark.parametrize(("strided", "size"), [(0, 483), (1, 427)])
def test_the_field_of_resnet_50_depends_on_where_the_stride_sits(strided: int, size: int) -> None:
    analysis = rfonnx.analyze(resnet50(strided))
    assert analysis.tensors[analysis.outputs[0]].fields["x", 2].size == size
