"""`rfonnx tile plan` in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image
from ruyaml import YAML

import rfonnx as package

Run = Callable[..., Any]


def test_the_text_has_the_halo_the_grid_and_the_tiles(rfonnx: Run, models: Path) -> None:
    done = rfonnx("tile", "plan", models / "unet.onnx", "--size", "480,512", "--tile", "256,272")
    assert done.code == 0
    assert "tiles are exact" in done.out
    assert "20 tiles (5 x 4), each a run of x 1x1x256x272" in done.out
    row = next(line.split() for line in done.out.splitlines() if line.startswith("x "))
    assert row == ["x", "2", "94", "94", "16", "96", "+", "96", "16,", "32,", "48,", "...", "480", "256"]


def test_what_cannot_be_tiled_is_named_and_fails(rfonnx: Run, models: Path) -> None:
    done = rfonnx("tile", "plan", models / "vit.onnx")
    assert done.code == 1
    assert "no tiles are exact" in done.out
    assert "'block0.attn.weights' (Softmax" in done.out
    assert "along axes 2, 3 of input 'x'" in done.out


def test_json_has_each_axis(rfonnx: Run, models: Path) -> None:
    made = json.loads(rfonnx("tile", "plan", models / "superres.onnx", "--size", "100,90", "--format", "json").out)
    assert made["format"] == 1
    assert made["exact"]
    (rows, columns) = made["axes"]
    assert rows["inputs"][0]["halo"] == columns["inputs"][0]["halo"] == [5, 5]
    assert rows["outputs"] == [{"output": "high", "axis": 2, "grid": 3, "length": 300}]


@pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning"
)  # bioimageio.spec closes none of the files that it reads
@pytest.mark.parametrize("name", ["unet", "superres", "dilated", "wavenet"])
def test_the_axes_make_a_description_that_bioimageio_takes(
    name: str, rfonnx: Run, models: Path, tmp_path: Path
) -> None:
    """A whole one, with its files: the tensors of the test are as short as the axes allow."""
    from bioimageio.spec import ValidationContext, validate_format  # takes seconds, which other workers need not wait
    from bioimageio.spec.model import v0_5

    made = YAML(typ="safe").load(rfonnx("tile", "plan", models / f"{name}.onnx", "--format", "bioimageio").out)
    model = onnx.load(models / f"{name}.onnx")
    for value in (*model.graph.input, *model.graph.output):
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = f"{value.name}_{axis}"
    del model.graph.value_info[:]
    onnx.save(model, tmp_path / "model.onnx")
    rng = np.random.default_rng(0)
    feeds = {
        one["id"]: rng.standard_normal([_shortest(axis) for axis in one["axes"]], np.float32) for one in made["inputs"]
    }
    outputs = onnxruntime.InferenceSession(model.SerializeToString()).run([one["id"] for one in made["outputs"]], feeds)
    for tensor, array in zip((*made["inputs"], *made["outputs"]), (*feeds.values(), *outputs), strict=True):
        np.save(tmp_path / f"{tensor['id']}.npy", array)
        tensor["test_tensor"] = {"source": f"{tensor['id']}.npy"}
    Image.new("RGB", (512, 512)).save(tmp_path / "cover.png")
    (tmp_path / "README.md").write_text("# Model\n\n## Validation\n")
    description: dict[str, Any] = {
        "type": "model",
        "format_version": v0_5.ModelDescr.implemented_format_version,
        "name": "a model",
        "description": "of this test",
        "authors": [{"name": "The test"}],
        "license": "MIT",
        "cite": [{"text": "this test", "url": "https://example.com"}],
        "covers": [{"source": "cover.png"}],
        "documentation": {"source": "README.md"},
        "weights": {"onnx": {"source": "model.onnx", "opset_version": model.opset_import[0].version}},
        **made,
    }
    found = validate_format(description, context=ValidationContext(root=tmp_path, perform_io_checks=True))
    assert found.status == "valid-format", found.errors


def _shortest(axis: dict[str, Any]) -> int:
    if axis["type"] == "batch":
        return 1
    return len(axis["channel_names"]) if axis["type"] == "channel" else int(axis["size"]["min"])


def test_the_halo_of_bioimageio_lies_on_the_grid(rfonnx: Run, models: Path) -> None:
    made = YAML(typ="safe").load(rfonnx("tile", "plan", models / "unet.onnx", "--format", "bioimageio").out)
    (given,), (output,) = made["inputs"], made["outputs"]
    assert given["axes"][2]["size"] == {"min": 208, "step": 16}  # what is left of 208 between the halos is one step
    assert output["axes"][3]["halo"] == 96  # 94 on the grid


def test_monai_gets_a_window_on_the_grid(rfonnx: Run, models: Path) -> None:
    code = rfonnx(
        "tile", "plan", models / "unet.onnx", "--size", "960,960", "--tile", "480,480", "--format", "monai"
    ).out
    assert "roi_size=(448, 448)" in code
    assert f"overlap=({192 / 448}, {192 / 448})" in code
    compile(code, "inferer", "exec")


@pytest.mark.parametrize("style", ["bioimageio", "monai"])
def test_formats_of_others_are_refused_where_tiles_are_not_exact(style: str, rfonnx: Run, models: Path) -> None:
    done = rfonnx("tile", "plan", models / "vit.onnx", "--format", style)
    assert done.code == 2
    assert "no tiles of vit.onnx are exact" in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "480"], "expected 2"),
        (["--size", "480,500"], "pad it to 512"),
        (["--size", "0,512"], "give positive lengths"),
        (["--shape", "y=1,1,480,512"], "'y'"),
        (["--size", "480,512", "--tile", "64"], "a tile of 1 length was asked for"),
        (["--size", "480,512", "--tile", "64,64"], "give 208 or more"),
        (["--size", "480,512", "--tile", "0,64"], "positive"),
        (["--size", "480,x"], "not a whole number"),
        (["--memory", "1GB"], "needs the size of the whole"),
        (["--size", "480,512", "--memory", "lots"], "not like 4GB"),
        (["--size", "480,512", "--memory", "1MB"], "the smallest tile takes"),
        (["--size", "480,512", "--memory", "1GB", "--tile", "256,256"], "give one of them"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(options: list[str], message: str, rfonnx: Run, models: Path) -> None:
    done = rfonnx("tile", "plan", models / "unet.onnx", *options)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("ending", ["yaml", "py"])
def test_reports_in_formats_of_others_may_be_replaced(ending: str, rfonnx: Run, models: Path, tmp_path: Path) -> None:
    file = tmp_path / f"plan.{ending}"
    for _ in range(2):
        assert rfonnx("tile", "plan", models / "unet.onnx", "--size", "480,512", "-o", file).code == 0
    assert file.read_text()


def test_an_approximate_halo_holds_its_share(rfonnx: Run, models: Path) -> None:
    """As the effective field says by itself, axis by axis and together."""
    done = rfonnx("tile", "plan", models / "vit.onnx", "--mass", "0.9", "--format", "json")
    assert done.code == 1
    found = json.loads(done.out)["approximate"]
    assert [one["axis"] for one in found] == [2, 3]
    erf = package.erf(models / "vit.onnx", tensor=found[0]["output"], n=8)
    (top, left) = (int(center) for center in erf.center)
    (rows, columns) = found
    box = erf.map[
        max(top - rows["before"], 0) : top + rows["after"] + 1,
        max(left - columns["before"], 0) : left + columns["after"] + 1,
    ]
    assert box.sum() >= 0.9
    assert box.sum() < 0.999


def test_a_share_that_is_none_is_refused(rfonnx: Run, models: Path) -> None:
    assert rfonnx("tile", "plan", models / "vit.onnx", "--mass", "2").code == 2
    assert rfonnx("tile", "plan", models / "vit.onnx", "--mass", "1").code == 2


def test_what_weights_are_missing_for_is_not_advised(rfonnx: Run, models: Path, tmp_path: Path) -> None:
    model = tmp_path / "se.onnx"
    onnx.save(onnx.load(models / "se.onnx"), model, save_as_external_data=True, location="weights", size_threshold=0)
    advised = rfonnx("tile", "plan", model)
    assert "see --stages" in advised.out
    (tmp_path / "weights").unlink()
    done = rfonnx("tile", "plan", model)
    assert (done.code, done.err) == (1, "")
    assert "no tiles are exact" in done.out
