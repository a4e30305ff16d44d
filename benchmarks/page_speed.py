"""The page of `rfonnx report` in Chromium: how soon it is there, and how long it takes to answer.

python benchmarks/page_speed.py [MODEL ...]
"""

import sys
import tempfile
import time
from pathlib import Path

import onnx
from measure import LIGHT, REPORT, seconds, table
from onnx import TensorProto, helper
from playwright.sync_api import Browser, sync_playwright

SCRIPT = Path(__file__).with_suffix(".js").read_text()
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


def save_blocks(nodes: int, path: Path, scopes: bool) -> None:
    """Residual blocks of five operators; a hundred blocks in a scope, or names without scopes."""
    made, last = [], "x"
    for i in range(nodes // 5):
        scope = f"/stage{i // 100}/block{i % 100}/" if scopes else f"n{i}_"
        names = [f"b{i}_{k}" for k in range(5)]
        made += [
            helper.make_node("Conv", [last, "w"], [names[0]], name=f"{scope}conv1", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [names[0]], [names[1]], name=f"{scope}relu1"),
            helper.make_node("Conv", [names[1], "w"], [names[2]], name=f"{scope}conv2", pads=[1, 1, 1, 1]),
            helper.make_node("Add", [names[2], last], [names[3]], name=f"{scope}add"),
            helper.make_node("Relu", [names[3]], [names[4]], name=f"{scope}relu2"),
        ]
        last = names[4]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 64, 64]) for name in ("x", last)]
    weight = helper.make_tensor("w", TensorProto.FLOAT, (1, 1, 3, 3), [1.0] * 9)
    graph = helper.make_graph(made, "blocks", ends[:1], ends[1:], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def measured(browser: Browser, model: Path, folder: Path) -> list[object]:
    """A row: kilobytes, the time to make the page against that of the text, and what the page says of itself."""
    page_file = folder / "page.html"
    text = min(seconds([*REPORT, str(model), "-q"]) for _ in range(3))
    html = min(seconds([*REPORT, str(model), "-q", "-o", str(page_file)]) for _ in range(3))
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    begin = time.perf_counter()
    page.goto(page_file.as_uri())
    page.wait_for_function("document.documentElement.dataset.ready")
    ready = 1000 * (time.perf_counter() - begin)
    found = {key: round(value) for key, value in page.evaluate(f"({SCRIPT})()").items()}
    page.close()
    return [
        model.stem,
        page_file.stat().st_size // 1000,
        html / text,
        found.pop("paint"),
        round(ready),
        *found.values(),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        models = [Path(given) for given in sys.argv[1:]]
        if not models:
            models = [LIGHT / "light_resnet50.onnx", LIGHT / "light_densenet121.onnx"]
            for nodes, scopes in ((1_000, False), (20_000, True), (20_000, False)):
                models.append(folder / f"{nodes}{'_in_scopes' if scopes else ''}.onnx")
                save_blocks(nodes, models[-1], scopes)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        rows = [measured(browser, model, folder) for model in models]
        browser.close()
    headings = [
        "model",
        "kB",
        "made, times the text",
        "first paint, ms",
        "ready",
        "expand all",
        "click a box",
        "click a row",
    ]
    headings += ["frame, graph scrolls", "frame, table scrolls", "search", "next match", "filter", "sort", "elements"]
    table(headings, rows)


if __name__ == "__main__":
    main()
