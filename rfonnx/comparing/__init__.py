"""Comparing two models: `rfonnx.compare`."""
