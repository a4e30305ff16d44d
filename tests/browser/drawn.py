"""Pages of models, and models that are large, or whose names are hostile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from onnx import NodeProto, TensorProto, helper
from playwright.sync_api import Page

import rfonnx
from rfonnx.report.fields.page import overview_page
from rfonnx.report.fields.view import View
from rfonnx.report.page.page import html_page

MODELS = Path(__file__).parents[2] / "models"

HOSTILE = (
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a'b\"c&d</svg></title>", "‮gnp.exe"),
    *("a\x1b[31mb\n", "x" * 10_000, "/".join(["s"] * 5000), "/<b>/<i>/x", "/<b>/<i>/y", "__proto__", "]]>", "-->"),
    *(
        "/__proto__/constructor/a",
        "/__proto__/constructor/b",
        "</script><script>alert(2)</script>",
        "{{7*7}}",
        "/",
        ".",
    ),
)


Opened = Callable[..., Page]


def shown(opened: Opened, model: Path | onnx.ModelProto, folder: Path, **words: Any) -> Page:
    """The page of a model in a window, when its panels are there; words as in the fixture `opened`."""
    page = opened(page_of(model, folder), **words)
    page.wait_for_function("document.documentElement.dataset.ready")
    return page


def page_of(model: Path | onnx.ModelProto, folder: Path) -> Path:
    """The page of a model, in a file."""
    file = folder / "page.html"
    file.write_text("".join(html_page(overview_page(rfonnx.analyze(model), View()))), encoding="utf-8")
    return file


def net(nodes: list[NodeProto], output: str) -> onnx.ModelProto:
    """A model of one input "x", whose convolutions read the constant "w"."""
    weight = helper.make_tensor("w", TensorProto.FLOAT, (1, 1, 3), [1.0, 2.0, 1.0])
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 1, 64))],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [weight],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def conv(read: str, made: str, name: str = "") -> NodeProto:
    return helper.make_node("Conv", [read, "w"], [made], name=name, pads=[1, 1])


def relu(read: str, made: str, name: str = "") -> NodeProto:
    return helper.make_node("Relu", [read], [made], name=name)


def add(one: str, other: str, made: str, name: str = "") -> NodeProto:
    return helper.make_node("Add", [one, other], [made], name=name)


def blocks(count: int) -> onnx.ModelProto:
    """Residual blocks of five operators, a hundred blocks in a scope."""
    nodes, last = [], "x"
    for i in range(count):
        scope, t = f"/stage{i // 100}/block{i % 100}", f"b{i}_"
        nodes += [conv(last, t + "0", f"{scope}/a/Conv"), relu(t + "0", t + "1", f"{scope}/a/Relu")]
        nodes += [conv(t + "1", t + "2", f"{scope}/b/Conv"), add(t + "2", last, t + "3", f"{scope}/Add")]
        nodes += [relu(t + "3", t + "4", f"{scope}/Relu")]
        last = t + "4"
    return net(nodes, last)


def crossed() -> onnx.ModelProto:
    """Two scopes that read each other: closed, they make a circle."""
    nodes = [
        conv("x", "a1", "/a/one"),
        conv("a1", "b1", "/b/one"),
        conv("b1", "a2", "/a/two"),
        conv("a2", "b2", "/b/two"),
    ]
    return net(nodes, "b2")


def hostile() -> onnx.ModelProto:
    nodes, last = [], "x"
    for i, name in enumerate(HOSTILE):
        make = conv if i % 2 else relu
        nodes.append(make(last, f"{name} {i}", name))
        last = f"{name} {i}"
    return net(nodes, last)
