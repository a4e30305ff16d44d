"""The process of one model: a job comes on standard input, a record goes to the file that it names.

Not to standard output: libraries write there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rfonnx.errors import RfonnxError
from rfonnx.results.plain import plain
from rfonnx.system.interpreter import end_with


def main() -> None:
    """Report the model of the job. What kills this process is for the one that started it to say."""
    job: dict[str, Any] = json.load(sys.stdin)
    end_with(job["parent"])
    if job["memory"]:
        _limit(job["memory"])
    shapes = {name: tuple(given) if isinstance(given, list) else given for name, given in job["shapes"].items()}
    Path(job["answer"]).write_text(json.dumps(_answer(job["path"], shapes)))


def _answer(path: str, shapes: dict[str, Any]) -> dict[str, Any]:
    from rfonnx.scanning.reporting import reported

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
