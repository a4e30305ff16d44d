"""Damaged models: bytes or protobuf fields of good ones changed, for better or worse.

Whatever they became, rfonnx must print what it was asked for or one line about what is wrong, soon and in little memory.
Long runs: `PYTHONPATH=tests python -P tests/fuzz/damage.py --count 10000 --seed 0`; `--show SEED` runs one
file, and `--keep FILE` keeps it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import Message

from fuzz.graphs import make
from fuzz.limited import answer, judged, peak, work
from fuzz.workers import outcomes
from rfonnx.cli.main import run

MODELS = Path(__file__).parents[2] / "models"
LARGEST_FILE = 100_000  # bytes
RANDOM_MODELS = 400
PATIENCE = 20  # seconds for one file
ADDRESSES = 2**33  # bytes that a process may ask for, so that a size taken on trust fails and the machine goes on
MEMORY = 512 * 2**20  # bytes that one model may add to what the process holds at its peak
WHOLE_NUMBERS = [0, 1, -1, 2, 3, 7, 64, 2**16, 2**31 - 1, -(2**31), 2**31, 2**40, 2**62, 2**63 - 1, -(2**63)]
FLOATS = [0.0, -1.0, 1e-30, 1e30, float("inf"), float("nan")]
WORDS = [
    "",
    "x",
    "nowhere",
    "NOTSET",
    "Loop",
    "If",
    "Scan",
    "Range",
    "NonZero",
    "Constant",
    "Reshape",
    "com.microsoft",
    "\0",
    "é\n",
]


class Damage:
    """One good model, damaged; the same in every run."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        whole = self.random.random() < 0.25
        base = file_bytes(self.pick(small_files())) if whole else random_model(self.pick(range(RANDOM_MODELS)))
        graph = onnx.ModelProto.FromString(base).graph
        self.tensors = [*(i.name for i in graph.input), *(name for node in graph.node for name in node.output)]
        bytewise = self.random.random() < 0.15  # few of these can be parsed
        self.data = self.with_changed_bytes(base) if bytewise else self.with_changed_fields(base)

    def pick(self, options: Any) -> Any:
        return options[int(self.random.integers(len(options)))]

    def with_changed_bytes(self, base: bytes) -> bytes:
        data = bytearray(base)
        for _ in range(self.random.integers(1, 4)):
            at, length = int(self.random.integers(len(data))), int(self.random.integers(1, 9))
            match self.random.integers(6):
                case 0:
                    data[at] = self.random.integers(256)
                case 1:
                    data[at] ^= 1 << self.random.integers(8)
                case 2:
                    del data[at : at + length]
                case 3:
                    data[at:at] = self.random.bytes(length)
                case 4:
                    data[at:at] = data[: self.random.integers(len(data))][-length:]
                case _ if self.random.random() < 0.1:
                    del data[at:]
            if not data:
                break
        return bytes(data)

    def with_changed_fields(self, base: bytes) -> bytes:
        model = onnx.ModelProto.FromString(base)
        for _ in range(self.random.integers(1, 3)):
            found = list(set_fields(model))
            if found:
                self._change(*self.pick(found), found)
        return model.SerializeToString()

    def _change(self, message: Message, name: str, value: Any, found: list[tuple[Message, str, Any]]) -> None:
        """One field gets another value of its type, or loses or repeats some of those it has."""
        if isinstance(value, Message):
            same = [v for _, _, v in found if type(v) is type(value)]
            if self.random.random() < 0.5:
                message.ClearField(name)
            else:
                value.ParseFromString(self.pick(same).SerializeToString())
        elif hasattr(value, "append"):
            self._change_list(value, name)
        else:
            with contextlib.suppress(ValueError, TypeError):  # out of the field's range
                setattr(message, name, self._other(value, found))

    def _change_list(self, values: Any, name: str) -> None:
        at = int(self.random.integers(len(values)))
        match self.random.integers(4):
            case 0:
                del values[at]
            case 1:
                values.append(values[at])
            case 2 if not isinstance(values[at], Message):
                with contextlib.suppress(ValueError, TypeError):
                    values[at] = self._other(values[at], [])
            case _:
                kept = [values[i] for i in self.random.permutation(len(values))]
                copies = [type(v).FromString(v.SerializeToString()) if isinstance(v, Message) else v for v in kept]
                del values[:]
                values.extend(copies)

    def _other(self, value: Any, found: list[tuple[Message, str, Any]]) -> Any:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return self.pick(WHOLE_NUMBERS) if self.random.random() < 0.6 else value + self.pick([-1, 1])
        if isinstance(value, float):
            return self.pick(FLOATS)
        if isinstance(value, str):
            words = [v for _, _, v in found if isinstance(v, str)] if self.random.random() < 0.7 else []
            return self.pick(words or WORDS)
        return self.random.bytes(int(self.random.integers(len(value) + 9)))


def set_fields(message: Message) -> Iterator[tuple[Message, str, Any]]:
    """Every field that is set, with its message and value, nested ones too."""
    for field, value in message.ListFields():
        yield message, field.name, value
        parts = value if hasattr(value, "append") else [value]
        for part in parts:
            if isinstance(part, Message):
                yield from set_fields(part)


@functools.cache
def small_files() -> list[Path]:
    return sorted(path for path in MODELS.glob("*.onnx") if path.stat().st_size < LARGEST_FILE)


@functools.cache
def file_bytes(path: Path) -> bytes:
    return path.read_bytes()


@functools.cache
def random_model(seed: int) -> bytes:
    """One that needs no shapes bound, so that damage is what it may be refused for."""
    cases = (make(number) for number in itertools.count(seed, RANDOM_MODELS))
    return next(case for case in cases if case.shapes is None).model.SerializeToString()


def command(seed: int, path: Path, damage: Damage) -> list[str]:
    """What the file of a seed goes through: most are reported on."""
    match seed % 10:
        case 7:
            return ["explain", str(path), "--tensor", damage.pick(damage.tensors)]
        case 8:
            return ["check", str(path), "--samples", "1", "--threads", "1"]
        case 9:
            return ["erf", str(path), "-n", "2", "--threads", "1", "--format", "json"]
    return ["report", str(path), "--format", ["text", "json", "csv", "markdown"][seed % 4]]


def settle(seed: int, path: Path) -> tuple[str, str]:
    """Run a command on the damaged file of a seed: what came ("report", "report refused"), and what must not have come, or ""."""
    damage = Damage(seed)
    path.write_bytes(damage.data)
    words = command(seed, path, damage)
    held = peak()
    code, told = answer(words)
    grown = peak() - held
    what = f"{words[0]} refused" if code == 2 else words[0]
    if grown > MEMORY:
        return what, f"takes {grown >> 20} MiB"
    if code not in ((0, 1, 2) if words[0] == "check" else (0, 2)):
        return what, f"exit code {code}: {' | '.join(told.splitlines()[-6:])}"
    if code == 2 and len(told.splitlines()) != 1:
        return what, f"not one line: {told!r}"
    return what, ""


def survey(seeds: range) -> tuple[list[str], list[str]]:
    """Findings, and lines that sum up."""
    begun = time.monotonic()
    findings, counts, ended = judged(outcomes(__file__, seeds))
    return findings, [
        f"{len(seeds)} damaged files from seed {seeds.start}: {len(findings)} findings; "
        + ", ".join(f"{what} {n}" for what, n in sorted(counts.items())),
        f"{len(ended)} ended onnxruntime: {ended}",
        f"{time.monotonic() - begun:.0f} s",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the first file; the others follow")
    parser.add_argument("--show", type=int, metavar="SEED", help="run the command on the file of this seed")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where that file goes")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    if options.show is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = options.keep or Path(folder) / "damaged.onnx"
            damage = Damage(options.show)
            path.write_bytes(damage.data)
            words = command(options.show, path, damage)
            print("rfonnx", *words)
            return run(words)
    if options.work:
        with tempfile.TemporaryDirectory() as folder:
            work(seeds, lambda seed: settle(seed, Path(folder) / "damaged.onnx"), ADDRESSES, PATIENCE)
        return 0
    findings, lines = survey(seeds)
    print(*lines, sep="\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
