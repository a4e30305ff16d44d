"""The attachment in Netron itself: its own viewer, opened in a browser, shows what the analysis says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import netron
import pytest
from playwright.sync_api import BrowserContext, Page

import rfonnx
from measuring import measure
from rfonnx.cli.main import run


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where Netron serves its viewer, with no model in it."""
    host, port = netron.serve(None)
    yield f"http://{host}:{port}/"
    netron.stop((host, port))


@pytest.fixture
def viewer(window: Callable[..., BrowserContext], address: str) -> Page:
    """Netron, as it starts: it may ask nobody but its own server, has been told that cookies are fine, and does not know
    how old it is, since it refuses to work when it is older than 180 days.
    """
    context = window(viewport={"width": 1200, "height": 900})
    context.add_cookies([{"name": "consent", "value": "1", "url": address}])
    context.clock.set_fixed_time("2024-01-01")
    context.route(lambda url: not url.startswith(address), lambda route: route.abort())
    page = context.new_page()
    page.goto(address)
    page.locator("#open-file-button").wait_for()
    return page


def load(page: Page, path: Path) -> None:
    """Opens a model, or attaches what belongs to the one that is open; the page has another class meanwhile."""
    page.set_input_files("#open-file-dialog", path)
    page.locator("body.default").wait_for()


def properties(page: Page, kind: str, name: str) -> dict[str, str]:
    """What the sidebar says of a node or a connection, found by its name: values by what they are about."""
    page.keyboard.press("Control+f")
    page.locator(".sidebar-find-query").fill(name)
    icon = page.locator(f"[href='#sidebar-icon-{kind}']")
    page.locator(".sidebar-find-content li", has=icon).get_by_text(name, exact=True).dblclick()
    page.locator(".sidebar-item").first.wait_for()
    items = page.locator(".sidebar-item").all()
    texts = [
        (item.locator("input").input_value(), item.locator(".sidebar-item-value-list").inner_text()) for item in items
    ]
    return {about: text.removeprefix("+\n") for about, text in texts}


@pytest.mark.parametrize("name", ["resnet18", "unet"])
def test_nodes_and_tensors_say_their_fields(name: str, viewer: Page, models: Path, tmp_path: Path) -> None:
    path, attachment = models / f"{name}.onnx", tmp_path / "fields.json"
    assert run(["annotate", str(path), "--netron", str(attachment)]) == 0
    load(viewer, path)
    analysis = rfonnx.analyze(path)
    convolutions = [tensor for tensor in analysis.tensors.values() if tensor.op_type == "Conv"]
    asked = [convolutions[0], convolutions[-1]]
    assert "receptive field" not in properties(viewer, "node", asked[0].node)
    load(viewer, attachment)
    for tensor in asked:
        fields = [tensor.fields[analysis.inputs[0], axis] for axis in (2, 3)]
        sizes = [
            str(field.size) if field.size == field.size_min else f"{field.size_min}..{field.size}" for field in fields
        ]
        for kind, target in (("node", tensor.node), ("connection", tensor.name)):
            said = properties(viewer, kind, target)
            assert said["name"] == target
            assert said["receptive field"] == "x".join(sizes)
            assert said["stride"] == str(fields[0].stride)
            assert said["kind"] == fields[0].kind


def test_nodes_and_tensors_say_what_was_measured(viewer: Page, models: Path, tmp_path: Path) -> None:
    path, erf, compare = measure(models, tmp_path)
    attachment = tmp_path / "fields.json"
    words = ["--erf", str(erf), "--compare", str(compare), "--netron", str(attachment)]
    assert run(["annotate", str(path), *words]) == 0
    load(viewer, path)
    load(viewer, attachment)
    layer = json.loads(erf.read_text())["layers"][-2]
    sqnr = {pair["student"]: pair["sqnr_db"] for pair in json.loads(compare.read_text())["parting"]["layers"]}
    node = rfonnx.analyze(path).tensors[layer["tensor"]].node
    for kind, target in (("node", node), ("connection", layer["tensor"])):
        said = properties(viewer, kind, target)
        assert [float(one) for one in said["effective sigma"].split("x")] == pytest.approx(layer["sigma"], rel=0.01)
        assert float(said["SQNR against the teacher"].removesuffix(" dB")) == pytest.approx(
            sqnr[layer["tensor"]], abs=0.05
        )
