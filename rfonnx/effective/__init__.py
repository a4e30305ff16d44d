"""Effective receptive fields: `rfonnx.erf` measures one, `rfonnx.erf_many` several of a tensor, `rfonnx.erf_layers` all layers.

Subject -> Unit (nearest theoretical centre) -> Crop -> prober (gradient or perturbation) -> Running -> ERF
"""
