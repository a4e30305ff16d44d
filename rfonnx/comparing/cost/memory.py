"""Peak memory of one model, measured in a process of its own: `python -m rfonnx.comparing.cost.memory` reads what to run from
standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from rfonnx.system.interpreter import environment, python

TIMEOUT = 120
"""Seconds until a model counts as not measurable."""


def peak_bytes(
    path: str,
    feeds: Mapping[str, np.ndarray],
    threads: int,
    values: Mapping[str, np.ndarray] | None = None,
    folder: str | None = None,
) -> int | None:
    """Memory that loading a model and running it once on zeros adds to a process that has onnxruntime; None when that fails.

    Args:
        path: the model's file.
        feeds: arrays whose shapes and types are used.
        threads: threads per operator; each has buffers of its own.
        values: of inputs that are run with these, and not with zeros.
        folder: where its weights lie, if not beside the file; the file itself is read into memory then.
    """
    shapes = {name: [array.dtype.name, list(array.shape)] for name, array in feeds.items()}
    held = {name: [value.dtype.name, value.tolist()] for name, value in (values or {}).items()}
    task = json.dumps({"path": path, "threads": threads, "feeds": shapes, "values": held, "folder": folder})
    try:
        done = subprocess.run(
            python("-m", "rfonnx.comparing.cost.memory"),
            input=task, capture_output=True, text=True, timeout=TIMEOUT, check=True, env=environment(),
        )  # fmt: skip
        answer = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer if isinstance(answer, int) else None


def main() -> None:
    """Measure what standard input asks for; print bytes, or null where the system does not tell."""
    from rfonnx.model.runtime import open_session, run

    task = json.load(sys.stdin)
    feeds = {name: np.zeros(shape, dtype) for name, (dtype, shape) in task["feeds"].items()}
    feeds |= {name: np.array(value, dtype) for name, (dtype, value) in task["values"].items()}
    run(open_session(_nothing(), threads=task["threads"]), None, {"x": np.zeros(1, np.float32)})
    before = _start_peak()
    path, folder = task["path"], task["folder"]
    session = open_session(Path(path).read_bytes() if folder else path, threads=task["threads"], folder=folder)
    run(session, None, feeds)
    after = _memory("VmHWM")
    sys.stdout.write(json.dumps(after - before if before and after else None))


def _nothing() -> onnx.ModelProto:
    """The smallest model: what its session takes, every session takes."""
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "nothing", [x], [y])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)


def _start_peak() -> int | None:
    """Memory in use now; Linux's record of the peak begins anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _memory("VmRSS")


def _memory(line: str) -> int | None:
    """Bytes of a line of /proc/self/status, which Linux has; None elsewhere."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return next((int(row.split()[1]) * 1024 for row in text.splitlines() if row.startswith(line)), None)


if __name__ == "__main__":
    main()
