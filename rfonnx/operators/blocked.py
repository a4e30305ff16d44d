"""Convolutions that are blocked over channels (NCHWc), as onnxruntime's last optimisation level writes them.

A blocked tensor has the shape (batch, channels rounded up, space): the added channels hold zeros. The others on such tensors are
written in `bodies/blocked.py`; a convolution's own body needs the order of the weights, which the file does not say.
"""

from __future__ import annotations

from rfonnx.graph.blocks import NCHWC
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access
from rfonnx.operators.conv import convolution, convolution_macs, spell_conv
from rfonnx.operators.counting import counts
from rfonnx.operators.shaping import like_standard, shapes
from rfonnx.operators.spelling import spelling
from rfonnx.operators.table import declare

_KIND = f"{NCHWC}.Conv"


@rule(_KIND)
def conv_blocked(op: Op) -> Access:
    """Conv; the fourth input is added at the output's position. Exact."""
    return convolution(op, scalars={2: True}, added=(3,), padded_channels=True)


spelling(_KIND)(spell_conv)
shapes(_KIND)(like_standard("Conv", (0, 1)))
counts(_KIND)(convolution_macs)
declare(_KIND, manner=("by channel",), stands_for="Conv")
