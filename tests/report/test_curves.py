"""Growth curves: what is drawn is what `explain` and the tensors say; where it lies, and how it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rfonnx as package
from fake_analysis import axis_field, fake, hostile, square, step
from report.inside import assert_inside
from rfonnx.errors import QueryError
from rfonnx.report.fields.curves import curves
from rfonnx.report.fields.plot import CAUSES, LENGTH, STYLES, growth_figure, growths_svg
from rfonnx.report.fields.view import View
from rfonnx.report.fields.view_source import Refused

NETS = ["conv3d", "dilated", "inception", "resnet18", "se", "seed", "superres", "unet", "vit", "wavenet"]


def analysed(models: Path, *names: str) -> list[package.Analysis]:
    return [package.analyze(models / f"{name}.onnx") for name in names]


def labelled(axes: Any, word: str) -> list[Any]:
    return [line for line in axes.lines if str(line.get_label()).startswith(word)]


@pytest.mark.parametrize("name", NETS)
def test_a_curve_is_the_chain_that_explain_gives(name: str, models: Path) -> None:
    (analysis,) = analysed(models, name)
    for (number, axis), (curve,) in curves(analysis, View()).items():
        pair = (analysis.inputs[number], axis)
        field = analysis.tensors[curve.target].fields[pair]
        assert field.size == max(analysis.tensors[name].fields[pair].size for name in analysis.outputs)
        steps = analysis.explain(curve.target, *pair)
        grown = [(one.tensor, one.size, one.cause) for one in steps if one.added]
        assert [(one.tensor, one.size, one.cause) for one in curve.chain if one.cause] == grown
        assert curve.chain[-1].size == field.size
        order = list(analysis.tensors)
        for point in (*curve.chain, *curve.others):
            assert order[point.place] == point.tensor
            assert point.whole == ((point.tensor, *pair) in analysis.globals)
        for point in curve.others:
            assert point.size == analysis.tensors[point.tensor].fields[pair].size
            assert point.tensor not in [one.tensor for one in steps]
        seen = {point.tensor for point in (*curve.chain, *curve.others)}
        assert {tensor for tensor, *taken in analysis.globals if tuple(taken) == pair} <= seen


@pytest.mark.parametrize("name", NETS)
def test_what_is_drawn(name: str, models: Path) -> None:
    """Points by cause, rings around global operators, a line at each length; all inside the picture."""
    (analysis,) = analysed(models, name)
    figure = growth_figure([analysis], View())
    found = curves(analysis, View())
    drawn_axes = []
    for axes in figure.axes:
        words = axes.get_ylabel().replace("\n", " ").partition(" of ")[2].partition(" of ")[0]
        numbers = [int(word) for word in words.replace("axes", "").replace("axis", "").split(",")]
        drawn_axes += numbers
        for axis in numbers:
            (curve,) = found[0, axis]
            for cause in CAUSES:
                expected = [(one.place, one.size) for one in curve.chain if one.cause == cause]
                word = "misaligned branches" if cause == "join" else cause
                marks = labelled(axes, f"enlarged by: {word}")
                assert [tuple(xy) for line in marks for xy in line.get_xydata()] == expected
                assert all(line.get_markerfacecolor() == CAUSES[cause] for line in marks)
            whole = [(one.place, one.size) for one in (*curve.chain, *curve.others) if one.whole]
            rings = labelled(axes, "operator that takes")
            assert [tuple(xy) for line in rings for xy in line.get_xydata()] == whole
            length = analysis.input_shapes[analysis.inputs[0]][axis]  # type: ignore[index]
            assert [length] * 2 in [list(line.get_ydata()) for line in axes.lines if line.get_color() == LENGTH]
            assert str(length) in [text.get_text() for text in axes.texts]
    assert sorted(drawn_axes) == [axis for _, axis in found]
    assert analysis.model.name in figure._suptitle.get_text()
    assert_inside(figure)


def test_the_legend_says_what_the_output_sees(models: Path) -> None:
    labels = [text.get_text() for text in growth_figure(analysed(models, "inception"), View()).legends[0].get_texts()]
    assert labels[0] == "inception.onnx: fc sees 127x159 of x (1x3x96x128)"
    at_most = fake([square("c", "Conv", (1, 8, 32, 32), axis_field(3), exact=False)])
    labels = [text.get_text() for text in growth_figure([at_most], View()).legends[0].get_texts()]
    assert labels[0] == "seed.onnx: c sees at most 1x1 of x (1x3x32x32)"  # a chain that is empty


@pytest.mark.parametrize(("size", "scale"), [(30, "linear"), (32, "log")])
def test_the_scale_is_logarithmic_where_sizes_span_more_than_a_factor_of_thirty(size: int, scale: str) -> None:
    tensors = [
        square("a", "Conv", (1, 8, 32, 32), axis_field(1)),
        square("b", "Conv", (1, 8, 32, 32), axis_field(size)),
    ]
    chain = (step("a", "Conv", 1, 1), step("b", "Conv", size, size - 1, kernel=size))
    # The length of the input counts: it is drawn.
    analysis = fake(tensors, chains={"b": chain}, input_shapes={"x": (1, 3, 30, 30)})
    (axes,) = growth_figure([analysis], View()).axes
    assert axes.get_yscale() == scale
    assert ("log scale: they span 1 : 32" in axes.get_ylabel()) == (scale == "log")


def test_models_are_drawn_over_each_other_and_as_long_as_each_other(models: Path) -> None:
    three = analysed(models, "resnet18", "unet", "inception")
    figure = growth_figure([*three, Refused("broken.onnx", "it is no model")], View())
    assert [axes.get_ylabel().count("axis 2") for axes in figure.axes] == [1, 0]  # 2 and 3 differ in one of them
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [label.partition(":")[0] for label in labels[:3]] == ["resnet18.onnx", "unet.onnx", "inception.onnx"]
    ends = [line.get_xdata()[-1] for line in figure.axes[0].lines if line.get_drawstyle() == "steps-post"]
    assert ends == pytest.approx([100 * (1 - 1 / len(one.tensors)) for one in three])
    assert_inside(figure)


def test_what_cannot_be_drawn_is_refused(models: Path) -> None:
    (unet,) = analysed(models, "unet")
    with pytest.raises(QueryError, match="at most 6 curves"):
        growth_figure([unet] * (len(STYLES) + 1), View())
    with pytest.raises(QueryError, match="no model to draw"):
        growth_figure([Refused("broken.onnx", "it is no model")], View())
    with pytest.raises(QueryError, match="no tensor 'nothing'"):
        growth_figure([unet], View(tensors=("nothing",)))
    constant = fake([square("c", "Conv", (1,), axis_field(3))], outputs=("other",))
    with pytest.raises(QueryError, match="no output depends on such an axis"):
        growth_figure([constant], View())


def test_tensors_that_are_named(models: Path) -> None:
    figure = growth_figure(analysed(models, "unet"), View(tensors=("pool1", "down0.conv1")))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:2] == [
        "unet.onnx: down0.conv1 sees 3x3 of x (1x1x224x256)",
        "unet.onnx: pool1 sees 16x16 of x (1x1x224x256)",
    ]


def test_hostile_names() -> None:
    figure = growth_figure([hostile()], View())
    assert_inside(figure)
    svg = growths_svg([hostile()], View())
    assert svg == growths_svg([hostile()], View())
    assert b"\x1b" not in svg
    assert "\u202e".encode() not in svg


def test_more_axes_than_a_picture_holds() -> None:
    fields = {("x", axis): axis_field(3 + axis, tensor_axis=axis) for axis in range(8)}
    tensor = square("c", "Conv", (8,) * 8, axis_field(3))._replace(fields=fields)
    analysis = fake([tensor], input_shapes={"x": (8,) * 8}, windowed=tuple(fields))
    figure = growth_figure([analysis], View())
    assert len(figure.axes) == 1  # no chain here: nothing tells the axes apart
