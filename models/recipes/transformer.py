"""Nets that mix tokens, in the spelling of the PyTorch exporters."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto

from recipes.graph import GraphWriter

WIDTH, HEADS = 48, 4


def vit(layers: int = 3) -> ModelProto:
    """A small ViT (Dosovitskiy et al. 2021): patches of 8, a class token, pre-norm encoder blocks, a linear head."""
    g = GraphWriter("vit", opset=20)
    x = g.input("x", (1, 3, 48, 64))
    tokens = 6 * 8
    x = g.conv(x, "patch_embed", WIDTH, 8, stride=8, pad=0)
    x = g.node("Reshape", [x, _ints(g, "patch_embed.shape", [1, WIDTH, tokens])], "patch_embed.flat")
    x = g.node("Transpose", [x], "patch_tokens", perm=[0, 2, 1])
    x = g.node("Concat", [_class_token(g), x], "tokens", WIDTH, axis=1)
    x = g.add(x, g.uniform("pos_embed", (1, tokens + 1, WIDTH), 0.5), "embedded")
    for i in range(layers):
        x = g.add(x, _attention(g, _norm(g, x, f"block{i}.norm1"), f"block{i}.attn", tokens + 1), f"block{i}.mixed")
        hidden = g.linear(_norm(g, x, f"block{i}.norm2"), f"block{i}.fc1", 2 * WIDTH)
        x = g.add(x, g.linear(g.node("Gelu", [hidden], f"block{i}.gelu"), f"block{i}.fc2", WIDTH), f"block{i}")
    index = g.constant("class_index", np.array(0, np.int64))
    first = g.node("Gather", [_norm(g, x, "norm"), index], "class_feature", axis=1)
    return g.model([g.linear(first, "head", 10)], "ViT with patches of 8 and a class token")


def convnext_tiny(width: int = 8) -> ModelProto:
    """torchvision's ConvNeXt-Tiny topology at a fraction of its width (96)."""
    g = GraphWriter("convnext_tiny", opset=20)
    x = g.conv(g.input("x", (1, 3, 224, 224)), "stem", width, 4, stride=4, pad=0)
    for stage, count in enumerate((3, 3, 9, 3)):
        if stage:
            x = g.conv(x, f"down{stage}", width * 2**stage, 2, stride=2, pad=0)
        for unit in range(count):
            name, channels = f"stage{stage}.{unit}", g.channels[x]
            y = g.conv(x, f"{name}.depthwise", channels, 7, group=channels)
            y = _norm(g, g.node("Transpose", [y], f"{name}.last", perm=[0, 2, 3, 1]), f"{name}.norm")
            y = g.node("Gelu", [g.linear(y, f"{name}.fc1", 4 * channels)], f"{name}.gelu")
            y = g.node("Transpose", [g.linear(y, f"{name}.fc2", channels)], f"{name}.first", perm=[0, 3, 1, 2])
            x = g.add(y, x, name)
    return g.model([x], "ConvNeXt-Tiny, narrowed")


def _class_token(g: GraphWriter) -> str:
    """The class token expanded to the batch size, which exporters read off the input's shape."""
    batch = g.node("Gather", [g.node("Shape", ["x"], "x.shape"), _ints(g, "zero", [0])], "batch", axis=0)
    shape = g.node("Concat", [batch, _ints(g, "token_shape", [1, WIDTH])], "class_shape", axis=0)
    return g.node("Expand", [g.uniform("class_token", (1, 1, WIDTH), 0.5), shape], "class_tokens", WIDTH)


def _norm(g: GraphWriter, x: str, name: str) -> str:
    scale = g.constant(f"{name}.weight", np.ones(g.channels[x], np.float32))
    shift = g.constant(f"{name}.bias", np.zeros(g.channels[x], np.float32))
    return g.node("LayerNormalization", [x, scale, shift], name, axis=-1, epsilon=1e-6)


def _attention(g: GraphWriter, x: str, name: str, tokens: int) -> str:
    """Multi-head self-attention: one projection to q, k and v, unbound along a leading axis."""
    size = WIDTH // HEADS
    x = g.linear(x, f"{name}.qkv", 3 * WIDTH)
    x = g.node("Reshape", [x, _ints(g, f"{name}.split_shape", [1, tokens, 3, HEADS, size])], f"{name}.heads")
    x = g.node("Transpose", [x], f"{name}.qkv_first", perm=[2, 0, 3, 1, 4])
    q, k, v = (
        g.node("Gather", [x, g.constant(f"{name}.{part}_index", np.array(i, np.int64))], f"{name}.{part}", axis=0)
        for i, part in enumerate("qkv")
    )
    scale = g.constant(f"{name}.scale", np.array(size**-0.5, np.float32))
    q = g.node("Mul", [q, scale], f"{name}.q_scaled")
    scores = g.node("MatMul", [q, g.node("Transpose", [k], f"{name}.k_t", perm=[0, 1, 3, 2])], f"{name}.scores")
    mixed = g.node("MatMul", [g.node("Softmax", [scores], f"{name}.weights", axis=-1), v], f"{name}.values")
    x = g.node("Transpose", [mixed], f"{name}.merged", perm=[0, 2, 1, 3])
    x = g.node("Reshape", [x, _ints(g, f"{name}.merge_shape", [1, tokens, WIDTH])], f"{name}.joined", WIDTH)
    return g.linear(x, name, WIDTH)


def _ints(g: GraphWriter, name: str, values: list[int]) -> str:
    return g.constant(name, np.array(values, np.int64))
