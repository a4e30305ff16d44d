"""Multiply-accumulates against numbers that count their products, in formulas whose results are onnxruntime's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
import small_nets
from compare.counted import Num
from compare.mac_cases import CASES, Case
from rfonnx.cli.main import run
from rfonnx.comparing.cost.macs import Macs, macs
from rfonnx.comparing.cost.weight_counts import parameters
from rfonnx.model.reading.load import load
from rfonnx.operators.counting import declared
from rfonnx.operators.support import support
from rfonnx.operators.table import declare, kinds


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_counts(case: Case) -> None:
    """The count is what the formula multiplies, and the formula is what onnxruntime computes."""
    Num.products = 0
    wanted = case.formula(*case.inputs.values())
    proto = case.model()
    found = macs(load(proto))
    assert (found.total, found.uncounted) == (Num.products, {})
    if case.runs:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
        feeds = {port.name: case.inputs[port.name] for port in session.get_inputs()}
        (made,) = session.run(["y"], feeds)
        if np.isfinite(case.tolerance):
            assert made.shape == wanted.shape
            np.testing.assert_allclose(
                made, wanted, atol=case.tolerance * max(1, np.abs(wanted).max()) if case.tolerance < 1 else 1
            )


def test_every_count_has_a_case() -> None:
    assert {case.kind for case in CASES} == {kind for kind, state in declared().items() if state == "counted"}


def test_the_table_has_no_gap() -> None:
    """What rfonnx can follow has a count, is declared to have none, or is declared unknown; and nothing else is in the table."""
    followed = {f"{op.domain}.{op.op_type}" if op.domain else op.op_type for op in support()}
    assert followed - kinds("holds_graphs") == set(declared())


def test_registering_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="macs of Conv is declared twice"):
        declare("Conv", macs=0)


def tensor(name: str, *shape: int | str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def product_body(name: str, width: int, inputs: bool = False) -> onnx.GraphProto:
    """Branches and bodies of one MatMul of `h` (2, 4) and the outer weight `w<width>` (4, width)."""
    given = [tensor("round", kind=TensorProto.INT64), tensor("go", kind=TensorProto.BOOL), tensor("c", 2, 4)]
    nodes = [helper.make_node("MatMul", ["c" if inputs else "h", f"w{width}"], [f"{name}_out"])]
    made = [tensor(f"{name}_out", 2, width)]
    if inputs:
        nodes.append(helper.make_node("Identity", ["go"], ["goes"]))
        made.insert(0, tensor("goes", kind=TensorProto.BOOL))
    return helper.make_graph(nodes, name, given if inputs else [], made)


def loaded(
    nodes: list[onnx.NodeProto], inputs: dict[str, Any], widths: tuple[int, ...], **constants: Any
) -> rfonnx.graph.Graph:
    stored = {f"w{width}": np.ones((4, width), "f") for width in widths}
    stored |= {name: np.array(value) for name, value in constants.items()}
    given = [tensor(name, *shape, kind=kind) for name, (kind, *shape) in inputs.items()]
    initial = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    graph = helper.make_graph(nodes, "net", given, [onnx.ValueInfoProto(name="y")], initial)
    return load(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))


H = (TensorProto.FLOAT, 2, 4)
FLAG = (TensorProto.BOOL,)


@pytest.mark.parametrize(
    ("widths", "total", "uncounted"),
    [((3, 3), 2 * 4 * 3, {}), ((3, 5), 2 * 4 * 3, {"If": 1})],
)
def test_branches(widths: tuple[int, int], total: int, uncounted: dict[str, int]) -> None:
    """Branches of one cost have it; of two, the run takes at least the smaller one."""
    bodies = {"then_branch": product_body("t", widths[0]), "else_branch": product_body("e", widths[1])}
    found = macs(loaded([helper.make_node("If", ["f"], ["y"], **bodies)], {"h": H, "f": FLAG}, (3, 5)))
    assert (found.total, found.uncounted) == (total, uncounted)


@pytest.mark.parametrize("trips", [0, 3, 600])
def test_loops_of_known_length(trips: int) -> None:
    """600 rounds are too many to be written out; each multiplies (2, 4) by (4, 4)."""
    loop = helper.make_node("Loop", ["n", "", "h"], ["y"], body=product_body("b", 4, inputs=True))
    found = macs(loaded([loop], {"h": H}, (4,), n=trips))
    assert (found.total, found.uncounted) == (trips * 2 * 4 * 4, {})


def test_loops_of_a_length_that_is_data() -> None:
    loop = helper.make_node("Loop", ["n", "", "h"], ["y"], body=product_body("b", 4, inputs=True))
    found = macs(loaded([loop], {"h": H, "n": (TensorProto.INT64,)}, (4,)))
    assert (found.total, found.uncounted, found.reasons) == (
        0,
        {"Loop": 1},
        {"Loop": "how often its body runs is data"},
    )
    idle = product_body("b", 4, inputs=True)
    idle.node[0].CopyFrom(helper.make_node("Relu", ["c"], ["b_out"]))
    loop = helper.make_node("Loop", ["n", "", "h"], ["y"], body=idle)
    assert macs(loaded([loop], {"h": H, "n": (TensorProto.INT64,)}, (4,))) == Macs()  # nothing, however often


def test_scans() -> None:
    """1000 rounds of a vector (4) times (4, 5)."""
    body = helper.make_graph(
        [helper.make_node("MatMul", ["s", "w5"], ["m"])], "body", [tensor("s", 4)], [tensor("m", 5)]
    )
    scan = helper.make_node("Scan", ["x"], ["y"], body=body, num_scan_inputs=1)
    found = macs(loaded([scan], {"x": (TensorProto.FLOAT, 1000, 4)}, (5,)))
    assert (found.total, found.uncounted) == (1000 * 4 * 5, {})


def test_an_operator_in_a_body_is_counted_by_its_domain() -> None:
    body = product_body("b", 4, inputs=True)
    body.node[0].domain = "my"
    loop = helper.make_node("Loop", ["n", "", "h"], ["y"], body=body)
    graph = helper.make_graph(
        [loop], "net", [tensor("h", 2, 4)], [tensor("y", 2, 4)],
        [numpy_helper.from_array(np.ones((4, 4), "f"), "w4"), numpy_helper.from_array(np.array(600), "n")],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("my", 1)]
    assert set(macs(load(helper.make_model(graph, opset_imports=opsets, ir_version=8))).uncounted) == {"my.MatMul"}


@pytest.mark.parametrize("op_type", ["Conv", "Relu", "Reshape"])
def test_custom_operators_are_not_counted_by_name(op_type: str, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node(op_type, ["c", "v"], ["y"], domain="my"),
    ]
    weights = {"w": np.ones((3, 2, 3, 3), "f"), "v": np.ones((3, 3, 3, 3), "f")}
    net = small_nets.model(nodes, {"x": (1, 2, 6, 6)}, {"y": (1, 3, 2, 2)}, weights)
    net.opset_import.append(helper.make_opsetid("my", 1))
    (said,) = rfonnx.check(small_nets.save(net, tmp_path / "m.onnx"), ["max-macs=1000000"]).findings
    assert said.status == "fail"
    assert f"at least {4 * 4 * 3 * 2 * 9} MACs" in said.message
    assert f"1 x my.{op_type}: nobody wrote down what it costs" in said.message


def test_compare_says_at_least(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a determinant costs is the runtime's choice; the product before it takes 3 * 3 * 3."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Det", ["m"], ["y"])]
    net = small_nets.model(nodes, {"x": ("n", 3, 3)}, {"y": ("n",)}, {"w": np.eye(3, dtype="f")})
    path = str(small_nets.save(net, tmp_path / "m.onnx"))
    run(["compare", path, path, "--samples", "2", "--no-effective", "--latency-runs", "5", "--verbose"])
    printed = capsys.readouterr().out
    assert re.search(r"^MACs +at least 27 +at least 27 *$", printed, re.MULTILINE), printed
    assert "MACs of Det are not known" in printed


def test_what_no_output_needs_costs_nothing() -> None:
    nodes = [
        helper.make_node("MatMul", ["h", "w5"], ["dead"]),
        helper.make_node("MatMul", ["h", "w3"], ["y"]),
    ]
    assert macs(loaded(nodes, {"h": H}, (3, 5))).total == 2 * 4 * 3


def test_lengths_of_caches_that_are_data() -> None:
    """An unknown length of a cache is no length of 0."""
    case = next(case for case in CASES if case.kind == "com.microsoft.GroupQueryAttention" and "pk" in case.inputs)
    found = macs(load(Case(case.kind, case.inputs, case.formula, case.attrs, beside=case.beside).model()))
    assert (found.total, found.uncounted) == (0, {"com.microsoft.GroupQueryAttention": 1})


def test_weights_of_branches_and_packed_weights() -> None:
    bodies = {"then_branch": product_body("t", 3), "else_branch": product_body("e", 5)}
    graph = loaded([helper.make_node("If", ["f"], ["y"], **bodies)], {"h": H, "f": FLAG}, (3, 5))
    assert parameters(graph) == 4 * 3 + 4 * 5
    packed = next(case for case in CASES if case.kind == "com.microsoft.MatMulNBits")
    assert parameters(load(packed.model())) == 32 * 5 + 5  # (K, N), and a scale per block of 32


def test_optimised_files_cost_what_they_cost_before(models: Path, tmp_path: Path) -> None:
    """What onnxruntime fuses is counted as what it was fused of."""
    for name in ("resnet18", "vit", "wavenet", "unet"):
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(tmp_path / "o.onnx")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.log_severity_level = 3
        onnxruntime.InferenceSession(str(models / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])
        before, after = (macs(load(path)) for path in (models / f"{name}.onnx", tmp_path / "o.onnx"))
        assert (after.total, after.uncounted) == (before.total, {})
