"""How many objects are seen whole: against every place of each object and what onnxruntime shows of every position."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

import rfonnx
import small_nets
from rfonnx.data.boxes import box_sizes
from rfonnx.errors import DataError, QueryError

ROWS, COLUMNS = 9, 8


def net(head: bool) -> onnx.ModelProto:
    """A stride and two convolutions, of which a field is 7 x 11 positions; with a head, a mean over all."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("AveragePool", ["a"], ["b"], kernel_shape=[1, 2], strides=[1, 2]),
        helper.make_node("Conv", ["b", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool" if head else "Identity", ["c"], ["y"]),
    ]
    shape = (1, 1, 1, 1) if head else (1, 1, ROWS, COLUMNS // 2)
    return small_nets.model(nodes, {"x": (1, 1, ROWS, COLUMNS)}, {"y": shape}, {"w": np.ones((1, 1, 3, 3), "f")})


def seen_positions(model: onnx.ModelProto, tensor: str) -> np.ndarray:
    """(positions of the tensor, rows, columns): what changes each position."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    if tensor != "y":
        copy.graph.output.append(onnx.ValueInfoProto(name=tensor))
    session = onnxruntime.InferenceSession(copy.SerializeToString(), providers=["CPUExecutionProvider"])
    made = []
    for row, column in itertools.product(range(ROWS), range(COLUMNS)):
        x = np.zeros((1, 1, ROWS, COLUMNS), "f")
        x[0, 0, row, column] = 1
        made.append(session.run([tensor], {"x": x})[0].reshape(-1) != 0)
    return np.stack(made, axis=-1).reshape(-1, ROWS, COLUMNS)


def by_brute_force(seen: np.ndarray, height: int, width: int) -> bool:
    """Wherever it lies, the box of some position holds it: these boxes have no holes, so all of it is read."""
    places = itertools.product(range(ROWS - height + 1), range(COLUMNS - width + 1))
    held = [seen[:, r : r + height, c : c + width].all(axis=(1, 2)).any() for r, c in places]
    return bool(held) and all(held)


@pytest.mark.parametrize("head", [False, True])
def test_the_rate_is_that_of_all_places(head: bool) -> None:
    model = net(head)
    sizes = [*itertools.product(range(1, ROWS + 2), range(1, COLUMNS + 2)), (2, 2), (2, 2)]
    rates = rfonnx.analyze(model).object_rates(sizes)
    assert [one.tensor for one in rates] == ["y", "c"]
    for one in rates:
        seen = seen_positions(model, one.tensor)
        assert one.seen == sum(by_brute_force(seen, *size) for size in sizes)
        assert (one.objects, one.unknown, one.exact) == (len(sizes), 0, True)
    assert (rates[0].seen > rates[1].seen) == head


def test_report_and_rule_say_it(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text("name,width,height\na,3,3\nb,2,2\nc,8,9\nd,20,1\n")
    asked = [f"object-rate.objects={path}", "object-rate.min=0.5"]
    model = small_nets.save(net(True), tmp_path / "m.onnx")
    findings = {one.tensor: one for one in rfonnx.check(model, asked).findings}
    rates = {one.tensor: one for one in rfonnx.analyze(model).object_rates(box_sizes(path, 2))}
    assert {name: one.seen for name, one in rates.items()} == {"y": 3, "c": 2}
    assert not [one for one in findings.values() if one.status == "fail"]
    asked[1] = "object-rate.min=0.6"
    (one,) = [one for one in rfonnx.check(model, asked).findings if one.status == "fail"]
    assert one.tensor == "c"
    assert "50% of 4 objects" in one.message


def test_at_most_promises_nothing(tmp_path: Path) -> None:
    """Where leaves one operand at each place, and both are shown."""
    path = tmp_path / "boxes.csv"
    path.write_text("h,w\n3,3\n")
    here = np.zeros((1, 1, ROWS, COLUMNS), bool)
    here[0, 0, 0, 0] = here[0, 0, 5, 5] = True
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[2, 2, 2, 2]),
        helper.make_node("Where", ["here", "a", "x"], ["y"]),
    ]
    weights = {"w": np.ones((1, 1, 5, 5), "f"), "here": here}
    model = small_nets.model(nodes, {"x": (1, 1, ROWS, COLUMNS)}, {"y": (1, 1, ROWS, COLUMNS)}, weights)
    rates = rfonnx.analyze(model).object_rates([(3, 3)])
    assert [(one.tensor, one.exact) for one in rates] == [("y", False), ("a", True)]
    statuses = {
        one.tensor: one.status
        for one in rfonnx.check(
            small_nets.save(model, tmp_path / "m.onnx"), [f"object-rate.objects={path}", "object-rate.min=1"]
        ).findings
    }
    assert statuses["y"] == "fail"


SIZES = {
    "height,width\n3,4\n": [(3, 4)],
    " W , H \n3.2,4\n\n5,6\n": [(4, 4), (6, 5)],
    "label,x1,y1,x2,y2\ncat,10,20,15.5,23\n": [(3, 6)],
    "ymin,xmin,ymax,xmax\r\n0,0,7,9\r\n": [(7, 9)],
    '"height","width"\n"3","0.5"\n': [(3, 1)],
}


@pytest.mark.parametrize("text", SIZES)
def test_files_of_boxes_are_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(text, newline="")
    assert box_sizes(tmp_path / "b.csv", 2) == SIZES[text]


WRONG = {
    "": "names no column",
    "height\n3\n": "names no column for side 1",
    "height,width\n": "holds no box",
    "height,width\n3,x\n": "line 2: holds no number",
    "height,width\n3\n": "line 2: holds no number",
    "height,width\n3,-1\n": "a side of -1",
    "height,width\n3,nan\n": "a side of nan",
    "height,width\n3,inf\n": "a side of inf",
    "height,width\n3,1e300\n": "a side of 1e",
    "x1,y1,x2,y2\n5,5,5,9\n": "a side of 0",
}


@pytest.mark.parametrize("text", WRONG)
def test_files_that_hold_no_boxes_are_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(DataError, match=WRONG[text]) as error:
        box_sizes(tmp_path / "b.csv", 2)
    assert "write a line of names" in str(error.value) or "give sides" in str(error.value)


def test_files_of_strangers(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00height")
    for path in (tmp_path / "b.csv", tmp_path, tmp_path / "none.csv"):
        with pytest.raises(DataError):
            box_sizes(path, 2)


def test_what_has_another_number_of_sides_is_refused() -> None:
    with pytest.raises(QueryError, match="give a size for each"):
        rfonnx.analyze(net(False)).object_rates([(3,)])


def test_the_page_says_what_is_so(models: Path) -> None:
    """docs/advice.md: 200 is longer than the smallest field, 300 than the input."""
    (mask, _) = rfonnx.analyze(models / "unet.onnx").object_rates([(20, 30), (180, 180), (200, 200), (300, 10)])
    assert (mask.tensor, mask.rate) == ("mask", 0.5)
