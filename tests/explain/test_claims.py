"""Every sentence of an explanation, on random nets: what each step's position sees, and what it would without the operator."""

from __future__ import annotations

import pytest

from explain.claims import hold, hold_to_run
from explain.nets import random_net

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_say_what_they_add(seed: int) -> None:
    hold(random_net(seed))


def test_the_oracle_sees_what_runs_of_the_models_show() -> None:
    compared = sum(hold_to_run(random_net(seed)) for seed in SEEDS)
    assert compared > len(SEEDS) // 2


def test_the_nets_meet_every_cause() -> None:
    """Else the tests above would say less than they seem to."""
    layers = [layer.op for seed in SEEDS for layer in random_net(seed).layers]
    for op in ("Conv", "MaxPool", "AveragePool", "ConvTranspose", "Linear", "Nearest", "Slice", "Concat", "Sum"):
        assert layers.count(op) >= 3, op
