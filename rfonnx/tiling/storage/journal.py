"""The journal of a run: which tiles are written, so that a run that was ended goes on where it was."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rfonnx.errors import DataError
from rfonnx.tiling.storage.draft import unwritten


class Journal:
    """A file of lines of JSON beside the output: what is run, the figures that were gathered, a line for every tile.

    A line is written when the tile's data is with the system: whatever ends this process, the line tells the truth.
    """

    def __init__(self, path: Path, run: Mapping[str, Any]) -> None:
        """Read what there is, or begin.

        Args:
            path: of the journal.
            run: what makes two runs the same.

        Raises:
            DataError: it is the journal of another run, or none.
            RfonnxError: it cannot be written.
        """
        self._path = path
        self.done: set[int] = set()
        self.figures: dict[str, np.ndarray] = {}
        self.again = False
        head = json.dumps(dict(run), sort_keys=True)
        try:
            if path.exists():
                self._read(head)
            self._file = path.open("a", encoding="utf-8")
            if not self.again:
                self._write(head)
        except OSError as error:
            raise unwritten(str(path), error) from error

    def _read(self, head: str) -> None:
        lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        if not lines[0]:
            return
        if lines[0] != head:
            raise DataError(
                f"{self._path} is the journal of another run: of another model, input, size or tile",
                "run that one to its end, or remove the journal and the .partial beside it, or pass --restart",
            )
        self.again = True
        for line in lines[1:-1]:  # what stands behind the last line break was cut off
            entry = json.loads(line)
            if "tile" in entry:
                self.done.add(entry["tile"])
            else:
                data = base64.b64decode(entry["data"])
                self.figures[entry["figure"]] = np.frombuffer(data, entry["dtype"]).reshape(entry["shape"])
        whole = sum(len(line.encode()) + 1 for line in lines[:-1])
        with self._path.open("r+b") as file:
            file.truncate(whole)

    def gathered(self, figures: Mapping[str, np.ndarray]) -> None:
        """Keep what earlier passes gathered."""
        for name, array in figures.items():
            data = base64.b64encode(array.tobytes()).decode()
            self._write(json.dumps({"figure": name, "dtype": array.dtype.str, "shape": array.shape, "data": data}))
        self.figures = dict(figures)

    def finished(self, tile: int) -> None:
        """A tile is written."""
        self.done.add(tile)
        self._write(json.dumps({"tile": tile}))

    def _write(self, line: str) -> None:
        try:
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:
            raise unwritten(str(self._path), error) from error

    def close(self) -> None:
        """Nothing more is written; what nobody can go on from is removed."""
        self._file.close()
        if not self.done and not self.figures:
            self.remove()

    def remove(self) -> None:
        """All is done, or nothing is."""
        self._file.close()
        self._path.unlink(missing_ok=True)
