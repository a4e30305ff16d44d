"""The pairs as Markdown: one table per model, what each tool got wrong, and the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from typing import Any

import ours

Pair = dict[str, Any]

PACKAGES = ("rfonnx", "onnx", "onnxruntime", "numpy", "polygraphy", "onnxslim")


def show(pairs: Sequence[Pair]) -> None:
    """Print everything."""
    best = _best_mode(pairs)
    for name in dict.fromkeys(pair["model"] for pair in pairs):
        rows = [_row(pair, best) for pair in pairs if pair["model"] == name]
        header = ["student", "task figures", "truth", "rfonnx", "because of", "layer"]
        print(f"### {name}\n")
        _print([*header, "Polygraphy", f"({best})", "qdq_loss_debug"], rows)
    print("### Sums\n")
    _print(["", "rfonnx", "Polygraphy", f"Polygraphy ({best})"], _sums(pairs, best))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    print(
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {versions}"
    )


def _row(pair: Pair, best: str) -> list[str]:
    found, poly = pair["rfonnx"], pair["peers"]["polygraphy"]
    mark = {"false alarm": "**", "miss": "**"}.get(_wrong(pair, _ours_passed(pair)), "")
    return [
        pair["title"],
        ", ".join(f"{key} {value:.3f}" for key, value in pair["figures"].items()),
        pair["truth"],
        f"{mark}{ours.verdict(found)}{mark} ({found.get('kind', '')})",
        ours.reasons(found),
        _layer(pair),
        *(_said(pair, poly[mode]) for mode in ("simple", best)),
        _loss_debug(pair["peers"]["loss_debug"]),
    ]


def _said(pair: Pair, passed: bool) -> str:
    mark = "**" if _wrong(pair, passed) else ""
    return f"{mark}{'passed' if passed else 'failed'}{mark}"


def _ours_passed(pair: Pair) -> bool:
    return ours.verdict(pair["rfonnx"]) in ("held", "undecided")


def _wrong(pair: Pair, passed: bool) -> str:
    """A good student failed, or a broken one passed."""
    return {("good", False): "false alarm", ("broken", True): "miss"}.get((pair["truth"], passed), "")


def right_layer(pair: Pair) -> bool | None:
    """Whether exactly the damaged layer is named; None where none is known."""
    if not pair["layer"]:
        return None
    named = ours.layers(pair["rfonnx"])
    return bool(named) and all({one["teacher"], one["student"]} & set(pair["layer"]) for one in named)


def _layer(pair: Pair) -> str:
    named = [one["teacher"] for one in ours.layers(pair["rfonnx"])]
    told = f"`{named[0]}`" + (f" and {len(named) - 1} more" if len(named) > 1 else "") if named else "none"
    state = right_layer(pair)
    return told if state is None else f"{told}, right" if state else f"{told}, **wrong**: `{pair['layer'][0]}`"


def _loss_debug(found: dict[str, Any]) -> str:
    if "error" in found:
        return f"fails: {found['error'].split(':')[0]}"
    return (
        f"{found['matched']} tensors, lowest `{found['lowest']}` {found['db']:.1f} dB"
        if found["matched"]
        else "0 tensors"
    )


def _best_mode(pairs: Sequence[Pair]) -> str:
    """The mode of Polygraphy that errs least on these very pairs: chosen with hindsight, in its favour."""
    modes = [mode for mode in pairs[0]["peers"]["polygraphy"] if mode != "simple"]
    return min(modes, key=lambda mode: sum(bool(_wrong(p, p["peers"]["polygraphy"][mode])) for p in pairs))


def _sums(pairs: Sequence[Pair], best: str) -> list[list[str]]:
    answers = [[_ours_passed(p) for p in pairs]] + [
        [p["peers"]["polygraphy"][m] for p in pairs] for m in ("simple", best)
    ]
    rows = []
    for truth, passed in (("good", False), ("broken", True), ("unclear", True), ("harmless", True)):
        of = [number for number, pair in enumerate(pairs) if pair["truth"] == truth]
        word = "passed" if passed else "failed"
        rows.append([f"of {len(of)} {truth} ones {word}", *(str(sum(a[n] == passed for n in of)) for a in answers)])
    layers = [state for state in map(right_layer, pairs) if state is not None]
    return [*rows, [f"of {len(layers)} damaged layers named", str(sum(layers)), "0", "0"]]


def _print(header: list[str], rows: list[list[str]]) -> None:
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    print()
