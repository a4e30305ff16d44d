"""The forward oracle of the gradient tests: onnx's reference evaluator in float64, with the operators that it computes in
float32 or not at all replaced by straightforward numpy."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from onnx import ModelProto
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from gradient.table import TABLE, Case


class Erf(OpRun):
    """onnx's own computes in float32."""

    def _run(self, x: np.ndarray) -> tuple[np.ndarray]:
        return (np.vectorize(math.erf, otypes=[x.dtype])(x),)


class Gelu(OpRun):
    """onnx's own is a function body with float32 constants."""

    def _run(self, x: np.ndarray, approximate: str = "none") -> tuple[np.ndarray]:
        if approximate == "tanh":
            return (0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),)
        return (0.5 * x * (1 + np.vectorize(math.erf, otypes=[x.dtype])(x / math.sqrt(2))),)


class LayerNormalization(OpRun):
    """onnx's own computes in float32."""

    def _run(self, x, scale, bias=None, axis=-1, epsilon=1e-5, stash_type=1):  # type: ignore[no-untyped-def]
        axes = tuple(range(axis % x.ndim, x.ndim))
        middle = x - x.mean(axis=axes, keepdims=True)
        y = middle / np.sqrt((middle**2).mean(axis=axes, keepdims=True) + epsilon) * scale
        return (y if bias is None else y + bias,)


class RMSNormalization(OpRun):
    """onnx's own computes in float32."""

    def _run(self, x, scale, axis=-1, epsilon=1e-5, stash_type=1):  # type: ignore[no-untyped-def]
        axes = tuple(range(axis % x.ndim, x.ndim))
        return (x / np.sqrt((x**2).mean(axis=axes, keepdims=True) + epsilon) * scale,)


class HardSigmoid(OpRun):
    """onnx's own overflows with a warning where the slope is very steep."""

    def _run(self, x: np.ndarray, alpha: float = 0.2, beta: float = 0.5) -> tuple[np.ndarray]:
        with np.errstate(over="ignore"):
            return (np.clip(alpha * x + beta, 0, 1).astype(x.dtype),)


class ConvTranspose(OpRun):
    """onnx's own has no groups of several channels, and no more than two axes."""

    def _run(  # type: ignore[no-untyped-def]
        self, x, w, b=None, auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None, output_padding=None,
        output_shape=None, pads=None, strides=None,
    ):  # fmt: skip
        kernel = w.shape[2:]
        rank = len(kernel)
        strides, dilations = strides or [1] * rank, dilations or [1] * rank
        output_padding, pads = output_padding or [0] * rank, list(pads or [0] * 2 * rank)
        length = [
            (n - 1) * s + (k - 1) * d + 1 + p
            for n, s, k, d, p in zip(x.shape[2:], strides, kernel, dilations, output_padding, strict=True)
        ]
        if output_shape is not None:
            totals = [n - o for n, o in zip(length, output_shape[-rank:], strict=True)]
            halves = [t - t // 2 if auto_pad != "SAME_UPPER" else t // 2 for t in totals]
            pads = halves + [t - h for t, h in zip(totals, halves, strict=True)]
        per_group = w.shape[1]
        y = np.zeros((x.shape[0], per_group * group, *length), x.dtype)
        inputs = x.shape[1] // group
        for index in range(group):
            part = x[:, index * inputs : (index + 1) * inputs]
            kernels = w[index * inputs : (index + 1) * inputs]
            out = y[:, index * per_group : (index + 1) * per_group]
            for taps in itertools.product(*map(range, kernel)):
                place = tuple(
                    slice(t * d, t * d + (n - 1) * s + 1, s)
                    for t, d, n, s in zip(taps, dilations, x.shape[2:], strides, strict=True)
                )
                out[(slice(None), slice(None), *place)] += np.einsum("nc...,cm->nm...", part, kernels[(..., *taps)])
        crop = tuple(slice(p, n - q) for p, q, n in zip(pads[:rank], pads[rank:], length, strict=True))
        y = y[(slice(None), slice(None), *crop)]
        return (y if b is None else y + b.reshape(1, -1, *[1] * rank),)


def _windows(x, kernel, strides, dilations, pads, ceil_mode, fill, auto_pad):  # type: ignore[no-untyped-def]
    """(N, C, *out, *kernel) windows of x padded by `fill`, and the padded begins."""
    rank = len(kernel)
    strides, dilations, pads = strides or [1] * rank, dilations or [1] * rank, list(pads or [0] * 2 * rank)
    out = []
    for a in range(rank):
        n, span = x.shape[2 + a], (kernel[a] - 1) * dilations[a] + 1
        if auto_pad.startswith("SAME"):
            count = -(-n // strides[a])
            total = max((count - 1) * strides[a] + span - n, 0)
            pads[a] = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
            pads[rank + a] = total - pads[a]
        room = n + pads[a] + pads[rank + a] - span
        count = (-(-room // strides[a]) if ceil_mode else room // strides[a]) + 1
        if ceil_mode and (count - 1) * strides[a] >= n + pads[a]:
            count -= 1  # a window must start inside the image or its front padding
        out.append(count)
    reach = [
        max((count - 1) * s + (k - 1) * d + 1 - n - p, 0)
        for count, s, k, d, n, p in zip(out, strides, kernel, dilations, x.shape[2:], pads, strict=False)
    ]
    wide = np.pad(x, [(0, 0), (0, 0), *zip(pads[:rank], reach, strict=True)], constant_values=fill)
    grids = [
        np.arange(count)[:, None] * s + np.arange(k)[None] * d
        for count, s, k, d in zip(out, strides, kernel, dilations, strict=True)
    ]
    index = [grid.reshape(_spot(a, rank, grid.shape)) for a, grid in enumerate(grids)]
    return wide[(slice(None), slice(None), *index)], pads


def _spot(axis: int, rank: int, shape: tuple[int, ...]) -> list[int]:
    """The shape that puts a grid's rows on output axis `axis` and its columns on kernel axis `axis`."""
    place = [1] * (2 * rank)
    place[axis], place[rank + axis] = shape
    return place


class MaxPool(OpRun):
    """onnx's own gives wrong indices in places."""

    def _run(  # type: ignore[no-untyped-def]
        self,
        x,
        auto_pad="NOTSET",
        ceil_mode=0,
        dilations=None,
        kernel_shape=None,
        pads=None,
        storage_order=0,
        strides=None,
    ):
        rank = len(kernel_shape)
        args = (kernel_shape, strides, dilations, pads, ceil_mode)
        windows, _ = _windows(x, *args, -np.inf, auto_pad)
        flat = windows.reshape(*windows.shape[: 2 + rank], -1)
        places, _ = _windows(np.arange(x.size).reshape(x.shape), *args, -1, auto_pad)
        winner = flat.argmax(axis=-1)[..., None]
        indices = np.take_along_axis(places.reshape(flat.shape), winner, -1)[..., 0]
        return (flat.max(axis=-1), indices)[: len(self.onnx_node.output)]


class LpPool(OpRun):
    """onnx's own ignores windows that reach beyond the padding."""

    def _run(  # type: ignore[no-untyped-def]
        self, x, auto_pad="NOTSET", ceil_mode=0, dilations=None, kernel_shape=None, p=2, pads=None, strides=None
    ):
        rank = len(kernel_shape)
        windows, _ = _windows(x, kernel_shape, strides, dilations, pads, ceil_mode, 0, auto_pad)
        return ((np.abs(windows) ** p).sum(axis=tuple(range(-rank, 0))) ** (1 / p),)


class GlobalLpPool(OpRun):
    """onnx has none."""

    def _run(self, x: np.ndarray, p: int = 2) -> tuple[np.ndarray]:
        return ((np.abs(x) ** p).sum(axis=tuple(range(2, x.ndim)), keepdims=True) ** (1 / p),)


class LRN(OpRun):
    """onnx's own leaves out the last channel of each neighbourhood."""

    def _run(  # type: ignore[no-untyped-def]
        self, x, alpha=1e-4, beta=0.75, bias=1.0, size=None
    ):
        total = np.zeros_like(x)
        for c in range(x.shape[1]):
            low, high = max(0, c - (size - 1) // 2), min(x.shape[1], c + size // 2 + 1)
            total[:, c] = (x[:, low:high] ** 2).sum(axis=1)
        return (x / (bias + alpha / size * total) ** beta,)


class ScatterElements(OpRun):
    """onnx's own takes only indices that are as long as the data on all axes but one."""

    def _run(self, data, indices, updates, axis=0, reduction="none"):  # type: ignore[no-untyped-def]
        made = data.copy()
        place = list(np.indices(indices.shape))
        place[axis] = indices
        functions = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
        if reduction in functions:
            functions[reduction].at(made, tuple(place), updates)
        else:
            made[tuple(place)] = updates
        return (made,)


class GatherElements(OpRun):
    """See ScatterElements."""

    def _run(self, data, indices, axis=0):  # type: ignore[no-untyped-def]
        place = list(np.indices(indices.shape))
        place[axis] = indices
        return (data[tuple(place)],)


class Pad(OpRun):
    """onnx's own takes no negative pads."""

    def _run(self, x, pads, value=None, axes=None, mode="constant"):  # type: ignore[no-untyped-def]
        axes = list(range(x.ndim)) if axes is None else [int(a) % x.ndim for a in axes]
        widths = [(0, 0)] * x.ndim
        for i, axis in enumerate(axes):
            widths[axis] = (int(pads[i]), int(pads[len(axes) + i]))
        x = x[tuple(slice(max(-b, 0), n - max(-e, 0)) for (b, e), n in zip(widths, x.shape, strict=True))]
        fill = {"constant_values": 0 if value is None else value.item()} if mode == "constant" else {}
        return (np.pad(x, [(max(b, 0), max(e, 0)) for b, e in widths], mode=mode, **fill),)


class GroupNormalization(OpRun):
    """onnx's own is a function body with float32 constants."""

    def _run(self, x, scale, bias, epsilon=1e-5, num_groups=None, stash_type=1):  # type: ignore[no-untyped-def]
        grouped = x.reshape(x.shape[0], num_groups, -1)
        middle = grouped - grouped.mean(axis=2, keepdims=True)
        y = (middle / np.sqrt((middle**2).mean(axis=2, keepdims=True) + epsilon)).reshape(x.shape)
        repeat = x.shape[1] // scale.size
        scale, bias = (np.repeat(v, repeat).reshape(1, -1, *[1] * (x.ndim - 2)) for v in (scale, bias))
        return (y * scale + bias,)


class MaxUnpool(OpRun):
    """onnx's own goes wrong without an output shape."""

    def _run(  # type: ignore[no-untyped-def]
        self, x, indices, output_shape=None, kernel_shape=None, pads=None, strides=None
    ):
        y = np.zeros(
            (*x.shape[:2], *((n - 1) * s + k for n, s, k in zip(x.shape[2:], strides, kernel_shape, strict=True)))
        )
        y.reshape(-1)[indices.reshape(-1)] = x.reshape(-1)
        return (y,)


def _cubic(d: float) -> float:
    """Keys' kernel with a = -0.75."""
    d = abs(d)
    if d <= 1:
        return 1.25 * d**3 - 2.25 * d**2 + 1
    return -0.75 * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


class GridSample(OpRun):
    """onnx's own rounds coordinates to float32."""

    def _run(self, x, grid, mode="linear", padding_mode="zeros", align_corners=0):  # type: ignore[no-untyped-def]
        lengths, rank = x.shape[2:], x.ndim - 2
        y = np.zeros((*x.shape[:2], *grid.shape[1:-1]))
        for n, *place in np.ndindex(grid.shape[:-1]):
            axes = []
            for axis, length in enumerate(lengths):
                v = grid[(n, *place, rank - 1 - axis)]
                at = (v + 1) / 2 * (length - 1) if align_corners else ((v + 1) * length - 1) / 2
                low = math.floor(at)
                if mode == "nearest":
                    found = {round(at): 1.0}
                elif mode == "linear":
                    found = {low: 1 - (at - low), low + 1: at - low}
                else:
                    found = {i: _cubic(at - i) for i in range(low - 1, low + 3)}
                axes.append([(_border(i, length, padding_mode, align_corners), w) for i, w in found.items()])
            for corner in itertools.product(*axes):
                if all(i is not None for i, _ in corner):
                    y[(n, slice(None), *place)] += (
                        math.prod(w for _, w in corner) * x[(n, slice(None), *(i for i, _ in corner))]
                    )
        return (y,)


def _border(i: int, length: int, padding: str, align_corners: int) -> int | None:
    """The position that stands for one beyond the border; None for a zero."""
    if padding == "zeros":
        return i if 0 <= i < length else None
    if padding == "border":
        return min(max(i, 0), length - 1)
    while not 0 <= i < length:
        low, high = (0, 2 * (length - 1)) if align_corners else (-1, 2 * length - 1)
        i = low - i if i < 0 else high - i
    return i


class MeanVarianceNormalization(OpRun):
    """onnx's own is a function body with float32 constants."""

    def _run(self, x, axes=None):  # type: ignore[no-untyped-def]
        axes = tuple(axes or (0, 2, 3))
        middle = x - x.mean(axis=axes, keepdims=True)
        return (middle / (np.sqrt((middle**2).mean(axis=axes, keepdims=True)) + 1e-9),)


class LpNormalization(OpRun):
    """onnx's own takes no absolute value for p 1."""

    def _run(self, x, axis=-1, p=2):  # type: ignore[no-untyped-def]
        return (x / (np.abs(x) ** p).sum(axis=axis, keepdims=True) ** (1 / p),)


class DeformConv(OpRun):
    """onnx's own rounds coordinates to float32."""

    def _run(  # type: ignore[no-untyped-def]
        self,
        x,
        w,
        offset,
        b=None,
        mask=None,
        dilations=None,
        group=1,
        kernel_shape=None,
        offset_group=1,
        pads=None,
        strides=None,
    ):
        taps = list(np.ndindex(w.shape[2:]))
        strides, dilations, pads = strides or [1, 1], dilations or [1, 1], pads or [0, 0, 0, 0]
        y = np.zeros((x.shape[0], w.shape[0], *offset.shape[2:]))
        offset = offset.reshape(x.shape[0], offset_group, len(taps), 2, *offset.shape[2:])
        factor = np.ones(offset[:, :, :, 0].shape) if mask is None else mask.reshape(offset[:, :, :, 0].shape)
        per_offset, inputs, outputs = x.shape[1] // offset_group, w.shape[1], w.shape[0] // group
        for n, c, (t, tap), place in itertools.product(
            range(x.shape[0]), range(x.shape[1]), enumerate(taps), np.ndindex(y.shape[2:])
        ):
            o = c // per_offset
            at = [
                place[a] * strides[a] - pads[a] + tap[a] * dilations[a] + offset[(n, o, t, a, *place)] for a in range(2)
            ]
            value = 0.0
            for corner in itertools.product(*((math.floor(v), math.floor(v) + 1) for v in at)):
                if all(0 <= i < length for i, length in zip(corner, x.shape[2:], strict=True)):
                    value += math.prod(1 - abs(v - i) for v, i in zip(at, corner, strict=True)) * x[(n, c, *corner)]
            g = c // inputs
            kernels = w[(slice(g * outputs, (g + 1) * outputs), c % inputs, *tap)]
            y[(n, slice(g * outputs, (g + 1) * outputs), *place)] += kernels * value * factor[(n, o, t, *place)]
        return (y if b is None else y + b.reshape(1, -1, 1, 1),)


class AffineGrid(OpRun):
    """onnx's own mixes float32 with the type of theta."""

    def _run(self, theta, size, align_corners=0):  # type: ignore[no-untyped-def]
        lengths = [int(n) for n in size[2:]]
        lines = [np.linspace(-1, 1, n) if align_corners else (2 * np.arange(n) + 1) / n - 1 for n in lengths]
        axes = np.meshgrid(*lines, indexing="ij")
        base = np.stack([*axes[::-1], np.ones(lengths)], axis=-1).reshape(-1, len(lengths) + 1)
        return ((base @ theta.transpose(0, 2, 1)).reshape(theta.shape[0], *lengths, len(lengths)).astype(theta.dtype),)


_ACTIVATIONS = {
    "Sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "Tanh": np.tanh,
    "Relu": lambda v: np.maximum(v, 0),
    "HardSigmoid": lambda v: np.clip(0.2 * v + 0.5, 0, 1),
}


class LSTM(OpRun):
    """onnx's own knows no other activations, lengths or batch-first peepholes. Gates i, o, f, c."""

    count, defaults = 4, ("Sigmoid", "Tanh", "Tanh")

    def step(self, f, h, c, x, w, r, b, p, after):  # type: ignore[no-untyped-def]
        i, o, forget, new = np.split(x @ w.T + h @ r.T + b[0] + b[1], 4, axis=-1)
        p_i, p_o, p_f = np.split(p, 3)
        c = f[0](forget + p_f * c) * c + f[0](i + p_i * c) * f[1](new)
        return f[0](o + p_o * c) * f[2](c), c

    def _run(  # type: ignore[no-untyped-def]
        self, x, w, r, b=None, lengths=None, h0=None, c0=None, p=None, activation_alpha=None, activation_beta=None,
        activations=None, clip=None, direction="forward", hidden_size=None, input_forget=0, layout=0, linear_before_reset=0,
    ):  # fmt: skip
        x = x.swapaxes(0, 1) if layout else x
        steps, batch, _ = x.shape
        every = np.zeros((steps, len(w), batch, hidden_size))
        last, cells = np.zeros((len(w), batch, hidden_size)), np.zeros((len(w), batch, hidden_size))
        for d, n in itertools.product(range(len(w)), range(batch)):
            h, c = (np.zeros(hidden_size) if s is None else (s[n, d] if layout else s[d, n]) for s in (h0, c0))
            names = (activations or self.defaults * len(w))[d * len(self.defaults) :]
            end = steps if lengths is None else int(lengths[n])
            bias = np.zeros((2, self.count * hidden_size)) if b is None else b[d].reshape(2, -1)
            peep = np.zeros(3 * hidden_size) if p is None else p[d]
            functions = [_ACTIVATIONS[name] for name in names[: len(self.defaults)]]
            for t in reversed(range(end)) if d == 1 or direction == "reverse" else range(end):
                h, c = self.step(functions, h, c, x[t, n], w[d], r[d], bias, peep, linear_before_reset)
                every[t, d, n] = h
            last[d, n], cells[d, n] = h, c
        if layout:
            every, last, cells = every.transpose(2, 0, 1, 3), last.swapaxes(0, 1), cells.swapaxes(0, 1)
        return (every, last, cells)[: len(self.onnx_node.output)]


class GRU(LSTM):
    """Gates z, r, h."""

    count, defaults = 3, ("Sigmoid", "Tanh")

    def step(self, f, h, c, x, w, r, b, p, after):  # type: ignore[no-untyped-def]
        (w_z, w_r, w_n), (r_z, r_r, r_n) = np.split(w, 3), np.split(r, 3)
        (b_z, b_r, b_n), (c_z, c_r, c_n) = np.split(b[0], 3), np.split(b[1], 3)
        z, reset = f[0](w_z @ x + r_z @ h + b_z + c_z), f[0](w_r @ x + r_r @ h + b_r + c_r)
        inner = reset * (r_n @ h + c_n) if after else r_n @ (reset * h) + c_n
        return (1 - z) * f[1](w_n @ x + b_n + inner) + z * h, c


class RNN(LSTM):
    """One gate."""

    count, defaults = 1, ("Tanh",)

    def step(self, f, h, c, x, w, r, b, p, after):  # type: ignore[no-untyped-def]
        return f[0](w @ x + r @ h + b[0] + b[1]), c


NEW_OPS = [value for value in list(globals().values()) if isinstance(value, type) and issubclass(value, OpRun)]
NEW_OPS.remove(OpRun)


def evaluate(model: ModelProto, feeds: dict[str, np.ndarray], outputs: list[str] | None = None) -> list[Any]:
    """Run a model in float64."""
    made_up = [_operator(case) for case in TABLE if case.run is not None]
    return list(ReferenceEvaluator(model, new_ops=[*NEW_OPS, *made_up]).run(outputs, feeds))


def _operator(case: Case) -> type[OpRun]:
    domain, _, name = case.op.rpartition(".")
    run = case.run
    assert run is not None
    return type(name, (OpRun,), {"op_domain": domain, "_run": lambda _, *inputs, **attrs: (run(*inputs, **attrs),)})
