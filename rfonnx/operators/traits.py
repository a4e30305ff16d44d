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

STANDS_FOR = {
    **dict.fromkeys(
        (
            *("ConvInteger", "QLinearConv", "com.microsoft.QLinearConv", "com.microsoft.FusedConv"),
            *("com.microsoft.NhwcConv", "com.microsoft.NhwcFusedConv", "com.microsoft.nchwc.Conv"),
            "com.ms.internal.nhwc.Conv",
        ),
        "Conv",
    ),
    "com.microsoft.QLinearConvTranspose": "ConvTranspose",
    **dict.fromkeys(
        (
            *("MatMulInteger", "QLinearMatMul", "com.microsoft.MatMulInteger16", "com.microsoft.MatMulIntegerToFloat"),
            *("com.microsoft.DynamicQuantizeMatMul", "com.microsoft.MatMulNBits", "com.microsoft.MatMulBnb4"),
            *("com.microsoft.MatMulFpQ4", "com.microsoft.FusedMatMul", "com.microsoft.TransposeMatMul"),
            *("com.microsoft.FusedMatMulActivation", "com.microsoft.GemmFastGelu"),
            *("Gemm", "com.microsoft.FusedGemm", "com.microsoft.QGemm"),
        ),
        "MatMul",
    ),
    "com.microsoft.DynamicQuantizeLSTM": "LSTM",
    "com.microsoft.QAttention": "Attention",
    "com.microsoft.QLinearAdd": "Add",
    "com.microsoft.QLinearMul": "Mul",
    "com.microsoft.QLinearWhere": "Where",
    "com.microsoft.QLinearConcat": "Concat",
    "com.microsoft.QLinearSigmoid": "Sigmoid",
    "com.microsoft.QLinearSoftmax": "Softmax",
    "com.microsoft.QLinearLeakyRelu": "LeakyRelu",
    "com.microsoft.QLinearReduceMean": "ReduceMean",
    **dict.fromkeys(("com.microsoft.QLinearAveragePool", "com.microsoft.nchwc.AveragePool"), "AveragePool"),
    **dict.fromkeys(
        ("com.microsoft.QLinearGlobalAveragePool", "com.microsoft.nchwc.GlobalAveragePool"), "GlobalAveragePool"
    ),
    "com.microsoft.nchwc.GlobalMaxPool": "GlobalMaxPool",
    **dict.fromkeys(("com.microsoft.NhwcMaxPool", "com.microsoft.nchwc.MaxPool"), "MaxPool"),
    **dict.fromkeys(("com.microsoft.BiasGelu", "com.microsoft.Gelu", "com.microsoft.FastGelu"), "Gelu"),
    "com.microsoft.SkipLayerNormalization": "LayerNormalization",
    "com.microsoft.SkipSimplifiedLayerNormalization": "SimplifiedLayerNormalization",
}
"""The standard operator that a fused, blocked or quantised one computes before or beside what it adds. A Gemm is a MatMul and an
Add."""

NUMBERS = frozenset({"BitCast", "Cast", "CastLike", "DequantizeLinear", "DynamicQuantizeLinear", "QuantizeLinear"})
"""Operators that spell the same numbers otherwise."""

MOVES = frozenset(
    {
        *("CenterCropPad", "Col2Im", "Compress", "Concat", "ConcatFromSequence", "DepthToSpace", "Expand", "Flatten"),
        *("Gather", "GatherElements", "GatherND", "Identity", "MaxUnpool", "Pad", "Reshape", "ReverseSequence"),
        *("Scatter", "ScatterElements", "ScatterND", "Slice", "SpaceToDepth", "Split", "SplitToSequence", "Squeeze"),
        *("TensorScatter", "Tile", "Transpose", "Trilu", "Unsqueeze"),
    }
)
"""Operators that put elements elsewhere, with some left out or added up."""

AFFINE = frozenset({"BatchNormalization", "Mul", "Add", "Sub", "Div"})
"""Operators that scale and shift their one operand that is no constant: optimisers fold them into the product before."""
