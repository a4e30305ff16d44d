"""What is other in a fleet than it was: two sets of records, held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rfonnx.results.scan import Change, ScanRecord

TOLD = ("state", "reason", "report")
"""What of a record is compared: not its checksum, nor how long it took."""


def changes(old: Sequence[ScanRecord], new: Sequence[ScanRecord]) -> list[Change]:
    """All that is other in `new`, in the order of its models; then what is no longer there."""
    before = {one["model"]: one for one in old}
    after = {one["model"]: one for one in new}
    found = [change for model, one in after.items() for change in _of(model, before.get(model), one)]
    return found + [Change(model, "model", "there", None) for model in before if model not in after]


def _of(model: str, old: ScanRecord | None, new: ScanRecord) -> Iterator[Change]:
    if old is None:
        yield Change(model, "model", None, "there")
        return
    before, after = (dict(_leaves({key: one[key] for key in TOLD})) for one in (old, new))  # type: ignore[literal-required]
    for what in dict.fromkeys([*before, *after]):
        if before.get(what) != after.get(what):
            yield Change(model, what.removeprefix("report."), before.get(what), after.get(what))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All that is no object and no list of objects, by where it stands; objects in lists go by their names, not their numbers."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _leaves(one, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        for number, one in enumerate(value):
            yield from _leaves(one, f"{path}.{_name(one, number)}")
    else:
        yield path, value


def _name(one: Mapping[str, Any], number: int) -> str:
    if "name" in one:
        return str(one["name"])
    return f"{one['input']}:{one['axis']}" if "input" in one and "axis" in one else str(number)
