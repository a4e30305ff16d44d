"""rfonnx's answer, as its command line gives it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from subjects import Subject


def compare(
    rfonnx: Sequence[str], teacher: Path, student: Path, crops: Path, mine: Subject, theirs: Subject
) -> dict[str, Any]:
    """The JSON of `rfonnx compare --layers --no-cost`, all else by default; `exit`, `error` and `seconds` with it."""
    words = (
        [*_prep("--prep", mine)]
        if mine == theirs
        else [*_prep("--teacher-prep", mine), *_prep("--student-prep", theirs)]
    )
    command = [
        *rfonnx,
        "compare",
        str(teacher),
        str(student),
        "--data",
        str(crops),
        *words,
        "--layers",
        "--format",
        "json",
    ]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=crops, check=False)
    found = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    return {**found, "exit": done.returncode, "error": done.stderr[-500:], "seconds": time.perf_counter() - begin}


def _prep(option: str, subject: Subject) -> list[str]:
    return [part for word in subject.words() for part in (option, word)]


def verdict(found: dict[str, Any]) -> str:
    """ "held", "undecided" (held as far as so few samples tell), "missed" or "error"."""
    if found["exit"] not in (0, 1) or "verdicts" not in found:
        return "error"
    if not found["passed"]:
        return "missed"
    return "undecided" if any(_outcome(one) == "undecided" for one in found["verdicts"]) else "held"


def reasons(found: dict[str, Any]) -> str:
    """The measures that missed, with their figures; else those that are undecided."""
    for outcome in ("missed", "undecided"):
        of = [one for one in found.get("verdicts", []) if _outcome(one) == outcome]
        if of:
            names = dict.fromkeys(one["measure"] for one in of)
            firsts = [next(one for one in of if one["measure"] == name) for name in names]
            return ", ".join(f"{one['measure']} {_figure(one['value'])}" for one in firsts)
    return found["error"].strip().splitlines()[-1][:80] if found["exit"] not in (0, 1) else ""


def _outcome(one: dict[str, Any]) -> str:
    return str(one.get("outcome", "held" if one["passed"] else "missed"))


def _figure(value: float | str) -> str:
    return f"{float(value):.3g}"


def layers(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers that are named: by their own error where the version tells it, else the first pair under the limit."""
    parting = found.get("parting") or {}
    if "damaged" in parting:
        return list(parting["damaged"])
    return [parting["first"]] if parting.get("first") else []


def kind(found: dict[str, Any]) -> str:
    return str(found.get("kind", ""))
