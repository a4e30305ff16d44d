"""Full-size networks for the gradient benchmark, written out so that nothing beyond torch is needed. Weights are random."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """A transformer block with fused qkv, as timm writes it."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(d, eps=1e-6), nn.LayerNorm(d, eps=1e-6)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        a = (q * (d // self.heads) ** -0.5 @ k.transpose(-2, -1)).softmax(-1)
        x = x + self.proj((a @ v).transpose(1, 2).reshape(n, t, d))
        return x + self.mlp(self.n2(x))


class ViT(nn.Module):
    """ViT-S/16 (Dosovitskiy et al. 2021) at 224 px."""

    def __init__(self, d: int = 384, depth: int = 12) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, d, 16, 16)
        self.cls, self.pos = nn.Parameter(torch.randn(1, 1, d)), nn.Parameter(torch.randn(1, 197, d))
        self.blocks = nn.Sequential(*[Block(d, 6) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        return self.head(self.norm(self.blocks(x))[:, 0])


class ConvNeXtBlock(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.dw, self.norm = nn.Conv2d(c, c, 7, padding=3, groups=c), nn.LayerNorm(c, eps=1e-6)
        self.up, self.act, self.down = nn.Linear(c, 4 * c), nn.GELU(), nn.Linear(4 * c, c)
        self.scale = nn.Parameter(torch.full((c,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.dw(x).permute(0, 2, 3, 1))
        return x + (self.scale * self.down(self.act(self.up(y)))).permute(0, 3, 1, 2)


class Norm2d(nn.LayerNorm):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def convnext() -> nn.Module:
    """ConvNeXt-T (Liu et al. 2022)."""
    layers: list[nn.Module] = [nn.Conv2d(3, 96, 4, 4), Norm2d(96, eps=1e-6)]
    for depth, c, after in ((3, 96, 192), (3, 192, 384), (9, 384, 768), (3, 768, 0)):
        layers += [ConvNeXtBlock(c) for _ in range(depth)]
        if after:
            layers += [Norm2d(c, eps=1e-6), nn.Conv2d(c, after, 2, 2)]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(768, eps=1e-6), nn.Linear(768, 1000)
    )


class UNet(nn.Module):
    """U-Net (Ronneberger et al. 2015) with padding, BatchNorm and bilinear upsampling, half the usual width."""

    def __init__(self, c: int = 32) -> None:
        super().__init__()
        widths = [c, 2 * c, 4 * c, 8 * c]
        self.down = nn.ModuleList([double(i, o) for i, o in zip([3, *widths[:-1]], widths, strict=True)])
        self.deep = double(8 * c, 8 * c)
        self.up = nn.ModuleList(
            [double(2 * 8 * c, 4 * c), double(2 * 4 * c, 2 * c), double(2 * 2 * c, c), double(2 * c, c)]
        )
        self.pool, self.head = nn.MaxPool2d(2), nn.Conv2d(c, 4, 1)
        self.larger = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
            x = self.pool(x)
        x = self.deep(x)
        for layer, skip in zip(self.up, reversed(skips), strict=True):
            x = layer(torch.cat([skip, self.larger(x)], 1))
        return self.head(x)


def double(i: int, o: int) -> nn.Module:
    return nn.Sequential(
        *[m for a in (i, o) for m in (nn.Conv2d(a, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU())]
    )


class Inverted(nn.Module):
    def __init__(self, i: int, wide: int, o: int, k: int, s: int, gate: bool, act: type[nn.Module]) -> None:
        super().__init__()
        parts: list[nn.Module] = [] if wide == i else [nn.Conv2d(i, wide, 1, bias=False), nn.BatchNorm2d(wide), act()]
        parts += [nn.Conv2d(wide, wide, k, s, k // 2, groups=wide, bias=False), nn.BatchNorm2d(wide), act()]
        parts += [Gate(wide)] if gate else []
        self.body = nn.Sequential(*parts, nn.Conv2d(wide, o, 1, bias=False), nn.BatchNorm2d(o))
        self.skip = s == 1 and i == o

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.skip else self.body(x)


class Gate(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        s = (c // 4 + 4) // 8 * 8
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, s, 1), nn.ReLU(), nn.Conv2d(s, c, 1), nn.Hardsigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


def mobilenet() -> nn.Module:
    """MobileNetV3-L (Howard et al. 2019)."""
    relu, swish = nn.ReLU, nn.Hardswish
    rows = (
        (16, 16, 16, 3, 1, 0, relu), (16, 64, 24, 3, 2, 0, relu), (24, 72, 24, 3, 1, 0, relu), (24, 72, 40, 5, 2, 1, relu),
        (40, 120, 40, 5, 1, 1, relu), (40, 120, 40, 5, 1, 1, relu), (40, 240, 80, 3, 2, 0, swish), (80, 200, 80, 3, 1, 0, swish),
        (80, 184, 80, 3, 1, 0, swish), (80, 184, 80, 3, 1, 0, swish), (80, 480, 112, 3, 1, 1, swish),
        (112, 672, 112, 3, 1, 1, swish),
        (112, 672, 160, 5, 2, 1, swish), (160, 960, 160, 5, 1, 1, swish), (160, 960, 160, 5, 1, 1, swish),
    )  # fmt: skip
    blocks = [Inverted(i, w, o, k, s, bool(g), a) for i, w, o, k, s, g, a in rows]
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), swish(), *blocks,
        nn.Conv2d(160, 960, 1, bias=False), nn.BatchNorm2d(960), swish(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(960, 1280), swish(), nn.Linear(1280, 1000),
    )  # fmt: skip


NETS = {"vit": (ViT, 224), "convnext": (convnext, 224), "unet": (UNet, 256), "mobilenet_v3": (mobilenet, 224)}
"""What to make, and the image's side."""
