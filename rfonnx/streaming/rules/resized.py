"""The operator Resize on a part of the frames."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.streaming.call import Call


def refuse_inexact(call: Call, made: int, taken: int, known: bool = False) -> None:
    """Refuse what depends on where a frame lies in the whole.

    Args:
        call: a Resize.
        made, taken: so many frames are made of so many.
        known: whether frames are picked as they were at the only length that there is.
    """
    attrs = call.node.attrs
    if attrs["keep_aspect_ratio_policy"] != "stretch":
        raise call.refuse(
            "keeps the aspect ratio: how it resizes depends on the length of the whole",
            "export it with scales for all axes",
        )
    exact = Fraction(attrs["scales"][call.axis]) == Fraction(made, taken)
    if attrs["mode"] == "nearest" and not (exact or known):
        raise call.refuse(
            f"resizes by {made}/{taken}, which is no number in float32, so that frames far from the first lie elsewhere",
            "export it with a scale that is one, as 2 or 1.5",
        )


def resized(call: Call, value: Value, frames: int, made: int) -> Value:
    """The operator on so many frames, of which it makes so many. Other axes are resized as in the file."""
    emit, axis, attrs = call.writer.emit, call.axis, call.node.attrs
    shape = call.source.graph.shapes[call.operand] or ()
    out = call.source.graph.shapes[call.output] or ()
    crops = attrs["coordinate_transformation_mode"] == "tf_crop_and_resize"
    beside = all(n == m for i, (n, m) in enumerate(zip(shape, out, strict=True)) if i != axis)
    if beside and frames == made and not crops:
        return value
    changed = dict.fromkeys(("axes", "keep_aspect_ratio_policy"))
    roi = emit.constant(np.array(attrs["roi"], np.float32)) if crops else None
    if len(call.proto.input) > 3 and call.proto.input[3]:
        sizes = emit.ints([made if i == axis else n or 0 for i, n in enumerate(out)])
        return call.emit([value, roi, None, sizes], changed)
    scales = np.array(attrs["scales"], np.float32)
    if frames == made:  # where frames are picked before, none is left to resize
        scales[axis] = 1
    if int(np.floor(np.float32(frames) * scales[axis])) != made:
        raise call.refuse(f"resizes by {scales[axis]}, which makes other lengths of chunks than of the whole")
    return call.emit([value, roi, emit.constant(scales)], changed)
