"""Models on whole numbers: every number is that of the offline run, and what stands outside is the zero point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

import rfonnx
from streaming.nets import NETS, Net

MS = "com.microsoft"
ZERO = 7
"""The zero point of what comes in: frames of 0 are not frames of nothing."""

Made = Callable[["Bytes"], str]


class Bytes(Net):
    """A net that takes 8-bit numbers."""

    def __init__(self, dtype: type = np.uint8) -> None:
        super().__init__()
        self.dtype = np.dtype(dtype)

    def scale(self, zero: int = ZERO, of: float = 0.05) -> list[str]:
        """A scale, and a zero point of the net's type."""
        return [self.constant(np.array(of, np.float32)), self.constant(np.array(zero, self.dtype))]

    def filters(self, *shape: int) -> str:
        return self.constant(self.rng.integers(-100, 100, shape).astype(np.int8))

    def weight(self, *shape: int) -> list[str]:
        """Filters with a scale of their own each."""
        scales = self.constant((self.rng.random(shape[0]) * 0.02).astype(np.float32))
        return [self.filters(*shape), scales, self.constant(np.zeros(shape[0], np.int8))]

    def qconv(self, x: str, domain: str = "", **attrs: object) -> str:
        weights = self.weight(3, 2, 3)
        bias = self.constant(self.rng.integers(-500, 500, 3).astype(np.int32))
        return self.add("QLinearConv", x, *self.scale(), *weights, *self.scale(), bias, domain=domain, **attrs)

    def model(self, shape: list[int | str], *outputs: str, **more: object) -> onnx.ModelProto:  # type: ignore[override]
        model = super().model(shape, *outputs)
        model.graph.input[0].type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(self.dtype)
        model.opset_import.add().domain, model.opset_import[-1].version = MS, 1
        for output in model.graph.output:  # its type is left to inference, which knows no com.microsoft
            output.ClearField("type")
        return model


def ahead(net: Bytes) -> str:
    """What comes before looks ahead: frames before the first are computed."""
    return net.add("QLinearConv", "x", *net.scale(), *net.weight(2, 2, 3), *net.scale(), pads=[1, 1])


def conv(net: Bytes) -> str:
    return net.qconv(ahead(net), pads=[2, 1], dilations=[2], strides=[2])


def channels_last(net: Bytes) -> str:
    last = net.add("Transpose", ahead(net), perm=[0, 2, 1])
    return net.qconv(last, MS, channels_last=1, pads=[2, 0])


def conv_integer(net: Bytes) -> str:
    return net.add("ConvInteger", ahead(net), net.filters(3, 2, 3), net.scale()[1], pads=[1, 1])


def conv_integer_plain(net: Bytes) -> str:
    return net.add("ConvInteger", ahead(net), net.filters(3, 2, 3), pads=[1, 1])


def products(net: Bytes) -> str:
    last = net.add("Transpose", ahead(net), perm=[0, 2, 1])
    made = net.add(
        "QLinearMatMul",
        last,
        *net.scale(),
        net.filters(2, 4),
        *net.scale(0)[:1],
        net.constant(np.int8(3)),
        *net.scale(),
    )
    return net.add("MatMulInteger", made, net.filters(4, 3), net.scale()[1])


def pointwise(net: Bytes) -> str:
    late = ahead(net)
    made = net.add("QLinearAdd", "x", *net.scale(), late, *net.scale(), *net.scale(3), domain=MS)
    made = net.add("QLinearMul", made, *net.scale(3), late, *net.scale(), *net.scale(of=0.2), domain=MS)
    made = net.add("QLinearLeakyRelu", made, *net.scale(of=0.2), *net.scale(9), domain=MS, alpha=0.2)
    made = net.add("QLinearSigmoid", made, *net.scale(9), *net.scale(0, 1 / 256), domain=MS)
    both = net.add("QLinearConcat", *net.scale(), made, *net.scale(0, 1 / 256), "x", *net.scale(), domain=MS, axis=1)
    return net.add("QLinearConv", both, *net.scale(), *net.weight(2, 4, 2), *net.scale(), pads=[1, 0])


def pool(net: Bytes) -> str:
    highest = net.add("MaxPool", ahead(net), kernel_shape=[3], pads=[1, 1])
    ends = [*net.scale(), *net.scale(2)]
    return net.add(
        "QLinearAveragePool", highest, *ends, domain=MS, kernel_shape=[4], pads=[2, 1], strides=[2], count_include_pad=1
    )


def channels_last_pool(net: Bytes) -> str:
    x = net.add("Reshape", net.add("Transpose", ahead(net), perm=[0, 2, 1]), net.ints(1, -1, 1, 2))
    return net.add("NhwcMaxPool", x, domain=MS, kernel_shape=[3, 1], pads=[1, 0, 1, 0])


def padded(net: Bytes) -> str:
    """As exporters pad in front: with the number that stands for 0. It adds no delay."""
    made = net.add("Pad", "x", net.ints(0, 0, 2, 0, 0, 0), net.scale()[1])
    return net.qconv(made)


def padded_otherwise(net: Bytes) -> str:
    return net.qconv(
        net.add("Pad", ahead(net), net.ints(0, 0, 2, 0, 0, 1), net.constant(net.dtype.type(90))), pads=[1, 1]
    )


def kept_in_bytes(net: Bytes) -> str:
    """QDQ: padded with 0, quantised and made real again in front of a convolution."""
    real = net.add("DequantizeLinear", "x", *net.scale())
    held = net.add("QuantizeLinear", net.pad(real, 3, 2, 2), *net.scale(99))
    real = net.add("Conv", net.add("DequantizeLinear", held, *net.scale(99)), net.numbers(2, 2, 3))
    return net.add("QuantizeLinear", real, *net.scale())


MODELS: dict[str, tuple[Made, int]] = {
    "QLinearConv": (conv, 1),
    "QLinearConv, channels last": (channels_last, 1),
    "ConvInteger": (conv_integer, 2),
    "ConvInteger, no zero point": (conv_integer_plain, 2),
    "products": (products, 1),
    "pointwise": (pointwise, 1),
    "pools": (pool, 1),
    "NhwcMaxPool": (channels_last_pool, 2),
    "Pad": (padded, 0),
    "Pad, other value": (padded_otherwise, 0),
    "QDQ behind Pad": (kept_in_bytes, 0),
}
"""By name: what is made of x, and its delay."""


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("name", MODELS)
def test_every_number_is_that_of_the_offline_model(name: str, dtype: type) -> None:
    net = Bytes(dtype)
    make, delay = MODELS[name]
    output = make(net)
    plan = rfonnx.stream(net.model([1, 2, "t"], output), "x", 2)
    assert [(one.delay + one.held, one.least) for one in plan.manifest.outputs] == [(delay, delay)]
    found = plan.verify()
    assert found.passed, found
    assert found.worst == 0


def dynamic(net: Bytes) -> str:
    real = net.add("DequantizeLinear", "x", *net.scale())
    names = ["bytes", "scale", "zero"]
    net.nodes.append(helper.make_node("DynamicQuantizeLinear", [real], names, "range"))
    return net.add("ConvInteger", "bytes", net.filters(3, 2, 3), "zero", pads=[1, 1])


def dynamic_product(net: Bytes) -> str:
    real = net.add("Transpose", net.add("DequantizeLinear", "x", *net.scale()), perm=[0, 2, 1])
    return net.add("DynamicQuantizeMatMul", real, net.filters(2, 3), *net.scale()[:1], domain=MS)


def uncounted(net: Bytes) -> str:
    ends = [*net.scale(), *net.scale(2)]
    return net.add("QLinearAveragePool", "x", *ends, domain=MS, kernel_shape=[3], pads=[1, 1])


def whole(net: Bytes) -> str:
    return net.add("QLinearGlobalAveragePool", "x", *net.scale(), *net.scale(), domain=MS)


def computed(net: Bytes) -> str:
    zero = net.add("Squeeze", net.add("Slice", "y", net.ints(0), net.ints(1), net.ints(0)), net.ints(0))
    return net.add("ConvInteger", "x", net.filters(3, 2, 3), zero, pads=[1, 1])


REFUSED: dict[str, tuple[Made, str, str]] = {
    "range of all": (dynamic, r"DynamicQuantizeLinear\) .*takes its scale from the range of all frames", "statically"),
    "fused": (dynamic_product, r"DynamicQuantizeMatMul\) .*range of all frames", "statically"),
    "mean of those there are": (uncounted, r"QLinearAveragePool\) .*takes the mean of frames", "count_include_pad"),
    "global": (whole, r"QLinearGlobalAveragePool\) .*takes all positions", "another axis"),
    "computed zero point": (computed, r"ConvInteger\) .*zero point that is no constant", "statically"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_has_a_way_out(name: str) -> None:
    make, said, way = REFUSED[name]
    net = Bytes()
    model = net.model([1, 2, "t"], make(net))
    if "y" in {operand for node in net.nodes for operand in node.input}:
        model.graph.input.append(helper.make_tensor_value_info("y", TensorProto.UINT8, [1]))
    with pytest.raises(rfonnx.RfonnxError, match=said) as found:
        rfonnx.stream(model, "x", 2)
    assert way in (found.value.hint or "")


@pytest.mark.parametrize("ahead_first", [False, True])
def test_what_is_added_inside_a_fused_convolution_waits(ahead_first: bool) -> None:
    """The window looks one frame ahead, what is added none; or three."""
    net = Net()
    added = net.conv("x", 2, 3, [7], pads=[3, 3]) if ahead_first else net.conv("x", 2, 3, [1])
    fused = net.add(
        "FusedConv", "x", net.numbers(3, 2, 4), net.numbers(3), added, domain=MS, activation="Relu", pads=[2, 1]
    )
    model = net.model([1, 2, "t"], fused)
    model.opset_import.add().domain, model.opset_import[-1].version = MS, 1
    plan = rfonnx.stream(model, "x", 2)
    assert plan.delay == {fused: 3 if ahead_first else 1}
    assert plan.verify().passed


class Samples(CalibrationDataReader):  # type: ignore[misc]
    """One run to take ranges from."""

    def __init__(self, model: onnx.ModelProto) -> None:
        entry = model.graph.input[0]
        shape = [dim.dim_value or (160 if dim.dim_param == "t" else 1) for dim in entry.type.tensor_type.shape.dim]
        self.left = [{entry.name: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self.left.pop() if self.left else None


def quantised(name: str, how: QuantFormat, of: QuantType, folder: Path) -> onnx.ModelProto:
    model = NETS[name][0]()
    onnx.save(model, folder / "real.onnx")
    quantize_static(
        folder / "real.onnx",
        folder / "bytes.onnx",
        Samples(model),
        quant_format=how,
        activation_type=of,
        weight_type=QuantType.QInt8,
        per_channel=of == QuantType.QInt8,
    )
    return onnx.load(folder / "bytes.onnx")


@pytest.mark.parametrize("name", ["causal TCN", "symmetric TCN with norms", "U-Net, transposed"])
@pytest.mark.parametrize(("how", "of"), [(QuantFormat.QDQ, QuantType.QUInt8), (QuantFormat.QOperator, QuantType.QInt8)])
def test_what_onnxruntime_quantised_has_the_delay_of_the_real_net(
    name: str, how: QuantFormat, of: QuantType, tmp_path: Path
) -> None:
    """Caches of what is held in 8 bits are, too."""
    _, axis, unit, delays = NETS[name]
    plan = rfonnx.stream(quantised(name, how, of, tmp_path), "x", axis)
    assert plan.unit == unit
    assert tuple(plan.delay.values()) == delays
    found = plan.verify()
    assert found.passed
    assert found.worst == 0
    caches = {one.dtype for one in plan.states if "reads again" in one.meaning}
    assert caches == {"uint8" if of == QuantType.QUInt8 else "int8"}
