"""A scan whose processes are started by workers of a Dask cluster."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import distributed
import pytest

from rfonnx.scanning.alone import How
from rfonnx.scanning.fleet import scan
from rfonnx.scanning.journal import read_records
from rfonnx.scanning.listing import listed
from scan.troublemakers import small


@pytest.mark.filterwarnings("ignore")  # of tornado and asyncio, when a worker is killed
def test_a_worker_that_is_killed_costs_no_model(tmp_path: Path) -> None:
    fleet, killed = tmp_path / "fleet", list[int]()
    fleet.mkdir()
    for number in range(6):
        small(fleet / f"{number}.onnx", 1 + number)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path / "dask")
    ) as cluster:

        def kill_one(done: int, total: int) -> None:
            if done and not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        records = tmp_path / "out.jsonl"
        found = scan(listed([str(fleet)]), How(), records, scheduler=cluster.scheduler_address, tell=kill_one)
    assert killed
    assert [(Path(one["model"]).stem, one["state"]) for one in found] == [(str(n), "reported") for n in range(6)]
    assert sorted(one["model"] for one in read_records(records)) == [one["model"] for one in found]
