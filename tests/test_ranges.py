"""Numbers out of range are refused with the range, wherever they come from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import rfonnx as package
from rfonnx.checking.rule_table import rules
from rfonnx.checking.selection import choose
from rfonnx.comparing.options import from_config
from rfonnx.errors import DataError
from rfonnx.results.findings import DEFAULT_RANGES
from rfonnx.results.ranges import AXIS, FACTOR, OPTIONS, Range
from rfonnx.system.config import read_config

MODEL = Path(__file__).parents[1] / "models" / "conv3d.onnx"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("samples", "-5", "samples is -5; give a whole number from 1 to 2^31"),
        ("samples", "1" + "0" * 30, "samples is 1e+30; give"),
        ("samples", "1" + "0" * 400, "samples is a number of 1329 bits; give"),
        ("samples", "3.5", "samples is 3.5, expected int; give a whole number from 1 to 2^31"),
        ("samples", "true", "samples is True, expected int"),
        ("seed", "-1", "seed is -1; give a whole number from 0 to 2^62"),
        ("batch", "0", "batch is 0; give a whole number from 1 to 65536"),
        ("threads", "-4", "threads is -4; give a whole number from 1 to 1024"),
        ("latency-runs", "-1", "latency-runs is -1"),
        ("class-axis", "1" + "0" * 30, "class-axis is 1e+30; give a whole number from -64 to 63"),
        ("temperature", "nan", "temperature is nan; give a number above 0, at most 1e+06"),
        ("temperature", "0", "temperature is 0; give a number above 0"),
        ("temperature", "1" + "0" * 400, "temperature is a number of 1329 bits"),
        ("layer-limit", "inf", "layer-limit is inf; give a number from -1000 to 1000"),
        ("limits", "{kl = nan}", "limits kl is nan"),
        ("limits", "{kl = true}", "limits kl is True, expected a number, or false"),
        ("prepare", "{scale = inf}", "scale is inf"),
        ("prepare", "{mean = [nan]}", "mean is nan"),
        ("prepare", "{size = [0, 4]}", "give lengths from 1 to 65536"),
        ("batch-axes", "{x = 1000}", "x is 1000"),
    ],
)
def test_numbers_of_a_configuration(tmp_path: Path, key: str, value: str, message: str) -> None:
    (tmp_path / "x.toml").write_text(f"[compare]\n{key} = {value}\n")
    config = read_config(tmp_path / "x.toml")
    with pytest.raises(DataError) as caught:
        from_config(config)
    assert str(tmp_path / "x.toml") in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("options", [{"samples": -5}, {"seed": -1}, {"batch": 0}, {"temperature": math.nan}])
def test_numbers_in_python(options: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=f"{next(iter(options))} is .*; give a"):
        package.compare(MODEL, MODEL, **options)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("max-latency.percentile=500", "percentile is 500; give a number from 0 to 100"),
        ("max-latency.runs=-1", "runs is -1; give a whole number from 1 to 100000"),
        ("field-minimum=1" + "0" * 30, "min is 1e+30; give a whole number from 0 to 2^62"),
        ("coverage=80", "min is 80; give a number from 0 to 1"),
        ("optimisation-levels.tolerance=nan", "tolerance is nan"),
    ],
)
def test_numbers_of_rules(rule: str, message: str) -> None:
    needed = ["max-latency=9"] if rule.startswith("max-latency") else []
    with pytest.raises(DataError) as caught:
        choose({}, [*needed, rule], "")
    assert message in str(caught.value)


def test_defaults_lie_in_their_ranges() -> None:
    for info in rules().values():
        for name, parameter in info.parameters.items():
            allowed = parameter.within or DEFAULT_RANGES.get(parameter.kind)
            if isinstance(parameter.default, int | float) and allowed is not None:
                assert parameter.default in allowed, f"{info.name} {name}"


def test_ranges_in_words() -> None:
    assert str(OPTIONS["threads"]) == "a whole number from 1 to 1024"
    assert str(FACTOR) == "a number above 0, at most 1e+06"
    assert 0 not in FACTOR
    assert math.nan not in Range(-math.inf, math.inf, whole=False)
    assert -64 in AXIS
