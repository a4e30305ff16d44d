"""Which schema an operator is inferred with."""

from __future__ import annotations

from types import SimpleNamespace

import onnx
import pytest

from rfonnx.operators.schemas import schema_of


def test_an_operator_without_inference_is_inferred_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """onnx before 1.20 has no inference of GreaterOrEqual, which broadcasts as Greater does."""
    bare = SimpleNamespace(deprecated=False, has_type_and_shape_inference_function=False, since_version=16)
    given = onnx.defs.get_schema
    monkeypatch.setattr(
        onnx.defs, "get_schema", lambda name, *at: bare if name == "GreaterOrEqual" else given(name, *at)
    )
    schema_of.cache_clear()
    found = schema_of("GreaterOrEqual", 17, "")
    schema_of.cache_clear()
    assert found is not None
    assert (found.name, found.since_version) == ("Greater", 13)
