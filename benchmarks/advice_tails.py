"""What it costs to leave out the layers that `rfonnx report` says add no context: three nets, trained on digits with and without.

python benchmarks/advice_tails.py [SEEDS] [EPOCHS] [NETS]

Needs torch and scikit-learn. The digits (8 x 8) are enlarged to 16 x 16, so that the last layers of each net cannot add context.
A net is exported, its advice is read, and the blocks from the first one on of which every layer of windows adds nothing are left
out. Both are trained alike, from the same seeds, on one half of the digits, and tested on the other. How many of their own half
they get right tells whether they were trained to the end.
"""

import io
import re
import statistics
import sys

import torch
from measure import table
from sklearn.datasets import load_digits
from torch import Tensor, nn

import rfonnx

SIDE, WIDTH = 16, 32


def conv(before: int, after: int, groups: int = 1, kernel: int = 3) -> nn.Sequential:
    layer = nn.Conv2d(before, after, kernel, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU())


class Shortcut(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(WIDTH, WIDTH), conv(WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class Gated(nn.Module):
    """A convolution by channel, one across channels, and squeeze-and-excitation."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(WIDTH, WIDTH, groups=WIDTH), conv(WIDTH, WIDTH, kernel=1))
        self.gate = nn.Sequential(nn.Conv2d(WIDTH, 8, 1), nn.ReLU(), nn.Conv2d(8, WIDTH, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        made = self.body(x)
        return made * self.gate(made.mean((2, 3), keepdim=True))


class Net(nn.Module):
    """Blocks between a stem and a mean over all positions."""

    def __init__(self, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(1, WIDTH), nn.MaxPool2d(2), conv(WIDTH, WIDTH), nn.MaxPool2d(2))
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))


KINDS = {"plain": (lambda: conv(WIDTH, WIDTH), 8), "shortcuts": (Shortcut, 5), "gates": (Gated, 8)}
"""How a block is made, and how many there are."""


def made(kind: str, count: int, seed: int) -> Net:
    torch.manual_seed(seed)
    return Net([KINDS[kind][0]() for _ in range(count)])


def needed(kind: str) -> tuple[int, int]:
    """How many blocks stand before the first from which on every layer of windows adds nothing; and layers that add nothing."""
    file = io.BytesIO()
    count = KINDS[kind][1]
    torch.onnx.export(made(kind, count, 0).eval(), (torch.zeros(1, 1, SIDE, SIDE),), file, dynamo=False)
    analysis = rfonnx.analyze(file.getvalue())
    nothing = {one.tensor for one in analysis.advice.idle if one.state == "nothing"}
    adds = 0
    for tensor in analysis.tensors.values():
        block = re.search(r"blocks\.(\d+)", tensor.node)
        grows = tensor.op_type == "Conv" and analysis.local.tensors[tensor.name].fields[analysis.inputs[0], 2].size > 0
        if block and grows and windowed(analysis, tensor.name) and tensor.name not in nothing:
            adds = max(adds, int(block[1]) + 1)
    return adds, len(nothing)


def windowed(analysis: rfonnx.Analysis, name: str) -> bool:
    """Whether a convolution reads more than one position of rows."""
    number = [tensor.name for tensor in analysis.program.tensors].index(name)
    steps = [step for _, steps in analysis.program.tensors[number].paths for step in steps]
    return any(getattr(step, "kernel", 1) > 1 for step in steps)


def trained(net: Net, images: Tensor, labels: Tensor, seed: int, epochs: int) -> Net:
    torch.manual_seed(seed)
    rate, batches = 3e-3, -(-len(images) // 64)
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, epochs * batches)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def accuracy(net: Net, images: Tensor, labels: Tensor) -> float:
    """In percent."""
    with torch.no_grad():
        return 100 * float((net(images).argmax(1) == labels).float().mean())


def main() -> None:
    seeds, epochs = (int(sys.argv[i]) if len(sys.argv) > i else n for i, n in ((1, 8), (2, 100)))
    torch.set_num_threads(1)
    digits = load_digits()
    images = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
    images = nn.functional.interpolate(images, size=(SIDE, SIDE), mode="bilinear")
    labels = torch.tensor(digits.target)
    rows: list[list[object]] = []
    for kind in sys.argv[3:] or KINDS:
        count = KINDS[kind][1]
        kept, idle = needed(kind)
        scores: dict[int, list[float]] = {count: [], kept: []}
        learnt: dict[int, list[float]] = {count: [], kept: []}
        for seed in range(seeds):
            order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
            half = order[: len(order) // 2], order[len(order) // 2 :]
            for blocks, found in scores.items():
                net = trained(made(kind, blocks, seed), images[half[0]], labels[half[0]], seed, epochs)
                learnt[blocks].append(accuracy(net, images[half[0]], labels[half[0]]))
                found.append(accuracy(net, images[half[1]], labels[half[1]]))
                print(kind, blocks, seed, f"{learnt[blocks][-1]:.2f} {found[-1]:.2f}", file=sys.stderr, flush=True)
        lost = [whole - less for whole, less in zip(scores[count], scores[kept], strict=True)]
        shares = [sum(p.numel() for p in made(kind, n, 0).parameters()) for n in (count, kept)]
        rows.append(
            [
                *(kind, f"{count}, {kept}", idle, f"{100 * (1 - shares[1] / shares[0]):.0f}%"),
                *(f"{statistics.mean(learnt[n]):.2f}" for n in (count, kept)),
                *(f"{statistics.mean(scores[n]):.2f} +- {statistics.stdev(scores[n]):.2f}" for n in (count, kept)),
                f"{statistics.mean(lost):+.2f} +- {statistics.stdev(lost) / len(lost) ** 0.5:.2f}",
                f"{min(lost):+.2f} .. {max(lost):+.2f}",
            ]
        )
    head = ["net", "blocks, kept", "layers that add nothing", "weights saved"]
    own = ["right of its own half, %", "without"]
    table([*head, *own, "accuracy, % +- of seeds", "without", "lost, points, mean and its error", "by seed"], rows)


if __name__ == "__main__":
    main()
