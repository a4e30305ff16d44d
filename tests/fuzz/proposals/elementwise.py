"""Operators that read one position of each operand, broadcast; casts and quantisation among them."""

from __future__ import annotations

import numpy as np

from fuzz.builder import Builder, NoFit, Tensor
from fuzz.proposals.registry import frequent, proposal

UNARY = {  # by first opset
    **dict.fromkeys(
        [
            "Relu",
            "Tanh",
            "Sigmoid",
            "Abs",
            "Neg",
            "Identity",
            "Floor",
            "Ceil",
            "LeakyRelu",
            "Elu",
            "Selu",
            "HardSigmoid",
        ],
        1,
    ),
    **dict.fromkeys(
        ["Softplus", "Softsign", "Sin", "Cos", "Atan", "Erf", "Sign", "ThresholdedRelu", "Shrink", "Dropout"], 10
    ),
    **dict.fromkeys(["Round"], 11) | dict.fromkeys(["Celu"], 12) | dict.fromkeys(["HardSwish"], 14),
    **dict.fromkeys(["Mish"], 18) | dict.fromkeys(["Gelu"], 20) | dict.fromkeys(["Swish"], 24),
}


@proposal
def unary(net: Builder) -> None:
    net.add(net.choice([op for op, first in UNARY.items() if first <= net.opset]), net.pick(empty=True).name)


@proposal
def activation(net: Builder) -> None:
    """As PyTorch and Keras write SiLU, GELU and the like."""
    x = net.pick(empty=True).name
    match net.integer(0, 4):
        case 0:
            net.add("Mul", [x, net.add("Sigmoid", x)])
        case 1:
            net.add("Mul", [x, net.add("Erf", x)])
        case 2:
            net.add("FastGelu", x, domain="com.microsoft")
        case 3:
            net.add("Pow", [x, net.constant(np.float32(net.integer(1, 3)))])
        case _:
            low, high = net.constant(np.float32(-1)), net.constant(np.float32(1.5))
            net.add("Clip", [x, low, high]) if net.opset >= 11 else net.add("Clip", x, min=-1.0, max=1.5)


def operand(net: Builder, x: Tensor) -> str:
    """Another tensor that broadcasts with x, or a constant that does, some of its values zero."""
    if net.chance(0.4):
        return net.pick(empty=True).name
    shape = [n if net.chance(0.7) else 1 for n in x.shape]
    shape = shape[net.integer(0, len(shape)) if net.chance(0.4) else 0 :]
    if net.chance(0.1):
        shape = [net.integer(1, 2), *[1] * (x.rank - len(shape)), *shape]
    return net.floats(*shape)


@frequent
def binary(net: Builder) -> None:
    x = net.pick(empty=True)
    pair = [x.name, operand(net, x)]
    if net.chance():
        pair.reverse()
    net.add(net.choice(["Add", "Sub", "Mul", "Mul", "Max", "Min", "Mean"]), pair)


@frequent
def residual(net: Builder) -> None:
    """Two tensors of one shape joined."""
    x = net.pick(empty=True)
    alike = [t.name for t in net.tensors.values() if t.shape == x.shape and t.varies and t.value.dtype == x.value.dtype]
    net.add(net.choice(["Add", "Mul", "Sum", "Max"]), [x.name, net.choice(alike)])


@proposal
def divide(net: Builder) -> None:
    x = net.pick(empty=True)
    net.add("Div", [x.name, net.constant(net.random.uniform(0.5, 2, x.shape[-1:]).astype(np.float32))])


@proposal
def several(net: Builder) -> None:
    x = net.pick(empty=True)
    net.add(net.choice(["Sum", "Max", "Min", "Mean"]), [x.name, *[operand(net, x) for _ in range(net.integer(0, 2))]])


@frequent
def where(net: Builder) -> None:
    """With a known condition, or a computed one."""
    x = net.pick(empty=True)
    if net.chance(0.3):
        condition = net.add("Greater", [x.name, net.constant(np.float32(0.1))])
    else:
        shape = [n if net.chance(0.8) else 1 for n in x.shape]
        condition = net.constant(net.random.random(shape) < 0.5)
    pair = [x.name, operand(net, x)]
    if net.chance():
        pair.reverse()
    net.add("Where", [condition, *pair])


@proposal
def slope(net: Builder) -> None:
    x = net.pick(least=1, empty=True)
    shape = (x.shape[1], *[1] * (x.rank - 2)) if x.rank > 1 and net.chance() else x.shape[-1:]
    net.add("PRelu", [x.name, net.floats(*shape)])


@proposal
def condition(net: Builder) -> None:
    """A comparison, sometimes turned back into numbers."""
    x = net.pick(empty=True)
    answer = net.add(net.choice(["Greater", "Less"]), [x.name, operand(net, x)])
    if net.chance(0.3):
        answer = net.add("Not", answer)
    if net.chance(0.3):
        other = net.constant(net.random.random(net.tensors[answer].shape) < 0.5)
        answer = net.add(net.choice(["And", "Or", "Xor"]), [answer, other])
    if net.chance(0.7):
        net.add("Cast", answer, to=1)


@proposal
def cast(net: Builder) -> None:
    """To another type and back."""
    x = net.pick(empty=True)
    to = net.choice([6, 7, 9, 10, 11])
    back = net.add("Cast", net.add("Cast", x.name, to=to), to=1)
    if net.chance() and net.opset >= 15:
        net.add("CastLike", [back, x.name])


@proposal
def number(net: Builder) -> None:
    """Whole numbers as numbers."""
    x = net.pick(kind="i", empty=True)
    net.add("Cast", net.add("Add", [x.name, net.constant(np.int64(1))]) if net.chance() else x.name, to=1)


@proposal
def one_hot(net: Builder) -> None:
    x = net.pick(kind="i", empty=True)
    net.add(
        "OneHot", [x.name, net.constant(np.int64(3)), net.constant(np.float32([0, 1]))], axis=net.integer(-1, x.rank)
    )


@proposal
def embed(net: Builder) -> None:
    x = net.pick(kind="i", empty=True)
    net.add("Gather", [net.floats(4, net.integer(1, 2)), x.name])


@proposal
def remainder(net: Builder) -> None:
    x = net.pick(empty=True)
    if net.opset < 10:
        raise NoFit
    net.add("Mod", [x.name, net.constant(np.float32(1.5))], fmod=1)


@proposal
def quantise(net: Builder) -> None:
    """There and back, by tensor or by channel."""
    x = net.pick(least=1, empty=True)
    if net.opset < 10:
        raise NoFit
    axis = net.axis(x) if net.opset >= 13 and net.chance(0.4) else None
    shape = () if axis is None else (x.shape[axis],)
    scale = net.constant(net.random.uniform(0.01, 0.1, shape).astype(np.float32))
    zero = net.constant(np.zeros(shape, net.choice([np.uint8, np.int8])))
    whole = net.add("QuantizeLinear", [x.name, scale, zero], axis=axis)
    net.add("DequantizeLinear", [whole, scale, zero], axis=axis)


@proposal
def quantised_product(net: Builder) -> None:
    x = net.pick(least=2)
    if net.opset < 11:
        raise NoFit
    whole, scale, zero = net.add_many("DynamicQuantizeLinear", x.name, 3)
    if x.rank == 4 and net.chance():
        weight = net.random.integers(0, 9, (2, x.shape[1], 1, net.integer(1, 2))).astype(np.uint8)
        made = net.add("ConvInteger", [whole, net.constant(weight), zero])
    else:
        weight = net.random.integers(0, 9, (x.shape[-1], 2)).astype(np.uint8)
        made = net.add("MatMulInteger", [whole, net.constant(weight), zero])
    net.add("Mul", [net.add("Cast", made, to=1), scale])


@proposal
def noughts(net: Builder) -> None:
    """Multiplied by a constant some of whose values are zero, or by zero altogether."""
    x = net.pick(empty=True)
    mask = (net.random.random(x.shape) < (0.0 if net.chance(0.1) else 0.6)).astype(np.float32)
    net.add("Mul", [x.name, net.constant(mask)])
