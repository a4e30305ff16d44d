"""Samples of one file are read and measured as blocks: figures and faults are those of sample by sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

import rfonnx
import small_nets
from rfonnx.comparing.batches import BLOCK_SAMPLES
from rfonnx.data.archive import stored_arrays
from rfonnx.data.arrays import Rows
from rfonnx.errors import DataError
from rfonnx.results.comparison import Comparison

QUICK = {"cost": False, "effective": False, "fields": False}
COUNT = 3 * BLOCK_SAMPLES + 5


def figures(found: Comparison) -> dict[str, float]:
    return {name: measure.value for name, measure in found.outputs[0].measures.items()}


@pytest.mark.parametrize("batch", [1, 7, 8, 64, 1000])
def test_figures_are_those_of_single_files(tmp_path: Path, batch: int) -> None:
    net = small_nets.classifier()
    images = np.random.default_rng(0).standard_normal((COUNT, 3, 8, 8)).astype("f")
    np.save(tmp_path / "x.npy", images)
    folder = tmp_path / "single"
    folder.mkdir()
    for index, image in enumerate(images):
        np.save(folder / f"{index:04}.npy", image)
    pair = (net, small_nets.damaged(net, "w2", 1.2))
    whole = rfonnx.compare(*pair, tmp_path / "x.npy", batch=batch, **QUICK)
    single = rfonnx.compare(*pair, folder, batch=1, **QUICK)
    assert whole.samples.count == single.samples.count == COUNT
    assert figures(whole) == pytest.approx(figures(single), rel=1e-4)
    assert (
        whole.outputs[0].worst["sqnr_db"][0].sample == f"x.npy[{int(single.outputs[0].worst['sqnr_db'][0].sample[:4])}]"
    )
    limited = rfonnx.compare(*pair, tmp_path / "x.npy", batch=batch, samples=BLOCK_SAMPLES + 3, **QUICK)
    assert limited.samples.count == BLOCK_SAMPLES + 3


@pytest.mark.parametrize("fixed", ["n", 4])
@pytest.mark.parametrize("bad", [0, 3, 37, 70])
def test_what_comes_before_the_sample_that_fails_is_measured(tmp_path: Path, bad: int, fixed: int | str) -> None:
    nodes = [helper.make_node("Gather", ["t", "i"], ["y"], "look")]
    net = small_nets.model(
        nodes, {"i": (fixed, 2)}, {"y": (fixed, 2, 3)}, {"t": np.ones((5, 3), "f")}, {"i": TensorProto.INT64}
    )
    rows = np.zeros((80, 2), np.int64)
    rows[bad] = 9
    np.save(tmp_path / "i.npy", rows)
    if bad < 4:
        with pytest.raises(rfonnx.RfonnxError, match=rf"i.npy\[{bad}\]"):
            rfonnx.compare(net, net, tmp_path / "i.npy", batch=4, **QUICK)
        return
    found = rfonnx.compare(net, net, tmp_path / "i.npy", batch=4, **QUICK)
    assert f"i.npy[{bad}]" in found.incomplete
    assert "look" in found.incomplete
    assert found.samples.count == bad // 4 * 4


def test_what_is_read_before_a_fault_comes_before_it(tmp_path: Path) -> None:
    """The first fault of a file that shrinks while it is read."""
    path = tmp_path / "x.npy"
    np.save(path, np.arange(20, dtype="f").reshape(10, 2))
    rows = Rows(stored_arrays(path)[""])
    path.write_bytes(path.read_bytes()[:-20])
    blocks = rows.blocks(4)
    assert [len(next(blocks)) for _ in range(2)] == [4, 3]
    with pytest.raises(DataError, match="cut off at row 7"):
        next(blocks)
