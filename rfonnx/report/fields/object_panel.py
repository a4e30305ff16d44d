"""What a page needs to say of an object of any size whether it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from rfonnx.report.escape import printable
from rfonnx.report.explorer.interval_tables import Fielded, passed_on
from rfonnx.report.fields.view_source import Source
from rfonnx.results.objects import largest

LIMIT = 20
"""Most outputs that a page answers for."""

LONGEST = 2**18
"""Positions of an input's axis: of longer ones a page says nothing, since every layer would be worked out place by place."""


class Looked(Source, Fielded, Protocol):
    """An analysis that tells what passes fields on; `rfonnx.Analysis` is one."""


def objects_panel(source: Looked, input: str, axes: Sequence[int]) -> dict[str, Any] | None:
    """Plain data for assets/objects.js; None where the input has no lengths, or too long ones.

    Returns:
        `lengths` of the `axes`; `entries`: different answers of `largest`, or null; `layers`: the number of each layer's entry;
        `atMost`, `outputs`: numbers of layers.
    """
    shape = source.input_shapes.get(input) or ()
    lengths = [shape[axis] for axis in axes]
    if not lengths or any(length is None or length > LONGEST for length in lengths):
        return None
    entries: dict[Any, int] = {}
    by_name: dict[str, int] = {}
    passed = passed_on(source.program)
    for name in source.tensors:
        if (origin := passed.get(name, name)) in by_name:
            by_name[name] = by_name[origin]
        else:
            by_name[name] = entries.setdefault(largest(source, name, input, axes), len(entries))
    index = {name: number for number, name in enumerate(source.tensors)}
    return {
        "input": printable(input),
        "axes": list(axes),
        "lengths": lengths,
        "entries": list(entries),
        "layers": list(by_name.values()),
        "atMost": [index[name] for name, tensor in source.tensors.items() if not tensor.exact],
        "outputs": [index[name] for name in source.outputs if name in index][:LIMIT],
    }
