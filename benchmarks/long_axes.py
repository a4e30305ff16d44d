"""The core on axes of any length: processor time of propagation and of the summaries, and the peak memory of the process.

python benchmarks/long_axes.py
"""

import resource
import time
from collections.abc import Callable

from measure import table

from rfonnx import _core
from rfonnx.operators.access.primitives import Spread, Step, Window

Tensors = list[tuple[str, tuple[int, ...], list[tuple[int, tuple[Step, ...]]], bool]]
Net = tuple[list[tuple[str, tuple[int, ...]]], Tensors]


def dilated(n: int) -> Net:
    """60 causal convolutions of kernel 2, dilations 1 to 512 six times over, each added to what it reads."""
    tensors: Tensors = []
    last = 0
    for block in range(60):
        d = 2 ** (block % 10)
        tensors.append((f"conv{block}", (1, 1, n), [(last, (Window(2, n, 2, 1, d, d),))], True))
        tensors.append((f"add{block}", (1, 1, n), [(last, ()), (len(tensors), ())], True))
        last = len(tensors)
    return [("x", (1, 1, n))], tensors


def codec(n: int) -> Net:
    """Strides 2, 4, 5 and 8 down and up again by transposed convolutions, windows of 7 between."""
    tensors: Tensors = []
    lengths = [n]
    for stride in (2, 4, 5, 8):
        before, length = lengths[-1], lengths[-1] // stride
        tensors.append(("conv", (1, 1, before), [(len(tensors), (Window(2, before, 7, 1, 1, 3),))], True))
        down = Window(2, length, 2 * stride, stride, 1, stride // 2)
        tensors.append(("down", (1, 1, length), [(len(tensors), (down,))], True))
        lengths.append(length)
    for stride, length in zip((8, 5, 4, 2), reversed(lengths[:-1]), strict=True):
        up = Spread(2, length, 2 * stride, stride, 1, stride // 2)
        tensors.append(("up", (1, 1, length), [(len(tensors), (up,))], True))
        tensors.append(("conv", (1, 1, length), [(len(tensors), (Window(2, length, 7, 1, 1, 3),))], True))
    return [("x", (1, 1, n))], tensors


def unet(n: int) -> Net:
    """Four levels of two 3x3 convolutions, halved by pools, doubled by transposed convolutions and joined with their level."""
    tensors: Tensors = []

    def add(side: int, paths: list[tuple[int, tuple[Step, ...]]]) -> int:
        tensors.append((f"t{len(tensors)}", (1, 1, side, side), paths, True))
        return len(tensors)

    def convs(at: int, side: int) -> int:
        for _ in range(2):
            at = add(side, [(at, (Window(2, side, 3, 1, 1, 1), Window(3, side, 3, 1, 1, 1)))])
        return at

    at, side, levels = 0, n, []
    for _ in range(4):
        at = convs(at, side)
        levels.append((at, side))
        side //= 2
        at = add(side, [(at, (Window(2, side, 2, 2, 1, 0), Window(3, side, 2, 2, 1, 0)))])
    at = convs(at, side)
    for skip, side in reversed(levels):
        at = add(side, [(at, (Spread(2, side, 2, 2, 1, 0), Spread(3, side, 2, 2, 1, 0)))])
        at = convs(add(side, [(at, ()), (skip, ())]), side)
    return [("x", (1, 1, n, n))], tensors


def main() -> None:
    rows: list[list[object]] = []
    nets: list[tuple[Callable[[int], Net], tuple[int, ...]]] = [
        (dilated, (10**4, 10**6, 4 * 10**6, 10**9, 2**40)),
        (codec, (32 * 10**3, 32 * 10**5, 32 * 10**8)),
        (unet, (512, 8192, 100_000)),
    ]
    for net, lengths in nets:
        for n in lengths:
            inputs, tensors = net(n)
            times = []
            for _ in range(5):
                begin = time.process_time()
                result = _core.run(inputs, tensors)
                middle = time.process_time()
                result.summaries()
                times.append((middle - begin, time.process_time() - middle))
            run, said = (1e3 * min(each) for each in zip(*times, strict=True))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            rows.append([net.__name__, n, run, said, memory])
    table(["net", "length", "propagate, ms", "summaries, ms", "peak so far, MB"], rows)


if __name__ == "__main__":
    main()
