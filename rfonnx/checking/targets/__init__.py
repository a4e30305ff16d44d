"""What named targets take: one TOML file each, with its source and the day it was read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rfonnx.errors import QueryError
from rfonnx.graph.nodes import Node

PORTABLE = "portable"
"""The target that is no product: every runtime of the standard, so ai.onnx and nothing else."""

Versions = int | list[int]
"""Opsets of an operator's domain: the first, or the first and the last."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes:
        name: as it is asked for.
        version: what the list is of.
        source: where it was read; read: when.
        means: what becomes of a model with something else in it.
        opsets: of ai.onnx, first and last; None: any.
        operators: opsets by operator, by domain; None: all of ai.onnx.
    """

    name: str
    version: str
    source: str
    read: str
    means: str
    opsets: tuple[int, int] | None
    operators: Mapping[str, Mapping[str, Versions]] | None

    def takes(self, node: Node) -> bool:
        """Whether a node's operator, at its opset, is in the list."""
        if self.operators is None:
            return not node.domain
        versions = self.operators.get(node.domain or "ai.onnx", {}).get(node.op_type)
        if versions is None:
            return False
        first, last = versions if isinstance(versions, list) else (versions, node.version)
        return first <= node.version <= last


@cache
def targets() -> Mapping[str, Target]:
    """All targets by name."""
    found = {
        PORTABLE: Target(
            PORTABLE,
            "the domain ai.onnx",
            "https://onnx.ai",
            "",
            "other domains run where somebody wrote them",
            None,
            None,
        )
    }
    for file in sorted(resources.files(__package__).iterdir(), key=lambda file: file.name):
        name, dot, kind = file.name.partition(".")
        if dot and kind == "toml":
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            opsets = table.get("opsets")
            found[name] = Target(
                name,
                table["version"],
                table["source"],
                table["read"].isoformat(),
                table["means"],
                (opsets[0], opsets[1]) if opsets else None,
                table["operators"],
            )
    return found


def target(name: str) -> Target:
    """A target by name.

    Raises:
        QueryError: there is none of that name.
    """
    known = targets()
    if name not in known:
        raise QueryError(f"there is no target '{name}'", f"there are {', '.join(sorted(known))}")
    return known[name]
