"""onnxruntime's fused and quantised operators as the standard ones that they stand for, before anything else is done.

Quantised arithmetic becomes arithmetic on dequantised numbers, quantised again at the end: onnxruntime computes it the same way
up to the last rounding, and the gradient passes straight through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, helper

from rfonnx.graph.order import reads

Attrs = dict[str, Any]


class Writer:
    """The nodes that one node becomes. Methods give the names of what they make.

    Attributes:
        quantised: by tensor that a quantiser makes: names of its scale and zero point.
        only_cast: whether nothing but Casts reads what the node makes.
    """

    def __init__(self, node: NodeProto, number: int, quantised: Mapping[str, Sequence[str]], only_cast: bool) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.inputs = list(node.input)
        self.outputs = list(node.output)
        self.attrs: Attrs = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        self.quantised = quantised
        self.only_cast = only_cast
        self._prefix = f"decomposed/{number}/"
        self._name = node.name

    def has(self, index: int) -> bool:
        """Whether input `index` is given."""
        return index < len(self.inputs) and bool(self.inputs[index])

    def __call__(self, op_type: str, *inputs: str, to: str = "", **attrs: Any) -> str:
        """A node with one output, named `to` or afresh."""
        output = to or f"{self._prefix}{len(self.nodes)}"
        name = self._name if to else f"{self._prefix}{op_type}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op_type, list(inputs), [output], name=name, **attrs))
        return output

    def dequantized(self, value: int, scale: int, axis: int | None = None) -> str:
        """An input as real numbers; its scale and zero point are inputs `scale` and `scale + 1`."""
        names = [self.inputs[value], self.inputs[scale]]
        if self.has(scale + 1):
            names.append(self.inputs[scale + 1])
        attrs: Attrs = {} if axis is None else {"axis": axis}
        return self("DequantizeLinear", *names, **attrs)

    def quantized(self, value: str, scale: int) -> None:
        """The output, quantised by inputs `scale` and `scale + 1`."""
        names = [value, self.inputs[scale]]
        if self.has(scale + 1):
            names.append(self.inputs[scale + 1])
        self("QuantizeLinear", *names, to=self.outputs[0])

    def attr(self, name: str, default: Any) -> Any:
        """An attribute."""
        value = self.attrs.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def only(self, *names: str) -> Attrs:
        """The attributes of these names."""
        return {name: self.attrs[name] for name in names if name in self.attrs}

    def scalar(self, value: float) -> str:
        """A float32 constant."""
        return self._constant(TensorProto.FLOAT, [], [value])

    def _constant(self, element: int, shape: list[int], values: list[Any]) -> str:
        name = f"{self._prefix}constant_{len(self.constants)}"
        self.constants.append(helper.make_tensor(name, element, shape, values))
        return name

    def cast(self, value: str) -> str:
        """As float32."""
        output = f"{self._prefix}{len(self.nodes)}"
        self.nodes.append(helper.make_node("Cast", [value], [output], to=TensorProto.FLOAT))
        return output

    def reshaped(self, value: str, shape: list[int]) -> str:
        """Under another shape."""
        return self("Reshape", value, self._constant(TensorProto.INT64, [len(shape)], shape))


Body = Callable[[Writer], None]
_bodies: dict[str, Body] = {}
_CONV = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")


def _body(*kinds: str) -> Callable[[Body], Body]:
    def register(function: Body) -> Body:
        for kind in kinds:
            _bodies[kind] = function
        return function

    return register


def decompose(model: ModelProto) -> None:
    """Replace every such node of the main graph, in place."""
    graph = model.graph
    if not any(_kind(node) in _bodies for node in graph.node):
        return
    nodes = list(_written(list(graph.node), {o.name for o in graph.output}, graph.initializer))
    graph.ClearField("node")
    graph.node.extend(nodes)


def decomposed() -> set[str]:
    """Kinds that `decompose` replaces."""
    return set(_bodies)


def _kind(node: NodeProto) -> str:
    return f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type


class _Kept(Exception):
    """A node that stays as it is."""


def _written(nodes: Sequence[NodeProto], outputs: set[str], constants: Any) -> Iterable[NodeProto]:
    quantised = {}
    for node in nodes:
        if node.op_type == "DynamicQuantizeLinear":
            quantised[node.output[0]] = node.output[1:]
        elif node.op_type == "QuantizeLinear":
            quantised[node.output[0]] = node.input[1:]
    other = {name for node in nodes if node.op_type != "Cast" for name in reads(node)} | outputs
    for number, node in enumerate(nodes):
        body = _bodies.get(_kind(node))
        if body is None:
            yield node
            continue
        writer = Writer(node, number, quantised, not other.intersection(node.output))
        try:
            body(writer)
        except _Kept:
            yield node
            continue
        constants.extend(writer.constants)
        yield from writer.nodes


def _activated(w: Writer, value: str) -> None:
    """The activation that a fused operator ends with."""
    kind = w.attr("activation", "")
    parameters = list(w.attr("activation_params", []))
    if not kind:
        w("Identity", value, to=w.outputs[0])
    elif kind == "Clip":
        w("Clip", value, w.scalar(parameters[0]), w.scalar(parameters[1]), to=w.outputs[0])
    elif kind == "LeakyRelu":
        w(kind, value, to=w.outputs[0], alpha=parameters[0] if parameters else w.attr("alpha", 0.01))
    elif kind == "HardSigmoid":
        w(kind, value, to=w.outputs[0], alpha=parameters[0], beta=parameters[1])
    else:
        w(kind, value, to=w.outputs[0])


@_body("com.microsoft.FusedConv")
def _fused_conv(w: Writer) -> None:
    made = w("Conv", *w.inputs[:3], **w.only(*_CONV))
    _activated(w, w("Add", made, w.inputs[3]) if w.has(3) else made)


@_body("com.microsoft.FusedGemm")
def _fused_gemm(w: Writer) -> None:
    made = w("Gemm", *w.inputs, **w.only("alpha", "beta", "transA", "transB"))
    w.attrs = {"activation_params": [v for v in (w.attrs.get("activation_alpha"),) if v is not None], **w.attrs}
    _activated(w, made)


@_body("com.microsoft.BiasGelu")
def _bias_gelu(w: Writer) -> None:
    biased = w("Add", *w.inputs)
    half = w("Mul", biased, w.scalar(0.5))
    w("Mul", half, w("Add", w("Erf", w("Mul", biased, w.scalar(0.5**0.5))), w.scalar(1.0)), to=w.outputs[0])


@_body("com.microsoft.SkipLayerNormalization")
def _skip_layer_norm(w: Writer) -> None:
    total = w("Add", w.inputs[0], w.inputs[1])
    if w.has(4):
        total = w("Add", total, w.inputs[4])
    if len(w.outputs) > 3 and w.outputs[3]:
        total = w("Identity", total, to=w.outputs[3])
    parameters = [w.inputs[2], *([w.inputs[3]] if w.has(3) else [])]
    w("LayerNormalization", total, *parameters, to=w.outputs[0], epsilon=w.attr("epsilon", 1e-12))


@_body("QLinearConv")
def _qlinear_conv(w: Writer) -> None:
    x, weight = w.dequantized(0, 1), w.dequantized(3, 4, axis=0)
    operands = [x, weight]
    if w.has(8):  # the bias counts in units of both scales, per output channel
        operands.append(w("Mul", w.cast(w.inputs[8]), w("Mul", w.inputs[1], w.inputs[4])))
    made = w("Conv", *operands, **w.only(*_CONV))
    w.quantized(made, 6)


@_body("QLinearMatMul", "com.microsoft.QLinearMatMul")
def _qlinear_matmul(w: Writer) -> None:
    w.quantized(w("MatMul", w.dequantized(0, 1), w.dequantized(3, 4, axis=1)), 6)


@_body("com.microsoft.QLinearAdd")
def _qlinear_add(w: Writer) -> None:
    w.quantized(w("Add", w.dequantized(0, 1), w.dequantized(3, 4)), 6)


@_body("com.microsoft.QLinearMul")
def _qlinear_mul(w: Writer) -> None:
    w.quantized(w("Mul", w.dequantized(0, 1), w.dequantized(3, 4)), 6)


@_body("com.microsoft.QLinearSigmoid")
def _qlinear_sigmoid(w: Writer) -> None:
    w.quantized(w("Sigmoid", w.dequantized(0, 1)), 3)


@_body("com.microsoft.QLinearLeakyRelu")
def _qlinear_leaky_relu(w: Writer) -> None:
    w.quantized(w("LeakyRelu", w.dequantized(0, 1), **w.only("alpha")), 3)


@_body("com.microsoft.QLinearGlobalAveragePool")
def _qlinear_global_average_pool(w: Writer) -> None:
    _pooled(w, "GlobalAveragePool", {})


@_body("com.microsoft.QLinearAveragePool")
def _qlinear_average_pool(w: Writer) -> None:
    names = ("auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides")
    _pooled(w, "AveragePool", w.only(*names))


def _pooled(w: Writer, op_type: str, attrs: Attrs) -> None:
    x = w.dequantized(0, 1)
    if w.attr("channels_last", 0):
        made = w(op_type, w("Transpose", x, perm=[0, 3, 1, 2]), **attrs)
        w.quantized(w("Transpose", made, perm=[0, 2, 3, 1]), 3)
    else:
        w.quantized(w(op_type, x, **attrs), 3)


@_body("com.microsoft.QLinearConcat")
def _qlinear_concat(w: Writer) -> None:
    parts = [w.dequantized(i, i + 1) for i in range(2, len(w.inputs), 3)]
    w.quantized(w("Concat", *parts, axis=w.attr("axis", 0)), 0)


@_body("com.microsoft.QGemm")
def _qgemm(w: Writer) -> None:
    a = w.dequantized(0, 1)
    b = w.dequantized(3, 4, axis=0 if w.attr("transB", 0) else 1)
    made = w("Gemm", a, b, **w.only("transA", "transB", "alpha"))
    if w.has(6):
        made = w("Add", made, w("Mul", w.cast(w.inputs[6]), w("Mul", w.inputs[1], w.inputs[4])))
    if w.has(7):
        w.quantized(made, 7)
    else:
        w("Identity", made, to=w.outputs[0])


@_body("com.microsoft.QLinearSoftmax")
def _qlinear_softmax(w: Writer) -> None:
    if w.attr("opset", 13) < 13:
        raise _Kept  # over all axes from one on
    w.quantized(w("Softmax", w.dequantized(0, 1), axis=w.attr("axis", -1)), 3)


@_body("com.microsoft.QLinearWhere")
def _qlinear_where(w: Writer) -> None:
    w.quantized(w("Where", w.inputs[0], w.dequantized(1, 2), w.dequantized(4, 5)), 7)


@_body("MatMulInteger")
def _matmul_integer(w: Writer) -> None:
    weight = w.cast(w.inputs[1])
    if w.has(3):
        weight = w("Sub", weight, w.cast(w.inputs[3]))
    w("MatMul", _counted(w), weight, to=w.outputs[0])


@_body("ConvInteger")
def _conv_integer(w: Writer) -> None:
    weight = w.cast(w.inputs[1])
    if w.has(3):
        rank = len(w.attrs.get("kernel_shape", [1, 1]))
        weight = w("Sub", weight, w.reshaped(w.cast(w.inputs[3]), [-1, 1] + [1] * rank))
    w("Conv", _counted(w), weight, to=w.outputs[0], **w.only(*_CONV))


def _counted(w: Writer) -> str:
    """The first input, less its zero point: the real numbers it stands for, in units of its scale, so that gradients find the
    way back to them. The integers of the result become real numbers; what comes next is a Cast that makes them so."""
    quantiser = w.quantised.get(w.inputs[0])
    if quantiser is None or not w.only_cast:
        raise _Kept
    return w("Div", w("DequantizeLinear", w.inputs[0], *quantiser), quantiser[0])
