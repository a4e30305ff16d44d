"""Operators on images whose channels lie in blocks (com.microsoft.nchwc), which onnxruntime writes when a model is saved at its
highest level.

A blocked tensor has the shape of an image whose channels are filled up to whole blocks; only its memory is in another order,
which arithmetic element by element does not see. Here it is that image. The weights of convolutions lie in blocks too: they are
brought back into the usual order.
"""

from __future__ import annotations

from rfonnx.graph.blocks import NCHWC
from rfonnx.operators.bodies.fused import activated
from rfonnx.operators.bodies.writer import CONV, POOL, Kept, Writer, body


@body(f"{NCHWC}.ReorderInput", manner=("regular",), family="movement")
def _reorder_input(w: Writer) -> None:
    x, shape = w.inputs[0], w.shape(0)
    rank, channels = len(shape), shape[1]
    if w.attr("channels_last", 0):
        x, channels = w.channels_first(x, rank), shape[-1]
    if not w.block():
        raise Kept("the number of channels in a block is not known")
    w("Pad", x, w.ints([0] * (rank + 1) + [-channels % w.block()] + [0] * (rank - 2)), to=w.outputs[0])


@body(f"{NCHWC}.ReorderOutput", manner=("regular",), family="movement")
def _reorder_output(w: Writer) -> None:
    x, rank, channels = w.inputs[0], w.rank(0), w.attr("channels", 0)
    if w.shape(0)[1] != channels:
        x = w("Slice", x, w.ints([0]), w.ints([channels]), w.ints([1]))
    if w.attr("channels_last", 0):
        w.channels_last(x, rank, to=w.outputs[0])
    else:
        w.done(x)


@body(f"{NCHWC}.Conv")
def _conv(w: Writer) -> None:
    operands = [w.inputs[0], _in_order(w), *w.given(2)]
    activated(w, w("Conv", *operands, **w.only(*CONV)), added=3)


def _in_order(w: Writer) -> str:
    """The weight (O, I, *kernel), which lies as (O/b, I/b, *kernel, b of I, b of O); or as (O/b, I, *kernel, b of O) where I is
    less than a block: of an image that is not blocked, or of one channel per group."""
    (outputs, inputs, *kernel), size = w.shape(1), w.block()
    if not size or outputs % size:
        raise Kept("the number of channels in a block is not known")
    rank, shape = len(kernel), w.shape(1)
    if inputs % size:
        lies = w.reshaped(w.inputs[1], [outputs // size, inputs, *kernel, size])
        ordered = w.transposed(lies, [0, 2 + rank, 1, *range(2, 2 + rank)])
    else:
        lies = w.reshaped(w.inputs[1], [outputs // size, inputs // size, *kernel, size, size])
        ordered = w.transposed(lies, [0, 3 + rank, 1, 2 + rank, *range(2, 2 + rank)])
    return w.reshaped(ordered, shape)


@body(f"{NCHWC}.MaxPool", manner=("order free", "pool"), stands_for="MaxPool")
@body(f"{NCHWC}.AveragePool", manner=("order free", "pool"), stands_for="AveragePool")
@body(f"{NCHWC}.GlobalAveragePool", manner=("order free", "pool"), stands_for="GlobalAveragePool")
@body(f"{NCHWC}.GlobalMaxPool", manner=("order free", "pool"), stands_for="GlobalMaxPool")
def _pool(w: Writer) -> None:
    w(w.kind, *w.inputs, to=w.outputs[0], **w.only(*POOL, "count_include_pad", "dilations", "storage_order"))


@body(f"{NCHWC}.Upsample", manner=("regular",), family="resampling")
def _upsample(w: Writer) -> None:
    """By whole numbers; "nearest" is the position before."""
    mode = w.attr("mode", "nearest")
    way = "asymmetric" if mode == "nearest" else w.attr("coordinate_transformation_mode", "asymmetric")
    attrs = {"mode": mode, "coordinate_transformation_mode": way, "nearest_mode": "floor"}
    w("Resize", w.inputs[0], "", w.floats([float(n) for n in w.attrs["scales"]]), to=w.outputs[0], **attrs)
