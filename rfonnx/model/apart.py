"""A model that is run in a process of its own. On some input, such as a recurrent layer without frames, onnxruntime does not
raise an error but ends the process: then it is this one that is gone.

`python -m rfonnx.model.apart` is the process. It reads the model, then requests, from standard input; numbers go as `.npy`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rfonnx.errors import ModelError, RfonnxError, RunError
from rfonnx.system.interpreter import end_with, ended, environment, python

if TYPE_CHECKING:
    from rfonnx.model.opened import Opened  # not of the process, which needs none and starts the sooner

Message = tuple[Any, list[np.ndarray]]
"""Plain data, and arrays."""


class Apart:
    """A session of a model, unoptimised, in another process, which begins with the first run and begins again where it ended."""

    def __init__(self, model: Opened) -> None:
        """Nothing is started yet."""
        self._model = model
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Apart:
        """Itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """End the process."""
        self._end()

    def run(self, outputs: Sequence[str], feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """As `runtime.run`.

        Raises:
            ModelError: onnxruntime cannot load the model.
            RunError: it cannot run it, or the process ended.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            send(process.stdin, ([*outputs], [*feeds]), [*feeds.values()])
            said, arrays = receive(process.stdout)
        except (OSError, EOFError):
            code = self._end()
            raise RunError(
                f"{self._model.label}: onnxruntime ended its process instead of running the model ({ended(code)})",
                "give inputs of other lengths; some operators do not take empty ones",
            ) from None
        if said is not None:
            kind, message = said
            raise RunError(message) if kind == "run" else ModelError(message)
        return arrays

    def _start(self) -> subprocess.Popen[bytes]:
        model = self._model
        command = python("-m", "rfonnx.model.apart")
        try:
            self._process = process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
            )
        except OSError as error:
            raise RfonnxError(f"{model.label}: no process could be started: {error.strerror}", "end others") from None
        given = os.fspath(model.given) if model.by_path else None
        folder = None if model.by_path or model.folder is None else str(model.folder)
        data = b"" if model.by_path else model.proto.SerializeToString()
        assert process.stdin is not None
        with suppress(OSError):  # what is wrong is told by the first run
            send(process.stdin, (given, folder, model.label, os.getpid()), [np.frombuffer(data, np.uint8)])
        return process

    def _end(self) -> int:
        """The exit code of the process, of which nothing is left."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with process, suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.wait()


def send(pipe: IO[bytes], plain: Any, arrays: Sequence[np.ndarray]) -> None:
    """Write a message: of each part its length, in 8 bytes, then the part."""
    parts = [json.dumps(plain).encode()]
    for array in arrays:
        written = io.BytesIO()
        np.save(written, array, allow_pickle=False)
        parts.append(written.getvalue())
    pipe.write(len(parts).to_bytes(8, "little"))
    for part in parts:
        pipe.write(len(part).to_bytes(8, "little"))
        pipe.write(part)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Message:
    """Read a message.

    Raises:
        EOFError: the other process has ended.
    """
    parts = [_exactly(pipe, _number(pipe)) for _ in range(_number(pipe))]
    return json.loads(parts[0]), [np.load(io.BytesIO(part), allow_pickle=False) for part in parts[1:]]


def _number(pipe: IO[bytes]) -> int:
    return int.from_bytes(_exactly(pipe, 8), "little")


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    found = pipe.read(count)
    if len(found) < count:
        raise EOFError
    return found


def main() -> None:
    """Load the model, and answer requests until there are no more."""
    from rfonnx.model import runtime

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what onnxruntime prints is no answer
    requests = sys.stdin.buffer
    (path, folder, label, parent), (data,) = receive(requests)
    end_with(parent)
    session = None
    while True:
        try:
            (outputs, names), arrays = receive(requests)
        except EOFError:
            return
        try:
            session = session or runtime.open_session(path or data.tobytes(), level="none", name=label, folder=folder)
            found = runtime.run(session, outputs, dict(zip(names, arrays, strict=True)), label)
        except RfonnxError as error:
            send(answers, ("run" if isinstance(error, RunError) else "model", str(error)), [])
            continue
        send(answers, None, found)


if __name__ == "__main__":
    main()
