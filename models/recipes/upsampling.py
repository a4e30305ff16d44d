"""Nets whose outputs are as fine as their inputs, or finer."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto

from recipes.graph import GraphWriter


def unet(depth: int = 4, width: int = 4, shape: tuple[int, int] = (224, 256)) -> ModelProto:
    """U-Net: per level two convs of 3, max pool 2/2 down, nearest x2 up, a skip per level."""
    g = GraphWriter(f"unet{depth}")
    x = g.input("x", (1, 1, *shape))
    skips = []
    for level in range(depth):
        skips.append(_double(g, x, f"down{level}", width * 2**level))
        x = g.max_pool(skips[-1], f"pool{level}", 2, 2)
    x = _double(g, x, "bottom", width * 2**depth)
    for level in reversed(range(depth)):
        scales = g.constant(f"up{level}.scales", np.array([1, 1, 2, 2], np.float32))
        x = g.node(
            "Resize", [x, "", scales], f"up{level}", mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
        x = _double(g, g.concat([skips[level], x], f"join{level}"), f"dec{level}", width * 2**level)
    return g.model([g.conv(x, "mask", 2, 1)], f"U-Net with {depth} levels, nearest upsampling")


def superres() -> ModelProto:
    """ESPCN (Shi et al. 2016), as in PyTorch's example: all convs at low resolution, then a pixel shuffle."""
    g = GraphWriter("superres")
    x = g.conv_relu(g.input("low", (1, 1, 32, 40)), "conv1", 32, 5)
    x = g.conv_relu(x, "conv2", 32, 3)
    x = g.conv_relu(x, "conv3", 16, 3)
    x = g.conv(x, "conv4", 9, 3)
    return g.model([g.node("DepthToSpace", [x], "high", 1, blocksize=3, mode="CRD")], "ESPCN, three times finer")


def _double(g: GraphWriter, x: str, name: str, channels: int) -> str:
    return g.conv_relu(g.conv_relu(x, f"{name}.conv1", channels, 3), f"{name}.conv2", channels, 3)
