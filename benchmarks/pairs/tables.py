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

PASSED = ("held", "undecided")


def show(pairs: Sequence[Pair]) -> None:
    """Print everything."""
    best = _best_mode(pairs)
    tools = ["earlier rfonnx"] if any(pair["beside"] for pair in pairs) else []
    tools += ["rfonnx", "Polygraphy", f"Polygraphy, {best}"]
    for name in dict.fromkeys(pair["model"] for pair in pairs):
        rows = [_row(pair, best, tools) for pair in pairs if pair["model"] == name]
        print(f"### {name}\n")
        _print(["student", "task figures", "truth", *tools, "because of", "layer", "qdq_loss_debug"], rows)
    print("### Sums\n")
    _print(["", *tools], _sums(pairs, best, tools))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"{machine}, {versions}")


def _row(pair: Pair, best: str, tools: Sequence[str]) -> list[str]:
    figures = ", ".join(f"{key} {value:.3f}" for key, value in pair["figures"].items())
    answers = _answers(pair, best)
    said = [_bold(answers[tool], _wrong(pair, answers[tool])) for tool in tools]
    told = [ours.reasons(pair["rfonnx"]), _layer(pair), _loss_debug(pair["peers"]["loss_debug"])]
    return [pair["title"], figures, pair["truth"], *said, *told]


def _answers(pair: Pair, best: str) -> dict[str, str]:
    """What each tool says: held, undecided, missed; passed, failed; "" where it was not asked."""
    modes = pair["peers"]["polygraphy"]
    found = {f"Polygraphy, {best}": modes[best], "Polygraphy": modes["simple"]}
    return {
        "earlier rfonnx": ours.verdict(pair["beside"]) if pair["beside"] else "",
        "rfonnx": ours.verdict(pair["rfonnx"]),
        **{tool: "passed" if passed else "failed" for tool, passed in found.items()},
    }


def _wrong(pair: Pair, answer: str) -> bool:
    """A good student failed, or a broken one passed."""
    passed = answer in (*PASSED, "passed")
    return answer != "" and (pair["truth"], passed) in (("good", False), ("broken", True))


def _bold(text: str, wrong: bool) -> str:
    return f"**{text}**" if wrong else text


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
    if not found["matched"]:
        return "0 tensors"
    return f"{found['matched']} tensors, lowest `{found['lowest']}` {found['db']:.1f} dB"


def _best_mode(pairs: Sequence[Pair]) -> str:
    """The mode of Polygraphy that errs least on these very pairs: chosen with hindsight, in its favour."""
    errors: dict[str, int] = {}
    for pair in pairs:
        for mode, passed in pair["peers"]["polygraphy"].items():
            errors[mode] = errors.get(mode, 0) + _wrong(pair, "passed" if passed else "failed")
    return min((mode for mode in errors if mode != "simple"), key=errors.__getitem__)


def _sums(pairs: Sequence[Pair], best: str, tools: Sequence[str]) -> list[list[str]]:
    rows = []
    for truth, wanted in (("good", "failed"), ("broken", "passed"), ("unclear", "passed"), ("harmless", "passed")):
        of = [_answers(pair, best) for pair in pairs if pair["truth"] == truth]
        asked = [[answers[tool] in (*PASSED, "passed") for answers in of if answers[tool]] for tool in tools]
        counts = [f"{sum(p == (wanted == 'passed') for p in passed)} of {len(passed)}" for passed in asked]
        rows.append([f"{truth} ones {wanted}", *counts])
    layers = [state for state in map(right_layer, pairs) if state is not None]
    named = {"rfonnx": f"{sum(layers)} of {len(layers)}"}
    return [*rows, ["damaged layers named exactly", *(named.get(tool, "-") for tool in tools)]]


def _print(header: list[str], rows: list[list[str]]) -> None:
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    print()
