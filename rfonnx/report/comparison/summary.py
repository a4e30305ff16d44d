"""What a comparison comes to, on one screen: the verdict, its reasons, the worst sample, the layer, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from rfonnx.report.comparison.advice import advice, named_samples
from rfonnx.report.comparison.layers import decibels, node_words
from rfonnx.report.comparison.tables import figure
from rfonnx.report.document import Line, Name, Section, configuration, listed
from rfonnx.results.agreement import Case
from rfonnx.results.comparison import Comparison, Verdict
from rfonnx.results.measures import MEASURES
from rfonnx.results.plain import counted

REASONS, ADVICE, WARNINGS = 4, 5, 3
"""Lines of each section; the tables hold the rest."""


def head(found: Comparison, config: str) -> tuple[Line, ...]:
    """The verdict, what it rests on, the worst sample and the layer; `config` is the configuration file that was read."""
    lines: list[Line] = [(Name(found.student), " against ", Name(found.teacher), f": {outcome(found)}")]
    lines.append((f"judged as {found.kind}: {found.kind_reason}",))
    if found.incomplete:
        lines.append(("ended early: ", Name(found.incomplete)))
    drawn = " (random)" if found.samples.random else " (from data)" if found.shapes else ""
    lines.append((f"{counted(found.samples.count, 'sample')}{drawn}: ", Name(found.samples.source)))
    for role, origin in found.saved.items():
        lines.append((f"outputs of the {role}: ", Name(origin), "; fields, layers and cost are not compared"))
    if found.hook:
        lines.append(("outputs were changed by ", Name(found.hook), " before they were compared"))
    lines.append(configuration(config))
    bad = next((one for output in found.outputs for one in output.nonfinite), None)
    worst = worst_case(found)
    if bad is not None:
        lines.append(("worst sample: ", Name(bad.sample), f", {bad.value} of the {bad.model} (", Name(bad.tensor), ")"))
    elif worst:
        output, measure, case = worst
        lines.append(("worst sample: ", Name(case.sample), f", {told(measure, case.value)} (", Name(output), ")"))
    lines += _layer(found)
    return tuple(lines)


def sections(found: Comparison) -> Iterator[Section]:
    """Why, what to do, and warnings; those that have something to say."""
    missed = [verdict for verdict in found.verdicts if verdict.outcome == "missed"]
    undecided = [verdict for verdict in found.verdicts if verdict.outcome == "undecided"]
    held = found.verdicts if not (missed or undecided) else ()
    skipped = found.samples.skipped
    left_out: list[Line] = [(Name(name), ": ", Name(reason)) for name, reason in skipped]
    warned: list[Line] = [(Name(line),) for line in found.warnings]
    made = (
        Section("Why", listed(map(_reason, missed), REASONS), alarm=True),
        Section("Undecided", listed(map(_reason, undecided), REASONS), alarm=True),
        Section("What holds", listed(map(_reason, held), REASONS)),
        Section("What to do", tuple(islice(advice(found), ADVICE))),
        Section(f"Skipped samples ({len(skipped)})", listed(left_out, WARNINGS), alarm=True),
        Section("Warnings", listed(warned, WARNINGS), alarm=True),
    )
    return (section for section in made if section.lines)


def outcome(found: Comparison) -> str:
    """The verdict in a few words."""
    every, outcomes = len(found.verdicts), [verdict.outcome for verdict in found.verdicts]
    missed, undecided = outcomes.count("missed"), outcomes.count("undecided")
    if missed:
        return f"DIFFERS ({missed} of {every} limits missed)"
    if not every:
        return "NOTHING JUDGED (no figure has a limit)"
    if found.incomplete:
        return "not finished"
    if undecided == every:
        return f"UNDECIDED ({found.samples.count} samples are too few for any of {every} limits)"
    if undecided:
        return f"agrees as far as {found.samples.count} samples tell ({undecided} of {every} limits undecided)"
    return f"agrees (all {every} limits held)"


def worst_case(found: Comparison) -> tuple[str, str, Case] | None:
    """Output, measure and sample that fare worst: by a limit that is missed, else by one that holds; None where all are exact."""
    for verdict in sorted(found.verdicts, key=lambda verdict: verdict.passed):
        for output in found.outputs:
            measure, cases = named_samples(output, verdict)
            if cases and not MEASURES[measure].exact(cases[0].value):
                return output.teacher, measure, cases[0]
    return None


def told(measure: str, value: float) -> str:
    """A figure with its name in few words.

    >>> told("sqnr_db", 3.2), told("kl", 0.4166), told("top1", 0.975)
    ('SQNR 3.2 dB', 'KL 0.4166 nats', 'top-1 agreement 97.5%')
    """
    info = MEASURES[measure]
    label = info.label.partition(" (")[0].partition(",")[0]
    return f"{label} {figure(measure, value)}{info.unit if math.isfinite(value) else ''}"


def _reason(verdict: Verdict) -> Line:
    where: Line = (" (", Name(verdict.where), ")") if verdict.where else ()
    return (Name(verdict.subject), ": ", verdict.reason, *where)


def _layer(found: Comparison) -> Iterator[Line]:
    parting = found.parting
    if parting is None:
        return
    limit, first = f"{parting.limit_db:g} dB", parting.first
    if parting.damaged:
        layer = parting.damaged[0]
        more = f", and {len(parting.damaged) - 1} more" if len(parting.damaged) > 1 else ""
        own = f" ({decibels(layer.own_db)} dB of the teacher's tensors){more}"
        yield ("layer: ", *node_words(layer.op_type, layer.node), " differs by itself: ", Name(layer.teacher), own)
    elif parting.unlike_inputs:
        one = parting.unlike_inputs[0]
        told = f" is not prepared alike for both ({decibels(one.sqnr_db)} dB)"
        yield ("layer: none differs by itself; what they read does: input ", Name(one.teacher), told)
    elif first is not None:
        place = (Name(first.teacher), f" ({first.sqnr_db:.4g} dB), which ", *node_words(first.op_type, first.node))
        yield (f"layer: the first under {limit} is ", *place, " makes")
    elif parting.behind:
        yield ("layer: they part behind the last pair of inner tensors, in output ", Name(parting.behind[0].teacher))
    elif any(layer.sqnr_db < parting.limit_db for layer in parting.layers):
        yield (f"layer: what is under {limit} agrees again behind",)
    else:
        yield (f"layer: none of {len(parting.layers)} pairs of inner tensors is under {limit}",)
