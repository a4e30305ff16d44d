"""Manifests of strangers: what cannot be run is refused in one line, before anything is made of its sizes."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.errors import RfonnxError
from rfonnx.model.opened import Opened
from rfonnx.results.streaming import METADATA
from rfonnx.streaming.manifest import from_json, to_json
from rfonnx.streaming.planning import stream_plan
from streaming.nets import NETS


def plan() -> Any:
    make, axis, _, _ = NETS["two outputs"]
    return stream_plan(Opened(make()), "x", axis, None).packed()


PLAN = plan()
PLAIN: dict[str, Any] = json.loads(to_json(PLAN.manifest))


def changed(*path: str | int, to: Any) -> str:
    plain = copy.deepcopy(PLAIN)
    place = plain
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(plain)


def told(text: str) -> onnx.ModelProto:
    model = onnx.ModelProto()
    model.CopyFrom(PLAN.model)
    next(entry for entry in model.metadata_props if entry.key == METADATA).value = text
    return model


def test_a_manifest_comes_back_as_it_was() -> None:
    assert from_json(to_json(PLAN.manifest), "m") == PLAN.manifest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (changed("states", 1, "shape", to=[10**6, 10**6]), "take .* bytes, expected at most"),
        (changed("states", 1, "shape", to=[1, -3]), "expected lengths from 0"),
        (changed("states", 1, "dtype", to="object"), "has the type object"),
        (changed("states", 1, "dtype", to="float64,1000000000"), "has the type"),
        (changed("states", 1, "initial", to=[[1.0], [2.0, 3.0]]), "cannot be read"),
        (changed("states", 1, "initial", to=[1.0] * 77), "begins with numbers of shape"),
        (changed("states", 0, "initial", to="inf"), "numbers that int64 does not have"),
        (changed("states", 1, "initial", to={}), "begins with what is no number"),
        (changed("states", 1, "input", to=7), "7 stands where a text"),
        (changed("states", 1, "input", to=PLAIN["states"][2]["input"]), "holds what is no state"),
        (changed("shape", to=[1, 2, 10**12]), "expected lengths|take .* bytes|frames for a chunk"),
        (changed("chunk", to=-2), "'chunk' is -2"),
        (changed("chunk", to=True), "'chunk' is True"),
        (changed("unit", to=0), "'unit' is 0"),
        (changed("chunk", to=3), "no multiple of the unit"),
        (changed("axis", to=3), "no axis 3"),
        (changed("outputs", 0, "frames", to=0), "'frames' is 0"),
        (changed("outputs", 0, "delay", to=10**15), "'delay' is 1000000000000000"),
        (changed("outputs", 0, "length", to=[[10**9, 0, 1]]), "does not go on"),
        (changed("outputs", 0, "length", to=[[1, 10**12, 1]]), "frames longer than what comes"),
        (changed("outputs", 0, "length", to=[[1, 0, 0]]), "'divide' is 0"),
        (changed("packs", 1, "size", to=10**12), "not what its states make|expected lengths"),
        (changed("packs", 1, "states", to=["x"]), "holds what is no state"),
        (changed("format", to=9), "another format"),
        ("[" * 100_000, "cannot be read"),
        ("{}", "cannot be read"),
        ("null", "cannot be read"),
        (changed("outputs", 0, "name", to="elsewhere"), "is not in both"),
        (changed("ends_input", to="x/y"), "is not in both"),
    ],
)
def test_what_cannot_be_run_is_refused(text: str, said: str) -> None:
    with pytest.raises(RfonnxError, match=said) as found:
        rfonnx.Stream(told(text))
    assert "\n" not in str(found.value)
    assert found.value.hint


ODD: list[Any] = [None, True, -1, 0, 10**18, 1.5, "", "inf", "nan", [], [[]], {}, [1, 2, 3], "x", 2**63, -(2**70)]


def mutated(rng: random.Random) -> str:
    """Some entry, at any depth, is another one."""
    plain = copy.deepcopy(PLAIN)
    for _ in range(rng.randint(1, 3)):
        place: Any = plain
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.8:
                place = place[key]
                continue
            if isinstance(place, dict) and rng.random() < 0.1:
                del place[key]
            else:
                place[key] = copy.deepcopy(rng.choice(ODD))
            break
    return json.dumps(plain)


def test_no_manifest_makes_anything_else_than_an_error_of_ours() -> None:
    rng = random.Random(0)
    ran = 0
    for _ in range(1500):
        try:
            from_json(mutated(rng), "m")
            ran += 1
        except RfonnxError:
            pass
    assert 0 < ran < 900
    for _ in range(60):
        try:
            stream = rfonnx.Stream(told(mutated(rng)))
            stream.push(np.zeros((1, 2, 2), np.float32))
            stream.finish()
        except RfonnxError:
            pass
