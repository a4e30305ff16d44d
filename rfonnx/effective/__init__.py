"""Effective receptive fields as data: the map, how it was measured, and the figures that follow. Reports read this."""

from rfonnx.effective.gaussian import GaussianFit
from rfonnx.effective.result import ERF, Layer, Skipped

__all__ = ["ERF", "GaussianFit", "Layer", "Skipped"]
