"""What makes the core slow on long axes: processor time of propagation and summaries, peak memory, and what is said of it.

python benchmarks/worst_cases.py
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from measure import table

from rfonnx import _core
from rfonnx.operators.access.primitives import Reshape, Select, Spread, Step, Window

Tensors = list[tuple[str, tuple[int, ...], list[tuple[int, tuple[Step, ...]]], bool]]
Net = tuple[list[tuple[str, tuple[int, ...]]], Tensors]

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23)


def coprime(branches: int, n: int) -> Net:
    """Branches that go down by a prime and up again, added, and a window over the sum, of which one period is their product."""
    tensors: Tensors = []
    ends = []
    for stride in PRIMES[:branches]:
        low = -(-n // stride)
        tensors.append(("down", (low,), [(0, (Window(0, low, 2 * stride, stride, 1, stride // 2),))], True))
        tensors.append(("up", (n,), [(len(tensors), (Spread(0, n, stride, stride, 1, 0),))], True))
        ends.append(len(tensors))
    tensors.append(("sum", (n,), [(end, ()) for end in ends], True))
    tensors.append(("window", (n,), [(len(tensors), (Window(0, n, 9, 1, 1, 4),))], True))
    return [("x", (n,))], tensors


def gathers(depth: int, n: int) -> Net:
    """Random gathers of a long axis, a window after each: no runs, but a value per position."""
    rng = np.random.default_rng(0)
    tensors: Tensors = []
    for _ in range(depth):
        rows = rng.integers(0, n, n)
        steps = (Select(0, rows, rows), Window(0, n, 3, 1, 1, 1))
        tensors.append(("gathered", (n,), [(len(tensors), steps)], True))
    return [("x", (n,))], tensors


def ranges(width: int, n: int) -> Net:
    """Stretches of so many positions from anywhere, and ranges from anywhere to anywhere over them: looked up one by one."""
    rng = np.random.default_rng(0)
    count = n // width
    rows = (rng.integers(0, n - width, count)[:, None] + np.arange(width)).reshape(-1)
    first, last = np.sort(rng.integers(0, rows.size, (2, rows.size)), axis=0)
    gathered = ("stretches", (rows.size,), [(0, (Select(0, rows, rows),))], True)
    return [("x", (n,))], [gathered, ("ranges", (rows.size,), [(1, (Select(0, first, last),))], True)]


def nested(depth: int, n: int) -> Net:
    """Windows within windows: of width 3 and a dilation that is prime to the others, behind a stride and before its transpose."""
    tensors: Tensors = []
    for level in range(depth):
        stride, dilation = PRIMES[level % 4], 3**level + 1
        low = -(-n // stride)
        steps = (
            Window(0, n, 3, 1, dilation, dilation),
            Window(0, low, stride, stride, 1, 0),
            Window(0, low, 3, 1, dilation, dilation),
            Spread(0, n, 2 * stride, stride, 1, stride // 2),
        )
        tensors.append(("nested", (n,), [(len(tensors), steps), (len(tensors), ())], True))
    return [("x", (n,))], tensors


def mirrors(depth: int, n: int) -> Net:
    """An axis behind its mirror image, halved and mirrored again: each level has twice the turning points."""
    tensors: Tensors = []
    for _ in range(depth):
        places = np.minimum(np.arange(2 * n), 2 * n - 1 - np.arange(2 * n))
        steps = (Window(0, n, 3, 1, 1, 1), Select(0, places, places), Window(0, n, 2, 2, 1, 0))
        tensors.append(("mirrored", (n,), [(len(tensors), steps)], True))
    return [("x", (n,))], tensors


def transposed(depth: int, n: int) -> Net:
    """An axis cut in rows, read by columns, and windows over what comes: a function of two variables, laid out."""
    side = int(n**0.5)
    tensors: Tensors = []
    for _ in range(depth):
        places = np.arange(side * side).reshape(side, side).T.reshape(-1)
        steps = (Reshape((side * side,)), Select(0, places, places), Window(0, side * side, 5, 1, 1, 2))
        tensors.append(("turned", (side * side,), [(len(tensors), steps)], True))
    return [("x", (side * side,))], tensors


CASES: dict[str, tuple[Callable[[int, int], Net], tuple[tuple[int, int], ...]]] = {
    "coprime": (coprime, ((4, 10**6), (6, 10**6), (9, 10**6), (9, 10**9), (9, 2**40))),
    "gathers": (gathers, ((4, 10**4), (4, 10**6), (1, 2 * 10**7))),
    "ranges": (ranges, ((1, 10**6), (9, 10**6))),
    "nested": (nested, ((6, 10**6), (12, 10**6), (12, 2**36))),
    "mirrors": (mirrors, ((6, 10**6), (12, 10**6))),
    "transposed": (transposed, ((4, 10**6),)),
}


def measured(name: str, size: int, n: int) -> list[object]:
    """Of one case, in this process."""
    inputs, tensors = CASES[name][0](size, n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begin = time.process_time()
    result = _core.run(inputs, tensors)
    middle = time.process_time()
    field = result.summaries()["size"].tolist()[-1]
    took = [1e3 * (middle - begin), 1e3 * (time.process_time() - middle)]
    said = "at most" if result.widened[-1] else "exact" if result.exact[-1] else "inexact"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    return [name, size, n, *(f"{each:.3g}" for each in (*took, memory)), said, field]


def main() -> None:
    if len(sys.argv) > 1:
        print(*measured(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), sep="|")
        return
    rows: list[list[object]] = []
    for name, (_, cases) in CASES.items():
        for size, n in cases:
            command = [sys.executable, "-P", __file__, name, str(size), str(n)]
            rows.append(
                list(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().split("|"))
            )
    table(
        [
            "case",
            "branches, depth or width",
            "length",
            "propagate, ms",
            "summaries, ms",
            "added to the peak, MB",
            "field",
            "size",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
