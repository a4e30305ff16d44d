"""The random net of a seed: half of them have a block that needs the whole."""

from __future__ import annotations

from tiling import blocks, whole_blocks
from tiling.maker import Maker, Net

assert blocks
assert whole_blocks


def random_net(seed: int) -> Net:
    maker = Maker(seed)
    return maker.make(maker.integer(1, 5), 0.0 if maker.chance() else 0.3)
