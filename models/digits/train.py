"""Train the digits models and export them: python models/digits/train.py [FOLDER].

Needs torch, scikit-learn, onnxruntime and onnxconverter-common beside rfonnx. Prints what README.md quotes.

The images are scikit-learn's bundled digits (UCI, 1,797 of 8 x 8 pixels), enlarged to 32 x 32 (bilinear); a fifth of them,
drawn per class, is kept for testing and is seen by no training. The student and its twin have one architecture, one first
weight and one number of steps over the same images, moved and turned a little; the twin learns the labels, the student only
what the teacher answers.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from export import write_models
from nets import Digits, student, teacher
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor
from torch.nn import functional

SEED = 0
BATCH = 128
TEACHER_STEPS = 1500
STUDENT_STEPS = 3000
TEMPERATURE = 4.0

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From images, labels and logits to a scalar."""


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    torch.set_num_threads(2)
    pixels, labels, test_pixels, test_labels = split()
    images, test_images = as_input(pixels), as_input(test_pixels)

    torch.manual_seed(SEED)
    big = fit(
        teacher(), images, labels, TEACHER_STEPS, lambda _, y, z: functional.cross_entropy(z, y, label_smoothing=0.05)
    )

    def imitate(x: Tensor, _: Tensor, logits: Tensor) -> Tensor:
        """KL to the softened teacher (Hinton et al. 2015, section 2)."""
        with torch.no_grad():
            aim = (big(x) / TEMPERATURE).log_softmax(1)
        soft = (logits / TEMPERATURE).log_softmax(1)
        return functional.kl_div(soft, aim, reduction="batchmean", log_target=True) * TEMPERATURE**2

    torch.manual_seed(SEED + 1)
    distilled = fit(student(), images, labels, STUDENT_STEPS, imitate)
    torch.manual_seed(SEED + 1)
    twin = fit(student(), images, labels, STUDENT_STEPS, lambda _, y, z: functional.cross_entropy(z, y))

    for name, net in (("teacher", big), ("student", distilled), ("twin", twin)):
        weights = sum(p.numel() for p in net.parameters())
        print(f"{name}: {weights:,} weights, test accuracy {accuracy(net, test_images, test_labels):.4f}")
    np.savez_compressed(folder / "test.npz", images=test_pixels, labels=test_labels.numpy())
    write_models(folder, big, distilled, twin, images.numpy())


def split() -> tuple[np.ndarray, Tensor, np.ndarray, Tensor]:
    """Training and test images, uint8 (n, 32, 32), each with its labels, int64 (n,)."""
    digits = load_digits()
    small = torch.from_numpy(digits.images / 16.0)[:, None].float()
    large = functional.interpolate(small, (32, 32), mode="bilinear")[:, 0]
    pixels = (large * 255).round().byte().numpy()
    train, test = train_test_split(np.arange(len(pixels)), test_size=0.2, random_state=SEED, stratify=digits.target)
    target = torch.from_numpy(digits.target)
    return pixels[train], target[train], pixels[test], target[test]


def as_input(pixels: np.ndarray) -> Tensor:
    """uint8 (n, 32, 32) as the nets take them: float (n, 1, 32, 32) in 0..1."""
    return torch.from_numpy(pixels[:, None] / np.float32(255))


def fit(net: Digits, images: Tensor, labels: Tensor, steps: int, loss: Loss) -> Digits:
    """Adam, a cosine schedule, augmented batches."""
    net.train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        chosen = torch.randint(len(images), (BATCH,))
        batch = augment(images[chosen])
        value = loss(batch, labels[chosen], net(batch))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        if step % 500 == 499:
            print(f"  step {step + 1}: loss {value.item():.4f}", flush=True)
    return net.eval()


def augment(images: Tensor) -> Tensor:
    """Turned by up to 12 degrees, scaled by up to 10% and moved by up to 2 pixels."""
    n = len(images)
    angle = (torch.rand(n) * 2 - 1) * math.radians(12)
    scale = 1 + (torch.rand(n) * 2 - 1) * 0.1
    move = (torch.rand(n, 2) * 2 - 1) * 2 / 16
    rows = torch.stack([torch.cos(angle) * scale, -torch.sin(angle) * scale, move[:, 0]], 1)
    columns = torch.stack([torch.sin(angle) * scale, torch.cos(angle) * scale, move[:, 1]], 1)
    grid = functional.affine_grid(torch.stack([rows, columns], 1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def accuracy(net: Digits, images: Tensor, labels: Tensor) -> float:
    """Share of images whose largest logit is the label's."""
    with torch.no_grad():
        return (net(images).argmax(1) == labels).float().mean().item()


if __name__ == "__main__":
    main()
