"""Plans on Dask: lazy arrays, and a cluster of worker processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import dask.array as da
import distributed
import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.errors import QueryError
from tiling.nets import Net


def test_a_lazy_array_is_the_whole(net: onnx.ModelProto, image: np.ndarray, whole: np.ndarray) -> None:
    lazy = rfonnx.tile(net, tile=(32, 40)).to_dask(da.from_array(image, chunks=(1, 2, 17, 80)))
    assert lazy.shape == whole.shape
    assert lazy.dtype == whole.dtype
    assert len(lazy.chunks[2]) > 2
    np.testing.assert_allclose(lazy.compute(scheduler="threads"), whole, atol=1e-5)
    np.testing.assert_allclose(lazy[:, :, 50:60, 3:9].compute(scheduler="threads"), whole[:, :, 50:60, 3:9], atol=1e-5)


def test_stages_are_no_lazy_array(image: np.ndarray) -> None:
    made = Net()
    plan = rfonnx.tile(made.model(made.gate(made.conv("x", 4))), tile=(32, 40), stages=True)
    with pytest.raises(QueryError, match="passes of their own"):
        plan.to_dask(image)


@pytest.mark.filterwarnings("ignore")  # of tornado and asyncio, when a worker is killed
def test_a_worker_of_a_cluster_that_is_killed(
    net: onnx.ModelProto, image: np.ndarray, whole: np.ndarray, tmp_path: Path
) -> None:
    made = np.full_like(whole, np.nan)
    killed: list[int] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
    ) as cluster:

        def kill_one(done: int, total: int) -> None:
            if done == 2 and not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        rfonnx.tile(net, tile=(32, 40)).run(image, made, scheduler=cluster.scheduler_address, tell=kill_one)
    assert killed
    np.testing.assert_allclose(made, whole, atol=1e-5)


def test_a_scheduler_that_does_not_answer(
    net: onnx.ModelProto, image: np.ndarray, whole: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rfonnx.tiling.pools.ANSWER", 0.5)
    plan = rfonnx.tile(net, tile=(32, 40))
    with pytest.raises(QueryError, match="no Dask scheduler answers"):
        plan.run(image, np.empty_like(whole), scheduler="tcp://127.0.0.1:1")
