"""Keys that hosts of the k2-fsa family read: what is true of a stream, and nothing else."""

from __future__ import annotations

import pytest

import rfonnx
from rfonnx.streaming.sherpa import sherpa
from streaming.nets import NETS


@pytest.mark.parametrize(("name", "factor"), [("causal TCN", "1"), ("video", "2"), ("codec with LSTM", "1")])
def test_frames_of_a_run_and_between_runs(name: str, factor: str) -> None:
    make, axis, unit, _ = NETS[name]
    plan = rfonnx.stream(make(), "x", axis, 2 * unit, metadata="sherpa")
    said = {entry.key: entry.value for entry in plan.model.metadata_props}
    frames = str(2 * unit)
    assert {key: said[key] for key in said if not key.startswith("rfonnx")} == {
        "T": frames,
        "decode_chunk_len": frames,
        "window_size": frames,
        "chunk_shift": frames,
        "subsampling_factor": factor,
    }
    assert rfonnx.Stream(plan.model).manifest == plan.manifest
    assert rfonnx.stream(make(), "x", axis, pack=True, metadata="sherpa").manifest.packs


def test_a_rate_that_is_no_whole_number_is_left_out() -> None:
    """Three frames for two: there is no factor."""
    from dataclasses import replace

    make, axis, _, _ = NETS["causal TCN"]
    manifest = rfonnx.stream(make(), "x", axis, 2).manifest
    faster = replace(manifest, outputs=(replace(manifest.outputs[0], frames=3),))
    assert "subsampling_factor" not in sherpa(faster)
    assert "subsampling_factor" not in sherpa(replace(manifest, outputs=()))
