"""`rfonnx tile`: run a model on tiles of an input that is larger than memory."""

from __future__ import annotations

from rfonnx.cli.lazy import Lazy

command = Lazy(
    {"plan": "rfonnx.cli.tile_plan", "verify": "rfonnx.cli.tile_verify", "run": "rfonnx.cli.tile_run"},
    name="tile",
    help="Exact tiles for inputs that are larger than memory: plan them, prove them, run them.",
)
