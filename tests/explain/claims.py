"""What an explanation says, held to a net that was worked out without rfonnx."""

from __future__ import annotations

import numpy as np

import rfonnx
from explain.nets import Net, Place
from rfonnx.results.fields import ExplainStep

CAUSES = {
    "Conv": {"kernel"},
    "MaxPool": {"pooling"},
    "AveragePool": {"pooling"},
    "ConvTranspose": {"upsampling"},
    "Linear": {"upsampling"},
    "GlobalAveragePool": {"global"},
}


def hold(net: Net) -> int:
    """Checks every sentence about the net's output; returns how many steps added something."""
    last = len(net.layers) - 1
    analysis = rfonnx.analyze(net.model())
    steps = analysis.explain(f"t{last}", "x", 2)
    sizes = [net.size(last, (c, p)) for c in range(net.channels(last)) for p in range(net.length(last))]
    assert steps[-1].size == max(sizes)
    assert sum(step.added for step in steps) == max(sizes) - 1
    before: tuple[int, Place] | None = None
    for index, step in enumerate(steps):
        here = int(step.tensor[1:]), (step.position[1], step.position[2])
        assert net.size(*here) == step.size, "the field of that position is another"
        hold_step(net, here, before, step, steps[-1] if index + 1 < len(steps) else None)
        before = here
    return sum(step.added > 0 for step in steps)


def hold_step(
    net: Net, here: tuple[int, Place], before: tuple[int, Place] | None, step: ExplainStep, end: ExplainStep | None
) -> None:
    layer, place = here
    one = net.layers[layer]
    if before is not None:
        assert before in net.places(layer, place), "the chain leaves what is read"
        assert step.added == step.size - net.size(*before)
    assert 0 <= step.misaligned <= step.added
    own = step.added - step.misaligned
    if own:
        assert step.cause in CAUSES[one.op], step
    elif step.misaligned:
        assert step.cause == "join"
    if step.misaligned:
        hold_misaligned(net, layer, place, before, step)
    if not one.slides or one.op in ("Slice", "Nearest"):
        assert own == 0 or one.op == "GlobalAveragePool"
        return
    if one.op in ("Conv", "MaxPool", "AveragePool"):
        assert (step.kernel, step.stride) == (one.kernel, one.stride)
        assert step.dilation == one.dilation or one.kernel == 1
    read = net.reads(layer, place[1])
    tap = next(tap for tap, p in read.items() if before is None or p == before[1][1])
    without = net.with_tap(layer, tap)
    assert without.size(layer, place) == step.size - own, "one tap sees another field than is said"
    if end is not None and not net.resampled and own:
        last = len(net.layers) - 1
        left = without.size(last, (end.position[1], end.position[2]))
        assert left >= end.size - own, "the operator made more than it is said to have made"
        if net.on_every_path(layer):
            assert left == end.size - own, "without the operator the output sees as much"


def hold_misaligned(net: Net, layer: int, place: Place, before: tuple[int, Place] | None, step: ExplainStep) -> None:
    """Of the operands, or of the channels at one position, at least two reach further than each other."""
    assert before is not None, "there is one input channel"
    read = net.places(layer, place)
    if net.layers[layer].slides:
        read = [(source, (c, p)) for source, (c, p) in read if p == before[1][1]]
    fields = [net.field(*other) for other in read]
    low, high = min(lo for lo, _ in fields), max(hi for _, hi in fields)
    assert high - low + 1 - net.size(*before) == step.misaligned
    assert (low, high) not in fields, "one of them sees it all"


def hold_to_run(net: Net) -> bool:
    """The net's own oracle against a run of its model, at the output's middle; False when it reads beyond a border."""
    last = len(net.layers) - 1
    middle = net.length(last) // 2
    dependent = net.measured()
    for channel in range(net.channels(last)):
        if not net.inside(last, (channel, middle)):
            return False
        seen = np.flatnonzero(dependent[:, channel, middle])
        assert (seen[0], seen[-1]) == net.field(last, (channel, middle)), "the oracle is wrong"
    return True
