"""What operators do beside computing: draw at random, drop in training, hold other graphs. One table; a test holds it against
the schemas of onnx and onnxruntime."""

from __future__ import annotations

RANDOM = frozenset(
    {
        *("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial"),
        "com.microsoft.Sampling",
    }
)
"""Operators that draw at random in every run. A `seed` fixes the first run of a session, not the second."""

DROPOUTS = {
    "Dropout": (1, 2),
    "com.microsoft.BitmaskDropout": (1, 2),
    "com.microsoft.BiasDropout": (3, 4),
    "com.microsoft.BitmaskBiasDropout": (3, 4),
}
"""Operators that draw at random in training mode alone: the inputs that hold the ratio and the mode."""

BODIES = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Operators that are as random as the graphs that they hold, and cost what these cost."""
