"""One model in a process of its own, so that whatever it does to that costs this model alone."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rfonnx.errors import RfonnxError
from rfonnx.results.plain import HEAD
from rfonnx.results.scan import ScanRecord, State
from rfonnx.scanning.listing import Listed
from rfonnx.scanning.remote import fetch
from rfonnx.scanning.starter import Starter
from rfonnx.system import scratch
from rfonnx.system.interpreter import ended
from rfonnx.system.regular import digest


@dataclass(frozen=True)
class How:
    """How each model is analysed.

    Attributes:
        shapes: of inputs, or lengths of symbolic dimensions, as in `rfonnx.analyze`; what a model does not have is left out.
        timeout: seconds for each model; None: no end.
        memory: bytes of address space for each; None: no limit.
    """

    shapes: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    memory: int | None = None

    @property
    def asked(self) -> str:
        """What a record depends on beside the model: shapes, as JSON."""
        return json.dumps(dict(sorted(self.shapes.items())))

    @property
    def late(self) -> str:
        """Why a model that takes too long has no report."""
        return f"it took longer than {self.timeout:g} s"

    def holds(self, record: ScanRecord) -> bool:
        """Whether a record of the same file would be made again as it is. One that took too long may not with another limit."""
        same = record["asked"] == self.asked and record["rfonnx"] == HEAD["rfonnx"]
        return same and (record["state"] != "timed out" or (self.timeout is not None and record["reason"] == self.late))


def record(listed: Listed, how: How) -> ScanRecord:
    """Analyse a model in a process of its own; there is a record whatever becomes of it."""
    begun = time.perf_counter()
    with scratch.folder() as folder:
        try:
            path = fetch(listed.name, folder) if listed.remote else Path(listed.name)
            checksum, size = digest(path), path.stat().st_size
        except (OSError, RfonnxError) as error:
            reason = str(error) if isinstance(error, RfonnxError) else f"it cannot be read: {error.strerror}"
            return _made(listed, how, "", 0, {"state": "refused", "reason": reason, "report": None}, begun)
        answer = _asked(path, folder / "answer.json", how)
    return _made(listed, how, checksum, size, answer, begun)


def _made(listed: Listed, how: How, checksum: str, size: int, answer: Mapping[str, Any], begun: float) -> ScanRecord:
    return ScanRecord(
        format=HEAD["format"],
        rfonnx=HEAD["rfonnx"],
        model=listed.name,
        sha256=checksum,
        asked=how.asked,
        bytes=size,
        state=answer["state"],
        reason=answer["reason"],
        seconds=round(time.perf_counter() - begun, 3),
        report=answer["report"],
    )


def _asked(path: Path, answer: Path, how: How) -> dict[str, Any]:
    errors = answer.with_suffix(".log")
    job = {
        "path": str(path),
        "folder": str(Path.cwd()),
        "answer": str(answer),
        "log": str(errors),
        "shapes": dict(how.shapes),
        "memory": how.memory,
    }
    code, late = Starter.do(job, how.timeout)
    if code == 0 and answer.exists():
        found: dict[str, Any] = json.loads(answer.read_bytes())
        return found
    if late:
        return _lost("timed out", how.late)
    if code < 0:
        more = "; the system may have run out of memory" if code == -signal.SIGKILL else ""
        return _lost("crashed", f"its process was ended by {ended(code)}{more}")
    last = errors.read_text(errors="replace").strip().rpartition("\n")[2][:500] if errors.exists() else ""
    return _lost("crashed", f"its process ended with {ended(code)}" + (f": {last}" if last else ""))


def _lost(state: State, reason: str) -> dict[str, Any]:
    return {"state": state, "reason": reason, "report": None}
