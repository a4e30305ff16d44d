"""Rules along time: how far an output sees ahead of its own position."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.check.registry import Says, Values, holds, rule
from rfonnx.check.rules.where import TENSOR, chosen_outputs, time_axes
from rfonnx.check.subject import Subject
from rfonnx.derive.causality import Reach
from rfonnx.findings import Parameter
from rfonnx.plain import counted

WHERE = {
    **TENSOR,
    "input": Parameter("str", "the input; every input that has a time axis when left out"),
    "axis": Parameter("int", "the input's time axis; found when left out"),
}

Judged = tuple[str, str, Reach | str | None]
"""Output, "x axis 2", and how far the output sees; a reason why that is not known; None: it does not depend on it."""


@rule(
    "RF004",
    "lookahead",
    "error",
    {
        "max": Parameter(
            "float",
            "how far an output may see ahead of its own position, in samples, or in ms with `rate`",
            required=True,
        ),
        "rate": Parameter("float", "samples per second; `max` is in milliseconds then"),
        **WHERE,
    },
)
def lookahead(subject: Subject, values: Values) -> Iterator[Says]:
    """An output sees at most `max` samples (with `rate`: milliseconds) beyond its own position.

    Lookahead is delay: a speech enhancer that looks 20 ms ahead answers 20 ms late, however fast it computes. Output
    position t stands for input sample floor(t * stride), also where it sees the whole axis. Which axis is time is found as
    for RF005.

    Way out: pad on the left instead of on both sides; name `input` and `axis` where time is not found.
    """
    scale = 1000 / values["rate"] if values["rate"] else 1.0

    def length(count: float) -> str:
        return f"{count:.10g} ms" if values["rate"] else counted(count, "sample")

    judged, failures = _judged(subject, values)
    yield from failures
    for name, where, seen in judged:
        along = f"along {where}"
        if seen is None:
            yield holds(f"does not depend on {where}", name)
        elif isinstance(seen, str):
            yield Says(f"is not proven to see at most {length(values['max'])} ahead {along}: {seen}", name)
        else:
            ahead = seen.lookahead * scale
            most = "" if seen.exact else "at most "
            text = f"sees {most}{length(ahead)} ahead {along}{_length(seen)}; the limit is {length(values['max'])}"
            yield Says(text, name, ahead > values["max"])


@rule("RF005", "causal", "error", WHERE)
def causal(subject: Subject, values: Values) -> Iterator[Says]:
    """No output position sees anything after its own.

    What a streaming or autoregressive model must hold. A mask of -inf before a softmax counts, a soft mask (-1e4) does
    not. Every output is judged along the time axis of every input: the one that `axis` names, else the one that
    recurrent layers go through or whose dimension is named like time ("time", "seq_len", "frames", "T"), else the one
    that windows slide along and attention compares positions of. Where that is not one axis, the rule fails and lists
    the candidates. An output that was taken together over time (a pooled classifier) has no own position, and fails.

    Way out: causal padding; `rfonnx explain --tensor` shows what a position reads; name `output`, `input` and `axis`.
    """
    judged, failures = _judged(subject, values)
    yield from failures
    for name, where, seen in judged:
        along = f"along {where}"
        if seen is None:
            yield holds(f"does not depend on {where}", name)
        elif isinstance(seen, str):
            yield Says(f"is not proven to be causal {along}: {seen}", name)
        elif seen.causal and seen.tensor_axis is None:
            yield holds(f"stands for one sample that was picked {along}, and sees nothing after it", name)
        elif seen.causal:
            yield holds(f"is causal {along}", name)
        elif seen.causal is None:
            text = f"it sees at most {counted(seen.lookahead, 'sample')} ahead{_length(seen)}"
            yield Says(f"is not proven to be causal {along}: {text}", name)
        else:
            yield Says(f"sees {counted(seen.lookahead, 'sample')} ahead {along}{_length(seen)}", name)


def _length(seen: Reach) -> str:
    return f" at length {seen.length}" if seen.length else ""


def _judged(subject: Subject, values: Values) -> tuple[list[Judged], list[Says]]:
    """Every output along every time axis, and what cannot be judged."""
    time = subject.analysis.time
    pairs, failures = time_axes(subject, values)
    judged: list[Judged] = []
    for name in chosen_outputs(subject, values):
        for input, axis in pairs:
            seen = time.reach(name, input, axis) if time.depends(name, input, axis) else None
            judged.append((name, f"{input} axis {axis}", seen))
    return judged, failures
