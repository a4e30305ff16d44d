"""What cannot be changed: one line that names the node, with a way out; exit code 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.inliner
import pytest
from onnx import helper

import rfonnx
from rfonnx.cli.main import run
from rfonnx.errors import MisfitError, QueryError, RfonnxError, ShapeError
from small_nets import save
from whatif.nets import Net, causal, dilated, excited, inception, plain, residual, tcn, unet, volume

MODELS = Path(__file__).parents[2] / "models"


def old_opset() -> onnx.ModelProto:
    net = Net({}, opset=17)
    return net.made(net.pool(net.input("x", (1, 2, 20, 20)), "mean", 3, 1, "same", "AveragePool"))


def ceiling() -> onnx.ModelProto:
    net = Net({})
    x = net.input("x", (1, 2, 21, 21))
    return net.made(net.node("MaxPool", [x], "pool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1))


def open_batch() -> onnx.ModelProto:
    """A Reshape to lengths that stand in the file, as static exports have it, but for the batch."""
    return reshaped("flat", -1, 256)


def baked() -> onnx.ModelProto:
    """A Reshape to lengths that all stand in the file, two of which may become longer."""
    return reshaped("full", 1, 4, 8, 2, 4)


def reshaped(name: str, *lengths: int) -> onnx.ModelProto:
    net = Net({})
    x = net.conv(net.input("x", (1, 2, 16, 16)), "conv", 4, 3, 2)
    net.weights["lengths"] = np.array(lengths)
    return net.made(net.node("Reshape", [x, "lengths"], name))


def dense() -> onnx.ModelProto:
    net = Net({})
    x = net.node("Flatten", [net.conv(net.input("x", (1, 2, 16, 16)), "conv", 4, 3, 2)], "flat")
    net.weights["fc.w"] = np.ones((256, 10), np.float32)
    return net.made(net.node("MatMul", [x, "fc.w"], "fc"))


REFUSED: list[tuple[Any, dict[str, Any], str, str]] = [
    (plain, {"conv1_": {"stride": 1}}, "no node 'conv1_'", "did you mean 'conv1_2' or 'conv1_1'"),
    (plain, {"conv1_1.relu": {"stride": 2}}, "(Relu) that makes 'conv1_1.relu' has no window", "--drop"),
    (plain, {"mean": {"kernel": 2}}, "has no window", "convolutions and pools"),
    (plain, {"conv1_1": {"group": 2}}, "has no attribute 'group'", "kernel, stride, dilation and pads"),
    (old_opset, {"mean": {"dilation": 2}}, "has no dilation: AveragePool of opset 17", "newer opset"),
    (
        plain,
        {"conv1_1": {"dilation": 0}},
        "dilation of node 'conv1_1' (Conv) that makes 'conv1_1' cannot be 0",
        "from 1 on",
    ),
    (plain, {"conv1_1": {"stride": -1}}, "cannot be -1", "from 1 on"),
    (
        plain,
        {"conv1_1": {"kernel": (3, 3, 3)}},
        "was given 3 values, expected 2",
        "give one for all axes, or 1x2 for each",
    ),
    (plain, {"conv1_1": {"pads": (1, 2, 3)}}, "was given 3 values, expected 4", "1x2x3x4"),
    (
        plain,
        {"conv1_1": {"kernel": 3.0}},
        "kernel of node 'conv1_1' (Conv) that makes 'conv1_1' cannot be 3.0",
        "from 1 on",
    ),
    (plain, {"conv1_1": {"kernel": "3"}}, "cannot be '3'", "from 1 on"),
    (plain, {"conv1_1": {"kernel": ()}}, "cannot be ()", "from 1 on"),
    (plain, {"conv1_1": "drop"}, "is to become 'drop'", "or None to drop it"),
    (plain, {"pool1": None}, "cannot be dropped: it makes 1x4x32x40 (float32) of 1x4x64x80", "keeps shape and type"),
    (residual, {"s1": None}, "cannot be dropped: it reads 's1.b' and 'maxpool'", "drop what makes one of them"),
    (ceiling, {"pool": {"kernel": 5}}, "(ceil_mode)", "say pads as well"),
    (ceiling, {"pool": {"kernel": 2, "pads": 2}}, "a pool pads by less than its kernel", "another kernel"),
    (
        residual,
        {"maxpool": {"dilation": 3}},
        "would have padding 3x3x3x3 and a kernel of 3x3",
        "another kernel or pads",
    ),
    (residual, {"stem": {"kernel": 3}, "stem.relu": {"kernel": 1}}, "has no window", "--drop"),
]


@pytest.mark.parametrize(("build", "changes", "said", "way"), REFUSED, ids=[said for *_, said, _ in REFUSED])
def test_what_cannot_be_changed(build: Any, changes: dict[str, Any], said: str, way: str) -> None:
    with pytest.raises(QueryError) as caught:
        rfonnx.whatif(build({}) if build.__code__.co_argcount else build(), changes)
    message, hint = str(caught.value).removesuffix(f"; {caught.value.hint}"), caught.value.hint
    assert message.startswith("net: ")
    assert said in message
    assert way in hint


MISFITS: list[tuple[Any, dict[str, Any], str, str]] = [
    (
        residual,
        {"s3.a": {"stride": 1}},
        "node 's3' (Add) that makes 's3' finds 's3.b' of 1x12x12x12, expected 1x12x6x6 as it was, beside 's3.short' of 1x12x6x6",
        "with --set s3.short:stride=1 as well they do",
    ),
    (residual, {"s2.short": {"stride": 1}}, "expected 1x8x12x12 as it was", "with --set s2.a:stride=1 as well they do"),
    (volume, {"a": {"stride": (1, 2, 2)}}, "node 'sum' (Add)", "with --set short:stride=1x2x2 as well they do"),
    (inception, {"three": {"stride": 2}}, "node 'joined' (Concat)", "change what it is joined with alike"),
    (unet, {"pool0": {"stride": 1}}, "node 'join1' (Concat)", "change what it is joined with alike"),
    (
        dense,
        {"conv": {"stride": 1}},
        "node 'fc' (MatMul) that makes 'fc' finds 'flat' of 1x1024, expected 1x256 as it was, beside 'fc.w' of 256x10",
        "change",
    ),
    (
        baked,
        {"conv": {"stride": 1}},
        "node 'full' (Reshape) that makes 'full' finds 'conv' of 1x4x16x16, expected 1x4x8x8",
        "change",
    ),
    (
        open_batch,
        {"conv": {"stride": 1}},
        "node 'flat' (Reshape) that makes 'flat' finds 'conv' of 1x4x16x16, expected 1x4x8x8",
        "change",
    ),
    (excited, {"b1.a": {"stride": 2}}, "node 'b1' (Add)", "change"),
]


@pytest.mark.parametrize(("build", "changes", "said", "way"), MISFITS, ids=[said[:30] for *_, said, _ in MISFITS])
def test_shapes_that_no_longer_go_together_are_named_and_not_gone_on_with(
    build: Any, changes: dict[str, Any], said: str, way: str
) -> None:
    with pytest.raises(MisfitError) as caught:
        rfonnx.whatif(build({}) if build.__code__.co_argcount else build(), changes)
    assert said in str(caught.value)
    assert way in caught.value.hint


def test_the_change_that_is_proposed_does() -> None:
    for build, changes, _, way in MISFITS:
        if "--set" in way:
            name, _, value = way.split()[2].rpartition(":stride=")
            numbers = tuple(map(int, value.split("x")))
            both = {**changes, name: {"stride": numbers if len(numbers) > 1 else numbers[0]}}
            assert rfonnx.whatif(build({}), both).variants[0].seen


def test_an_axis_of_one_position_is_not_repeated() -> None:
    """What an Add would broadcast had one length before."""
    net = Net({})
    x = net.input("x", (1, 2, 4, 4))
    made = net.made(net.add(net.conv(x, "a", 2, 3, 2), net.conv(x, "b", 2, 3, 2), "sum"))
    with pytest.raises(MisfitError, match=r"'a' of 1x2x1x1, expected 1x2x2x2 as it was, beside 'b' of 1x2x2x2"):
        rfonnx.whatif(made, {"a": {"stride": 4}})


@pytest.mark.parametrize("build", [causal, tcn, dilated])
def test_a_size_at_which_nothing_is_left_is_said(build: Any) -> None:
    if build is dilated:
        with pytest.raises(ShapeError, match="nothing is left at node 'valid1'"):
            rfonnx.whatif(build({}), {"valid0": {"kernel": 5}}, size=8)
    else:
        assert rfonnx.whatif(build({}), size=3).before.seen[0].length == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing was asked for: give --set, --drop, --variant or --target"),
        (["--set", "conv2"], "'conv2' is not like NODE:stride=1"),
        (["--set", "conv2:kernel=3,3"], "'conv2:kernel=3,3' is not like NODE:stride=1 or NODE:kernel=5x3"),
        (["--set", "conv2:kernel=1.5"], "is not like"),
        (["--set", "conv2:kernel=" + "9" * 30], "is not like"),
        (["--variant", "conv2:kernel=3"], "'conv2:kernel=3' is not like NAME=NODE:stride=1; drop NODE"),
        (["--variant", "a=conv2:kernel=3", "--variant", "a=drop pool"], "'a' is given twice"),
        (["--set", "pool:stride=1", "--drop", "pool"], "'pool' is changed and dropped"),
        (["--set", "pool:stride=1,stride=2"], "'pool:stride=1,stride=2' has stride twice"),
        (["--set", "pool:stride=1", "--set", "pool:stride=2"], "stride of 'pool' is given twice"),
        (["--set", "pool:stride=1", "--variant", "changed=drop pool"], "--set and --drop make the variant 'changed'"),
        (["--variant", "as it is=pool:stride=1"], "a variant is called 'as it is'"),
        (["--set", "pool:stride=1", "--size", "0"], "a size of 0 was given"),
        (["--set", "pool:stride=1", "--size", "8,8,8"], "windows slide along axes 2, 3 of 'x'"),
        (
            ["--set", "pool:stride=1", "--size", "1"],
            "nothing is left at node 'pool' (MaxPool) that makes 'pool': 1x8x0x0; give a larger size",
        ),
        (["--set", "pool:stride=1", "--tensor", "pol"], "did you mean 'pool'"),
        (["--set", "pool:stride=1", "--variant", "b=conv1:dilation=0"], "variant 'b': dilation of node 'conv1'"),
        (["--set", "pool:stride=1", "-o", str(MODELS / "seed.onnx")], "seed.onnx"),
    ],
    ids=lambda one: " ".join(one)[:40] if isinstance(one, list) else "",
)
def test_on_the_command_line(words: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["whatif", str(MODELS / "seed.onnx"), *words]) == 2
    out, error = capfd.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert error.startswith("rfonnx: error: ")
    assert said in error


def test_a_hostile_kernel_takes_no_memory() -> None:
    with pytest.raises(RfonnxError):
        rfonnx.whatif(MODELS / "seed.onnx", {"conv1": {"kernel": 2**31 - 1}})


def test_a_name_that_is_there_twice(tmp_path: Path) -> None:
    made = plain({})
    made.graph.node[2].name = made.graph.node[0].name
    with pytest.raises(
        QueryError, match="2 nodes are called 'conv1_1'; say which by what it makes: 'conv1_1', 'conv1_2'"
    ):
        rfonnx.whatif(save(made, tmp_path / "net.onnx"), {"conv1_1": {"kernel": 5}})


def test_nodes_of_functions_are_refused() -> None:
    body = [helper.make_node("MaxPool", ["a"], ["b"], "inner", kernel_shape=[3, 3])]
    function = helper.make_function("own", "Pool", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    net = Net({})
    made = net.made(net.node("Pool", [net.input("x", (1, 2, 9, 9))], "y", domain="own"))
    made.functions.append(function)
    made.opset_import.append(helper.make_opsetid("own", 1))
    with pytest.raises(QueryError, match=r"stands in a function.*onnx\.inliner\.inline_local_functions"):
        rfonnx.whatif(made, {"inner": {"kernel": 5}})
    (variant,) = rfonnx.whatif(onnx.inliner.inline_local_functions(made), {"y": {"kernel": 5}}).variants
    assert [one.field.size for one in variant.seen] == [5, 5]


def test_nodes_of_subgraphs_are_refused() -> None:
    body = helper.make_node("MaxPool", ["x"], ["b"], "inner", kernel_shape=[3, 3])
    held = helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, None)
    branch = helper.make_graph([body], "branch", [], [held])
    net = Net({})
    net.input("x", (1, 2, 9, 9))
    net.weights["yes"] = np.array(True)
    made = net.made(net.node("If", ["yes"], "y", then_branch=branch, else_branch=branch))
    with pytest.raises(QueryError, match="stands in a subgraph"):
        rfonnx.whatif(made, {"inner": {"kernel": 5}})
