"""Models go through a process of their own, since onnxruntime does not survive every one of them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any


def outcomes(script: str, seeds: range, *words: str) -> Iterator[dict[str, Any]]:
    """What came of each seed: the script's `--work` prints a line of JSON before it begins with one, and one with more after it.

    A process that dies gives a row with "died", its exit code, and "said", what it wrote on standard error. Another one goes on
    after that seed.
    """
    while seeds:
        command = [
            sys.executable,
            "-P",
            script,
            "--work",
            "--seed",
            str(seeds.start),
            "--count",
            str(len(seeds)),
            *words,
        ]
        begun = seeds.start
        with tempfile.TemporaryFile("w+", errors="replace") as errors:
            worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
            assert worker.stdout is not None
            with worker:
                for line in worker.stdout:
                    row = json.loads(line)
                    begun = row["seed"]
                    if len(row) > 1:
                        yield row
            if worker.returncode == 0:
                return
            errors.seek(0)
            yield {"seed": begun, "died": worker.returncode, "said": errors.read()}
        seeds = range(begun + 1, seeds.stop)
