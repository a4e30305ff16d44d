"""Train one small net for two tasks, and keep it untrained: python models/digits_erf/train.py [SEED] [FOLDER].

Needs torch and scikit-learn. With no SEED it is 0, and the files go beside this script. Prints what README.md quotes.

A canvas of 35 x 35 pixels holds one of scikit-learn's bundled digits (UCI, 8 x 8 pixels, as they are) anywhere. `near` learns to
name the digit where it lies, and "nothing" elsewhere; `far` to name it from every pixel that sees all of it. They have the same
first weights and are given the same canvases. Every pixel sees 31 x 31.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional

SIDE, DIGIT = 35, 8
BLOCKS, CHANNELS = 7, 12
REACH = 1 + 2 * BLOCKS  # pixels that a unit sees to each side: one per convolution
NOTHING = 10
STEPS, BATCH, RATE = 800, 24, 8e-3
TESTED = 512

Wanted = Callable[[np.ndarray, np.ndarray], Tensor]
"""From classes and corners of digits to what each pixel is to say."""


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(CHANNELS)
        self.second = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.first_norm(self.first(x)))
        result: Tensor = functional.relu(x + self.second_norm(self.second(inner)))
        return result


class Net(nn.Module):
    """A residual net at stride 1 with batch norm and weights as He et al. 2015 draw them; every pixel has logits of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(CHANNELS)
        self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.head = nn.Conv2d(CHANNELS, NOTHING + 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """images: (n, 1, 35, 35) in 0..1; returns (n, 11, 35, 35)."""
        logits: Tensor = self.head(self.blocks(functional.relu(self.stem_norm(self.stem(images)))))
        return logits


class Canvases:
    """Draws canvases: uint8 (n, 35, 35), the digits' classes (n,) and upper left corners (n, 2)."""

    def __init__(self, digits: np.ndarray, classes: np.ndarray, seed: int) -> None:
        self._digits, self._classes, self._random = digits, classes, np.random.default_rng(seed)

    def draw(self, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        chosen = self._random.integers(len(self._digits), size=n)
        corners = self._random.integers(SIDE - DIGIT + 1, size=(n, 2))
        canvases = np.zeros((n, SIDE, SIDE), np.uint8)
        for canvas, digit, (row, column) in zip(canvases, self._digits[chosen], corners, strict=True):
            canvas[row : row + DIGIT, column : column + DIGIT] = digit
        return canvases, self._classes[chosen], corners


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    data = load_digits()
    digits = (data.images * 255 / 16).round().astype(np.uint8)
    train, test = train_test_split(np.arange(len(digits)), test_size=0.2, random_state=0, stratify=data.target)
    canvases, classes, corners = Canvases(digits[test], data.target[test], 0).draw(TESTED)
    np.savez_compressed(folder / "canvases.npz", images=canvases, labels=classes)

    first = Net()
    settle(first, Canvases(digits[train], data.target[train], seed))
    write(folder / "untrained.onnx", first)
    for name, wanted in (("near", near), ("far", far)):
        begun = time.perf_counter()
        net = fit(copy.deepcopy(first), Canvases(digits[train], data.target[train], seed), wanted)
        write(folder / f"{name}.onnx", net)
        aim = wanted(classes, corners)
        with torch.no_grad():
            hit = net(as_input(canvases)).argmax(1) == aim
        named = hit[(aim >= 0) & (aim != NOTHING)].float().mean().item()
        print(
            f"{name}: digit named by {100 * named:.1f}% of its pixels, {time.perf_counter() - begun:.0f} s", flush=True
        )


def near(classes: np.ndarray, corners: np.ndarray) -> Tensor:
    """What each pixel is to say, int64 (n, 35, 35): the digit's class where it lies, elsewhere `NOTHING`."""
    return _classes(classes, corners, 0, NOTHING)


def far(classes: np.ndarray, corners: np.ndarray) -> Tensor:
    """The digit's class at every pixel that sees all of it; -1, not asked, elsewhere."""
    return _classes(classes, corners, REACH - (DIGIT - 1), -1)


def _classes(classes: np.ndarray, corners: np.ndarray, beyond: int, elsewhere: int) -> Tensor:
    """The class at the digit's pixels and `beyond` them to each side."""
    pixel = np.arange(SIDE)
    inside = (pixel >= corners[..., None] - beyond) & (pixel < corners[..., None] + DIGIT + beyond)  # (n, 2, side)
    where = inside[:, 0, :, None] & inside[:, 1, None, :]
    return torch.from_numpy(np.where(where, classes[:, None, None], elsewhere))


def as_input(canvases: np.ndarray) -> Tensor:
    """uint8 (n, 35, 35) as the net takes them: float (n, 1, 35, 35) in 0..1."""
    return torch.from_numpy(canvases[:, None] / np.float32(255))


def settle(net: Net, canvases: Canvases) -> None:
    """Gives the batch norms the statistics of real canvases, so that the untrained net is the one that training starts with."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the mean over all batches
    with torch.no_grad():
        for _ in range(8):
            net(as_input(canvases.draw(64)[0]))
    for norm in norms:
        norm.momentum = 0.1


def fit(net: Net, canvases: Canvases, wanted: Wanted) -> Net:
    """AdamW, one cycle. `NOTHING`, which most pixels of `near` are to say, weighs a tenth."""
    net.train()
    weights = torch.ones(NOTHING + 1)
    weights[NOTHING] = 0.1
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for _ in range(STEPS):
        images, classes, corners = canvases.draw(BATCH)
        loss = functional.cross_entropy(net(as_input(images)), wanted(classes, corners), weights, ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval()


def write(path: Path, net: Net) -> None:
    """Export with a free batch axis, input "image", output "logits"."""
    torch.onnx.export(
        net.eval(), (torch.zeros(2, 1, SIDE, SIDE),), path, input_names=["image"], output_names=["logits"],
        opset_version=17, dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}}, dynamo=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
