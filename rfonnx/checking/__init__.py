"""Checking a model against rules: `rfonnx.check`."""
