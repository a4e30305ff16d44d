"""A process that starts those of models: it reads rfonnx once, and each model has a copy of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rfonnx.system.cores import THREADS
from rfonnx.system.interpreter import environment, python
from rfonnx.system.named import NamedTuple

ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", THREADS: "1"}
"""Only a process of one thread is copied whole; and as many models as there are workers have the machine. Those of onnxruntime
wait by turning in circles: the thread of a second core would take it from the worker beside."""


class End(NamedTuple):
    """How a job ended: the exit code of its process, as `subprocess` has it, and whether that was ended for taking too long."""

    code: int
    late: bool


class Starter:
    """A process that starts others, one at a time. Which of them run is known here, so that all can be ended."""

    _idle: list[Starter] = []  # noqa: RUF012  # of this process
    _busy: set[Starter] = set()  # noqa: RUF012

    def __init__(self) -> None:
        self._number, self._lock = 0, threading.Lock()
        self._process = subprocess.Popen(
            python("-m", "rfonnx.scanning.one"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment(), **ALONE},
            start_new_session=True,
        )

    @classmethod
    def do(cls, job: Mapping[str, Any], timeout: float | None) -> End:
        """Do a job in a process of its own, and wait for its end."""
        while cls._idle:
            with suppress(IndexError):  # another thread took it
                end = cls._idle.pop()._do(job, timeout)
                if end is not None:
                    return end
        starter = cls()
        return starter._do(job, timeout) or End(starter._process.wait(), late=False)

    @classmethod
    def end_all(cls) -> None:
        """Kill all, and what they started."""
        for starter in [*cls._busy, *cls._idle]:
            starter._kill(starter._process.pid)
            starter._end_job()
        while cls._idle:
            cls._idle.pop()._close()

    def _do(self, job: Mapping[str, Any], timeout: float | None) -> End | None:
        """None: it was gone before it began."""
        self._busy.add(self)
        try:
            assert self._process.stdin is not None
            with suppress(OSError):
                self._process.stdin.write(json.dumps(job).encode() + b"\n")
                self._process.stdin.flush()
            number = self._told()
            return None if number is None else self._waited(number, timeout)
        finally:
            self._busy.discard(self)
            if self._process.poll() is None:
                self._idle.append(self)
            else:
                self._close()

    def _waited(self, number: int, timeout: float | None) -> End:
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._end_job()

        self._number = number
        timer = threading.Timer(timeout or 0, stop)
        if timeout is not None:
            timer.start()
        code = self._told()
        timer.cancel()
        with self._lock:
            self._number = 0
        if code is None:  # it is itself the job's process, or was killed
            code = self._process.wait()
            self._kill(number)
        return End(code, late.is_set())

    def _told(self) -> int | None:
        """The next number that it says; None: it is gone."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line.endswith(b"\n"):
            return int(line)
        self._process.wait()
        return None

    def _close(self) -> None:
        """Wait for its end."""
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()

    def _end_job(self) -> None:
        with self._lock:
            if self._number:
                self._kill(self._number)

    @staticmethod
    def _kill(number: int) -> None:
        """Kill a process, and those of its group."""
        with suppress(OSError):
            if os.name == "posix":
                os.killpg(number, signal.SIGKILL)
            else:
                os.kill(number, signal.SIGTERM)
