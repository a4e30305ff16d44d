"""What drawings read of an analysis."""

from __future__ import annotations

from typing import Protocol

from rfonnx.report.fields.view_source import Source
from rfonnx.results.operations import Operation


class Drawn(Source, Protocol):
    """An analysis that also tells what operators read from each other; `rfonnx.Analysis` is one."""

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The nodes that depend on an input, in topological order."""
        ...
