"""What report and check say of advice."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

import rfonnx
import small_nets
from advice.nets import random_net, reaching
from checked import found
from rfonnx.report.fields.advice import CAVEAT, SHOWN, advice_lines
from rfonnx.report.fields.view import pick_axes


def lines(model: onnx.ModelProto) -> list[str]:
    analysis = rfonnx.analyze(model)
    return ["".join(line) for line in advice_lines(analysis, pick_axes(analysis, "spatial"))]


def chain(depth: int, length: int) -> onnx.ModelProto:
    names = ["x", *(f"c{i}" for i in range(depth - 1)), "y"]
    nodes = [helper.make_node("Conv", [a, "w"], [b], pads=[1, 1]) for a, b in itertools.pairwise(names)]
    weights = {"w": np.ones((1, 1, 3), "f")}
    return small_nets.model(nodes, {"x": (1, 1, length)}, {"y": (1, 1, length)}, weights)


def test_each_line_has_its_number_and_the_last_one_its_caveat() -> None:
    told = lines(chain(6, 5))
    assert told == [
        "c4 (Conv) adds no context along axis 2 of x: every position of c3 sees from border to border already "
        "(its field is 9 long; the axis 5)",
        "y (Conv) adds no context along axis 2 of x: every position of c4 sees from border to border already "
        "(its field is 11 long; the axis 5)",
        "c2 (Conv) adds context near borders alone along axis 2 of x: 1 of 5 positions of c1 see from border to border "
        "already, the middle one among them (its field is 5 long; the axis 5)",
        "c3 (Conv) adds context near borders alone along axis 2 of x: 3 of 5 positions of c2 see from border to border "
        "already, the middle one among them (its field is 7 long; the axis 5)",
        "y: 61.5% of a field of 13 lies beyond the borders of axis 2 of x, on the average over its positions: "
        "padding stands there",
        CAVEAT,
    ]
    assert reaching(chain(6, 5), "c3").all()
    assert reaching(chain(6, 5), "c2").sum() == 3


def test_a_size_that_the_table_does_not_have_is_that_of_windows_alone() -> None:
    """Behind a gate each position sees all; layers are judged by their windows."""
    nodes = [helper.make_node("Conv", [a, "w"], [b], pads=[1, 1]) for a, b in itertools.pairwise(["x", "a", "b", "c"])]
    nodes.append(helper.make_node("GlobalAveragePool", ["c"], ["mean"]))
    nodes.append(helper.make_node("Mul", ["c", "mean"], ["gate"]))
    nodes += [
        helper.make_node("Conv", [a, "w"], [b], pads=[1, 1]) for a, b in itertools.pairwise(["gate", "d", "e", "y"])
    ]
    model = small_nets.model(nodes, {"x": (1, 1, 6)}, {"y": (1, 1, 6)}, {"w": np.ones((1, 1, 3), "f")})
    fields = {name: tensor.fields["x", 2].size for name, tensor in rfonnx.analyze(model).tensors.items()}
    assert (fields["b"], fields["d"], fields["y"]) == (5, 12, 12)
    told = [line for line in lines(model) if "long" in line or "beyond" in line]
    assert [line[: line.index(" (Conv)")] for line in told if ", by windows alone;" in line] == ["y", "d", "e"]
    assert [line[: line.index(" lies")] for line in told if ", by windows alone, lies beyond" in line] == [
        "y: 53.8% of a field of 13, by windows alone,"
    ]


def test_nothing_is_said_where_nothing_is_to_be_changed() -> None:
    assert lines(chain(2, 30)) == []


def test_many_layers_are_counted() -> None:
    told = lines(chain(20, 3))
    assert sum(line.startswith("c") and "adds no context" in line for line in told) == SHOWN
    assert f"... and {18 - SHOWN} layers more of which each adds no context, up to y" in told


def test_the_rule_is_what_the_runtime_shows(tmp_path: Path) -> None:
    """With a share: as many positions before a layer depend on both ends of the axis."""
    met = set()
    for seed in range(12):
        net = random_net(seed)
        before = {node.output[0]: node.input[0] for node in net.model.graph.node}
        for share in (0.3, 1.0):
            for one in found(net.model, tmp_path, "layers-add-context.share", str(share)):
                if one.status == "fail":
                    assert reaching(net.model, before[one.tensor]).mean() >= share
                met.add((share, one.status))
    assert met >= {(0.3, "fail"), (1.0, "fail"), (1.0, "pass")}


def test_the_share_of_padding_is_counted_by_positions(tmp_path: Path) -> None:
    """Three convolutions over 6 positions: a field of 7, of which position p has 3 - p before and 3 - (5 - p) behind."""
    model = chain(3, 6)
    beyond = [max(0, 3 - p) + max(0, 3 - (5 - p)) for p in range(6)]
    share = sum(beyond) / (6 * 7)
    (one,) = rfonnx.analyze(model).advice.beyond
    assert (round(one.mean, 12), one.least, one.most) == (round(share, 12), min(beyond) / 7, max(beyond) / 7)
    for limit, status in ((share + 0.001, "pass"), (share - 0.001, "fail")):
        (one_finding,) = found(model, tmp_path, "padding-share", limit)
        assert one_finding.status == status


def test_rules_skip_what_has_no_windows(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    model = small_nets.model(nodes, {"x": (1, 4)}, {"y": (1, 3)}, {"w": np.ones((4, 3), "f")})
    for rule, value in (("layers-add-context", None), ("padding-share", 0.5)):
        assert {one.status for one in found(model, tmp_path, rule, value)} <= {"skip", "fail"}
