"""Threads of processes that run beside others: as the environment says."""

from __future__ import annotations

import pytest

from rfonnx.errors import QueryError
from rfonnx.model.runtime import options
from rfonnx.system.cores import usable_cores


def test_threads_are_those_that_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RFONNX_THREADS", raising=False)
    assert usable_cores() >= 1
    assert options().intra_op_num_threads == 0, "onnxruntime's own choice"
    monkeypatch.setenv("RFONNX_THREADS", "3")
    assert usable_cores() == options().intra_op_num_threads == 3
    assert options(threads=2).intra_op_num_threads == 2, "who names a number has it"


@pytest.mark.parametrize("said", ["", "0", "two", "-1", "1.5"])
def test_what_is_no_number_of_threads_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("RFONNX_THREADS", said)
    with pytest.raises(QueryError, match="not a number of threads"):
        usable_cores()
