"""Node data in Model Explorer itself: its ONNX adapter has every node that we name, and its page shows what we say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import helper
from playwright.sync_api import BrowserContext, Page, expect

import small_nets
from measuring import measure
from rfonnx.cli.main import run


def node_data(path: Path, folder: Path, *more: str) -> tuple[Path, str, dict[str, Any]]:
    """The file that `annotate` makes, the graph that it tells of, and what it says by node."""
    file = folder / "explorer.json"
    assert run(["annotate", str(path), "--model-explorer", str(file), *more]) == 0
    ((graph, said),) = json.loads(file.read_text()).items()
    return file, graph, said["results"]


@contextmanager
def served(model: Path, *data: Path) -> Iterator[str]:
    """The address of Model Explorer's page while its server runs, started as a user would."""
    words = ["--extensions", "model_explorer_onnx", "--node_data_paths", ",".join(map(str, data))]
    command = [sys.executable, "-u", "-m", "model_explorer", str(model), *words, "--no_open_in_browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield next(line.strip() for line in server.stdout if line.startswith("http://"))
        finally:
            server.terminate()


def columns(page: Page, sets: int) -> list[list[str]]:
    """What the table of node data holds, page by page: the values of each data set, of the nodes that have one."""
    table = page.locator("node-data-provider-summary-panel .table-container.results")
    shown, first = list[str](), 1
    while True:
        table.get_by_text(re.compile(rf"^\s*{first} - ")).wait_for()
        expect(table.locator("tr").nth(1).locator("td.value-col")).to_have_count(sets)
        shown += table.locator("td.value-col").all_inner_texts()
        following = table.locator(".next-page")
        if "disabled" in str(following.get_attribute("class")):
            break
        following.click()
        first += 50
    values = [value.strip() for value in shown]
    return [[value for value in values[at::sets] if value != "-"] for at in range(sets)]


def open_explorer(window: Callable[..., BrowserContext], address: str) -> Page:
    """Its page, which may ask nobody but its own server."""
    context = window(viewport={"width": 1400, "height": 1000})
    context.route(lambda url: not url.startswith("http://localhost"), lambda route: route.abort())
    page = context.new_page()
    page.goto(address)
    return page


@pytest.mark.parametrize("name", ["resnet18", "unet"])
def test_the_page_shows_every_value(
    name: str, window: Callable[..., BrowserContext], models: Path, tmp_path: Path
) -> None:
    path = models / f"{name}.onnx"
    file, _, results = node_data(path, tmp_path)
    with served(path, file) as address:
        assert columns(open_explorer(window, address), 1) == [[one["value"] for one in results.values()]]


def test_what_was_measured_has_columns_of_its_own(
    window: Callable[..., BrowserContext], models: Path, tmp_path: Path
) -> None:
    path, erf, compare = measure(models, tmp_path)
    file, _, results = node_data(path, tmp_path, "--erf", str(erf), "--compare", str(compare))
    more = [file.with_suffix(f".{about}.json") for about in ("sigma", "sqnr")]
    sets = [results, *(next(iter(json.loads(one.read_text()).values()))["results"] for one in more)]
    assert all(len(found) > 5 for found in sets)
    with served(path, file, *more) as address:
        assert columns(open_explorer(window, address), 3) == [
            [one["value"] for one in found.values()] for found in sets
        ]


def nets(models: Path) -> Iterator[tuple[str, onnx.ModelProto]]:
    """The models of the repository; and a graph without a name, nodes without names or with names that others have, too,
    a condition with branches, and names that are hostile."""
    yield from ((path.name, onnx.load(path)) for path in sorted(models.glob("*.onnx")))
    nameless = small_nets.classifier()
    nameless.graph.ClearField("name")
    yield "a graph without a name", nameless
    twice = small_nets.classifier()
    for node in twice.graph.node:
        node.name = "" if node.op_type == "Relu" else "<b>'" + node.op_type
    yield "names that are none, that stand twice, that are hostile", twice
    x, y = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 1, 8, 8]) for name in "xy")
    chosen = helper.make_tensor_value_info("c", onnx.TensorProto.BOOL, [])
    pools = [
        helper.make_graph(
            [helper.make_node("MaxPool", ["x"], [f"y{k}"], "pool", kernel_shape=[k, k], auto_pad="SAME_UPPER")],
            f"branch{k}",
            [],
            [helper.make_tensor_value_info(f"y{k}", onnx.TensorProto.FLOAT, [1, 1, 8, 8])],
        )
        for k in (3, 5)
    ]
    choice = helper.make_node("If", ["c"], ["z"], "choice", then_branch=pools[0], else_branch=pools[1])
    nodes = [choice, helper.make_node("Relu", ["z"], ["y"], "relu")]
    yield (
        "a condition",
        helper.make_model(
            helper.make_graph(nodes, "net", [x, chosen], [y]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
        ),
    )


def test_every_node_that_is_named_is_there(models: Path, tmp_path: Path) -> None:
    from model_explorer_onnx.main import ONNXAdapter  # takes seconds, which other workers need not wait

    for name, net in nets(models):
        path = small_nets.save(net, tmp_path / "net.onnx")
        _, graph, results = node_data(path, tmp_path)
        graphs = {one.id: {node.id for node in one.nodes} for one in ONNXAdapter().convert(str(path), {})["graphs"]}
        assert results, name
        assert set(results) <= graphs[graph], name
