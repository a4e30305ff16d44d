"""What rules there are, and what one checks, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.report.document import Document, Line, Section, Table
from rfonnx.results.findings import Parameter, RuleInfo


def rule_document(info: RuleInfo) -> Document:
    """What one rule checks, and why."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in info.explanation.split("\n\n")]
    head: list[Line] = [(f"{info.id} {info.name}: {info.summary}",)]
    head.append((f"severity {info.severity}; {'runs by default' if info.default else 'runs when it is asked for'}",))
    sections = [Section("Explanation", tuple((paragraph,) for paragraph in paragraphs[1:]))]
    if info.parameters:
        rows = tuple((_parameter(name, value),) for name, value in info.parameters.items())
        sections.append(Section("Parameters", rows))
    return Document(tuple(head), tuple(sections))


def _parameter(name: str, value: Parameter) -> str:
    given = "needed" if value.required else "" if value.default is None else f"default {value.default}"
    return f"{name} ({value.kind}): {value.words}" + (f" [{given}]" if given else "")


def rules_document(infos: Sequence[RuleInfo]) -> Document:
    """All rules, one line each."""
    rows = tuple((i.id, i.name, i.severity, "yes" if i.default else "", i.summary) for i in infos)
    return Document(
        ((f"{len(infos)} rules",),), (Table(("rule", "name", "severity", "default", "holds when"), rows, ("",)),)
    )
