"""What a page needs to say of an object of any size whether it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rfonnx.report.escape import printable
from rfonnx.report.fields.objects import largest
from rfonnx.report.fields.view_source import Source

LIMIT = 20
"""Most outputs that a page answers for."""


def objects_panel(source: Source, input: str, axes: Sequence[int]) -> dict[str, Any] | None:
    """Plain data for assets/objects.js; None where the input has no lengths, or nothing sees it.

    Returns:
        `lengths` of the `axes`; `entries`: different answers of `largest`, or null; `layers`: the number of each layer's entry;
        `atMost`, `outputs`: numbers of layers.
    """
    shape = source.input_shapes.get(input) or ()
    lengths = [shape[axis] for axis in axes]
    if not lengths or any(length is None for length in lengths):
        return None
    entries: dict[Any, int] = {}
    layers = [entries.setdefault(largest(source, name, input, axes), len(entries)) for name in source.tensors]
    index = {name: number for number, name in enumerate(source.tensors)}
    return {
        "input": printable(input),
        "axes": list(axes),
        "lengths": lengths,
        "entries": list(entries),
        "layers": layers,
        "atMost": [index[name] for name, tensor in source.tensors.items() if not tensor.exact],
        "outputs": [index[name] for name in source.outputs if name in index][:LIMIT],
    }
