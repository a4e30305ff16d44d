"""How much of loops and branches is written out: see `unroll` and `branches`."""

from __future__ import annotations

from rfonnx.system.named import NamedTuple


class Limits(NamedTuple):
    """What is written out.

    Attributes:
        rounds, nodes: of one loop: its rounds, and the nodes of all of them.
        total: nodes of all rounds of all loops: each of loops inside loops is written out again in every round of the outer ones.
        choices: whether an If that data decide is written out: see `branches.choose`.
    """

    rounds: int
    nodes: int
    total: int
    choices: bool


FEW = Limits(512, 8192, 4 * 8192, False)
"""For a graph whose fields are asked for: above, the rounds are taken together (see `access.rounds`)."""

STEPS = Limits(7, 8192, 4 * 8192, False)
"""For a graph that is streamed: what runs along frames stays a loop. Tensors have more frames than that where it is looked at."""

MANY = Limits(100_000, 100_000, 100_000, True)
"""For a file that gradients are written for."""
