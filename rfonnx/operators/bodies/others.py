"""The bodies of operators of other domains than ai.onnx."""

from rfonnx.operators.bodies import blocked, channels_last, dynamic, fused, quantized  # noqa: F401
