"""Writing a stream: its file, and its manifest beside it, once it was verified."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onnx import ModelProto

from rfonnx.errors import RfonnxError
from rfonnx.results.stream_checks import StreamVerification
from rfonnx.results.streaming import Manifest
from rfonnx.streaming.manifest import to_json
from rfonnx.streaming.refusal import Refused
from rfonnx.system import scratch


def save_stream(path: str | os.PathLike[str], model: ModelProto, manifest: Manifest, found: StreamVerification) -> None:
    """Write a stream and its manifest (`s.onnx`, `s.json`), if what was found of it says that it is the offline model.

    Raises:
        Refused: the stream differs from the offline model, or no run says that it does not; nothing is written.
        RfonnxError: a file cannot be written.
    """
    if all(run.skipped for run in found.runs):
        raise Refused(
            f"{manifest.model}: the offline model runs at no length that was tried ({found.runs[0].skipped}), so that "
            "the stream is not verified, and was not written",
            "give other shapes, or stream a part of it that onnxruntime runs: --until",
        )
    if not found.passed:
        raise Refused(
            f"{manifest.model}: the stream differs from the offline model ({_worst(found)}), and was not written",
            "report it with the model: that is an error of rfonnx",
        )
    target = Path(path)
    for where, data in (
        (target, model.SerializeToString()),
        (target.with_suffix(".json"), (to_json(manifest) + "\n").encode()),
    ):
        with drafted(where) as draft:
            draft.write_bytes(data)


@contextmanager
def drafted(where: Path) -> Iterator[Path]:
    """A draft that becomes a file at the end of the body: the file is there as a whole, or as it was.

    Raises:
        RfonnxError: it cannot be written.
    """
    try:
        with scratch.replacing(where) as draft:
            yield draft
    except OSError as error:
        raise RfonnxError(f"{where} cannot be written: {error.strerror}", "give another name with -o") from error


def _worst(found: StreamVerification) -> str:
    if found.structure is not None and found.structure.differences:
        return found.structure.differences[0]
    for run in found.runs:
        if run.missing:
            name, (got, wanted) = next(iter(run.missing.items()))
            return f"'{name}' has {got} frames for {wanted}, of {run.length} in chunks of {run.chunk}"
    return f"by {found.worst:.1e} of the largest value"
