"""Rules on what a model costs."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.checking.rule_table import Says, Values, rule
from rfonnx.checking.subject import Subject
from rfonnx.comparing.cost.cost import file_bytes, latencies, percentile
from rfonnx.comparing.cost.memory import peak_bytes
from rfonnx.comparing.cost.weight_counts import parameters
from rfonnx.results.findings import Parameter
from rfonnx.results.ranges import PERCENTILE, RUNS


def _limit(unit: str) -> dict[str, Parameter]:
    return {"max": Parameter("float", f"at most this many {unit}", required=True)}


def _held(what: str, value: float, limit: float, unit: str) -> Says:
    return Says(f"{what} {value:,.10g} {unit}, at most {limit:,.10g} are allowed", failed=value > limit)


@rule("RF015", "max-macs", "error", _limit("multiply-accumulates"))
def max_macs(subject: Subject, values: Values) -> Iterator[Says]:
    """One run takes at most `max` multiply-accumulates at the model's shapes.

    Counted are sums of products: convolutions, matrix products, recurrent layers and attention (every query meets every
    key), also in the bodies of loops and branches. Operators of a cost that nobody knows, custom ones too, make the rule
    fail and are listed: a count with holes promises nothing.

    Way out: fewer channels, depthwise convolutions, smaller inputs. Where data decides a branch or a length, bind it with
    --value; custom operators can be exported as ONNX functions.
    """
    found = subject.macs
    if found.uncounted:
        unknown = "; ".join(
            f"{count} x {kind}: {found.reasons[kind]}" for kind, count in sorted(found.uncounted.items())
        )
        yield Says(
            f"one run takes at least {found.total:,} MACs, at most {values['max']:,.10g} are allowed, and not all are known "
            f"({unknown})"
        )
    else:
        yield _held("one run takes", found.total, values["max"], "MACs")


@rule("RF016", "max-parameters", "error", _limit("weights"))
def max_parameters(subject: Subject, values: Values) -> Iterator[Says]:
    """The model has at most `max` weights.

    Constants that are shapes or indices do not count; batch norm statistics do, and what loops and branches read. Weights
    that are packed, several to a byte, count each.

    Way out: distil, prune, share.
    """
    yield _held("the model has", parameters(subject.graph), values["max"], "weights")


@rule("RF017", "max-size", "error", _limit("bytes"))
def max_size(subject: Subject, values: Values) -> Iterator[Says]:
    """The file and its external data have at most `max` bytes.

    Way out: quantise, or store weights in half precision.
    """
    size = file_bytes(subject.source)
    assert size is not None
    yield _held("the file has", size, values["max"], "bytes")


@rule(
    "RF018",
    "max-latency",
    "error",
    {
        **_limit("milliseconds"),
        "percentile": Parameter("float", "which run counts: 50 is the median", 95.0, within=PERCENTILE),
        "runs": Parameter("int", "runs that are measured", 20, within=RUNS),
    },
)
def max_latency(subject: Subject, values: Values) -> Iterator[Says]:
    """A run takes at most `max` milliseconds on this machine, at the given percentile.

    Measured here and now, with the threads that are stated: give it room, and run it where the model will run.

    Way out: quantise, fewer MACs, more threads.
    """
    name, feed = subject.feeds[0]
    assert subject.run(name, feed)
    (times,) = latencies([subject.opened], [feed], values["runs"])
    value = percentile(times, values["percentile"])
    yield _held(
        f"p{values['percentile']:g} of {len(times)} runs on {subject.threads} threads is", value, values["max"], "ms"
    )


@rule("RF022", "max-memory", "error", _limit("bytes"))
def max_memory(subject: Subject, values: Values) -> Iterator[Says]:
    """Loading the model and running it once adds at most `max` bytes of memory to onnxruntime's own.

    Measured as the peak of a process of its own; on Linux only.

    Way out: smaller inputs, half precision, fewer threads.
    """
    name, feed = subject.feeds[0]
    assert subject.run(name, feed)
    peak = peak_bytes(str(subject.path), feed, subject.threads, subject.opened.values)
    if peak is None:
        yield Says("peak memory is not known: it is measured on Linux alone, in a process that runs the model on zeros")
    else:
        yield _held("peak memory is", peak, values["max"], "bytes")
