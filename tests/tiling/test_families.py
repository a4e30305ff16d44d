"""The planned halo against brute force, for the kinds of nets that are run in tiles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import rfonnx
from tiling import families
from tiling.reach import reach

CSBDEEP = """
1 3 1   6   1 5 1  12   1 7 1  18   2 3 1  10   2 5 1  20   2 7 1  30   3 3 1  14   3 5 1  28   3 7 1  42
4 3 1  18   4 5 1  36   4 7 1  54   5 3 1  22   5 5 1  44   5 7 1  66   1 3 2   9   1 5 2  17   1 7 2  25
2 3 2  22   2 5 2  43   2 7 2  62   3 3 2  46   3 5 2  92   3 7 2 138   4 3 2  94   4 5 2 188   4 7 2 282
5 3 2 190   5 5 2 380   5 7 2 570   1 3 4  14   1 5 4  27   1 7 4  38   2 3 4  58   2 5 4 116   2 7 4 158
3 3 4 234   3 5 4 468   3 7 4 638   4 3 4 938   4 5 4 1876  4 7 4 2558
"""
"""`tile_overlap` in csbdeep/internals/predict.py: levels, kernel, pool size, and how far the middle position of an image sees."""

LESS = {(1, 3, 2): 8, (1, 5, 2): 16, (1, 7, 2): 24, (2, 5, 2): 40, (1, 5, 4): 24}
"""Where a part on the grid sees less beside itself than that one position, which lies inside a part, does around it."""


@pytest.mark.parametrize("how", ["nearest", "linear", "transposed"])
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_the_halo_of_unets_is_what_changes_a_part(depth: int, kernel: int, how: str) -> None:
    model = families.unet(depth, kernel, how)
    plan = rfonnx.tile(model)
    assert plan.exact
    assert plan.grid == {("x", 2): 2**depth}
    assert reach(model, plan) == plan.halo["x", 2]
    if kernel == 3 and how != "linear":
        beside = (8, 22, 46, 94, 190)[depth - 1]
        assert plan.halo["x", 2] == (beside, beside)


def test_the_table_of_csbdeep() -> None:
    numbers = np.array(CSBDEEP.split(), int).reshape(-1, 4)
    table = {(depth, kernel, size): overlap for depth, kernel, size, overlap in numbers.tolist()}
    assert len(table) == 42
    planned = {key: rfonnx.tile(families.unet(key[0], key[1], "nearest", key[2])).halo["x", 2] for key in table}
    assert planned == {key: (LESS.get(key, overlap),) * 2 for key, overlap in table.items()}


@pytest.mark.parametrize(
    ("make", "halo", "grid"),
    [
        (families.dilated, (15, 15), 1),
        (families.strided_head, (15, 0), 16),
        (families.wavenet, (63, 0), 1),
        (families.pyramid, (15, 8), 8),
        (families.even_kernels, (1, 3), 1),
        (families.same_upper, (5, 7), 2),
        (families.causal, (6, 0), 1),
    ],
)
def test_halos_over_one_axis(make: Callable[[], onnx.ModelProto], halo: tuple[int, int], grid: int) -> None:
    model = make()
    plan = rfonnx.tile(model)
    assert plan.exact
    assert plan.halo == {("x", 2): halo}
    assert plan.grid == {("x", 2): grid}
    assert reach(model, plan) == halo
    assert plan.verify(threads=1).passed


@pytest.mark.parametrize(("make", "halo", "other"), [(families.espcn, 4, 12), (families.volumes, 8, 8)])
def test_halos_of_images_and_volumes(make: Callable[[], onnx.ModelProto], halo: int, other: int) -> None:
    model = make()
    plan = rfonnx.tile(model)
    assert set(plan.halo.values()) == {(halo, halo)}
    assert [reach(model, plan, axis, other) for _, axis in plan.halo] == [(halo, halo)] * len(plan.halo)
    assert plan.verify(threads=1).passed


@pytest.mark.parametrize(("large", "halo", "margin", "theirs"), [(False, 80, 80, 96), (True, 94, 96, 112)])
def test_open_image_denoise(large: bool, halo: int, margin: int, theirs: int) -> None:
    plan = rfonnx.tile(families.denoiser(large))
    assert set(plan.halo.values()) == {(halo, halo)}
    assert {axis.before * 16 for axis in plan.axes} == {margin}
    found = plan.verify(threads=1)
    assert found.identical
    assert found.least
    assert {one.by for one in found.opposites if one.kind == "crop"} == {margin - 16}
    saved = 1 - ((768 - 2 * theirs) / (768 - 2 * margin)) ** 2
    assert round(saved, 2) == {False: 0.10, True: 0.11}[large]
