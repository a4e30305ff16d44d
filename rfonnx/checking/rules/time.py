"""Rules along time: how far an output sees ahead of its own position."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rfonnx.analysis.derive.causality import Reach
from rfonnx.checking.rule_table import Says, Values, holds, rule
from rfonnx.checking.rules.where import TENSOR, chosen_outputs, time_axes
from rfonnx.checking.subject import Subject
from rfonnx.results.findings import Parameter
from rfonnx.results.plain import counted
from rfonnx.results.ranges import AXIS, FACTOR, NUMBER

WHERE = {
    **TENSOR,
    "input": Parameter("str", "the input; every input that has a time axis when left out"),
    "axis": Parameter("int", "the input's time axis; found when left out", within=AXIS),
}


@rule(
    "RF004",
    "lookahead",
    "error",
    {
        "max": Parameter(
            "float",
            "how far an output may see ahead of its own position, in samples, or in ms with `rate`",
            required=True,
            within=NUMBER,
        ),
        "rate": Parameter("float", "samples per second; `max` is in milliseconds then", within=FACTOR),
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

    def says(name: str, along: str, seen: Reach) -> Says:
        ahead = seen.lookahead * scale
        most = "" if seen.exact else "at most "
        text = f"sees {most}{length(ahead)} ahead {along}{_length(seen)}; the limit is {length(values['max'])}"
        return Says(text, name, ahead > values["max"])

    yield from _judged(subject, values, f"to see at most {length(values['max'])} ahead", says)


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
    yield from _judged(subject, values, "to be causal", _causal)


def _causal(name: str, along: str, seen: Reach) -> Says:
    if seen.causal and seen.tensor_axis is None:
        return holds(f"stands for one sample that was picked {along}, and sees nothing after it", name)
    if seen.causal:
        return holds(f"is causal {along}", name)
    ahead = f"{counted(seen.lookahead, 'sample')} ahead"
    if seen.causal is None:
        return Says(f"is not proven to be causal {along}: it sees at most {ahead}{_length(seen)}", name)
    return Says(f"sees {ahead} {along}{_length(seen)}", name)


def _length(seen: Reach) -> str:
    return f" at length {seen.length}" if seen.length else ""


def _judged(subject: Subject, values: Values, what: str, says: Callable[[str, str, Reach], Says]) -> Iterator[Says]:
    """A verdict on every output along every time axis.

    Args:
        what: what is not proven where nothing can be judged.
        says: the verdict on an output by name, along an axis, that reaches so far.
    """
    time = subject.analysis.time
    pairs, failures = time_axes(subject, values)
    yield from failures
    for name in chosen_outputs(subject, values):
        for input, axis in pairs:
            where = f"{input} axis {axis}"
            if not time.depends(name, input, axis):
                yield holds(f"does not depend on {where}", name)
                continue
            seen = time.reach(name, input, axis)
            if isinstance(seen, str):
                yield Says(f"is not proven {what} along {where}: {seen}", name)
            else:
                yield says(name, f"along {where}", seen)
