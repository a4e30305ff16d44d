"""What the panels of a page share, and the growth curves: held against the analysis, the program and the text report."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

import rfonnx
import rfonnx.report.page
from fake_analysis import axis_field
from rfonnx.report.chart.scale import SPAN, sized
from rfonnx.report.document import Table
from rfonnx.report.fields.people import overview
from rfonnx.report.fields.view import View, pick_axes
from rfonnx.report.network.growth import POINTS, Curve, Point, caption, curves
from rfonnx.report.network.growth_svg import growth_drawing, growth_svg
from rfonnx.report.network.model import page_model
from rfonnx.report.network.palette import LIGHT

MODELS = sorted((Path(__file__).parents[2] / "models").glob("*.onnx"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_operations_read_what_the_program_reads_and_nothing_that_the_graph_does_not(path: Path) -> None:
    analysis = rfonnx.analyze(path)
    program, inputs = analysis.program, len(analysis.inputs)
    nodes = sorted({tensor.node_index for tensor in program.tensors})
    place = {node: inputs + number for number, node in enumerate(nodes)}
    expected = set()
    for tensor in program.tensors:
        for source, _ in tensor.paths:
            read = source if source < inputs else place[program.tensors[source - inputs].node_index]
            if read != place[tensor.node_index]:
                expected.add((read, place[tensor.node_index]))
    found = {(read, inputs + i) for i, operation in enumerate(analysis.operations) for read in operation.reads}
    assert found == expected
    assert [name for operation in analysis.operations for name in operation.tensors] == list(analysis.tensors)

    makers = {name: i for i, name in enumerate(analysis.inputs)}
    makers |= {output: place[n] for n in nodes for output in analysis.graph.nodes[n].outputs}
    given = {(makers[name], place[n]) for n in nodes for name in analysis.graph.nodes[n].inputs if name in makers}
    assert found <= given


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_page_has_the_rows_and_edges_of_the_analysis(path: Path) -> None:
    analysis = rfonnx.analyze(path)
    model = page_model(analysis, pick_axes(analysis, "spatial"))
    tensors, rows, cells = model["tensors"], model["rows"], model["looks"]["cells"]
    several = len(model["inputs"]) > 1
    shown = [
        (
            *(tensors[column][tensor] for column in ("name", "op", "shape")),
            *((model["inputs"][input]["name"],) if several else ()),
            *cells[look],
        )
        for tensor, input, look in zip(rows["tensor"], rows["input"], rows["look"], strict=True)
    ]
    every, some = (table_of(analysis, View(every=every)) for every in (True, False))
    assert shown == [tuple(map(str, row)) for row in every.rows]
    changing = [row for row, changes in zip(shown, rows["changes"], strict=True) if changes]
    assert changing == [tuple(map(str, row)) for row in some.rows]
    inputs = len(analysis.inputs)
    reads = [[inputs + i - back for back in steps] for i, steps in enumerate(model["operations"]["reads"])]
    assert reads == [list(operation.reads) for operation in analysis.operations]
    for tensor, operation in enumerate(tensors["operation"]):
        assert list(analysis.tensors)[tensor] in analysis.operations[operation].tensors


def table_of(analysis: rfonnx.Analysis, view: View) -> Table:
    found = overview(analysis, view).folds[0].parts[0]
    assert isinstance(found, Table)
    return found


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_curves_have_a_point_wherever_a_field_changes(path: Path) -> None:
    analysis = rfonnx.analyze(path)
    for curve in curves(analysis, pick_axes(analysis, "spatial")):
        points = {point.tensor: point for point in curve.points}
        size = None
        for i, tensor in enumerate(analysis.tensors.values()):
            field = tensor.fields[curve.input, curve.axes[0]]
            assert all(tensor.fields[curve.input, axis].size == field.size for axis in curve.axes)
            if i in points:
                size = points[i].size
                assert points[i].name == tensor.name
            if field.kind != "none":
                assert size == field.size
        marked = {point.name for point in curve.points if point.whole}
        assert {
            tensor for tensor, name, axis in analysis.globals if (name, axis) == (curve.input, curve.axes[0])
        } <= marked


def curve_of(*points: Point, length: int = 32) -> Curve:
    return Curve("x", (2,), (length,), 1 + max(point.tensor for point in points), len(points), points)


def point(tensor: int, size: int, name: str = "c") -> Point:
    return Point(tensor, name, "Conv", "convolution", (axis_field(size),), exact=True, whole=False)


def test_points_stand_where_their_layer_and_size_are() -> None:
    svg = growth_svg(curve_of(point(0, 3), point(10, 19)))
    [(x0, y0), (x1, y1)] = [
        tuple(map(float, found)) for found in re.findall(r'<circle cx="(\S+)" cy="(\S+)" r="4" data', svg)
    ]
    [input_y] = map(float, re.findall(r'M58 (\S+)H944" stroke="var\(--accent', svg))
    bottom = 260.0
    assert (x0, x1) == (58.0, 944.0)
    assert Fraction(round(10 * (bottom - y0)), round(10 * (bottom - input_y))) == pytest.approx(3 / 32, abs=1e-2)
    assert (bottom - y1) / (bottom - input_y) == pytest.approx(19 / 32, abs=1e-2)
    assert "logarithmic" not in svg


def test_a_wide_span_is_drawn_on_a_logarithmic_scale() -> None:
    assert not sized(2, 2 * SPAN, 0, 1).logarithmic
    scale = sized(2, 2 * SPAN + 1, 0, 1)
    assert scale.logarithmic
    assert scale.ticks() == [2, 5, 10, 20, 50]
    assert "size of the field, logarithmic" in growth_svg(curve_of(point(0, 3), point(1, 900)))


def test_many_points_are_thinned_and_the_caption_says_so() -> None:
    import onnx
    from onnx import helper

    count = POINTS + 300
    weight = helper.make_node(
        "Constant", [], ["w"], value=helper.make_tensor("w", onnx.TensorProto.FLOAT, (1, 1, 3), [1.0] * 3)
    )
    names = ["x", *(f"t{i}" for i in range(count))]
    nodes = [helper.make_node("Conv", [names[i], "w"], [names[i + 1]], pads=[1, 1]) for i in range(count)]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (1, 1, 8)) for name in ("x", names[-1])]
    graph = helper.make_graph([weight, *nodes], "chain", values[:1], values[1:])
    analysis = rfonnx.analyze(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))
    [curve] = curves(analysis, {"x": (2,)})
    assert len(curve.points) == POINTS
    assert (curve.points[0].tensor, curve.points[-1].tensor) == (0, count - 1)
    assert f"{count} of {count} layers change it, {POINTS} of them drawn" in "".join(caption(curve))


HOSTILE = ("<script>alert(1)</script>", "a'b\"c&d</svg></title>", "‮gnp\x1b[31m", "x" * 10_000, "]]>", "{{7*7}}")


@pytest.mark.parametrize("name", HOSTILE, ids=["script", "quotes", "controls", "long", "cdata", "template"])
def test_names_are_text_in_drawings(name: str) -> None:
    svg = growth_svg(curve_of(point(0, 3, name), point(1, 5)))
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert {element.tag.removeprefix(space) for element in root.iter()} <= {
        "svg",
        "text",
        "path",
        "circle",
        "g",
        "title",
    }
    [first, _] = [element.text or "" for element in root.iter(f"{space}title")]
    assert first.endswith("(Conv): 3, stride 1, 9.3% of the input, local")
    assert len(first) < 200
    assert first.isprintable()


def test_colours_are_those_of_the_page() -> None:
    css = (Path(rfonnx.report.page.__path__[0]) / "assets" / "page.css").read_text()
    light = css.split("@media", 1)[0]
    assert dict(re.findall(r"--([\w-]+): (#\w+);", light)).items() >= LIGHT.items()


def test_a_model_that_reads_nothing_has_no_curves() -> None:
    assert growth_drawing(rfonnx.analyze(MODELS[0]), {}) == ""
