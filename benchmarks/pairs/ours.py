"""rfonnx's answer, as its command line gives it, in this process: starting eighty would take longer than comparing."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from subjects import Subject

from rfonnx.cli.main import run


def compare(
    teacher: Path, student: Path, crops: Path, mine: Subject, theirs: Subject, extra: Sequence[str]
) -> dict[str, Any]:
    """The JSON of `rfonnx compare --layers` with what `extra` adds, all else by default; `exit` and `error` with it."""
    both = mine == theirs
    words = _prep("--prep", mine) if both else [*_prep("--teacher-prep", mine), *_prep("--student-prep", theirs)]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()) as told:
        to = Path(folder) / "found.json"
        asked = [str(teacher), str(student), "--data", str(crops), *words, "--layers", *extra]
        code = run(["compare", *asked, "--format", "json", "-o", str(to)])
        found = json.loads(to.read_text()) if to.exists() else {}
    return {**found, "exit": code, "error": told.getvalue()[-500:]}


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
    """The measures that missed, each with its first figure; else those that are undecided; else what went wrong."""
    for outcome in ("missed", "undecided"):
        of = [one for one in found.get("verdicts", []) if _outcome(one) == outcome]
        if of:
            firsts = {one["measure"]: one["value"] for one in reversed(of)}
            return ", ".join(f"{measure} {float(value):.3g}" for measure, value in reversed(firsts.items()))
    return found["error"].strip().splitlines()[-1][:80] if found["exit"] not in (0, 1) else ""


def _outcome(one: dict[str, Any]) -> str:
    return str(one.get("outcome", "held" if one["passed"] else "missed"))


def layers(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers that are named: by their own error where the version tells it, else the first pair under the limit."""
    parting = found.get("parting") or {}
    if "damaged" in parting:
        return list(parting["damaged"])
    return [parting["first"]] if parting.get("first") else []
