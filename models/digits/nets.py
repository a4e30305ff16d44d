"""The two networks: a teacher of 107,322 weights and a student of 8,450, which see 29 and 31 pixels before their pools."""

from collections import OrderedDict

from torch import Tensor, nn


class Digits(nn.Module):
    """3x3 convolutions with batch norm and ReLU, a global average pool and a linear layer.

    Args:
        layers: channels and stride of each convolution.
    """

    def __init__(self, layers: list[tuple[int, int]]) -> None:
        super().__init__()
        modules: OrderedDict[str, nn.Module] = OrderedDict()
        before = 1
        for number, (channels, stride) in enumerate(layers, 1):
            modules[f"conv{number}"] = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
            modules[f"norm{number}"] = nn.BatchNorm2d(channels)
            modules[f"relu{number}"] = nn.ReLU()
            before = channels
        self.features = nn.Sequential(modules)
        self.fc = nn.Linear(before, 10)

    def forward(self, images: Tensor) -> Tensor:
        """images: (n, 1, 32, 32) in 0..1; returns logits (n, 10)."""
        logits: Tensor = self.fc(self.features(images).mean((2, 3)))
        return logits


def teacher() -> Digits:
    return Digits([(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (64, 1)])


def student() -> Digits:
    return Digits([(8, 2), (16, 2), (16, 1), (16, 1), (16, 1)])
