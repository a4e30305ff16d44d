"""The process that models are reported in. Each has a copy of it of its own, which has reported a small model already.

Jobs come on standard input, one at a time, each a line of JSON. For each, the number of the process that does it is written to
standard output, and then how that ended. A record goes to the file that the job names: libraries write to standard output.
Where processes cannot be copied (Windows), or are not to be (macOS, whose libraries forbid it), this one does one job and ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from rfonnx.errors import RfonnxError
from rfonnx.results.plain import plain
from rfonnx.scanning.rehearsal import rehearse
from rfonnx.scanning.reporting import reported
from rfonnx.system.interpreter import end_with

LOOKS = 1.0
"""Seconds from one look at whether the scan is still there to the next."""


def main() -> None:
    """Do jobs until there are no more."""
    told = os.dup(1)
    parent = os.getppid()
    _silence(1)
    copied = sys.platform == "linux"
    if copied:
        rehearse()
    for text in sys.stdin:
        job: dict[str, Any] = json.loads(text)
        ended, alive = os.pipe()  # closed on the job's side when that ends, however it does
        number = os.fork() if copied else 0
        if number:
            os.close(alive)
            _lead(number)
            os.write(told, b"%d\n" % number)
            os.write(told, b"%d\n" % _waited(number, ended, parent))
            os.close(ended)
            continue
        if copied:
            _lead(0)
        else:
            os.write(told, b"%d\n" % os.getpid())
        os.close(told)
        _do(job)


def _lead(number: int) -> None:
    """Give a process (0: this one) a group of its own, by which it is ended with what it starts.

    Both sides do: who is told its number may end it at once.
    """
    with suppress(OSError):
        os.setpgid(number, number)


def _waited(number: int, ended: int, parent: int) -> int:
    """How a copy ended, as `subprocess` has it. It ends with the scan: one that is killed cannot end what it started."""
    while True:
        select.select([ended], [], [], LOOKS)
        done, status = os.waitpid(number, os.WNOHANG)
        gone = os.getppid() != parent
        if done or gone:
            with suppress(OSError):
                os.killpg(number, signal.SIGKILL)  # and what it started
        if gone:
            os._exit(1)
        if done:
            return os.waitstatus_to_exitcode(status)


def _do(job: dict[str, Any]) -> NoReturn:
    """Report the model of a job, and end. What kills this process is for the one that asked to say."""
    code = 1
    try:
        end_with(os.getppid())
        _silence(0)
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 2)
        os.chdir(job["folder"])
        if job["memory"]:
            _limit(job["memory"])
        shapes = {name: tuple(given) if isinstance(given, list) else given for name, given in job["shapes"].items()}
        Path(job["answer"]).write_text(json.dumps(_answer(job["path"], shapes)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _silence(number: int) -> None:
    """Let a stream come from, or go, nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, number)
    os.close(nowhere)


def _answer(path: str, shapes: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"state": "reported", "reason": "", "report": plain(reported(path, shapes or None))}
    except RfonnxError as error:
        return {"state": "refused", "reason": str(error), "report": None}
    except MemoryError:
        return {"state": "refused", "reason": "it takes more memory than --memory allows", "report": None}
    except Exception as error:  # an error of ours costs this model, not the scan
        return {"state": "failed", "reason": f"an error of rfonnx: {type(error).__name__}: {error}", "report": None}


def _limit(memory: int) -> None:
    """Bytes of address space; onnxruntime reserves more than it uses."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    main()
