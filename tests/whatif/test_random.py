"""A few of the random nets; `random_nets.py` sweeps over more."""

from __future__ import annotations

import pytest

from whatif.random_nets import differences


@pytest.mark.parametrize("seed", range(10))
def test_what_if_and_search_of_random_nets(seed: int) -> None:
    assert differences(seed) == []
