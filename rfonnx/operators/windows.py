"""Kernel, stride, dilation and padding of convolutions and pools, as explicit lists: the arithmetic that both families share."""

from __future__ import annotations

from typing import Any

from rfonnx.errors import malformed
from rfonnx.operators.spelling import SpellCall
from rfonnx.results.fields import Shape


def window_attrs(
    call: SpellCall, kernel: list[int], lengths: Shape, out_lengths: Shape = None, transposed: bool = False
) -> dict[str, Any]:
    """`kernel_shape, strides, dilations, pads` with every default filled in.

    Args:
        node: a convolution or pool.
        kernel: kernel size per spatial axis.
        lengths: input length per spatial axis; None when unknown.
        out_lengths: output length per spatial axis, which a transposed convolution needs for `output_shape` and auto_pad.
        transposed: whether it is a transposed convolution.

    Returns:
        The attributes; `pads` is begins then ends, or None when auto_pad needs a length that is not known.

    Raises:
        ModelError: an attribute has not one value per spatial axis, or is not positive where it must be.
    """
    rank = len(kernel)
    strides = _positive(call, "strides", call.ints_attr("strides", rank) or [1] * rank)
    dilations = _positive(call, "dilations", call.ints_attr("dilations", rank) or [1] * rank)
    _positive(call, "kernel_shape", kernel)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads: list[int] | None
    if transposed:
        pads = _transposed_pads(call, spans, strides, lengths, out_lengths)
    else:
        pads = _forward_pads(call, spans, strides, lengths)
    return {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads, "auto_pad": "NOTSET"}


def _forward_pads(call: SpellCall, spans: list[int], strides: list[int], lengths: Shape) -> list[int] | None:
    """SAME pads so that the output has `ceil(length / stride)` positions; the odd one goes to the end (UPPER) or front."""
    auto_pad = call.node.attrs.get("auto_pad", "NOTSET")
    if auto_pad == "VALID":
        return [0] * (2 * len(spans))
    if auto_pad not in ("SAME_UPPER", "SAME_LOWER"):
        return call.ints_attr("pads", 2 * len(spans)) or [0] * (2 * len(spans))
    if lengths is None or None in lengths:
        return None
    totals = [
        max((-(-n // stride) - 1) * stride + span - n, 0)  # type: ignore[operator]
        for n, stride, span in zip(lengths, strides, spans, strict=True)
    ]
    return _share(totals, auto_pad == "SAME_UPPER")


def _transposed_pads(
    call: SpellCall, spans: list[int], strides: list[int], lengths: Shape, out_lengths: Shape
) -> list[int] | None:
    """What is cut from each end of `(length - 1) * stride + span + output_padding`; as the specification says."""
    rank = len(spans)
    auto_pad = call.node.attrs.get("auto_pad", "NOTSET")
    output_shape = call.ints_attr("output_shape")
    if output_shape is None and auto_pad == "VALID":
        return [0] * (2 * rank)
    if output_shape is None and auto_pad not in ("SAME_UPPER", "SAME_LOWER"):
        return call.ints_attr("pads", 2 * rank) or [0] * (2 * rank)
    if output_shape is not None:
        if len(output_shape) != rank:  # some exporters give batch and channels too
            call.ints_attr("output_shape", rank + 2)
        out_lengths = tuple(_positive(call, "output_shape", output_shape[-rank:]))
    if lengths is None or None in lengths or out_lengths is None or None in out_lengths:
        return None
    extra = call.ints_attr("output_padding", rank) or [0] * rank
    totals = [
        max((n - 1) * stride + span + more - out, 0)  # type: ignore[operator]
        for n, stride, span, more, out in zip(lengths, strides, spans, extra, out_lengths, strict=True)
    ]
    return _share(totals, auto_pad == "SAME_UPPER")


def _share(totals: list[int], odd_at_end: bool) -> list[int]:
    begins = [total // 2 if odd_at_end else total - total // 2 for total in totals]
    return begins + [total - begin for total, begin in zip(totals, begins, strict=True)]


def _positive(call: SpellCall, name: str, values: list[int]) -> list[int]:
    if any(v < 1 for v in values):
        raise malformed(f"{call.node}: attribute '{name}' must be positive, but is {values}")
    return values
