"""Convolutions, pools and what else slides a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from fuzz.builder import Builder, NoFit, Tensor
from fuzz.proposals.registry import frequent, proposal


def image(net: Builder) -> Tensor:
    """(batch, channels, 1 to 3 spatial axes), none of them empty."""
    return net.pick(3, 4, 4, 5)


def kernel_of(net: Builder, space: tuple[int, ...], most: int = 3) -> list[int]:
    return [net.integer(1, min(most, n + 1)) for n in space]


def sliding(net: Builder, kernel: list[int], dilated: bool = True, shorter: int = 0) -> dict[str, Any]:
    """Strides, dilations and pads, each sometimes left to its default; pads are by `shorter` shorter than kernels at least."""
    axes = len(kernel)
    found: dict[str, Any] = {}
    if net.chance(0.6):
        found["strides"] = net.integers(axes, 1, 3)
    if dilated and net.chance(0.4):
        found["dilations"] = net.integers(axes, 1, 3)
    if net.chance(0.25):
        found["auto_pad"] = net.choice(["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
    elif net.chance(0.6):
        found["pads"] = [net.integer(0, k - shorter) for k in (*kernel, *kernel)]
    return found


def divisor(net: Builder, n: int) -> int:
    return int(net.choice([d for d in range(1, n + 1) if n % d == 0]))


@frequent
def convolution(net: Builder) -> None:
    x = image(net)
    kernel, group = kernel_of(net, x.shape[2:]), divisor(net, x.shape[1])
    filters = group * net.integer(1, 2)
    inputs = [x.name, net.floats(filters, x.shape[1] // group, *kernel)]
    if net.chance():
        inputs.append(net.floats(filters))
    net.add(
        "Conv",
        inputs,
        group=group if group > 1 or net.chance() else None,
        kernel_shape=kernel if net.chance() else None,
        **sliding(net, kernel),
    )


@frequent
def transposed_convolution(net: Builder) -> None:
    x = image(net)
    kernel, group = kernel_of(net, x.shape[2:]), divisor(net, x.shape[1])
    filters = net.integer(1, 2)
    inputs = [x.name, net.floats(x.shape[1], filters, *kernel)]
    if net.chance(0.3):
        inputs.append(net.floats(filters * group))
    settings = sliding(net, kernel)
    if net.chance(0.3):
        settings["output_padding"] = [net.integer(0, s - 1) for s in settings.get("strides", [1] * len(kernel))]
    if net.chance(0.2):
        settings["output_shape"] = [
            n * s + net.integer(-1, 1) for n, s in zip(x.shape[2:], settings.get("strides", [1] * 3), strict=False)
        ]
    net.add("ConvTranspose", inputs, group=group, kernel_shape=kernel if net.chance() else None, **settings)


@proposal
def computed_weight(net: Builder) -> None:
    """A convolution whose weights vary too."""
    x, w = image(net), net.pick(3, 4, 5)
    net.add("Conv", [x.name, w.name], **sliding(net, list(w.shape[2:])))


@frequent
def pool(net: Builder) -> None:
    x = image(net)
    kind = net.choice(["MaxPool", "AveragePool", "LpPool"])
    kernel = kernel_of(net, x.shape[2:])
    dilated = {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[kind] <= net.opset
    settings = sliding(net, kernel, dilated, shorter=1)
    if net.opset >= (18 if kind == "LpPool" else 10) and net.chance(0.4):
        settings["ceil_mode"] = 1
    if "dilations" in settings:  # onnxruntime pads for SAME as if there were none
        settings.pop("auto_pad", None)
    if kind == "AveragePool" and net.chance():
        settings["count_include_pad"] = 1
    if kind == "LpPool" and net.chance():
        settings["p"] = net.integer(1, 2)
    if kind == "MaxPool" and net.chance(0.2):
        settings["storage_order"] = net.integer(0, 1)
    indices = kind == "MaxPool" and net.chance(0.2)
    net.add_many(kind, x.name, 2 if indices else 1, kernel_shape=kernel, **settings)


@proposal
def global_pool(net: Builder) -> None:
    net.add(net.choice(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"]), image(net).name)


@proposal
def unpool(net: Builder) -> None:
    x = net.pick(4)
    values, indices = net.add_many("MaxPool", x.name, 2, kernel_shape=[2, 2], strides=[2, 2])
    inputs = [values, indices]
    if net.chance(0.3):
        inputs.append(net.ints(*x.shape))
    net.add("MaxUnpool", inputs, kernel_shape=[2, 2], strides=[2, 2])


@proposal
def regions(net: Builder) -> None:
    x = image(net)
    if x.rank != 4:
        raise NoFit
    high, wide = x.shape[2:]
    count = net.integer(1, 2)
    corners = np.array([[net.integer(0, wide - 1), net.integer(0, high - 1)] for _ in range(count)], np.float32)
    sizes = net.random.uniform(0, 3, (count, 2)).astype(np.float32)
    boxes = np.concatenate([corners, corners + sizes], 1)
    batch = net.random.integers(0, x.shape[0], count)
    if net.chance(0.3):
        rows = np.concatenate([batch[:, None], boxes], 1).astype(np.float32)
        net.add(
            "MaxRoiPool",
            [x.name, net.constant(rows)],
            pooled_shape=net.integers(2, 1, 2),
            spatial_scale=net.choice([1.0, 0.5]),
        )
        return
    net.add(
        "RoiAlign",
        [x.name, net.constant(boxes), net.constant(batch.astype(np.int64))],
        output_height=net.integer(1, 3),
        output_width=net.integer(1, 3),
        sampling_ratio=net.integer(0, 2),
        spatial_scale=net.choice([1.0, 0.5]),
        mode=net.choice(["avg", "max"]),
        coordinate_transformation_mode=net.choice(["half_pixel", "output_half_pixel"]) if net.opset >= 16 else None,
    )


@frequent
def columns(net: Builder) -> None:
    x = net.pick(3)
    _, c, length = x.shape
    if net.opset < 18 or not c or not length:
        raise NoFit
    kernel = net.choice([(k, c // k) for k in range(1, c + 1) if c % k == 0])
    strides, dilations, pads = net.integers(2, 1, 2), net.integers(2, 1, 2), net.integers(4, 0, 1)
    rows = net.choice([(k, length // k) for k in range(1, length + 1) if length % k == 0])
    size = [
        (m - 1) * s + d * (k - 1) + 1 - pads[i] - pads[i + 2]
        for i, (m, s, d, k) in enumerate(zip(rows, strides, dilations, kernel, strict=True))
    ]
    if min(size) < 1:
        raise NoFit
    net.add("Col2Im", [x.name, net.ints(*size), net.ints(*kernel)], strides=strides, dilations=dilations, pads=pads)


@proposal
def deformed(net: Builder) -> None:
    """Offsets that are known, or that vary."""
    x = net.pick(4)
    if net.opset < 19:
        raise NoFit
    n, c, high, wide = x.shape
    kernel = net.integers(2, 1, 2)
    taps = kernel[0] * kernel[1]
    offset = (net.random.normal(size=(n, 2 * taps, high + 1 - kernel[0], wide + 1 - kernel[1]))).astype(np.float32)
    inputs = [x.name, net.floats(net.integer(1, 2), c, *kernel), net.constant(offset)]
    net.add("DeformConv", inputs, kernel_shape=kernel)


@proposal
def sampled(net: Builder) -> None:
    """GridSample at places that are known, or that vary."""
    x = net.pick(4)
    if net.opset < 16:
        raise NoFit
    grid = net.random.uniform(-1.3, 1.3, (x.shape[0], net.integer(1, 3), net.integer(1, 3), 2)).astype(np.float32)
    varying = [t.name for t in net.tensors.values() if t.varies and t.shape[-1:] == (2,) and len(t.shape) == 4]
    names = ("linear", "nearest", "cubic") if net.opset >= 20 else ("bilinear", "nearest", "bicubic")
    net.add(
        "GridSample",
        [x.name, net.choice(varying) if varying and net.chance(0.4) else net.constant(grid)],
        mode=net.choice(names),
        padding_mode=net.choice(["zeros", "border", "reflection"]),
        align_corners=net.integer(0, 1),
    )


@frequent
def short_time_spectrum(net: Builder) -> None:
    x = net.pick(3, 2)
    if net.opset < 17:
        raise NoFit
    if x.rank == 2:
        x = net.tensors[net.add("Unsqueeze", [x.name, net.ints(2)])]
    if x.shape[2] != 1 or x.shape[1] < 2:
        raise NoFit
    length = net.integer(1, x.shape[1])
    window = net.floats(length) if net.chance() else ""
    net.add(
        "STFT",
        [x.name, net.constant(np.int64(net.integer(1, 3))), window, net.constant(np.int64(length))],
        onesided=net.integer(0, 1),
    )
