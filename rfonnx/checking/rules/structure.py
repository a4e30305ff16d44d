"""Rules on the graph: what its operators are, and how branches meet."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.analysis.derive.analysed import told
from rfonnx.checking.rule_table import Says, Values, holds, rule
from rfonnx.checking.rules.where import INPUT_AND_AXIS, not_one, space_axes
from rfonnx.checking.subject import Subject
from rfonnx.operators.support import support


@rule("RF007", "aligned-joins", "warning", default=True)
def aligned_joins(subject: Subject, values: Values) -> Iterator[Says]:
    """Branches that meet in an Add or Concat look at the same place.

    Branches with different padding arrive with different centres: the sum adds what lies at different places. Where
    what is made sees nothing after its own position, as in a causal model, that cannot be otherwise, and is not
    reported; elsewhere it is a design or export mistake (the stride-2 blocks of Inception v2 are known for it). States
    and caches of earlier calls are no branches.

    Way out: the same padding in all branches of a block.
    """
    analysis = subject.analysis
    joins = [join for join in analysis.joins if join[1:3] in analysis.windowed]
    found: dict[tuple[str, str], list[int]] = {}
    for tensor, input, axis, centers in joins:
        if analysis.misaligned(tensor, input, axis):
            told = ", ".join(str(center) for center in centers[:4]) + (", ..." if len(centers) > 4 else "")
            found.setdefault((tensor, f"joins branches centred at {told} along {input}"), []).append(axis)
    for (tensor, text), axes in found.items():  # rows and columns mostly alike
        yield Says(f"{text} {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}", tensor)
    if joins:
        count = "1 join" if len(joins) == 1 else f"{len(joins)} joins"
        yield holds(f"{count} of branches that differ in centre, of which nothing sees ahead of its own position")
    else:
        yield holds("all joins are aligned")


@rule("RF008", "no-global-operator", "error", INPUT_AND_AXIS)
def no_global_operator(subject: Subject, values: Values) -> Iterator[Says]:
    """No operator sees a whole spatial axis, or all of time, at once.

    Global pools, attention over all tokens, squeeze-and-excitation, normalisation over space and recurrent layers of
    both directions make tiling inexact and streaming impossible. What is only known as "at most the whole axis" is not
    proven to see less, and fails.

    Way out: windows of fixed size; running statistics instead of instance norms; name `input` and `axis` where nothing
    tells along which axes positions run.
    """
    analysis = subject.analysis
    pairs, unknown = space_axes(subject, values)
    for input in unknown:
        axes = [(input, axis) for axis in analysis.time.axes.lengths(input)]
        if analysis.globals_along(axes):
            yield not_one(subject, input)
        else:  # whichever it is
            pairs += axes
    found = analysis.globals_along(pairs)
    for name, input, axis in found:
        tensor = analysis.tensors[name]
        operator = tensor.op_type + (f" '{tensor.node}'" if tensor.node else "")
        if tensor.exact:
            yield Says(f"{operator} takes {_all_of(subject, name, input, axis)} into each position", name)
        else:
            text = "what a position sees is only known as at most all of it"
            yield Says(f"{operator} is not proven to take less than all of {input} axis {axis}: {text}", name)
    if pairs:
        where = ", ".join(f"{input} axis {axis}" for input, axis in pairs)
        yield holds(f"no operator takes a whole axis (looked at: {where})")


def _all_of(subject: Subject, tensor: str, input: str, axis: int) -> str:
    """How much of the axis, where strides leave out its end."""
    lo, hi = told(subject.analysis, tensor, (input, axis))
    first, last = int(lo[lo <= hi].min()), int(hi[lo <= hi].max())
    length = (subject.analysis.input_shapes[input] or ())[axis] or 0
    all_of = f"{input} axis {axis}"
    return (
        f"all of {all_of}" if last - first + 1 >= length else f"{first}..{last} of the {length} positions of {all_of}"
    )


@rule("RF009", "no-unknown-operator", "warning", default=True)
def no_unknown_operator(subject: Subject, values: Values) -> Iterator[Says]:
    """Every operator has a rule, so that every field is known.

    What nobody wrote a rule for is taken to read everything: fields behind it are upper bounds, and rules that promise
    a minimum fail.

    Way out: export with standard operators; inline custom ones as ONNX functions.
    """
    states = {(op.domain, op.op_type): op for op in support()}
    met: dict[str, str] = {}
    for node in subject.graph.nodes:
        op = states.get((node.domain, node.op_type))
        if op is None or op.state == "unsupported":
            met.setdefault(node.kind, next((output for output in node.outputs if output), ""))
    for kind, tensor in met.items():
        yield Says(f"operator {kind} is not known, and is taken to read everything", tensor)
    yield holds("all operators are known")
