"""More networks: what the first list lacks, or what once failed."""

from __future__ import annotations

import math
import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradient.nets import Fn, Net, Seq


class Conformer(nn.Module):
    """Relative positions by padding and shifting; a gated, depthwise convolution."""

    def __init__(self, d: int = 12) -> None:
        super().__init__()
        self.q, self.k, self.v, self.p = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d), nn.Linear(8, d)
        self.u, self.w = nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(3, 4))
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(3))
        self.wide, self.deep, self.out = (
            nn.Conv1d(d, 2 * d, 1),
            nn.Conv1d(d, d, 5, padding=2, groups=d),
            nn.Linear(d, d),
        )

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        y = self.norms[0](x)
        q, k, v = (m(y).view(n, t, 3, 4) for m in (self.q, self.k, self.v))
        angle = torch.arange(t - 1, -t, -1, dtype=x.dtype)[:, None] * torch.tensor([1.0, 0.3, 0.1, 0.03], dtype=x.dtype)
        p = self.p(torch.cat([angle.sin(), angle.cos()], -1)).view(-1, 3, 4)
        shifted = torch.einsum("nihd,jhd->nhij", q + self.w, p)
        shifted = F.pad(shifted, (1, 0)).view(n, 3, 2 * t, t)[:, :, 1:].reshape(n, 3, t, 2 * t - 1)[..., :t]
        a = ((torch.einsum("nihd,njhd->nhij", q + self.u, k) + shifted) / 2).softmax(-1)
        x = x + self.out(torch.einsum("nhij,njhd->nihd", a, v).reshape(n, t, d))
        y = self.deep(F.glu(self.wide(self.norms[1](x).transpose(1, 2)), 1))
        return self.norms[2](x + F.silu(y).transpose(1, 2))


class SelectiveScan(nn.Module):
    """A state space whose steps depend on the input (Mamba), step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.step, self.mix = nn.Linear(6, 16), nn.Linear(8, 8), nn.Linear(8, 8)
        self.conv, self.a = nn.Conv1d(8, 8, 4, padding=3, groups=8), nn.Parameter(torch.randn(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        x, z = self.first(x).chunk(2, -1)
        x = F.silu(self.conv(x.transpose(1, 2))[..., :6]).transpose(1, 2)
        d = F.softplus(self.step(x))
        b, c = self.mix(x).chunk(2, -1)
        h, steps = torch.zeros(x.shape[0], 8, 4, dtype=x.dtype), []
        for t in range(6):
            h = torch.exp(-d[:, t, :, None] * self.a.exp()) * h + d[:, t, :, None] * b[:, t, None] * x[:, t, :, None]
            steps.append((h * c[:, t, None]).sum(-1))
        return torch.stack(steps, 1) * F.silu(z)


class Tape(nn.Module):
    """A loop that appends to a list; scripted, it stays one."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        made: list[Tensor] = []
        h = torch.zeros_like(x[:, 0])
        for t in range(x.shape[1]):
            h = torch.tanh(self.linear(h) + x[:, t])
            if t > 1:
                h = h * 0.9
            made.append(h)
        return torch.stack(made, 1)


class Volume(nn.Module):
    """A V-shaped net for volumes, with normalised instances."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = self.block(1, 3, (1, 1, 1)), self.block(3, 4, (1, 2, 2))
        self.up, self.end = nn.ConvTranspose3d(4, 3, (1, 2, 2), (1, 2, 2)), nn.Conv3d(6, 2, 1)

    @staticmethod
    def block(i: int, o: int, stride: tuple[int, int, int]) -> Seq:
        return Seq(nn.Conv3d(i, o, 3, stride, 1), nn.InstanceNorm3d(o, affine=True), nn.SiLU())

    def forward(self, x: Tensor) -> Tensor:
        a = self.a(x)
        return self.end(torch.cat([self.up(self.b(a)), a], 1)).softmax(1)


def tape() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scripting is deprecated, but files made by it are around
        return torch.jit.script(Tape())


def styled(x: Tensor, style: nn.Module, conv: nn.Module) -> Tensor:
    """A kernel per image, as groups of one convolution (StyleGAN 2)."""
    n, _, h, w = map(int, x.shape)
    kernel = conv.weight[None] * (style(x.mean((2, 3))) + 1)[:, None, :, None, None]
    kernel = kernel * torch.rsqrt(kernel.pow(2).sum((2, 3, 4), keepdim=True) + 1e-8)
    return F.conv2d(x.reshape(1, -1, h, w), kernel.flatten(0, 1), padding=1, groups=n).view(n, -1, h, w)


def distances(x: Tensor, conv: nn.Module) -> Tensor:
    """A distribution over distances, and its mean (YOLO 8)."""
    n, _, h, w = map(int, x.shape)
    bins = conv(x).view(n, 4, 8, h * w).transpose(2, 1).softmax(1)
    left, right = (bins * torch.arange(8, dtype=x.dtype)[None, :, None, None]).sum(1).chunk(2, 1)
    ys, xs = torch.meshgrid(torch.arange(h, dtype=x.dtype), torch.arange(w, dtype=x.dtype), indexing="ij")
    places = torch.stack([xs.flatten(), ys.flatten()]) + 0.5
    return torch.cat([places + (right - left) / 2, right + left], 1)


def pooled(x: Tensor, conv: nn.Module) -> Tensor:
    """Windows that would start in the end padding are dropped."""
    y = F.max_pool3d(x, (2, 3, 3), (2, 1, 2), (1, 1, 0), ceil_mode=True)
    return torch.tanh(F.avg_pool3d(conv(y), 2, 3, 1, ceil_mode=True))


def spectral(x: Tensor, mix: nn.Module, conv: nn.Module) -> Tensor:
    """A layer of a Fourier neural operator."""
    y = torch.view_as_real(torch.fft.rfft(x, dim=-1))
    y = torch.einsum("bikc,iok->bokc", y, mix.weight.view(3, 4, 7))
    return F.gelu(torch.fft.irfft(torch.view_as_complex(y.contiguous()), n=12, dim=-1) + conv(x))


def spectrogram(x: Tensor, mel: nn.Module) -> Tensor:
    y = torch.stft(x, 16, 4, window=torch.hann_window(16, dtype=x.dtype), return_complex=True, center=False)
    return mel(torch.view_as_real(y).pow(2).sum(-1).transpose(1, 2)).exp().add(1e-3).log()


def fake_quantised(x: Tensor, first: nn.Module, second: nn.Module) -> Tensor:
    """Trained for 8 bits: autograd passes rounding straight through, too. Weights are real numbers."""
    y = torch.fake_quantize_per_tensor_affine(x, 0.02, 3, -128, 127)
    y = torch.fake_quantize_per_tensor_affine(F.relu(first(y)), 0.02, -128, -128, 127)
    return torch.fake_quantize_per_tensor_affine(second(y), 0.05, 0, -128, 127)


def squashed(x: Tensor, conv: nn.Module) -> Tensor:
    """Capsules, and three rounds of routing between them."""
    u = conv(x).view(1, 2, 4, -1).permute(0, 1, 3, 2).reshape(1, -1, 1, 4)
    b = torch.zeros_like(u[..., 0])
    for _ in range(3):
        v = (b.softmax(1)[..., None] * u).sum(1)
        length = v.pow(2).sum(-1, keepdim=True)
        v = length / (1 + length) * v / torch.sqrt(length + 1e-8)
        b = b + (u * v[:, None]).sum(-1)
    return v


def positions(x: Tensor, linear: nn.Module) -> Tensor:
    """Written to, read from and accumulated at positions."""
    y = linear(x)
    z = y.clone()
    z[:, 2] = x[:, 0] * 2
    z[:, :, 1:3] = y[:, :, 4:6].sin()
    added = torch.zeros(4, 6, dtype=x.dtype).index_add(0, torch.tensor([1, 1, 3, 0]), y[0])
    return z * math.sqrt(2) + added + y.index_select(2, torch.tensor([5, 0, 0])).sum(-1, keepdim=True)


def more_nets() -> list[Net]:
    """As `nets`."""
    return [
        Net("conformer", Conformer, (2, 7, 12), True),
        Net("mamba", SelectiveScan, (1, 6, 6), True),
        Net("scripted-list", tape, (2, 5, 4), True),
        Net("scripted-list-11", tape, (2, 5, 4), True, 11),
        Net("vnet", Volume, (1, 1, 4, 8, 6), True),
        Net("stylegan", lambda: Fn(styled, style=nn.Linear(4, 4), conv=nn.Conv2d(4, 5, 3)), (2, 4, 7, 6), True),
        Net("yolo-distances", lambda: Fn(distances, conv=nn.Conv2d(6, 32, 1)), (1, 6, 5, 4), True),
        Net("dropped-windows", lambda: Fn(pooled, conv=nn.Conv3d(2, 3, 2)), (1, 2, 9, 8, 11), False),
        Net("fourier", lambda: Fn(spectral, mix=nn.Linear(84, 1), conv=nn.Conv1d(3, 4, 1)), (2, 3, 12), True, 20, True),
        Net("spectrogram", lambda: Fn(spectrogram, mel=nn.Linear(9, 5)), (1, 48), True, 18, True),
        Net(
            "quantised",
            lambda: Fn(fake_quantised, first=nn.Conv2d(3, 5, 3, padding=1), second=nn.Conv2d(5, 4, 3, 2)),
            (1, 3, 9, 9),
            False,
        ),
        Net("capsules", lambda: Fn(squashed, conv=nn.Conv2d(2, 8, 3, 2)), (1, 2, 9, 9), True),
        Net("positions", lambda: Fn(positions, linear=nn.Linear(6, 6)), (2, 4, 6), True),
    ]
