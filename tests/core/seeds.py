"""Many seeds of a test, from a command line: `python -m core.test_runs 0 100000`."""

from __future__ import annotations

import sys
from collections.abc import Callable


def run_seeds(check: Callable[[int], None], module: str) -> None:
    """Seeds from the first argument to the second; which one fails is told in the words that run it again."""
    first, end = map(int, sys.argv[1:])
    for seed in range(first, end):
        try:
            check(seed)
        except Exception:
            print(f"seed {seed} fails: python -m core.{module} {seed} {seed + 1}", flush=True)
            raise
        if seed % 1000 == 999:
            print(seed + 1, flush=True)
