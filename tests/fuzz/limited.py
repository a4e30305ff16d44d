"""Commands of rfonnx on files that nobody made on purpose, in processes that are held to limits of memory and of time."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import resource
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

SHOWN = 5  # places of the program that a finding tells, the innermost first


def answer(words: Sequence[str]) -> tuple[int, str]:
    """The exit code of a command, and what it wrote on standard error."""
    from rfonnx.cli.main import run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    return code, err.getvalue()


def peak() -> int:
    """Bytes that the process held at its peak."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def work(seeds: range, settle: Callable[[int], tuple[str, str]], addresses: int, patience: float) -> None:
    """Print a line of JSON before and after each seed; one that takes too long ends the process, wherever it is.

    Args:
        settle: gives what came of a seed, and what must not have come, or "".
        addresses: bytes that the process may ask for, so that a size taken on trust fails and the machine goes on.
        patience: seconds for one seed.
    """
    warnings.simplefilter("ignore")
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
    for seed in seeds:
        print(json.dumps({"seed": seed}), flush=True)
        faulthandler.dump_traceback_later(patience, exit=True)
        what, finding = settle(seed)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"seed": seed, "what": what, "finding": finding}), flush=True)


def judged(rows: Iterable[dict[str, Any]]) -> tuple[list[str], Counter[str], list[int]]:
    """Findings, what came how often, and the seeds that onnxruntime does not survive, which are no findings about rfonnx.

    Args:
        rows: of `workers.outcomes`.
    """
    findings: list[str] = []
    counts, ended = Counter[str](), []
    for row in rows:
        finding = row.get("finding", "")
        if "died" in row:
            lines = row["said"].splitlines()
            places = [line.strip() for line in lines if line.lstrip().startswith("File ")]  # the innermost comes first
            if places and "onnxruntime" in places[0] and row["died"] < 0:
                ended.append(row["seed"])
                continue
            finding = f"ended with {row['died']}: {lines[:1]} {places[:SHOWN]} {lines[-1:]}"
        else:
            counts[row["what"]] += 1
        if finding:
            findings.append(f"seed {row['seed']}: {row.get('what', 'no answer')}: {finding}")
            print(findings[-1], flush=True)
    return findings, counts, ended
