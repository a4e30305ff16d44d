"""What a model's tensors see along time: which axis that is, what stands for which sample, and how far they look."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from rfonnx.analysis.derive.analysed import Fields
from rfonnx.analysis.derive.time_axis import TimeAxes
from rfonnx.analysis.derive.walks import Walks
from rfonnx.analysis.lower import Program
from rfonnx.graph.nodes import Graph
from rfonnx.results.fields import TimeFact
from rfonnx.system.late import Late

if TYPE_CHECKING:
    from rfonnx.analysis.derive import causality
else:
    causality = Late("rfonnx.analysis.derive.causality")


class Time:
    """Answers about one analysis, each worked out when it is first asked for.

    Attributes:
        walks: what every tensor stands for.
        axes: the time axis of every input.
    """

    def __init__(self, fields: Fields, graph: Graph, program: Program) -> None:
        self._fields = fields
        self.walks = Walks(program)
        self.axes = TimeAxes(fields, graph, program, self.walks)

    @cached_property
    def known(self) -> dict[str, int]:
        """The time axis of each input that has one."""
        return {name: one.axes[0] for name, one in self.axes.candidates.items() if len(one.axes) == 1}

    def facts(self, output: str) -> tuple[TimeFact, ...]:
        """The facts of an output."""
        return causality.time_facts(self._fields, self.walks, self.known, output) if self.known else ()

    def depends(self, tensor: str, input: str, axis: int) -> bool:
        """Whether a tensor sees anything of an input's axis."""
        return causality.depends(self._fields, tensor, input, axis)

    def reach(self, tensor: str, input: str, axis: int) -> causality.Reach | str:
        """As `rfonnx.analysis.derive.causality.reach`."""
        return causality.reach(self._fields, self.walks, tensor, input, axis)

    def only_past(self, tensor: str, input: str, axis: int) -> bool:
        """Whether a tensor is proven to see nothing after its own position."""
        if not self.depends(tensor, input, axis) or causality.begins_ahead(
            self._fields, self.walks, tensor, input, axis
        ):
            return False
        seen = self.reach(tensor, input, axis)
        return isinstance(seen, causality.Reach) and seen.causal is True


class Timed(Fields, Protocol):
    """An analysis that answers about time, too."""

    @property
    def time(self) -> Time:
        """What runs along the axes of inputs."""
        ...
