"""What-if against torch: networks are exported before and after a change; what-if on the first equals the analysis of the second.

python benchmarks/whatif_torch.py [NET ...]

Needs torch, torchvision and onnxscript. Each network is exported by both exporters (`dynamo=True` and `False`). After the change
it is another torch module: built by an option of torchvision, or with other attributes in a layer, whose padding is written out
here. Held against each other: shape, field and exactness of every tensor, MACs and activations; the shapes of outputs also
against a run under onnxruntime, and torch's own count of MACs stands beside.
Where torch cannot run the changed network, what-if has to refuse it.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import onnx
import onnxruntime
import torch
import torchvision
from measure import table
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import rfonnx
from rfonnx.comparing.cost.activations import activation_bytes
from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.variants.looked import Subject
from rfonnx.comparing.variants.siblings import fitted
from rfonnx.errors import RfonnxError
from rfonnx.model.opened import opened

OPERATORS = {
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), "Conv"),
    **dict.fromkeys((nn.ConvTranspose1d, nn.ConvTranspose2d), "ConvTranspose"),
    **dict.fromkeys((nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d), "MaxPool"),
    **dict.fromkeys((nn.AvgPool1d, nn.AvgPool2d), "AveragePool"),
    **dict.fromkeys((nn.ReLU,), "Relu"),
}
"""Modules that can be named in a change, and what they become."""

WORDS = {"kernel": "kernel_size", "stride": "stride", "dilation": "dilation", "pads": "padding"}

Values = Mapping[str, Any]


class Case(NamedTuple):
    """A network and a change.

    Attributes:
        make: the network as it is.
        shape: of its input.
        changes: by module: what what-if is told; None: it is dropped.
        padding: by module: of the network after the change, where it follows; what-if is not told.
        again: the network after the change, where an option makes it.
        later: shape of the input after the change.
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    changes: Mapping[str, Values | None]
    padding: Mapping[str, Any] = {}
    again: Callable[[], nn.Module] | None = None
    later: tuple[int, ...] | None = None


class WaveNet(nn.Module):
    """Gated causal convolutions; padding stands before each."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, 8, 1)
        self.gates = nn.ModuleList(nn.Conv1d(8, 16, 2, dilation=2**n) for n in range(6))
        self.last = nn.Conv1d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for gate in self.gates:
            before = (gate.kernel_size[0] - 1) * gate.dilation[0]
            a, b = gate(nn.functional.pad(x, (before, 0))).chunk(2, 1)
            x = x + torch.tanh(a) * torch.sigmoid(b)
        return self.last(x)


class Boxes(nn.Module):
    """A detector's head: anchors and their numbers are parts of the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 24, 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.b(torch.relu(self.a(x))).permute(0, 2, 3, 1)
        return x.reshape(x.shape[0], -1, 4).sigmoid()


class Tokens(nn.Module):
    """Patches as tokens, which attend to each other; no places are added, so any number will do."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.patch(x).flatten(2).transpose(1, 2))


class Decoder(nn.Module):
    """Transposed convolutions behind a strided encoder, with a skip connection."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1)
        self.up, self.out = nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ConvTranspose2d(16, 3, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = torch.relu(self.a(x))
        return self.out(torch.cat([a, torch.relu(self.up(torch.relu(self.b(a))))], 1))


class Ceil(nn.Module):
    """Pools that round up, an average that counts its padding, and a convolution without padding, grouped."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(4, 8, 5, groups=4), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Conv2d(8, 8, 3, 1, (2, 1), (2, 1), groups=8), nn.AvgPool2d(3, 2, 1), nn.Conv2d(8, 4, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def image(side: int, channels: int = 3) -> tuple[int, ...]:
    return 1, channels, side, side


def of(name: str, **more: Any) -> Callable[[], nn.Module]:
    """A network of torchvision with random weights."""
    return lambda: torchvision.models.get_model(name, weights=None, **more)


def segmentation(name: str) -> Callable[[], nn.Module]:
    """Only its picture, not the dictionary around it."""

    class Out(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = torchvision.models.get_model(name, weights=None, weights_backbone=None, num_classes=5)

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x)["out"]

    return Out


DILATED = {
    **{f"layer4.0.{name}": {"stride": 1} for name in ("conv2", "downsample.0")},
    **{f"layer4.{n}.conv2": {"dilation": 2} for n in (1, 2)},
}
"""What `replace_stride_with_dilation` does to the last stage."""

CASES = {
    "resnet50, dilated by torchvision": Case(
        of("resnet50"), image(96), DILATED, again=of("resnet50", replace_stride_with_dilation=[False, False, True])
    ),
    "resnet18, first kernel 3, no pool": Case(
        of("resnet18"), image(96), {"conv1": {"kernel": 3, "stride": 1}, "maxpool": {"stride": 1}}, {"conv1": 1}
    ),
    "resnet18, half a block": Case(of("resnet18"), image(96), {"layer4.0.conv1": {"stride": 1}}),
    "vgg11_bn, kernel 5 and dilation 3": Case(
        of("vgg11_bn"), image(224), {"features.4": {"kernel": 5}, "features.11": {"dilation": 3}},
        {"features.4": 2, "features.11": 3},
    ),
    "densenet121, other size": Case(
        of("densenet121"), image(64), {"features.denseblock3.denselayer7.conv2": {"dilation": 2}},
        {"features.denseblock3.denselayer7.conv2": 2}, later=image(160),
    ),
    "mobilenet_v2, depthwise": Case(
        of("mobilenet_v2"), image(64), {"features.2.conv.1.0": {"kernel": (7, 3)}, "features.14.conv.1.0": {"stride": 1}},
        {"features.2.conv.1.0": (3, 1)},
    ),
    "shufflenet_v2, one branch": Case(
        of("shufflenet_v2_x0_5"), image(64), {"stage3.1.branch2.3": {"kernel": 5, "dilation": 2}}, {"stage3.1.branch2.3": 4}
    ),
    "shufflenet_v2, no stride before its shuffles": Case(
        of("shufflenet_v2_x0_5"), image(64), {"maxpool": {"stride": 1}, "stage3.0.branch1.0": {"stride": 1},
                                              "stage3.0.branch2.3": {"stride": 1}},
    ),
    "boxes of anchors": Case(Boxes, image(48), {"b": {"stride": (1, 2)}}),
    "tokens of patches": Case(Tokens, image(32), {"patch": {"stride": 2}}),
    "maxvit_t, windows": Case(of("maxvit_t"), image(224), {"stem.0.0": {"stride": 1}}),
    "swin_t, windows": Case(of("swin_t"), image(64), {"features.0.0": {"stride": 2}}),
    "googlenet, pools that round up": Case(
        of("googlenet", init_weights=False, aux_logits=False), image(96),
        {"maxpool2": {"stride": 1}, "inception4a.branch2.1.conv": {"dilation": 2}}, {"inception4a.branch2.1.conv": 2},
    ),
    "squeezenet1_1, no padding": Case(of("squeezenet1_1"), image(96), {"features.0": {"kernel": 5, "stride": 1}}, {}),
    "efficientnet_b0, gates": Case(
        of("efficientnet_b0"), image(64), {"features.4.0.block.1.0": {"kernel": 7, "stride": 1}}, {"features.4.0.block.1.0": 3}
    ),
    "convnext_tiny, layer norms": Case(
        of("convnext_tiny"), image(64), {"features.1.1.block.0": {"dilation": 2}, "features.2.1": {"kernel": 3, "pads": 1}},
        {"features.1.1.block.0": 6},
    ),
    "deeplabv3_mobilenet, rates": Case(
        segmentation("deeplabv3_mobilenet_v3_large"), image(96), {"net.classifier.0.convs.1.0": {"dilation": 18}},
        {"net.classifier.0.convs.1.0": 18},
    ),
    "r3d_18, three axes": Case(
        of("r3d_18"), (1, 3, 8, 32, 32), {"layer1.0.conv1.0": {"kernel": (1, 3, 3)}, "stem.0": {"stride": (2, 2, 2)}},
        {"layer1.0.conv1.0": (0, 1, 1)},
    ),
    "WaveNet, pad before": Case(WaveNet, (1, 1, 256), {"gates.3": {"kernel": 3}, "gates.5": {"dilation": 64}}),
    "decoder, transposed": Case(
        Decoder, image(32), {"up": {"kernel": 6}, "a": {"kernel": 7}}, {"up": 2, "a": 3}
    ),
    "grouped, round up": Case(
        Ceil, (1, 4, 37, 50), {"body.0": {"kernel": 3}, "body.3": {"kernel": (3, 5)}, "body.1": None},
        {"body.3": (2, 2)},
    ),
}  # fmt: skip


def after(case: Case) -> nn.Module:
    """The torch module with the change."""
    if case.again is not None:
        return case.again()
    net = copy.deepcopy(case.make())
    for path, values in case.changes.items():
        if values is None:
            net.set_submodule(path, nn.Identity())
            continue
        layer = net.get_submodule(path)
        for key, value in {**values, **({"pads": case.padding[path]} if path in case.padding else {})}.items():
            old = getattr(layer, WORDS[key])
            setattr(
                layer, WORDS[key], (value,) * len(old) if isinstance(old, tuple) and isinstance(value, int) else value
            )
        if "kernel" in values and hasattr(layer, "weight"):
            layer.weight = nn.Parameter(torch.randn(*layer.weight.shape[:2], *layer.kernel_size))
    return net


def exported(net: nn.Module, shape: tuple[int, ...], dynamo: bool) -> onnx.ModelProto:
    file = io.BytesIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        made = torch.onnx.export(
            net.eval(),
            (torch.zeros(shape),),
            None if dynamo else file,
            dynamo=dynamo,
            **({"verbose": False} if dynamo else {}),
        )
    return made.model_proto if dynamo else onnx.load_from_string(file.getvalue())


def names(net: nn.Module, shape: tuple[int, ...], model: onnx.ModelProto, paths: Mapping[str, Any]) -> dict[str, str]:
    """What the nodes of modules make: modules are called in the order in which their nodes stand in the file."""
    called: dict[str, list[str]] = {}
    for path, layer in net.named_modules():
        kind = next((operator for cls, operator in OPERATORS.items() if isinstance(layer, cls)), None)
        if kind is not None:
            layer.register_forward_hook(lambda *_, path=path, kind=kind: called.setdefault(kind, []).append(path))
    with torch.no_grad():
        net.eval()(torch.zeros(shape))
    found = {}
    for kind, order in called.items():
        nodes = [node for node in model.graph.node if node.op_type == kind]
        if len(nodes) == len(order):
            found |= {path: node.output[0] for path, node in zip(order, nodes, strict=True)}
    return {path: found[path] for path in paths}


def rows(analysis: rfonnx.Analysis) -> Iterator[tuple[Any, ...]]:
    """Every tensor that is no other one's copy."""
    for tensor in analysis.tensors.values():
        if tensor.op_type not in ("Identity", "Dropout"):
            yield tensor.op_type, tensor.shape, dict(tensor.fields), tensor.exact


def counted(net: nn.Module, shape: tuple[int, ...]) -> int:
    """Multiply-accumulates, as torch counts them."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net.eval()(torch.zeros(shape))
    return counter.get_total_flops() // 2


def compared(case: Case, dynamo: bool) -> list[str]:
    """How many tensors are equal, and what is not."""
    before, later = case.make(), case.later or case.shape
    model = exported(before, case.shape, dynamo)
    labels = names(before, case.shape, model, case.changes)
    changes = {labels[path]: values for path, values in case.changes.items()}
    size = later[2:] if case.later else None
    net = after(case)
    try:
        truth = exported(net, later, dynamo)
    except Exception:  # torch cannot run it
        try:
            rfonnx.whatif(model, changes, size=size)
        except RfonnxError as error:
            return ["refused, as torch does", str(error)]
        return ["NOT REFUSED", ""]
    wanted = rfonnx.analyze(truth)
    found = rfonnx.whatif(model, changes, size=size, tensors=[]).variants[0]
    own = opened(model)
    wrong = []
    if not case.later:
        subject = Subject(own, None, rfonnx.analyze(model), (), (), {})
        made = rfonnx.analyze(fitted(subject, changes).model)
        ours, theirs = list(rows(made)), list(rows(wanted))
        wrong += [f"{a} for {b}" for a, b in zip(ours, theirs, strict=False) if a != b]
        wrong += [f"{len(ours)} tensors for {len(theirs)}"] * (len(ours) != len(theirs))
    outputs = [one.name for one in truth.graph.output]
    for number, one in enumerate(one for one in found.seen if one.tensor == model.graph.output[0].name):
        field = wanted.tensors[outputs[0]].fields[truth.graph.input[0].name, one.axis]
        wrong += [f"field {number}: {one.field} for {field}"] * (one.field != field)
    session = onnxruntime.InferenceSession(truth.SerializeToString(), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {truth.graph.input[0].name: torch.randn(later).numpy()})
    shape = next(one.shape for one in found.seen if one.tensor == model.graph.output[0].name)
    wrong += [f"shape {shape} for {result.shape}"] * (shape != result.shape)
    for what, ours, theirs in (
        ("MACs", found.macs, macs(wanted.graph).total),
        ("activations", found.activation_bytes, activation_bytes(wanted.graph)),
    ):
        wrong += [f"{what}: {ours} for {theirs}"] * (ours != theirs)
    torchs = counted(net, later)
    text = f"{len(list(rows(wanted)))} tensors, {found.macs / 1e6:.4g} M MACs ({torchs / 1e6:.4g} by torch)"
    return ["; ".join(wrong[:2]) or "equal", text]


def main() -> None:
    logging.disable(logging.CRITICAL)  # exporters log what they cannot do
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found: list[list[object]] = []
    for name, case in CASES.items():
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        for dynamo in (False, True):
            try:
                result = compared(case, dynamo)
            except Exception as error:
                result = [f"{type(error).__name__}: {error}"[:300], ""]
            found.append([name, "dynamo" if dynamo else "TorchScript", *result])
            print(*found[-1], sep=" | ", file=sys.stderr, flush=True)
    table(["network and change", "exporter", "result", ""], found)


if __name__ == "__main__":
    main()
