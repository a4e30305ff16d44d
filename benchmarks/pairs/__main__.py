"""Five real models x sixteen students: is each good or broken, and who sees it?

    python benchmarks/pairs CACHE [--only cls,det] [--students fp16,noise] [--label NAME] [--beside NAME] [--extra=--no-cost]

Needs rfonnx[images], scipy 1.17.1, sympy 1.14.0, onnxslim 0.1.98, onnxconverter-common 1.16.0 and polygraphy 0.53.6 beside
onnx 1.23.2 and onnxruntime 1.32.0. Everything lands in CACHE (300 MB), and what is there is not made again: models, crops,
students, the peers' answers, and rfonnx's under results/NAME, so that versions can be held side by side.
"""

from __future__ import annotations

import argparse
import functools
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import crops
import numpy as np
import ours
import sources
import students
import subjects
import tables

import truth


def remembered(path: Path, make: Callable[[], Any]) -> Any:
    """What a JSON file holds, made and written first where it is missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(make(), indent=1))
    return json.loads(path.read_text())


@functools.lru_cache(1)
def _teachers(name: str, cache: Path) -> dict[str, list[np.ndarray]]:
    return subjects.run(cache / "models" / f"{name}.onnx", students.feeds(name, None, cache))


@functools.lru_cache(1)
def _students(name: str, student: str, cache: Path) -> dict[str, list[np.ndarray]]:
    return subjects.run(students.build(name, student, cache)[0], students.feeds(name, student, cache))


def pair(name: str, student: str, cache: Path, label: str, beside: str, extra: list[str]) -> dict[str, Any]:
    """All answers about one pair."""
    teacher, key = cache / "models" / f"{name}.onnx", f"{name}-{student}.json"
    file, layer = students.build(name, student, cache)
    made = students.STUDENTS[student]

    def outputs() -> tuple[truth.Outputs, truth.Outputs]:
        mine, theirs = _teachers(name, cache), _students(name, student, cache)
        return mine, {output: theirs[output] for output in mine}

    def figures() -> Any:
        return truth.figures(name, *outputs())

    def peers() -> Any:
        from peers import loss_debug, polygraphy

        feeds = students.feeds(name, None, cache), students.feeds(name, student, cache)
        return {"polygraphy": polygraphy(*outputs()), "loss_debug": loss_debug(teacher, file, *feeds)}

    def own() -> Any:
        preps = students.subject(name), students.subject(name, student)
        return ours.compare(teacher, file, cache / "samples" / name, *preps, extra)

    found = remembered(cache / "truth" / key, figures)
    earlier = cache / "results" / beside / key
    return {
        "model": name, "student": student, "title": made.title, "family": made.family, "layer": layer,
        "figures": found, "truth": truth.truth(made.family, found),
        "peers": remembered(cache / "peers" / key, peers), "rfonnx": remembered(cache / "results" / label / key, own),
        "beside": json.loads(earlier.read_text()) if earlier.is_file() else None,
    }  # fmt: skip


def pairs(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every pair that was asked for."""
    extra = shlex.split(arguments.extra)
    sources.fetch(arguments.cache)
    for name in arguments.only.split(","):
        crops.make(name, arguments.cache)
        for student in arguments.students.split(","):
            print(name, student, file=sys.stderr, flush=True)
            yield pair(name, student, arguments.cache, arguments.label, arguments.beside, extra)


def main() -> None:
    parser = argparse.ArgumentParser(prog="pairs")
    parser.add_argument("cache", type=lambda text: Path(text).resolve())
    parser.add_argument("--only", default=",".join(sources.MODELS))
    parser.add_argument("--students", default=",".join(students.STUDENTS))
    parser.add_argument("--label", default="now")
    parser.add_argument("--beside", default="", help="another label, whose verdicts stand in a column of their own")
    parser.add_argument("--extra", default="", help="what is added to each compare")
    tables.show(list(pairs(parser.parse_args())))


main()
