"""Peak memory of a run in stages against that of the same network with constant figures in its norms, which needs none.

python benchmarks/tile_stages.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rfonnx.system import scratch
from tiling.nets import Net, vae_decoder

SIZE, REPEATS = 1024, 3


def unet(norm: bool) -> onnx.ModelProto:
    net = Net(channels=4)

    def block(x: str, out: int) -> str:
        x = net.conv(x, out)
        return net.relu(net.group_norm(x, 4) if norm else net.constant_norm(x))

    early = block("x", 16)
    joined = net.add("Concat", [net.up(block(net.conv(early, 32, stride=2), 32)), early], 48, axis=1)
    return net.model(net.conv(block(joined, 16), 2))


def peak(model: onnx.ModelProto, folder: Path, tile: int, *options: str) -> float:
    """MiB at the most of `rfonnx tile run`."""
    onnx.save(model, folder / "model.onnx")
    words = ["tile", "run", str(folder / "model.onnx"), str(folder / "in.npy"), str(folder / "out.npy"), "--overwrite"]
    process = subprocess.Popen([sys.executable, "-P", "-m", "rfonnx", *words, "--tile", f"{tile},{tile}", *options])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    return usage.ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    print("| network | tile | constant figures, MiB | in stages, MiB | more, MiB | ratio |\n|---|---|---|---|---|---|")
    with scratch.folder() as folder:
        for name, size, tile, plain, staged in (
            ("U-Net, GroupNorm", SIZE, 256, unet(norm=False), unet(norm=True)),
            ("U-Net, GroupNorm", 2 * SIZE, 512, unet(norm=False), unet(norm=True)),
            ("decoder, GroupNorm and SiLU", SIZE // 4, 256, vae_decoder(norm=False, width=16), vae_decoder(width=16)),
        ):
            np.save(folder / "in.npy", np.random.default_rng(0).standard_normal((1, 4, size, size)).astype(np.float32))
            runs = [(peak(plain, folder, tile), peak(staged, folder, tile, "--stages")) for _ in range(REPEATS)]
            local, gathered = (median(one) for one in zip(*runs, strict=True))
            print(
                f"| {name} | {tile} | {local:.0f} | {gathered:.0f} | {gathered - local:.0f} | {gathered / local:.2f} |"
            )


if __name__ == "__main__":
    main()
