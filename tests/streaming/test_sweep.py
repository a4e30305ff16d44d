"""Some of the operators and axes of `sweep.py` in every run: streamed right, or refused with a way out."""

from __future__ import annotations

from collections import Counter

import onnx

from streaming.sweep import asked, judged, table_models

EVERY = 101
"""Of so many cases one is run."""


def cases() -> list[tuple[str, onnx.ModelProto, dict[str, int]]]:
    return [(name, model, streamed) for name, model, _ in table_models() for streamed in asked(model)]


def test_operators_are_streamed_right_or_refused() -> None:
    found: Counter[str] = Counter()
    for name, model, streamed in cases()[::EVERY]:
        kind, said = judged(model, streamed)
        assert kind in ("right", "late", "refused", "not run"), (name, streamed, said)
        found[kind] += 1
    assert found["right"] > 8
    assert found["refused"] > 8
