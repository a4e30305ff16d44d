"""The page of `rfonnx report` in Chromium: how long it is busy until it is there, and with each answer.

The longest task of the page's main thread is measured by its processor time, which other programs change little: while a task
runs, the page neither scrolls nor answers.

python benchmarks/page_speed.py [MODEL ...]
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

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


def measured(browser: Browser, model: Path, folder: Path) -> dict[str, object]:
    """Kilobytes, the time to make the page against that of the text, and by phase of the script the longest task, in ms."""
    file = folder / "page.html"
    text = min(seconds([*REPORT, str(model), "-q"]) for _ in range(3))
    html = min(seconds([*REPORT, str(model), "-q", "-o", str(file)]) for _ in range(3))
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline", "blink.user_timing"])
    page.goto(file.as_uri())
    page.wait_for_function("document.documentElement.dataset.ready")
    elements = page.evaluate(f"({SCRIPT})()")
    longest = longest_tasks(json.loads(browser.stop_tracing())["traceEvents"])
    page.close()
    size = file.stat().st_size // 1000
    return {"model": model.stem, "kB": size, "made, times the text": html / text, "elements": elements, **longest}


def longest_tasks(events: list[dict[str, Any]]) -> dict[str, int]:
    """By phase, the processor time of the longest task of the page's main thread, in ms; "start" comes before the first."""
    marks = sorted((event["ts"], event["name"][6:]) for event in events if event["name"].startswith("phase "))
    pages = {event["pid"] for event in events if event["name"].startswith("phase ")}
    named = {(event["pid"], event["tid"]) for event in events if event.get("args", {}).get("name") == "CrRendererMain"}
    found = dict.fromkeys(["start", *(name for _, name in marks)], 0.0)
    for event in events:
        if "RunTask" in event["name"] and (event["pid"], event["tid"]) in named and event["pid"] in pages:
            phase = next((name for at, name in reversed(marks) if event["ts"] >= at), "start")
            found[phase] = max(found[phase], event.get("tdur", 0) / 1000)
    found.pop("end")
    return {name: round(took) for name, took in found.items()}


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
    table(list(rows[0]), [list(row.values()) for row in rows])


if __name__ == "__main__":
    main()
