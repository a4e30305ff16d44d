"""Which frames of a chunk there are, of all tensors that ask. It is worked out at once: a net with many masks would spend more
time on them than on what they mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from onnx import helper

from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.values import Value
from rfonnx.results.streaming import Length
from rfonnx.streaming.lengths import Lengths

NEVER = 2**60
"""A frame that no stream comes to."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Frames of a tensor that has `frames` in a chunk: `count` of them, from number `first` on in the first chunk. Those before 0
    are none where `start` is set, and those from `end` on where there is one."""

    frames: int
    first: int
    count: int
    start: bool
    end: Length | None


@dataclass
class Masks:
    """What was asked for, and the lists of bools that it becomes."""

    emit: Emitter
    asked: dict[Asked, Value] = field(default_factory=dict)

    def there(self, asked: Asked) -> Value:
        """A list of bools, which `write` will make."""
        if asked not in self.asked:
            self.asked[asked] = Value(self.emit, self.emit.unique("there"), "bool")
        return self.asked[asked]

    def write(self, position: Value, lengths: Lengths) -> None:
        """The nodes, in front of all others. `position`: chunks so far."""
        if not self.asked:
            return
        emit, count = self.emit, len(self.emit.nodes)
        emit.scope = "masks"
        rows = list(self.asked)
        steps = np.concatenate([np.full(one.count, one.frames) for one in rows])
        first = np.concatenate([np.arange(one.first, one.first + one.count) for one in rows])
        places = position * emit.constant(steps) + emit.constant(first)
        tests = []
        if any(one.start for one in rows):
            least = np.concatenate([np.full(one.count, 0 if one.start else -NEVER) for one in rows])
            tests.append(emit("GreaterOrEqual", places, emit.constant(least)))
        told = [None if one.end is None else lengths.entry(one.end) for one in rows]
        ending = [entry for entry in told if entry is not None]
        if ending:
            never = max(ending) + 1
            limits = np.concatenate(
                [np.full(one.count, never if entry is None else entry) for one, entry in zip(rows, told, strict=True)]
            )
            some = lengths.value.slice(0, 0, never)
            known = some if len(ending) == len(rows) else emit.concat([some, emit.ints([NEVER])], 0)
            tests.append(emit("Less", places, emit("Gather", known, emit.constant(limits), axis=0)))
        both = emit("And", *tests) if len(tests) > 1 else tests[0]
        names = [value.name for value in self.asked.values()]
        parts = [emit.ints([one.count for one in rows]).name] if len(rows) > 1 else []
        emit.nodes.append(
            helper.make_node("Split" if parts else "Identity", [both.name, *parts], names, both.name + "/all")
        )
        if parts:
            emit.nodes[-1].attribute.append(helper.make_attribute("axis", 0))
        emit.nodes[:] = emit.nodes[count:] + emit.nodes[:count]
