"""The net of a seed."""

from __future__ import annotations

import onnx
import onnxruntime

from streaming.gathers import gathered, gathers
from streaming.maker import Maker


def random_net(seed: int) -> tuple[onnx.ModelProto, int]:
    """A net, and its axis of frames. Every third is wild: pads larger than kernels, pads of other values, crops. Every sixth
    takes statistics of all frames."""
    maker = Maker(seed, wild=seed % 3 == 2)
    if gathers(seed):
        maker.more.append(gathered)
    model = maker.make()
    onnxruntime.InferenceSession(model.SerializeToString())  # a net that does not run is the maker's fault
    return model, maker.axis
