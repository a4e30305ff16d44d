"""Two nets that are streamed, as PyTorch exports them, of one length and of any: `python benchmarks/torch_streams.py FOLDER`.

Needs torch and onnxscript. A Demucs without its recurrent layer: strides of 4, gated, skips whose ends are cropped. A Conformer
with attention in a band: two convolutions of stride 2, then blocks of feed-forward, attention and depthwise convolution. Both are
narrow, and of random weights.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn


class Demucs(nn.Module):
    """(1, 1, samples): encoder of kernel 8 and stride 4, decoder of transposed ones (Défossez et al. 2019)."""

    def __init__(self, wide: int = 8, depth: int = 3) -> None:
        super().__init__()
        widths = [1, *(wide * 2**level for level in range(depth))]
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv1d(i, o, 8, 4), nn.ReLU(), nn.Conv1d(o, 2 * o, 1), nn.GLU(1)) for i, o in pairs
        )
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(o, 2 * o, 3, padding=1),
                nn.GLU(1),
                nn.ConvTranspose1d(o, i, 8, 4),
                *([nn.ReLU()] if i > 1 else []),
            )
            for i, o in reversed(pairs)
        )

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        for layer in self.up:
            x = layer(x + skips.pop()[..., : x.shape[-1]])
        return x


class Block(nn.Module):
    """Half a feed-forward layer, attention, a gated depthwise convolution of 7 taps, another half (Gulati et al. 2020)."""

    def __init__(self, wide: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.after = (
            nn.Sequential(nn.LayerNorm(wide), nn.Linear(wide, 2 * wide), nn.SiLU(), nn.Linear(2 * wide, wide))
            for _ in range(2)
        )
        self.norm, self.inner = nn.LayerNorm(wide), nn.LayerNorm(wide)
        self.qkv, self.out = nn.Linear(wide, 3 * wide), nn.Linear(wide, wide)
        self.depthwise = nn.Sequential(
            nn.Conv1d(wide, 2 * wide, 1),
            nn.GLU(1),
            nn.Conv1d(wide, wide, 7, padding=3, groups=wide),
            nn.BatchNorm1d(wide),
            nn.SiLU(),
            nn.Conv1d(wide, wide, 1),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + 0.5 * self.before(x)
        n, t, d = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-2, -1)).masked_fill(mask, float("-inf"))
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, d))
        x = x + self.depthwise(self.inner(x).transpose(1, 2)).transpose(1, 2)
        return x + 0.5 * self.after(x)


class LocalConformer(nn.Module):
    """(1, frames, 40 mel bands): a quarter of the frames, each of which sees `near` of them on both sides in every block."""

    def __init__(self, wide: int = 32, heads: int = 4, depth: int = 2, near: int = 4) -> None:
        super().__init__()
        self.near = near
        self.sub = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU())
        self.linear = nn.Linear(8 * 9, wide)
        self.blocks = nn.ModuleList(Block(wide, heads) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        x = self.linear(self.sub(x.unsqueeze(1)).transpose(1, 2).flatten(2))
        place = torch.arange(x.shape[1])
        mask = (place[:, None] - place[None, :]).abs() > self.near
        for block in self.blocks:
            x = block(x, mask)
        return x


NETS = {"demucs_nolstm": (Demucs, (1, 1, 1364), 2), "conformer_local": (LocalConformer, (1, 160, 40), 1)}
"""What is made, an input's shape, and the axis of frames."""


def main(folder: Path) -> None:
    """Writes NAME.onnx of one length, NAME_any.onnx of any, by torch's older exporter, and NAME_new.onnx by its newer one."""
    for name, (make, shape, axis) in NETS.items():
        torch.manual_seed(0)
        net, x = make().eval(), torch.randn(shape)
        how = {"input_names": ["x"], "output_names": ["y"], "opset_version": 17, "dynamo": False}
        torch.onnx.export(net, (x,), folder / f"{name}.onnx", **how)
        torch.onnx.export(net, (x,), folder / f"{name}_any.onnx", dynamic_axes={"x": {axis: "frames"}}, **how)
        dim = torch.export.Dim.DYNAMIC
        shapes = ({axis: dim},)
        torch.onnx.export(net, (x,), folder / f"{name}_new.onnx", dynamic_shapes=shapes, dynamo=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
