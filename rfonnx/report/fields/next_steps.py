"""What a report leads to: the command that answers the next question, each with its reason."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from rfonnx.report.document import Line, Name
from rfonnx.report.fields.view import Axes
from rfonnx.report.fields.view_source import Source


def next_steps(source: Source, axes: Axes) -> Iterator[Line]:
    """A line per command. MODEL stands for the file and the options that say its sizes."""
    computed = [source.tensors[output] for output in source.outputs if output in source.tensors]
    reads = [
        (field, tensor.name, key)
        for tensor in computed
        for key, field in tensor.fields.items()
        if field.kind != "none" and key[1] in axes.get(key[0], ())
    ]
    if not reads:
        return
    _, tensor, (name, _) = max(reads, key=lambda read: read[0].size)
    of_input = (" --input ", _word(name, "INPUT")) if len(axes) > 1 else ()
    explain = "which operators made the field that large: rfonnx explain MODEL --tensor "
    yield (explain, _word(tensor, "TENSOR"), *of_input)
    yield ("how much of it is really used: rfonnx erf MODEL",)
    if source.windowed and all(field.kind in ("local", "periodic") for field, _, _ in reads):
        yield ("to run images that are larger than memory: rfonnx tile plan MODEL",)


def _word(name: str, instead: str) -> str:
    """A name in a command that people copy; `instead` where a shell would take it for more than a name."""
    return Name(name) if shlex.quote(name) == name and not name.startswith("-") else instead
