"""A few of the random nets in every run: nothing that is said of them is contradicted. `attack.py` holds many more."""

from __future__ import annotations

import pytest

from truth.claims import claims
from truth.oracle import Truth
from truth.random_nets import random_net


@pytest.mark.parametrize("seed", range(500_000, 500_040))
def test_nothing_that_is_said_is_contradicted(seed: int) -> None:
    assert [line for line in claims(Truth(random_net(seed))) if not line.startswith("loose")] == []
