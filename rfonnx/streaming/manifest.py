"""A manifest as JSON, in the model's `metadata_props` and beside it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from rfonnx.errors import ModelError
from rfonnx.results.streaming import (
    MANIFEST_FORMAT,
    Closing,
    Length,
    Manifest,
    StreamedInput,
    StreamedOutput,
    StreamPack,
    StreamState,
    StreamStatistic,
)
from rfonnx.streaming.manifest_checks import check
from rfonnx.version import __version__

NEWER = {
    "beside": 2,
    "finals": 2,
    "closings": 2,
    "longest": 2,
    "cache": 2,
    "unchanged": 2,
    "differs": 2,
    "packs": 3,
    "statistics": 4,
}
"""Since which format there is what format 1 has not; it is left out where it is empty, so that older programs read what they can
run."""


def to_dict(manifest: Manifest) -> dict[str, Any]:
    """Plain data; numbers that JSON has not are words ("-inf")."""
    plain: dict[str, Any] = {"format": 1, "rfonnx": __version__, **asdict(manifest)}
    plain["ends"] = [one.steps for one in manifest.ends]
    for entry, output in zip(plain["outputs"], manifest.outputs, strict=True):
        entry["length"] = output.length.steps
        rate = manifest.rate(output)
        entry["rate"] = str(rate)
    for entry in plain["states"]:
        entry["initial"] = _words(entry["initial"])
    for entry, closing in zip(plain["closings"], manifest.closings, strict=True):
        entry["length"] = closing.length.steps
    if manifest.given != manifest.others:
        plain["format"] = 2
    for name, since in NEWER.items():
        if plain[name]:
            plain["format"] = max(plain["format"], since)
        else:
            del plain[name]
    return plain


def to_json(manifest: Manifest) -> str:
    """One JSON object."""
    return json.dumps(to_dict(manifest), indent=1, allow_nan=False)


def from_json(text: str, label: str) -> Manifest:
    """The manifest, whose sizes and types hold.

    Raises:
        ModelError: the text is none, of a later format, or says what cannot be run.
    """
    try:
        plain = json.loads(text)
        if plain.pop("format") not in range(1, MANIFEST_FORMAT + 1):
            raise ModelError(f"{label}: the manifest has another format", "make the stream again with this rfonnx")
        plain.pop("rfonnx")
        outputs = [{k: v for k, v in one.items() if k != "rate"} for one in plain["outputs"]]
        lists = {name: tuple(plain[name]) for name in ("shape", "others", "assumptions")}
        manifest = Manifest(
            **{
                **plain,
                **lists,
                "outputs": tuple(StreamedOutput(**{**one, "length": _length(one["length"])}) for one in outputs),
                "states": tuple(
                    StreamState(**{**one, "shape": tuple(one["shape"]), "initial": _numbers(one["initial"])})
                    for one in plain["states"]
                ),
                "ends": tuple(_length(one) for one in plain["ends"]),
                "finals": tuple(plain.get("finals", ())),
                "closings": tuple(
                    Closing(**{**one, "length": _length(one["length"])}) for one in plain.get("closings", ())
                ),
                "packs": tuple(StreamPack(**{**one, "states": tuple(one["states"])}) for one in plain.get("packs", ())),
                "statistics": tuple(
                    StreamStatistic(**{**one, "shape": tuple(one["shape"])}) for one in plain.get("statistics", ())
                ),
                "beside": tuple(
                    StreamedInput(**{**one, "shape": tuple(one["shape"])}) for one in plain.get("beside", ())
                ),
            }
        )
        check(manifest, label)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise ModelError(f"{label}: the manifest of the stream cannot be read", "make the stream again") from None
    return manifest


def _length(steps: list[list[int]]) -> Length:
    return Length(tuple((m, a, d) for m, a, d in steps))


def _words(value: Any) -> Any:
    if isinstance(value, list):
        return [_words(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    return float(value) if isinstance(value, str) else value
