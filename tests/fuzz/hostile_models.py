"""Models as a malicious hand would write them: each change is well-formed protobuf, and means something absurd."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, helper, numpy_helper

from fuzz.hostile_samples import Random, pick

Change = Callable[[ModelProto, Random, Path], "bytes | None"]

NUMBERS = [0, 1, -1, 2, 63, 2**31 - 1, -(2**31), 2**31, 10**9, 2**40, 2**62, 2**63 - 1, -(2**63)]
TEXTS = [
    "",
    "x" * 100_000,
    "../" * 2000,
    "\u202e",
    "\x1b[31m",
    "a\nb",
    "::error::x",
    "%s%n",
    "/" * 300,
    "((((((((" * 500,
    "H*" * 3000 + "H",
]


def doubled(model: ModelProto, random: Random, folder: Path) -> bytes:
    """The file behind itself: protobuf merges the two."""
    return model.SerializeToString() * 2


def repeated(model: ModelProto, random: Random, folder: Path) -> None:
    graph, many = model.graph, 30_000
    match int(random.integers(6)):
        case 0:
            graph.value_info.extend(onnx.ValueInfoProto(name=f"v{i}") for i in range(many))
        case 1:
            model.opset_import.extend(helper.make_opsetid(f"d{i}", 1) for i in range(many))
        case 2:
            for i in range(many):
                model.metadata_props.add(key=f"k{i}", value="v")
        case 3:
            node = graph.node[int(random.integers(len(graph.node)))]
            node.attribute.append(
                helper.make_attribute(str(pick(random, ["pads", "axes", "kernel_shape", "odd"])), [1] * 300_000)
            )
        case 4:
            node = graph.node[int(random.integers(len(graph.node)))]
            node.input.extend([graph.node[0].input[0]] * 5000)
        case _:
            node = graph.node[int(random.integers(len(graph.node)))]
            node.output.extend(f"out{i}" for i in range(5000))


def deep_types(model: ModelProto, random: Random, folder: Path) -> None:
    kind = TypeProto()
    kind.tensor_type.elem_type = 1
    for _ in range(int(random.integers(3, 45))):
        outer = TypeProto()
        (outer.sequence_type if random.random() < 0.5 else outer.optional_type).elem_type.CopyFrom(kind)
        kind = outer
    place = pick(random, [model.graph.input, model.graph.output, model.graph.value_info])
    place.add(name="deep").type.CopyFrom(kind)
    if random.random() < 0.5:
        model.graph.input[0].type.CopyFrom(kind)


def deep_graphs(model: ModelProto, random: Random, folder: Path) -> None:
    outer = model.graph.output[0].name
    inner = helper.make_graph([helper.make_node("Identity", [outer], ["r"])], "g", [], [onnx.ValueInfoProto(name="r")])
    for i in range(int(random.integers(2, 28))):
        kind = str(pick(random, ["If", "Loop", "Scan", "SequenceMap", "Conv"]))
        node = helper.make_node(kind, [outer], [f"r{i}"])
        for name in ("then_branch", "else_branch") if kind == "If" else ("body",):
            node.attribute.append(helper.make_attribute(name, inner))
            if random.random() < 0.9:
                break
        inner = helper.make_graph([node], "g", [], [onnx.ValueInfoProto(name=f"r{i}")])
    model.graph.node.extend(inner.node)
    model.graph.output.extend(inner.output)


def sparse(model: ModelProto, random: Random, folder: Path) -> None:
    made = model.graph.sparse_initializer.add()
    made.values.CopyFrom(
        numpy_helper.from_array(np.ones(3, np.float32), str(pick(random, ["s", "", model.graph.node[0].input[-1]])))
    )
    made.indices.CopyFrom(numpy_helper.from_array(np.array([0, 10**9, -5]), "i"))
    made.dims.extend([int(pick(random, NUMBERS)) for _ in range(int(random.integers(0, 4)))])
    model.graph.node.append(helper.make_node("Identity", [made.values.name], ["sparse_out"]))
    model.graph.output.add(name="sparse_out")


def external(model: ModelProto, random: Random, folder: Path) -> None:
    stored = list(model.graph.initializer)
    if not stored:
        return
    tensor = stored[int(random.integers(len(stored)))]
    data = tensor.raw_data or bytes(4096)
    (folder / "w.bin").write_bytes(data)
    for name, target in (("out.bin", "/etc/passwd"), ("loop.bin", "loop.bin"), ("zero.bin", "/dev/zero"), ("up", "..")):
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.bin")
    (folder / "dir.bin").mkdir()
    where = [
        "w.bin",
        "out.bin",
        "loop.bin",
        "zero.bin",
        "pipe.bin",
        "dir.bin",
        "up/up/etc/passwd",
        "../../etc/passwd",
        "/dev/zero",
        "m.onnx",
        "",
        ".",
        "C:\\x",
        "w.bin/",
        "a" * 5000,
        "\udcff".encode("utf-8", "surrogatepass").decode("latin1"),
    ]
    for field in ("raw_data", "float_data", "int64_data", "int32_data", "double_data"):
        tensor.ClearField(field)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=str(pick(random, where)))
    for key in ("offset", "length"):
        if random.random() < 0.6:
            values = ["-1", "0", "1e9", "9" * 40, "4096", "\u0663", "", "0x10", str(2**63), str(len(data) + 1), "+3"]
            tensor.external_data.add(key=key, value=str(pick(random, values)))
    if random.random() < 0.3:
        tensor.external_data.add(key="location", value="w.bin")  # twice


def functions(model: ModelProto, random: Random, folder: Path) -> None:
    """Functions that call themselves, each other, or through an If; or double at every level."""
    names = [f"F{i}" for i in range(int(pick(random, [1, 2, 40, 70])))]
    inside, twice = random.random() < 0.4, random.random() < 0.5
    for i, name in enumerate(names):
        called = names[(i + 1) % len(names)] if random.random() < 0.97 or i + 1 < len(names) else "Relu"
        call = helper.make_node(called, ["a"], ["m"], domain="f")
        if inside:
            one = helper.make_graph(
                [helper.make_node(called, ["a"], ["t"], domain="f")], "t", [], [onnx.ValueInfoProto(name="t")]
            )
            two = helper.make_graph(
                [helper.make_node("Identity", ["a"], ["e"])], "e", [], [onnx.ValueInfoProto(name="e")]
            )
            call = helper.make_node("If", ["c"], ["m"], then_branch=one, else_branch=two)
        nodes = [helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.array(True))), call]
        if twice and i + 1 < len(names):
            nodes.append(helper.make_node(called, ["m"], ["b"], domain="f"))
        elif i + 1 == len(names) and random.random() < 0.5:
            nodes = [helper.make_node("Relu", ["a"], ["b"])]  # no circle: as many calls as 2 to the number of functions
        else:
            nodes.append(helper.make_node("Identity", ["m"], ["b"]))
        model.functions.append(
            helper.make_function("f", name, ["a"], ["b"], nodes, [*model.opset_import, helper.make_opsetid("f", 1)])
        )
    model.opset_import.append(helper.make_opsetid("f", 1))
    model.graph.node.append(helper.make_node("F0", [model.graph.output[0].name], ["called"], domain="f"))
    model.graph.output.add(name="called")


def declared(model: ModelProto, random: Random, folder: Path) -> None:
    """Types that contradict, of lengths that nothing has."""
    names = [o for node in model.graph.node for o in node.output if o]
    for name in [str(pick(random, names)) for _ in range(4)]:
        dims = [int(pick(random, NUMBERS)) for _ in range(int(random.integers(0, 8)))]
        model.graph.value_info.append(
            helper.make_tensor_value_info(name, int(pick(random, [0, 1, 7, 8, 16, 99])), dims)
        )
    if random.random() < 0.7:
        shape = model.graph.input[0].type.tensor_type.shape
        for dim in shape.dim:
            if random.random() < 0.5:
                dim.dim_value = int(pick(random, NUMBERS))
            elif random.random() < 0.5:
                dim.dim_param = str(pick(random, TEXTS))
        if random.random() < 0.2:
            shape.dim.extend(shape.dim[:1] * 80)


def texts(model: ModelProto, random: Random, folder: Path) -> None:
    """Tensors of strings where numbers belong, and strange names."""
    word = numpy_helper.from_array(np.array(["a", "b" * 1000], object), "words")
    model.graph.initializer.append(word)
    node = model.graph.node[int(random.integers(len(model.graph.node)))]
    if node.input and random.random() < 0.6:
        node.input[int(random.integers(len(node.input)))] = "words"
    if random.random() < 0.5:
        model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING
    node.name = str(pick(random, TEXTS))
    model.graph.name, model.producer_name = str(pick(random, TEXTS)), str(pick(random, TEXTS))
    old, new = node.output[0], str(pick(random, TEXTS))
    for other in model.graph.node:
        other.input[:] = [new if name == old else name for name in other.input]
        other.output[:] = [new if name == old else name for name in other.output]
    for output in model.graph.output:
        output.name = new if output.name == old else output.name


def versions(model: ModelProto, random: Random, folder: Path) -> None:
    if random.random() < 0.6:
        model.ir_version = int(pick(random, NUMBERS))
    for entry in model.opset_import:
        if random.random() < 0.6:
            entry.version = int(pick(random, NUMBERS))
    if random.random() < 0.3:
        model.ClearField("opset_import")
    if random.random() < 0.3:
        model.opset_import.append(helper.make_opsetid("ai.onnx", 3))


def attributes(model: ModelProto, random: Random, folder: Path) -> None:
    for _ in range(3):
        node: NodeProto = model.graph.node[int(random.integers(len(model.graph.node)))]
        name = str(pick(random, [a.name for a in node.attribute] or ["axis"]))
        match int(random.integers(7)):
            case 0:
                node.attribute.append(helper.make_attribute(name, int(pick(random, NUMBERS))))
            case 1:
                node.attribute.append(AttributeProto(name=name, ref_attr_name="nowhere", type=AttributeProto.INT))
            case 2:
                node.attribute.append(helper.make_attribute(name, GraphProto()))
            case 3:
                node.attribute.append(helper.make_attribute(name, "n" * 100_000))
            case 4:
                for attribute in node.attribute:
                    attribute.ints[:] = [int(pick(random, NUMBERS)) for _ in attribute.ints]
                    attribute.i = int(pick(random, NUMBERS))
            case 5:
                node.attribute.append(AttributeProto(name=name, type=int(pick(random, [0, 7, 14]))))
            case _:
                node.op_type = str(
                    pick(
                        random,
                        [
                            "Loop",
                            "Scan",
                            "If",
                            "Resize",
                            "NonMaxSuppression",
                            "Einsum",
                            "LSTM",
                            "TopK",
                            "Range",
                            "Constant",
                            "Split",
                            "GridSample",
                            "STFT",
                            "Tile",
                            "Expand",
                            "SequenceMap",
                        ],
                    )
                )


def weights(model: ModelProto, random: Random, folder: Path) -> None:
    """Data that does not fit its shape or type."""
    stored = list(model.graph.initializer)
    if not stored:
        return
    tensor = stored[int(random.integers(len(stored)))]
    match int(random.integers(6)):
        case 0:
            tensor.raw_data = tensor.raw_data[: len(tensor.raw_data) // 2] + b"x"
        case 1:
            tensor.data_type = int(pick(random, [0, 8, 14, 16, 17, 21, 22, 23, 24, 25, 99, 2**31 - 1]))
        case 2:
            tensor.dims[:] = [int(pick(random, NUMBERS)) for _ in range(int(random.integers(0, 70)))]
        case 3:
            tensor.float_data.extend([1.0] * 5)
        case 4:
            tensor.name = model.graph.input[0].name
        case _:
            tensor.segment.begin, tensor.segment.end = 5, -3


def circles(model: ModelProto, random: Random, folder: Path) -> None:
    nodes = model.graph.node
    node = nodes[int(random.integers(len(nodes)))]
    match int(random.integers(4)):
        case 0:
            nodes[0].input.append(nodes[-1].output[0])
        case 1:
            node.input.append(node.output[0])
        case 2:
            node.output.append(model.graph.input[0].name)
        case _:
            model.graph.output.extend([model.graph.output[0]] * 300)


CHANGES: list[Change] = [
    doubled,
    repeated,
    deep_types,
    deep_graphs,
    sparse,
    external,
    functions,
    declared,
    texts,
    versions,
    attributes,
    weights,
    circles,
]


def hostile_model(base: bytes, random: Random, folder: Path) -> tuple[Path, str]:
    """A damaged copy of a good model in a folder, and which change it got."""
    model = ModelProto.FromString(base)
    change = CHANGES[int(random.integers(len(CHANGES)))]
    data = None
    with contextlib.suppress(IndexError):  # the node has no inputs or outputs to change
        data = change(model, random, folder)
    path = folder / "m.onnx"
    path.write_bytes(data if data is not None else model.SerializeToString())
    return path, change.__name__
