"""Small PyTorch networks of the kinds that people export: each is a function that makes a module, with its input's shape.

`smooth` nets have no ReLU or max-pool, so that no sign can flip between float32 and float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Seq = nn.Sequential


@dataclass(frozen=True)
class Net:
    """A network to compare: how to make it, its input's shape, and whether it is smooth."""

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    smooth: bool
    opset: int = 17
    dynamo: bool = False


class Fn(nn.Module):
    """A module from a function, with submodules to train."""

    def __init__(self, function: Callable[..., Tensor], **parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(parts)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, **self.parts)


class Residual(nn.Module):
    def __init__(self, body: nn.Module, skip: nn.Module | None = None, end: nn.Module | None = None) -> None:
        super().__init__()
        self.body, self.skip, self.end = body, skip or nn.Identity(), end or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.body(x) + self.skip(x))


def cbr(i: int, o: int, k: int = 3, s: int = 1, act: type[nn.Module] = nn.ReLU, **kw: int) -> Seq:
    pad = kw.pop("padding", k // 2 * kw.get("dilation", 1))
    return Seq(nn.Conv2d(i, o, k, s, pad, bias=False, **kw), nn.BatchNorm2d(o), act())


def resnet() -> nn.Module:
    return Seq(
        cbr(3, 8, 7, 2), nn.MaxPool2d(3, 2, 1),
        Residual(Seq(cbr(8, 8), nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)), end=nn.ReLU()),
        Residual(Seq(cbr(8, 16, s=2), nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16)),
                 Seq(nn.Conv2d(8, 16, 1, 2), nn.BatchNorm2d(16)), nn.ReLU()),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip


class SE(nn.Module):
    def __init__(self, c: int, gate: type[nn.Module]) -> None:
        super().__init__()
        self.gate = Seq(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c // 2, 1), nn.SiLU(), nn.Conv2d(c // 2, c, 1), gate())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


def mobilenet() -> nn.Module:
    act = nn.Hardswish
    return Seq(
        cbr(3, 8, s=2, act=act),
        Residual(Seq(cbr(8, 16, 1, act=act), cbr(16, 16, 5, act=act, groups=16), SE(16, nn.Hardsigmoid), nn.Conv2d(16, 8, 1))),
        cbr(8, 16, 1, act=act), cbr(16, 16, 3, 2, act=act, groups=16), nn.Conv2d(16, 12, 1),
    )  # fmt: skip


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = Seq(
            nn.Conv2d(3, 8, 5, 2), nn.ReLU(), nn.LocalResponseNorm(5, 0.1), nn.MaxPool2d(3, 2, ceil_mode=True)
        )
        self.branches = nn.ModuleList(
            [cbr(8, 4, 1), Seq(cbr(8, 4, 1), cbr(4, 6)), Seq(cbr(8, 2, 1), cbr(2, 4, 5)),
             Seq(nn.MaxPool2d(3, 1, 1), cbr(8, 4, 1)), Seq(nn.AvgPool2d(3, 1, 1), nn.Conv2d(8, 3, 1))]
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return torch.cat([b(x) for b in self.branches], 1)


class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [Seq(nn.BatchNorm2d(6 + 4 * i), nn.ReLU(), nn.Conv2d(6 + 4 * i, 4, 3, padding=1)) for i in range(4)]
        )
        self.stem = nn.Conv2d(3, 6, 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return F.avg_pool2d(x, 2)


class ShuffleUnit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a = cbr(3, 8, s=2), cbr(4, 4, 1)
        self.b, self.c = nn.Conv2d(4, 4, 3, padding=1, groups=4), cbr(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.stem(x).chunk(2, 1)
        y = torch.cat([left, self.c(self.b(self.a(right)))], 1)
        n, c, h, w = y.shape
        return y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class UNet(nn.Module):
    def __init__(
        self, mode: str = "bilinear", act: type[nn.Module] = nn.GELU, corners: bool | None = None, dims: int = 2
    ) -> None:
        super().__init__()
        conv, pool = (
            (nn.Conv2d, nn.AvgPool2d)
            if dims == 2
            else (nn.Conv3d, nn.AvgPool3d)
            if dims == 3
            else (nn.Conv1d, nn.AvgPool1d)
        )
        self.first = Seq(conv(2, 4, 3, padding=1), act())
        self.down = Seq(pool(2), conv(4, 8, 3, padding=1), act())
        self.deep = Seq(pool(2), conv(8, 8, 3, padding=1), act())
        self.up1, self.up2 = Seq(conv(16, 4, 3, padding=1), act()), conv(8, 3, 3, padding=1)
        self.mode, self.corners = mode, corners

    def forward(self, x: Tensor) -> Tensor:
        a = self.first(x)
        b = self.down(a)
        kw = {} if self.corners is None else {"align_corners": self.corners}
        c = F.interpolate(self.deep(b), size=b.shape[2:], mode=self.mode, **kw)
        d = F.interpolate(self.up1(torch.cat([b, c], 1)), size=a.shape[2:], mode=self.mode, **kw)
        return self.up2(torch.cat([a, d], 1))


class ConvNeXtBlock(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.dw, self.norm = nn.Conv2d(c, c, 7, padding=3, groups=c), nn.LayerNorm(c)
        self.up, self.down = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        self.scale = nn.Parameter(torch.full((c,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.dw(x).permute(0, 2, 3, 1))
        return x + (self.scale * self.down(F.gelu(self.up(y)))).permute(0, 3, 1, 2)


class ViT(nn.Module):
    def __init__(self, d: int = 16, tokens: int = 16) -> None:
        super().__init__()
        self.patch, self.cls = nn.Conv2d(3, d, 4, 4), nn.Parameter(torch.randn(1, 1, d))
        self.pos = nn.Parameter(torch.randn(1, tokens + 1, d))
        self.n1, self.n2, self.qkv, self.proj = nn.LayerNorm(d), nn.LayerNorm(d), nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = Seq(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))
        self.head = nn.Linear(d, 5)

    def attend(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, 4, d // 4).permute(2, 0, 3, 1, 4).unbind(0)
        a = (q @ k.transpose(-2, -1) * (d // 4) ** -0.5).softmax(-1)
        return self.proj((a @ v).transpose(1, 2).reshape(n, t, d))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        x = x + self.attend(self.n1(x))
        x = x + self.mlp(self.n2(x))
        return self.head(x[:, 0])


class SDPA(nn.Module):
    """scaled_dot_product_attention with a causal mask."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(12, 12) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = (m(x).view(n, t, 3, d // 3).transpose(1, 2) for m in (self.q, self.k, self.v))
        return self.o(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, d))


class Swin(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patch, self.norm, self.qkv, self.mlp = (
            nn.Conv2d(3, 8, 2, 2),
            nn.LayerNorm(8),
            nn.Linear(8, 24),
            nn.Linear(8, 8),
        )
        self.bias = nn.Parameter(torch.randn(2, 16, 16))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).permute(0, 2, 3, 1)
        n, h, w, c = x.shape
        y = torch.roll(self.norm(x), (-2, -2), (1, 2))
        y = y.view(n, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        q, k, v = self.qkv(y).reshape(-1, 16, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        y = ((q @ k.transpose(-2, -1) + self.bias).softmax(-1) @ v).transpose(1, 2).reshape(-1, 16, c)
        y = y.view(n, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        x = x + torch.roll(self.mlp(y), (2, 2), (1, 2))
        merged = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
        return merged.mean((1, 2))


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], both: bool, layers: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 6, 3, 2, 1)
        self.rnn = kind(6, 5, layers, batch_first=True, bidirectional=both)
        self.out = nn.Linear(10 if both else 5, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(torch.tanh(self.conv(x)).transpose(1, 2))[0])


class WaveNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Conv1d(1, 6, 1)
        self.gates = nn.ModuleList([nn.Conv1d(6, 12, 2, dilation=2**i) for i in range(4)])
        self.skips = nn.ModuleList([nn.Conv1d(6, 6, 1) for _ in range(4)])

    def forward(self, x: Tensor) -> Tensor:
        x, total = self.start(x), 0
        for i, (gate, skip) in enumerate(zip(self.gates, self.skips, strict=True)):
            a, b = gate(F.pad(x, (2**i, 0))).chunk(2, 1)
            y = torch.tanh(a) * torch.sigmoid(b)
            x, total = x + skip(y), total + y
        return total


class STN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.locate = Seq(
            nn.Conv2d(2, 4, 5, 2), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 6), nn.Tanh()
        )
        self.conv = nn.Conv2d(2, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        theta = self.locate(x).view(-1, 2, 3) * 0.3 + torch.eye(2, 3, dtype=x.dtype)
        return self.conv(F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False))


class Warp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.flow = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        n, _, h, w = x.shape
        ys, xs = torch.meshgrid(
            torch.linspace(-1, 1, h, dtype=x.dtype), torch.linspace(-1, 1, w, dtype=x.dtype), indexing="ij"
        )
        grid = torch.stack([xs, ys], -1)[None] + 0.1 * self.flow(x).permute(0, 2, 3, 1)
        return F.grid_sample(x, grid.expand(n, -1, -1, -1), padding_mode="border", align_corners=True)


class Rotary(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qk, self.w = nn.Linear(8, 16), nn.Parameter(torch.rand(8) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.w
        t = torch.arange(x.shape[1], dtype=x.dtype)[:, None] * torch.tensor([1.0, 0.1, 0.01, 0.001], dtype=x.dtype)
        cos, sin = torch.cat([t, t], -1).cos(), torch.cat([t, t], -1).sin()
        q, k = (v * cos + torch.cat([-v[..., 4:], v[..., :4]], -1) * sin for v in self.qk(x).chunk(2, -1))
        mask = torch.full((x.shape[1], x.shape[1]), float("-inf"), dtype=x.dtype).triu(1)
        return (q @ k.transpose(1, 2) / math.sqrt(8) + mask).softmax(-1) @ F.silu(x)


class Yolo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.cv1, self.cv2 = cbr(12, 8, act=nn.SiLU), cbr(8, 4, 1, act=nn.SiLU), nn.Conv2d(16, 8, 1)
        self.head = nn.Conv2d(16, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)
        a = self.stem(x)
        y = self.cv1(a)
        pools = [y]
        for _ in range(3):
            pools.append(F.max_pool2d(pools[-1], 5, 1, 2))
        b = self.cv2(torch.cat(pools, 1))
        up = F.interpolate(F.max_pool2d(b, 2), scale_factor=2.0, mode="nearest")
        z = self.head(torch.cat([up, a], 1)).permute(0, 2, 3, 1)
        return torch.cat([z[..., :2].sigmoid() * 2 - 0.5, (z[..., 2:4].sigmoid() * 2) ** 2, z[..., 4:]], -1).flatten(
            1, 2
        )


class Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 12, 4, 4)
        self.n1, self.n2 = nn.LayerNorm(12), nn.LayerNorm(12)
        self.tokens = Seq(nn.Linear(16, 8), nn.GELU("tanh"), nn.Linear(8, 16))
        self.channels = Seq(nn.Linear(12, 24), nn.GELU("tanh"), nn.Linear(24, 12))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = x + self.tokens(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.n2(x))


class XCiT(nn.Module):
    """Attention over channels, with normalised queries and keys."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.temperature = nn.Linear(8, 24), nn.Parameter(torch.ones(2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, 2, d // 2).permute(2, 0, 3, 4, 1)
        a = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        return (a.softmax(-1) @ v).permute(0, 3, 1, 2).reshape(n, t, d)


class Outlook(nn.Module):
    """Unfold, weigh, fold."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(4, 81, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = map(int, x.shape)
        patches = F.unfold(x, 3, padding=1).reshape(n, c, 9, h * w).permute(0, 3, 2, 1)
        weights = self.a(x).reshape(n, 9, 9, h * w).permute(0, 3, 1, 2).softmax(-1)
        return F.fold((weights @ patches).permute(0, 3, 2, 1).reshape(n, c * 9, h * w), (h, w), 3, padding=1)


def activations(x: Tensor, conv: nn.Module) -> Tensor:
    y = conv(x)
    parts = [
        F.elu(y),
        F.selu(y),
        F.celu(y, 0.7),
        F.softplus(y),
        F.mish(y),
        F.softsign(y),
        F.logsigmoid(y),
        F.silu(y),
        torch.atan(y),
    ]
    return torch.stack(parts).sum(0) + torch.erf(y) * torch.exp(-y) + torch.log1p(y * y) + torch.cos(y)


def kinks(x: Tensor, conv: nn.Module, prelu: nn.Module) -> Tensor:
    y = conv(x)
    parts = [
        F.leaky_relu(y, 0.2),
        prelu(y),
        F.relu6(y * 4),
        F.hardtanh(y),
        F.hardswish(y * 3),
        F.hardsigmoid(y * 3),
        y.abs(),
    ]
    return torch.stack(parts).sum(0) + torch.maximum(y, y.flip(-1)) + F.threshold(y, 0.0, 0.0) + y.clamp(min=-0.3)


def paddings(x: Tensor, conv: nn.Module) -> Tensor:
    parts = [F.pad(x, (3, 2, 1, 2), mode) for mode in ("reflect", "replicate", "circular")] + [
        F.pad(x, (3, 2, 1, 2), value=0.5)
    ]
    return sum(conv(p) * (i + 1) for i, p in enumerate(parts))


def selections(x: Tensor, lin: nn.Module) -> Tensor:
    y = lin(x)
    top = torch.topk(y, 3, dim=-1).values
    picked = y[:, torch.tensor([4, 0, 2, 2, 1])]
    gathered = torch.gather(y, 2, torch.tensor([[[0, 5, 2, 2]]]).expand(y.shape[0], y.shape[1], 4))
    return (
        top.sum(-1)
        + picked.mean((1, 2))[:, None]
        + gathered.prod(-1)
        + y.amax(-1)
        + y.cumsum(1)[..., 0]
        + y.norm(dim=-1)
    )


def einsums(x: Tensor, lin: nn.Module) -> Tensor:
    y = lin(x)
    scores = torch.einsum("bid,bjd->bij", y, y)
    return torch.einsum("bij,bjd->bid", scores.softmax(-1), y) + torch.einsum("bid,bid->bi", y, y)[..., None]


def norms2d(x: Tensor, conv: nn.Module, gn: nn.Module, inn: nn.Module, ln: nn.Module) -> Tensor:
    y = conv(x)
    return gn(y) + inn(y) * 0.5 + ln(y.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def lp_pools(x: Tensor, conv: nn.Module) -> Tensor:
    y = conv(x)
    return F.lp_pool2d(y, 2, 3, 2) + F.adaptive_avg_pool2d(y, 1) + y.std((2, 3), keepdim=True)


def standard_conv(x: Tensor, conv: nn.Module) -> Tensor:
    w = conv.weight
    w = (w - w.mean((1, 2, 3), keepdim=True)) / (w.std((1, 2, 3), keepdim=True) + 1e-5)
    return torch.tanh(F.conv2d(x, w, conv.bias, stride=2, padding=1))


def dynamic_conv(x: Tensor, mix: nn.Module, conv: nn.Module) -> Tensor:
    """A kernel that depends on the image."""
    gate = mix(x.mean((2, 3))).reshape(4, 3, 1, 1)
    return F.conv2d(x, conv.weight * torch.sigmoid(gate), padding=1)


def nets() -> list[Net]:
    """All of them. Weights are drawn from the generator as it stands."""
    conv = nn.Conv2d
    made = [
        Net(
            "plain",
            lambda: Seq(conv(3, 6, 3), nn.Tanh(), conv(6, 6, 3), nn.Tanh(), conv(6, 4, 3)),
            (1, 3, 16, 14),
            True,
        ),
        Net(
            "dilated",
            lambda: Seq(*[m for d in (1, 2, 4) for m in (conv(3, 3, 3, padding=d, dilation=d), nn.SiLU())]),
            (2, 3, 18, 17),
            True,
        ),
        Net(
            "grouped",
            lambda: Seq(conv(4, 8, 3, 2, 1, groups=2), nn.Sigmoid(), conv(8, 8, 3, groups=4), nn.GELU()),
            (2, 4, 15, 16),
            True,
        ),
        Net(
            "separable",
            lambda: Seq(conv(4, 4, 5, 2, 2, groups=4), conv(4, 8, 1), nn.SiLU(), conv(8, 8, 3, 1, 1, groups=8)),
            (1, 4, 17, 18),
            True,
        ),
        Net("resnet", resnet, (1, 3, 48, 40), False),
        Net("resnet-batch", resnet, (3, 3, 32, 32), False),
        Net(
            "bottleneck-se",
            lambda: Residual(Seq(cbr(4, 8, 1), cbr(8, 8, groups=4), SE(8, nn.Sigmoid), conv(8, 4, 1)), end=nn.ReLU()),
            (2, 4, 12, 12),
            False,
        ),
        Net("mobilenet", mobilenet, (1, 3, 32, 32), False),
        Net("inception", Inception, (1, 3, 33, 36), False),
        Net("densenet", Dense, (1, 3, 20, 24), False),
        Net("shufflenet", ShuffleUnit, (2, 3, 16, 16), False),
        Net(
            "squeezenet",
            lambda: Seq(
                conv(3, 8, 3, 2),
                nn.ReLU(),
                nn.MaxPool2d(3, 2, ceil_mode=True),
                conv(8, 6, 1),
                nn.ReLU(),
                nn.MaxPool2d(3, 2, ceil_mode=True),
            ),
            (1, 3, 38, 35),
            False,
        ),
        Net(
            "vgg",
            lambda: Seq(
                *[m for i, o in ((3, 4), (4, 8)) for m in (conv(i, o, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))],
                nn.Flatten(),
                nn.Linear(8 * 36, 7),
            ),
            (1, 3, 24, 24),
            False,
        ),
        Net(
            "convnext",
            lambda: Seq(conv(3, 8, 4, 4), ConvNeXtBlock(8), nn.GroupNorm(1, 8), conv(8, 12, 2, 2), ConvNeXtBlock(12)),
            (1, 3, 32, 32),
            True,
        ),
        Net("unet-bilinear", lambda: UNet("bilinear", nn.GELU, False), (1, 2, 20, 24), True),
        Net("unet-corners", lambda: UNet("bilinear", nn.SiLU, True), (2, 2, 20, 24), True),
        Net("unet-bicubic", lambda: UNet("bicubic", nn.Tanh, False), (1, 2, 22, 21), True),
        Net("unet-nearest", lambda: UNet("nearest", nn.ReLU), (1, 2, 16, 24), False),
        Net("unet-1d", lambda: UNet("linear", nn.GELU, False, 1), (2, 2, 40), True),
        Net("unet-3d", lambda: UNet("trilinear", nn.SiLU, False, 3), (1, 2, 8, 12, 8), True),
        Net(
            "unet-transposed",
            lambda: Seq(
                conv(3, 6, 3, 2, 1),
                nn.GELU(),
                nn.ConvTranspose2d(6, 4, 3, 2, 1, 1),
                nn.Tanh(),
                nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=2),
            ),
            (1, 3, 16, 18),
            True,
        ),
        Net(
            "dcgan",
            lambda: Seq(
                nn.ConvTranspose2d(6, 4, 4), nn.BatchNorm2d(4), nn.Tanh(), nn.ConvTranspose2d(4, 2, 5, 3, 1, dilation=2)
            ),
            (2, 6, 3, 4),
            True,
        ),
        Net(
            "espcn",
            lambda: Seq(
                conv(1, 8, 5, padding=2), nn.Tanh(), conv(8, 9, 3, padding=1), nn.PixelShuffle(3), nn.Sigmoid()
            ),
            (1, 1, 12, 10),
            True,
        ),
        Net("unshuffle", lambda: Seq(nn.PixelUnshuffle(2), conv(12, 4, 3), nn.Softmax(1)), (1, 3, 12, 14), True),
        Net(
            "rcan",
            lambda: Residual(Seq(conv(4, 4, 3, padding=1), nn.GELU(), conv(4, 4, 3, padding=1), SE(4, nn.Sigmoid))),
            (1, 4, 14, 14),
            True,
        ),
        Net("vit", ViT, (1, 3, 16, 16), True),
        Net("vit-batch", ViT, (2, 3, 16, 16), True),
        Net(
            "encoder",
            lambda: nn.TransformerEncoderLayer(12, 3, 20, dropout=0.0, activation="gelu", batch_first=True),
            (2, 7, 12),
            True,
            18,
            True,
        ),
        Net("causal", SDPA, (2, 9, 12), True),
        Net("swin", Swin, (1, 3, 32, 32), True),
        Net("mixer", Mixer, (1, 3, 16, 16), True),
        Net("xcit", XCiT, (2, 9, 8), True),
        Net("volo", Outlook, (1, 4, 7, 6), True, 18),
        Net("rotary", Rotary, (2, 6, 8), True),
        Net(
            "tcn",
            lambda: Seq(
                *[
                    m
                    for d in (1, 2, 4)
                    for m in (nn.ConstantPad1d((2 * d, 0), 0.0), nn.Conv1d(4, 4, 3, dilation=d), nn.ReLU())
                ]
            ),
            (2, 4, 40),
            False,
        ),
        Net("wavenet", WaveNet, (1, 1, 60), True),
        Net(
            "hifigan",
            lambda: Seq(
                nn.Conv1d(6, 8, 7, padding=3),
                nn.LeakyReLU(0.1),
                nn.ConvTranspose1d(8, 4, 8, 4, 2),
                Residual(Seq(nn.LeakyReLU(0.1), nn.Conv1d(4, 4, 3, padding=3, dilation=3))),
                nn.Tanh(),
            ),
            (1, 6, 12),
            False,
        ),
        Net(
            "glu",
            lambda: Seq(nn.Conv1d(4, 8, 8, 4), nn.GLU(1), nn.Conv1d(4, 8, 3, padding=1), nn.GLU(1)),
            (2, 4, 44),
            True,
        ),
        Net("lstm", lambda: Recurrent(nn.LSTM, True, 2), (2, 3, 18), True),
        Net("gru", lambda: Recurrent(nn.GRU, True), (1, 3, 18), True),
        Net("rnn", lambda: Recurrent(nn.RNN, False), (2, 3, 18), True),
        Net(
            "conv3d",
            lambda: Seq(
                nn.Conv3d(2, 4, 3, (1, 2, 2), 1),
                nn.BatchNorm3d(4),
                nn.ReLU(),
                nn.MaxPool3d(2),
                nn.Conv3d(4, 4, (3, 1, 1), padding=(1, 0, 0), groups=2),
            ),
            (1, 2, 6, 16, 14),
            False,
        ),
        Net(
            "pool3d",
            lambda: Seq(nn.Conv3d(1, 3, 3), nn.SiLU(), nn.AvgPool3d(3, 2, 1), nn.ConvTranspose3d(3, 2, 2, 2)),
            (1, 1, 9, 10, 11),
            True,
        ),
        Net(
            "pool1d",
            lambda: Seq(
                nn.Conv1d(2, 4, 5), nn.MaxPool1d(3, 2, 1), nn.AvgPool1d(2, ceil_mode=True), nn.AdaptiveAvgPool1d(3)
            ),
            (2, 2, 38),
            False,
        ),
        Net(
            "dilated-pool",
            lambda: Seq(conv(2, 3, 3), nn.MaxPool2d(3, 2, dilation=2), conv(3, 2, 2)),
            (1, 2, 17, 16),
            False,
        ),
        Net("stn", STN, (1, 2, 12, 14), True, 20),
        Net("warp", Warp, (2, 2, 10, 12), True),
        Net("yolo", Yolo, (1, 3, 32, 32), False),
        Net("activations", lambda: Fn(activations, conv=conv(3, 4, 3)), (1, 3, 9, 9), True),
        Net("kinks", lambda: Fn(kinks, conv=conv(3, 4, 3), prelu=nn.PReLU(4)), (2, 3, 9, 8), False),
        Net("paddings", lambda: Fn(paddings, conv=conv(2, 3, 3)), (1, 2, 8, 9), True),
        Net("selections", lambda: Fn(selections, lin=nn.Linear(6, 6)), (2, 5, 6), True),
        Net("einsum", lambda: Fn(einsums, lin=nn.Linear(6, 6)), (2, 5, 6), True),
        Net(
            "norms",
            lambda: Fn(
                norms2d,
                conv=conv(3, 6, 3),
                gn=nn.GroupNorm(3, 6),
                inn=nn.InstanceNorm2d(6, affine=True),
                ln=nn.LayerNorm(6),
            ),
            (2, 3, 9, 8),
            True,
        ),
        Net("lp-pool", lambda: Fn(lp_pools, conv=conv(3, 4, 3)), (1, 3, 12, 11), True),
        Net("weight-standard", lambda: Fn(standard_conv, conv=conv(3, 5, 3)), (1, 3, 11, 10), True),
        Net(
            "weight-norm",
            lambda: Seq(nn.utils.parametrizations.weight_norm(conv(3, 5, 3)), nn.Tanh()),
            (1, 3, 11, 10),
            True,
        ),
        Net("dynamic-conv", lambda: Fn(dynamic_conv, mix=nn.Linear(3, 12), conv=conv(3, 4, 3)), (1, 3, 8, 9), True),
        Net(
            "softmax-pool",
            lambda: Fn(lambda x, c: (c(x).flatten(2).softmax(-1) * x.flatten(2)).sum(-1), c=conv(3, 3, 3, padding=1)),
            (2, 3, 8, 8),
            True,
        ),
    ]
    modern = ("resnet", "mobilenet", "convnext", "vit", "causal", "unet-bicubic", "swin", "stn")
    by_name = {net.name: net for net in made}
    made += [Net(f"{n}-dynamo", by_name[n].make, by_name[n].shape, by_name[n].smooth, 20, dynamo=True) for n in modern]
    return made
