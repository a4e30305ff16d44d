"""Shared by the benchmarks: whole processes timed in turn, so that a noisy machine slows both sides alike."""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import onnx

Measured = TypeVar("Measured")

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
REPORT = [sys.executable, "-P", "-m", "rfonnx", "report"]


def seconds(command: list[str]) -> float:
    """Wall time of one run of a command, its output thrown away."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment())
    return time.perf_counter() - begin


def processor_seconds(command: list[str]) -> tuple[float, float]:
    """Wall time and processor time (user and system) of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = seconds(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_turn(
    commands: dict[str, list[str]], runs: int, measure: Callable[[list[str]], Measured] = seconds
) -> dict[str, list[Measured]]:
    """Times of several commands run A B A B ..., after one run of each that does not count."""
    times: dict[str, list[Measured]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            took = measure(command)
            if turn:
                times[name].append(took)
    return times


def peak_megabytes(command: list[str]) -> float:
    """Peak memory of a command, in MiB."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, env=_environment())
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return int(done.stdout) / scale


def ratio(a: list[float], b: list[float]) -> float:
    """Median of the pairwise ratios."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def machine() -> str:
    """One line about where the figures come from."""
    packages = f"Python {platform.python_version()}, onnx {onnx.__version__}"
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, {packages}"


def table(header: list[str], rows: list[list[object]]) -> None:
    """Print a Markdown table, and the machine under it."""
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
    print(f"\n{machine()}")


def _environment() -> dict[str, str]:
    # Compiled bytecode is part of any installation; timing its absence would time the test harness.
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
