"""Convolutional classifiers and blocks. Batch normalisation is folded into the convolutions, as exporters do."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import ModelProto

from recipes.graph import GraphWriter


def seed() -> ModelProto:
    """conv 3/1, conv 3/1, max pool 2/2."""
    g = GraphWriter("seed")
    x = g.conv_relu(g.input("x", (1, 3, 32, 40)), "conv1", 8, 3)
    x = g.conv_relu(x, "conv2", 8, 3)
    return g.model([g.max_pool(x, "pool", 2, 2)], "conv 3/1, conv 3/1, max pool 2/2: receptive field 6")


def inception() -> ModelProto:
    """A GoogLeNet-like net; its stride-2 block pools without padding beside convs with padding 1, as Caffe nets do."""
    g = GraphWriter("inception")
    x = g.conv_relu(g.input("x", (1, 3, 96, 128)), "stem", 16, 7, stride=2)
    x = g.max_pool(x, "stem_pool", 3, 2, ceil_mode=1)
    wide = g.conv_relu(g.conv_relu(x, "a_5x5_reduce", 8, 1), "a_5x5", 8, 5)
    middle = g.conv_relu(g.conv_relu(x, "a_3x3_reduce", 12, 1), "a_3x3", 16, 3)
    pooled = g.conv_relu(g.max_pool(x, "a_pool", 3, 1, pad=1), "a_pool_proj", 8, 1)
    x = g.concat([g.conv_relu(x, "a_1x1", 16, 1), middle, wide, pooled], "a")
    direct = g.conv_relu(x, "b_3x3", 16, 3, stride=2)
    reduced = g.conv_relu(g.conv_relu(x, "b_3x3b_reduce", 16, 1), "b_3x3b", 24, 3, stride=2)
    x = g.concat([direct, reduced, g.max_pool(x, "b_pool", 3, 2, ceil_mode=1)], "b")
    x = g.conv_relu(x, "mix", 48, 1)
    return g.model([g.classifier(x, 10)], "GoogLeNet-like net whose stride-2 block joins misaligned branches")


def dilated() -> ModelProto:
    """The context module of Yu and Koltun (2016), and beside it three convs of dilation 2, which skip pixels."""
    g = GraphWriter("dilated")
    image = x = g.input("x", (1, 3, 80, 96))
    for i, dilation in enumerate((1, 1, 2, 4, 8, 16, 1), 1):
        x = g.conv_relu(x, f"context{i}", 8, 3, dilation=dilation)
    context = g.conv(x, "context", 3, 1)
    x = image
    for i in (1, 2):
        x = g.conv_relu(x, f"grid{i}", 8, 3, dilation=2)
    grid = g.conv(x, "grid", 3, 3, dilation=2)
    return g.model([context, grid], "Context module (Yu and Koltun 2016), and three convs of dilation 2 with holes")


def conv3d() -> ModelProto:
    """Stem and two residual stages of torchvision's r3d_18, one block each, for clips of frames."""
    g = GraphWriter("conv3d")
    x = g.conv_relu(g.input("clip", (1, 3, 16, 40, 48)), "stem", 8, (3, 7, 7), stride=(1, 2, 2))
    x = _basic(g, x, "stage1", 8, 1)
    x = _basic(g, x, "stage2", 16, 2)
    return g.model([g.classifier(x, 10)], "3-D residual net over frames, rows and columns (r3d_18, shortened)")


def se() -> ModelProto:
    """A residual net with squeeze-and-excitation after each block: local convolutions, global gates."""
    g = GraphWriter("se")
    x = g.conv_relu(g.input("x", (1, 3, 32, 40)), "stem", 16, 3)
    x = _basic(g, x, "block1", 16, 1, excite=True)
    x = _basic(g, x, "block2", 32, 2, excite=True)
    return g.model([g.classifier(x, 10)], "Squeeze-and-excitation residual net: global from the first gate on")


def resnet(
    units: Sequence[int] = (2, 2, 2, 2), bottleneck: bool = False, slim: bool = False, width: int = 8, size: int = 224
) -> ModelProto:
    """A ResNet of any depth: torchvision's, or TF-Slim's with `slim`.

    TF-Slim puts the stride into each stage's last unit, and its "SAME" max pool of an even length pads only at the end.
    """
    g = GraphWriter(f"resnet{2 + sum(units) * (3 if bottleneck else 2)}" + ("_slim" if slim else ""))
    x = g.conv_relu(g.input("x", (1, 3, size, size)), "conv1", width, 7, stride=2)
    pads = [0, 0, 1, 1] if slim else [1, 1, 1, 1]
    x = g.node("MaxPool", [x], "maxpool", kernel_shape=[3, 3], strides=[2, 2], pads=pads)
    for stage, count in enumerate(units, 1):
        for unit in range(count):
            strided = (unit == count - 1 and stage < len(units)) if slim else (unit == 0 and stage > 1)
            make = _bottleneck if bottleneck else _basic
            x = make(g, x, f"layer{stage}.{unit}", width * 2 ** (stage - 1), 2 if strided else 1)
    return g.model([g.classifier(x, 1000)], f"{g.name} of width {width}, batch normalisation folded")


def mobilenet_v2() -> ModelProto:
    """torchvision's MobileNetV2 topology at a quarter of its width."""
    g = GraphWriter("mobilenet_v2")
    x = g.conv_relu(g.input("x", (1, 3, 224, 224)), "stem", 8, 3, stride=2)
    settings = ((1, 4, 1, 1), (6, 6, 2, 2), (6, 8, 3, 2), (6, 16, 4, 2), (6, 24, 3, 1), (6, 40, 3, 2), (6, 80, 1, 1))
    for block, (expand, channels, count, stride) in enumerate(settings):
        for unit in range(count):
            name = f"block{block}.{unit}"
            wide = g.conv_relu(x, f"{name}.expand", g.channels[x] * expand, 1)
            size = g.channels[wide]
            deep = g.conv_relu(wide, f"{name}.depthwise", size, 3, stride=1 if unit else stride, group=size)
            thin = g.conv(deep, f"{name}.project", channels, 1)
            x = g.add(thin, x, name) if unit else thin
    return g.model([g.conv_relu(x, "last", 320, 1)], "MobileNetV2 at quarter width")


def patchgan(layers: int) -> ModelProto:
    """pix2pix' discriminator: `layers` convs 4/2, then two convs 4/1."""
    g = GraphWriter(f"patchgan{layers}")
    x = g.input("x", (1, 3, 256, 256))
    for i in range(layers):
        x = g.conv(x, f"down{i}", 8, 4, stride=2, pad=1)
        x = g.node("LeakyRelu", [x], f"{x}.leaky", alpha=0.2)
    x = g.conv(x, "flat", 8, 4, pad=1)
    x = g.node("LeakyRelu", [x], f"{x}.leaky", alpha=0.2)
    return g.model([g.conv(x, "patch", 1, 4, pad=1)], f"PatchGAN discriminator, n = {layers}")


def uniform_stack(layers: int, kernel: int, dilation: int = 1, length: int = 64) -> ModelProto:
    """`layers` convs over one axis, all alike."""
    g = GraphWriter("uniform_stack")
    x = g.input("x", (1, 1, length))
    for i in range(layers):
        x = g.conv(x, f"conv{i + 1}", 1, kernel, dilation=dilation)
    return g.model([x], f"{layers} convs k{kernel} d{dilation}")


def _basic(g: GraphWriter, x: str, name: str, channels: int, stride: int, excite: bool = False) -> str:
    """Two convs of 3, a shortcut, and a squeeze-and-excitation gate before it when asked for."""
    y = g.conv_relu(x, f"{name}.conv1", channels, 3, stride=stride)
    y = g.conv(y, f"{name}.conv2", channels, 3)
    if excite:
        squeezed = g.node("GlobalAveragePool", [y], f"{name}.squeeze")
        hidden = g.conv_relu(squeezed, f"{name}.fc1", channels // 4, 1)
        gate = g.node("Sigmoid", [g.conv(hidden, f"{name}.fc2", channels, 1)], f"{name}.gate")
        y = g.node("Mul", [y, gate], f"{name}.scale")
    return g.relu(g.add(y, _shortcut(g, x, name, channels, stride), name))


def _bottleneck(g: GraphWriter, x: str, name: str, channels: int, stride: int) -> str:
    """1x1, 3x3 (with the stride), 1x1 to four times the channels, and a shortcut."""
    y = g.conv_relu(x, f"{name}.conv1", channels, 1)
    y = g.conv_relu(y, f"{name}.conv2", channels, 3, stride=stride)
    y = g.conv(y, f"{name}.conv3", 4 * channels, 1)
    return g.relu(g.add(y, _shortcut(g, x, name, 4 * channels, stride), name))


def _shortcut(g: GraphWriter, x: str, name: str, channels: int, stride: int) -> str:
    if stride == 1 and g.channels[x] == channels:
        return x
    return g.conv(x, f"{name}.downsample", channels, 1, stride=stride)
