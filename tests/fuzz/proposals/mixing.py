"""Operators that mix whole axes: products, reductions, norms, attention, transforms."""

from __future__ import annotations

import string

import numpy as np

from fuzz.builder import Builder, NoFit, Tensor
from fuzz.proposals.registry import frequent, proposal


@frequent
def matrix_product(net: Builder) -> None:
    x = net.pick(least=1)
    if net.chance(0.3):
        y = net.pick(least=1)
        net.add("MatMul", [x.name, y.name])
    elif net.chance(0.7):
        batch = x.shape[:-2] if net.chance(0.3) else ()
        net.add("MatMul", [x.name, net.floats(*batch, x.shape[-1], net.integer(1, 3))])
    else:
        rows = x.shape[-2] if x.rank > 1 else x.shape[0]
        net.add("MatMul", [net.floats(net.integer(1, 3), rows), x.name])


@proposal
def product_with_itself(net: Builder) -> None:
    x = net.pick(least=2)
    perm = [*range(x.rank - 2), x.rank - 1, x.rank - 2]
    turned = net.add("Transpose", x.name, perm=perm)
    net.add("MatMul", [x.name, turned] if net.chance() else [turned, x.name])


@frequent
def gemm(net: Builder) -> None:
    x = net.pick(2)
    turned, other = net.integer(0, 1), net.integer(0, 1)
    inner, columns = x.shape[0] if turned else x.shape[1], net.integer(1, 3)
    rows = x.shape[1] if turned else x.shape[0]
    inputs = [x.name, net.floats(*((columns, inner) if other else (inner, columns)))]
    if net.chance():
        inputs.append(net.floats(*net.choice([(), (1,), (columns,), (rows, 1), (rows, columns)])))
    net.add("Gemm", inputs, transA=turned, transB=other, alpha=net.choice([None, 0.5]), beta=net.choice([None, 2.0]))


@frequent
def einsum(net: Builder) -> None:
    """One or two operands with random letters, some shared, some summed; sometimes an ellipsis in front."""
    x = net.pick(1, 2, 3, 4)
    if net.opset < 12:
        raise NoFit
    letters = list(net.random.permutation(list(string.ascii_lowercase[:8])))
    front = net.integer(0, x.rank - 1) if net.chance(0.2) else 0
    mine = letters[: x.rank - front]
    if net.chance(0.1) and len(mine) > 1 and x.shape[-1] == x.shape[-2]:
        mine[-1] = mine[-2]
    lengths = dict(zip(mine, x.shape[front:], strict=True))
    names, terms = [x.name], [("..." if front else "") + "".join(mine)]
    if net.chance(0.7):
        theirs = [letter for letter in mine if net.chance()] + letters[6 : 6 + net.integer(0, 1)]
        theirs = list(dict.fromkeys(theirs))
        net.random.shuffle(theirs)
        names.append(net.floats(*[lengths.setdefault(letter, net.integer(1, 2)) for letter in theirs]))
        terms.append("".join(theirs))
    kept = [letter for letter in lengths if net.chance(0.6)]
    net.random.shuffle(kept)
    explicit = "->" + ("..." if front else "") + "".join(kept)
    net.add("Einsum", names, equation=",".join(terms) + (explicit if net.chance(0.8) else ""))


REDUCTIONS = [
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "ReduceMin",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSumExp",
    "ReduceSumSquare",
    "ReduceProd",
]


@frequent
def reduce(net: Builder) -> None:
    x, kind = net.pick(empty=True), net.choice(REDUCTIONS)
    axes = None if net.chance(0.2) else net.axes(x, least=0) if net.chance(0.1) else net.axes(x)
    if net.opset < 11 and axes:
        axes = [axis % x.rank for axis in axes]
    keep = net.choice([None, 0, 1])
    if net.opset < (13 if kind == "ReduceSum" else 18):
        net.add(kind, x.name, axes=axes or None, keepdims=keep)
    else:
        inputs = [x.name] if axes is None else [x.name, net.ints(*axes)]
        net.add(kind, inputs, keepdims=keep, noop_with_empty_axes=net.choice([None, None, 1]))


@proposal
def extreme_place(net: Builder) -> None:
    x = net.pick(least=1)
    at = net.add(
        net.choice(["ArgMax", "ArgMin"]), x.name, axis=net.axis(x) if net.opset >= 11 else 0, keepdims=net.integer(0, 1)
    )
    if net.chance():
        net.add("Cast", at, to=1)


@proposal
def top(net: Builder) -> None:
    x = net.pick(least=1)
    axis = net.axis(x) if net.opset >= 11 else x.rank - 1
    settings = {"largest": net.integer(0, 1), "sorted": net.integer(0, 1)} if net.opset >= 11 else {}
    inputs = [x.name, net.ints(net.integer(1, max(1, x.shape[axis])))]
    net.add_many("TopK", inputs, 2, axis=axis, **settings)


@proposal
def running_sum(net: Builder) -> None:
    x = net.pick(least=1)
    if net.opset < 11:
        raise NoFit
    axis = net.constant(np.int64(net.axis(x)) if net.chance() else np.int32(net.axis(x)))
    net.add("CumSum", [x.name, axis], exclusive=net.choice([None, 1]), reverse=net.choice([None, 1]))


@proposal
def softmax(net: Builder) -> None:
    x = net.pick(least=1)
    axis = net.axis(x) if net.opset >= 11 else net.integer(0, x.rank - 1)
    net.add(net.choice(["Softmax", "Softmax", "LogSoftmax", "Hardmax"]), x.name, axis=axis if net.chance(0.8) else None)


@frequent
def normalisation(net: Builder) -> None:
    x = net.pick(least=2)
    c = x.shape[1]
    match net.integer(0, 7):
        case 0:
            running = [net.floats(c), net.constant(net.random.uniform(0.5, 2, c).astype(np.float32))]
            net.add("BatchNormalization", [x.name, net.floats(c), net.floats(c), *running])
        case 1:
            net.add("InstanceNormalization", [x.name, net.floats(c), net.floats(c)], epsilon=net.choice([None, 0.1]))
        case 2 if net.opset >= 17:
            axis = net.axis(x)
            shape = x.shape[axis % x.rank :]
            inputs = [x.name, net.floats(*shape)] + ([net.floats(*shape)] if net.chance() else [])
            net.add_many("LayerNormalization", inputs, [True, net.chance(0.2), net.chance(0.2)], axis=axis)
        case 3 if net.opset >= 18:
            groups = net.choice([d for d in range(1, c + 1) if c % d == 0])
            each = c if net.opset >= 21 else groups
            net.add("GroupNormalization", [x.name, net.floats(each), net.floats(each)], num_groups=groups)
        case 4:
            net.add("LpNormalization", x.name, axis=net.axis(x), p=net.integer(1, 2))
        case 5:
            net.add("MeanVarianceNormalization", x.name, axes=net.axes(x) if x.rank != 4 or net.chance() else None)
        case 6 if net.opset >= 23:
            axis = net.axis(x)
            net.add("RMSNormalization", [x.name, net.floats(*x.shape[axis % x.rank :])], axis=axis)
        case _:
            written_out_norm(net, x)


def written_out_norm(net: Builder, x: Tensor) -> None:
    """A layer norm as exporters before opset 17 write it."""

    def mean(name: str) -> str:
        if net.opset < 18:
            return net.add("ReduceMean", name, axes=[x.rank - 1])
        return net.add("ReduceMean", [name, net.ints(x.rank - 1)])

    centered = net.add("Sub", [x.name, mean(x.name)])
    spread = net.add(
        "Sqrt", net.add("Add", [mean(net.add("Mul", [centered, centered])), net.constant(np.float32(0.1))])
    )
    net.add("Mul", [net.add("Div", [centered, spread]), net.floats(x.shape[-1])])


@proposal
def spectrum(net: Builder) -> None:
    x = net.pick(least=2)
    if net.opset < 17:
        raise NoFit
    if x.shape[-1] > 2 or net.chance(0.2):
        x = net.tensors[net.add("Unsqueeze", [x.name, net.ints(x.rank)])]
    axis = net.integer(1, x.rank - 2)
    length = net.constant(np.int64(net.integer(1, 5))) if net.chance(0.3) else ""
    settings = {"onesided": net.choice([None, 1]) if x.shape[-1] == 1 else None, "inverse": net.choice([None, None, 1])}
    if net.opset < 20:
        net.add("DFT", [x.name, length] if length else [x.name], axis=axis, **settings)
    else:
        net.add("DFT", [x.name, length, net.constant(np.int64(axis))], **settings)


@proposal
def determinant(net: Builder) -> None:
    x = net.pick(least=2)
    n = min(x.shape[-2:])
    if net.opset < 11:
        raise NoFit
    part = x.name
    if x.shape[-1] != x.shape[-2]:
        part = net.add("Slice", [x.name, net.ints(0, 0), net.ints(n, n), net.ints(x.rank - 2, x.rank - 1)])
    net.add("Det", part)


@frequent
def sequence_layer(net: Builder) -> None:
    """RNN, LSTM or GRU, in either or both directions, with some of the optional inputs."""
    x = net.pick(3)
    steps, batch, width = x.shape
    kind, hidden = net.choice(["RNN", "LSTM", "GRU"]), net.integer(1, 2)
    direction = net.choice(["forward", "reverse", "bidirectional"])
    ways, gates = 1 + (direction == "bidirectional"), {"RNN": 1, "GRU": 3, "LSTM": 4}[kind]
    inputs = [x.name, net.floats(ways, gates * hidden, width), net.floats(ways, gates * hidden, hidden)]
    inputs.append(net.floats(ways, 2 * gates * hidden) if net.chance() else "")
    lengths = net.random.integers(1, steps + 1, batch).astype(np.int32) if steps else np.zeros(batch, np.int32)
    inputs.append(net.constant(lengths) if net.chance(0.3) else "")
    if net.chance(0.4):
        inputs.append(net.floats(ways, batch, hidden))
        if kind == "LSTM" and net.chance():
            inputs.append(net.floats(ways, batch, hidden))
            if net.chance():
                inputs.append(net.floats(ways, 3 * hidden))
    made = [net.chance(0.8), net.chance(), *([net.chance(0.3)] if kind == "LSTM" else [])]
    if not any(made):
        made[0] = True
    net.add_many(kind, inputs, made, hidden_size=hidden, direction=direction)
