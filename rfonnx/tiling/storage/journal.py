"""The journal of a run: which tiles are written, so that a run that was ended goes on where it was."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from rfonnx.errors import DataError
from rfonnx.tiling.storage.draft import unwritten

COMPLETE = b'{"complete": true}'
"""The last line."""


class Journal:
    """A file of lines of JSON beside the output: what is run, the figures that were gathered, a line for every tile.

    A line is written when the tile's data is with the system: whatever ends this process, the line tells the truth.

    Attributes:
        complete: an earlier run wrote all tiles, and was ended while it gave outputs their final names.
        done, figures: see `rfonnx.tiling.running.Record`.
    """

    def __init__(self, path: Path, run: Mapping[str, Any], *, kept: bool, final: bool, restart: bool) -> None:
        """Read what there is, or begin.

        Args:
            path: of the journal.
            run: what makes two runs the same.
            kept: what was written is there to go on with.
            final: so is it, or has its final name.
            restart: begin in any case.

        Raises:
            DataError: it is the journal of another run, or none; or of one that goes on now.
            RfonnxError: it cannot be written.
        """
        self._path = path
        self.complete = False
        self.done: set[int] = set()
        self.figures: dict[str, np.ndarray] = {}
        try:
            self._file = path.open("a+b")
            try:
                _lock(self._file, path)
                self._begin(json.dumps(dict(run), sort_keys=True).encode(), kept, final, restart)
            except BaseException:
                self._file.close()
                raise
        except OSError as error:
            raise unwritten(str(path), error) from error

    def _begin(self, head: bytes, kept: bool, final: bool, restart: bool) -> None:
        self._file.seek(0)
        lines = [] if restart else self._file.read().split(b"\n")[:-1]  # what no line break follows was cut off
        if lines and lines[0] != head:
            raise DataError(
                f"{self._path} is the journal of another run: of another model, input, size or tile",
                "run that one to its end, or remove the journal and the .partial beside it, or pass --restart",
            )
        self.complete = final and lines[-1:] == [COMPLETE]
        if not lines or not (kept or self.complete):
            self._file.truncate(0)
            self._write(head)
            return
        try:
            for line in lines[1 : -1 if self.complete else None]:
                self._take(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self._path} is damaged ({error})", "begin anew with --restart") from error
        self._file.truncate(sum(len(line) + 1 for line in lines))

    def _take(self, entry: dict[str, Any]) -> None:
        if "tile" in entry:
            self.done.add(int(entry["tile"]))
        else:
            data = np.frombuffer(base64.b64decode(entry["data"]), entry["dtype"])
            self.figures[entry["figure"]] = data.reshape(entry["shape"])

    def gathered(self, figures: Mapping[str, np.ndarray]) -> None:
        """Keep what earlier passes gathered."""
        for name, array in figures.items():
            data = base64.b64encode(array.tobytes()).decode()
            entry = {"figure": name, "dtype": array.dtype.str, "shape": array.shape, "data": data}
            self._write(json.dumps(entry).encode())
        self.figures = dict(figures)

    def finished(self, tile: int) -> None:
        """A tile is written."""
        self.done.add(tile)
        self._write(json.dumps({"tile": tile}).encode())

    def completed(self) -> None:
        """All tiles are written: from now on outputs get their final names, whatever ends this process meanwhile."""
        if not self.complete:
            self._write(COMPLETE)

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError as error:
            raise unwritten(str(self._path), error) from error

    def close(self) -> None:
        """Nothing more is written; what nobody can go on from is removed."""
        with suppress(OSError):  # a full disk, which was told already
            self._file.close()
        if not self.done and not self.figures:
            self.remove()

    def remove(self) -> None:
        """All is done, or nothing is."""
        self._path.unlink(missing_ok=True)


def _lock(file: IO[bytes], path: Path) -> None:
    """Hold it until it is closed, or this process ends in whatever way.

    Raises:
        DataError: another process holds it.
    """
    try:
        import fcntl
    except ImportError:
        return  # Windows, where a file that is open cannot be replaced
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(f"{path} is in use: another run writes this output", "wait for its end, or end it") from None
    except OSError:
        return  # a file system without locks
