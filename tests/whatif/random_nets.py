"""Random nets, built twice: what-if against the net with the change, and the search against one that leaves nothing out.

`python tests/whatif/random_nets.py 1000 500` looks at 500 nets from seed 1000 on, and prints what differs; a sweep that was ended
goes on from the last seed that it printed.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np
import onnx

import rfonnx
from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.variants import search
from whatif.nets import Net, Options

SETS = 100_000
"""Sets that the search without bounds may analyse."""


def random_net(seed: int, changes: Options) -> onnx.ModelProto:
    """Convolutions padded in several ways, pools, branches, residuals and up-sampling, of one or two axes."""
    draw = random.Random(seed)
    net, rank = Net(changes), draw.choice([1, 2, 2])
    x = net.input("x", (1, 2, *(draw.choice([24, 33, 48, 64]) for _ in range(rank))))
    ways = ["same"] * 5 + ["valid"] + ["causal"] * (rank == 1)
    for turn in range(draw.randint(2, 5)):
        kind = draw.choice(["conv", "conv", "conv", "pool", "branch", "residual", "up", "resize"])
        if kind == "conv":
            kernel = draw.choice([1, 2, 3, 3, 5])
            way = draw.choice(ways) if kernel > 1 else "same"  # of one position no way can be told
            x = net.conv(
                x, f"conv{turn}", draw.choice([2, 3]), kernel, draw.choice([1, 1, 2]), draw.choice([1, 1, 2]), way=way
            )
        elif kind == "pool":
            way, op = draw.choice(["valid", "same"]), draw.choice(["MaxPool", "AveragePool"])
            x = net.pool(x, f"pool{turn}", draw.choice([2, 3]), draw.choice([1, 2]), way, op)
        elif kind == "branch":
            deep = net.conv(net.conv(x, f"deep{turn}", 2), f"deeper{turn}", 2)
            side = net.conv(x, f"side{turn}", 2, 3, 1, draw.choice([1, 2]))
            x = net.node("Concat", [net.conv(x, f"point{turn}", 2, 1), side, deep], f"join{turn}", 6, axis=1)
        elif kind == "residual":
            channels = net.channels[x]
            y = net.relu(net.conv(x, f"a{turn}", channels, 3, 1, draw.choice([1, 2])))
            x = net.add(net.conv(y, f"b{turn}", channels, draw.choice([1, 3])), x, f"sum{turn}")
        elif kind == "up":
            x = net.up(x, f"up{turn}", 2, draw.choice([2, 4]), 2)
        else:
            net.weights[f"scale{turn}"] = np.array([1, 1] + [2] * rank, np.float32)
            x = net.node("Resize", [x, "", f"scale{turn}"], f"resize{turn}", mode=draw.choice(["nearest", "linear"]))
    return net.made(net.relu(x))


def single_changes(model: onnx.ModelProto) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every change of a search, by node."""
    for node in model.graph.node:
        attrs = {one.name: list(one.ints) for one in node.attribute}
        if node.op_type in ("Conv", "MaxPool", "AveragePool"):
            kernel = attrs["kernel_shape"]
            for factor in (2, 4, 8) if max(kernel) > 1 and "dilations" in attrs else ():
                yield node.name, {"dilation": tuple(d * factor for d in attrs["dilations"])}
            yield node.name, {"kernel": tuple(k + 2 for k in kernel)}
            if max(attrs["strides"]) > 1:
                yield node.name, {"stride": 1}


def differences(seed: int) -> list[str]:
    """What is other than it should be, of one net; a net that is refused has none."""
    draw, model = random.Random(seed), random_net(seed, {})
    try:
        own = rfonnx.whatif(model)
    except rfonnx.RfonnxError:
        return []
    changes, found = list(single_changes(model)), []
    for _ in range(3 if changes else 0):
        asked = dict(draw.sample(changes, min(2, len(changes))))
        try:
            variant = rfonnx.whatif(model, asked).variants[0]
        except rfonnx.RfonnxError:
            continue
        wanted = rfonnx.analyze(random_net(seed, asked))
        same = all(one.field == wanted.tensors[one.tensor].fields[one.input, one.axis] for one in variant.seen)
        if not same or variant.macs != macs(wanted.graph).total:
            found.append(f"seed {seed}: {asked} is not the net with that change")
    tensor = own.before.seen[0].tensor
    before = own.before.coverage(tensor)
    if before < 1 and len(changes) <= 40:
        share = min(1.0, before + (1 - before) * draw.choice([0.2, 0.4, 0.7, 1.0]))
        pruned = rfonnx.whatif(model, tensors=[tensor], coverage=share).target
        with (
            mock.patch.object(search._Run, "_may_reach", return_value=True),
            mock.patch.object(search, "ANALYSED", SETS),
        ):
            whole = rfonnx.whatif(model, tensors=[tensor], coverage=share).target
        assert pruned is not None
        assert whole is not None
        if pruned.proven and [one.macs for one in pruned.proposals] != [one.macs for one in whole.proposals]:
            found.append(f"seed {seed}: {share} is reached otherwise without bounds")
    return found


if __name__ == "__main__":
    first, count = map(int, sys.argv[1:])
    for number in range(first, first + count):
        for line in differences(number):
            sys.stdout.write(line + "\n")
        if number % 50 == 0:
            sys.stdout.write(f"seed {number}\n")
