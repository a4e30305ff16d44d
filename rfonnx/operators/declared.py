"""The columns of the table that say what operators are like: an answer, and the operators that it holds for."""

from __future__ import annotations

from rfonnx.operators.table import Sequential, declare, named

declare(*named("Add BatchNormalization Div Mul Sub"), affine=True)
declare("ai.onnx.preview.FlexAttention", attending=Sequential((0, 1, 2), ()))
declare("com.microsoft.GroupQueryAttention", attending=Sequential((0, 1, 2), (3, 4)))
declare("Attention", attending=Sequential((0, 1, 2), (4, 5)))
declare("com.microsoft.MultiHeadAttention", attending=Sequential((0, 1, 2), (6, 7)))
declare("com.microsoft.Attention", attending=Sequential((0,), (4,)))
declare("com.microsoft.QAttention", attending=Sequential((0,), (8,)))
declare(
    *named("Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike"),
    "com.microsoft.Sampling",
    draws="always",
)
declare("Tanh", ends=(-1.0, 1.0))
declare("HardSigmoid", "Sigmoid", ends=(0.0, 1.0))
declare(
    *named(
        """
        Abs Add And BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Clip Concat ConstantOfShape
        Cos CumSum DequantizeLinear Div Equal Exp Expand EyeLike Flatten Floor Gather GatherElements Greater
        GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Log Max Min Mod Mul Neg NonZero Not Or Pad Pow
        Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape Round Shape Sigmoid
        Sign Sin Size Slice Softmax Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu Unsqueeze Where Xor
        """
    ),
    evaluation="fast",
)
declare("Einsum", "ImageDecoder", evaluation="never")
declare(
    *named("BitCast Cast CastLike DequantizeLinear DynamicQuantizeLinear Identity QuantizeLinear"),
    "com.microsoft.DequantizeLinear",
    "com.microsoft.QuantizeLinear",
    hands_on=True,
)
declare(*named("Exp Relu Sigmoid Softplus"), hides=True)
declare(*named("If Loop Scan SequenceMap"), holds_graphs=True)
declare("Concat", "Squeeze", "Unsqueeze", inferred_since=11)
declare("OptionalHasElement", inferred_since=18)
declare("DepthToSpace", "SpaceToDepth", "Transpose", keeps="elements")
declare(*named("Flatten Identity Reshape Squeeze Unsqueeze"), keeps="order")
declare(*named("Abs Ceil Div Erf Floor Gelu LeakyRelu Neg Relu Round Sign Sin Sqrt Tanh"), keeps_zero=True)
declare(*named("GRU LSTM RNN"), "com.microsoft.AttnLSTM", "com.microsoft.DynamicQuantizeLSTM", layered=True)
declare("Attention", "com.microsoft.Attention", "com.microsoft.MultiHeadAttention", manner=frozenset({"attention"}))
declare(
    "com.microsoft.NhwcConv",
    "com.microsoft.NhwcFusedConv",
    "com.ms.internal.nhwc.Conv",
    manner=frozenset({"by channel", "channels last"}),
)
declare(
    "BatchNormalization",
    "GroupNormalization",
    "InstanceNormalization",
    manner=frozenset({"by channel", "norm"}),
)
declare(
    *named("Conv ConvInteger ConvTranspose QLinearConv"),
    *named("FusedConv QLinearConv QLinearConvTranspose", "com.microsoft"),
    "com.microsoft.nchwc.Conv",
    manner=frozenset({"by channel"}),
)
declare(
    "com.microsoft.MatMulBnb4",
    "com.microsoft.MatMulFpQ4",
    "com.microsoft.MatMulNBits",
    manner=frozenset({"by row", "packed"}),
)
declare("MatMulInteger", "QLinearMatMul", "com.microsoft.MatMulIntegerToFloat", manner=frozenset({"by row"}))
declare(
    *named(
        """
        Abs Acos Acosh Add And Asin Asinh Atan Atanh Bernoulli BitCast BitShift BitwiseAnd BitwiseNot
        BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Cos Cosh Div Dropout Elu Equal Erf Exp Floor Gelu
        Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max
        Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh
        Softplus Softsign Sqrt Sub Sum SwiGLU Swish Tan Tanh ThresholdedRelu Where Xor
        """
    ),
    *named(
        """
        BiasAdd BiasGelu FastGelu Gelu QLinearAdd QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearWhere
        QuickGelu ScaledSiLU SkipLayerNormalization SkipSimplifiedLayerNormalization
        """,
        "com.microsoft",
    ),
    manner=frozenset({"elementwise"}),
)
declare("Concat", "com.microsoft.QLinearConcat", manner=frozenset({"joined", "regular"}))
declare(
    *named(
        """
        DynamicQuantizeLinear Hardmax LayerNormalization LogSoftmax LpNormalization MeanVarianceNormalization
        RMSNormalization SimplifiedLayerNormalization Softmax
        """
    ),
    "com.microsoft.QLinearSoftmax",
    manner=frozenset({"norm"}),
)
declare("AveragePool", "LpPool", "MaxPool", manner=frozenset({"order free", "pool", "regular"}))
declare(
    *named("GlobalAveragePool GlobalLpPool GlobalMaxPool"),
    *named("NhwcMaxPool QLinearAveragePool QLinearGlobalAveragePool", "com.microsoft"),
    *named("AveragePool GlobalAveragePool GlobalMaxPool MaxPool", "com.microsoft.nchwc"),
    manner=frozenset({"order free", "pool"}),
)
declare(
    *named(
        """
        ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
        ReduceSumSquare
        """
    ),
    "com.microsoft.QLinearReduceMean",
    manner=frozenset({"order free"}),
)
declare(
    *named("Einsum Gemm MatMul"),
    *named("FusedGemm FusedMatMul TransposeMatMul", "com.microsoft"),
    manner=frozenset({"product"}),
)
declare(
    *named(
        """
        CenterCropPad Col2Im DepthToSpace Expand Flatten Gather LRN Pad Reshape Resize Slice SpaceToDepth
        Split Squeeze Tile Transpose Unsqueeze Upsample
        """
    ),
    *named("ReorderInput ReorderOutput Upsample", "com.microsoft.nchwc"),
    manner=frozenset({"regular"}),
)
declare(
    "DequantizeLinear",
    "QuantizeLinear",
    "com.microsoft.DequantizeLinear",
    "com.microsoft.QuantizeLinear",
    manner=frozenset({"scaled"}),
)
declare(
    *named(
        """
        AveragePool BatchNormalization Conv ConvTranspose DepthToSpace GlobalAveragePool GlobalMaxPool LpPool
        MaxPool ReduceMean Resize
        """
    ),
    maps=True,
)
declare(*named("Add And Div Min Mul Or Pow Sub Trilu Where"), may_fix=True)
declare(
    *named(
        """
        CenterCropPad Col2Im Compress Concat ConcatFromSequence DepthToSpace Expand Flatten Gather
        GatherElements GatherND Identity MaxUnpool Pad Reshape ReverseSequence Scatter ScatterElements
        ScatterND Slice SpaceToDepth Split SplitToSequence Squeeze TensorScatter Tile Transpose Trilu
        Unsqueeze
        """
    ),
    moves=True,
)
declare(
    *named("Cast CastLike Dropout Expand Flatten Identity Reshape Squeeze Transpose Unsqueeze"),
    moves_values=True,
)
declare(*named("LayerNormalization LogSoftmax LpNormalization RMSNormalization Softmax"), normalises=True)
declare("com.microsoft.GatherBlockQuantized", packed={0: ("bits", 4)})
declare("com.microsoft.MatMulBnb4", "com.microsoft.MatMulFpQ4", packed={1: ("", 4)})
declare("com.microsoft.MatMulNBits", packed={1: ("bits", 4)})
declare(
    "com.microsoft.QMoE",
    packed={2: ("fc1_expert_weight_bits", 4), 5: ("fc2_expert_weight_bits", 4), 8: ("fc3_expert_weight_bits", 4)},
)
declare(*named("Expand Pad Reshape Resize Slice Split Squeeze Unsqueeze Upsample"), placed=True)
declare(
    *named(
        """
        Abs Acos Acosh Add And Asin Asinh Atan Atanh Bernoulli BitCast BitShift BitwiseAnd BitwiseNot
        BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Cos Cosh Div Dropout Elu Equal Erf Exp Floor Gelu
        Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max
        Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh
        Softplus Softsign Sqrt Sub Sum SwiGLU Swish Tan Tanh ThresholdedRelu Where Xor
        """
    ),
    *named("BiasAdd BiasGelu FastGelu Gelu QuickGelu ScaledSiLU", "com.microsoft"),
    pointwise=True,
)
declare(
    *named(
        """
        ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul
        QuantizeLinear
        """
    ),
    *named(
        """
        DequantizeBFP DequantizeLinear DequantizeWithOrder DynamicQuantizeLSTM DynamicQuantizeMatMul
        GatherBlockQuantized MatMulBnb4 MatMulFpQ4 MatMulInteger16 MatMulIntegerToFloat MatMulNBits
        MatMulNBitsMlp MatMulNBitsQLoRA MatMulNBitsQkv MulInteger QAttention QEmbedLayerNormalization QGemm
        QLinearAdd QLinearAveragePool QLinearConcat QLinearConv QLinearConvTranspose QLinearGlobalAveragePool
        QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid QLinearSoftmax QLinearWhere QMoE
        QOrderedAttention QOrderedGelu QOrderedLayerNormalization QOrderedLongformerAttention QOrderedMatMul
        QuantizeBFP QuantizeLinear QuantizeWithOrder ReduceSumInteger
        """,
        "com.microsoft",
    ),
    *named("QLinearAveragePool QLinearConv QLinearConvTranspose", "com.ms.internal.nhwc"),
    quantised=True,
)
declare("LinearAttention", "com.microsoft.LinearAttention", recurrent=Sequential((0, 1, 2), (3,)))
declare("CausalConvWithState", "com.microsoft.CausalConvWithState", recurrent=Sequential((0,), (3,)))
declare("LSTM", "com.microsoft.AttnLSTM", "com.microsoft.DynamicQuantizeLSTM", recurrent=Sequential((0,), (5, 6)))
declare("GRU", "RNN", recurrent=Sequential((0,), (5,)))
declare("Range", shape_floats=(0, 1, 2))
declare("Resize", shape_floats=(1, 2))
declare("OneHot", "Upsample", shape_floats=(1,))
declare(*named("EyeLike RandomNormalLike RandomUniformLike Shape Size"), shape_only=True)
declare(
    "AveragePool",
    "LpPool",
    "MaxPool",
    shapes_when={"auto_pad": ("SAME_UPPER", "SAME_LOWER"), "ceil_mode": (1,)},
)
declare("ConvTranspose", shapes_when={"output_shape": None, "auto_pad": ("SAME_UPPER", "SAME_LOWER")})
declare("Compress", "NonZero", "Unique", sized_by_values=True)
declare("com.microsoft.QLinearAdd", stands_for="Add")
declare("com.microsoft.QAttention", stands_for="Attention")
declare("com.microsoft.QLinearAveragePool", "com.microsoft.nchwc.AveragePool", stands_for="AveragePool")
declare("com.microsoft.QLinearConcat", stands_for="Concat")
declare(
    "ConvInteger",
    "QLinearConv",
    *named("FusedConv NhwcConv NhwcFusedConv QLinearConv", "com.microsoft"),
    "com.microsoft.nchwc.Conv",
    "com.ms.internal.nhwc.Conv",
    stands_for="Conv",
)
declare("com.microsoft.QLinearConvTranspose", stands_for="ConvTranspose")
declare("com.microsoft.BiasGelu", "com.microsoft.FastGelu", "com.microsoft.Gelu", stands_for="Gelu")
declare(
    "com.microsoft.QLinearGlobalAveragePool",
    "com.microsoft.nchwc.GlobalAveragePool",
    stands_for="GlobalAveragePool",
)
declare("com.microsoft.nchwc.GlobalMaxPool", stands_for="GlobalMaxPool")
declare("com.microsoft.DynamicQuantizeLSTM", stands_for="LSTM")
declare("com.microsoft.SkipLayerNormalization", stands_for="LayerNormalization")
declare("com.microsoft.QLinearLeakyRelu", stands_for="LeakyRelu")
declare(
    *named("Gemm MatMulInteger QLinearMatMul"),
    *named(
        """
        DynamicQuantizeMatMul FusedGemm FusedMatMul FusedMatMulActivation GemmFastGelu MatMulBnb4 MatMulFpQ4
        MatMulInteger16 MatMulIntegerToFloat MatMulNBits QGemm TransposeMatMul
        """,
        "com.microsoft",
    ),
    stands_for="MatMul",
)
declare("com.microsoft.NhwcMaxPool", "com.microsoft.nchwc.MaxPool", stands_for="MaxPool")
declare("com.microsoft.QLinearMul", stands_for="Mul")
declare("com.microsoft.QLinearReduceMean", stands_for="ReduceMean")
declare("com.microsoft.QLinearSigmoid", stands_for="Sigmoid")
declare("com.microsoft.SkipSimplifiedLayerNormalization", stands_for="SimplifiedLayerNormalization")
declare("com.microsoft.QLinearSoftmax", stands_for="Softmax")
declare("com.microsoft.QLinearWhere", stands_for="Where")
declare(*named("ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare"), sums_to_zero=True)
declare(
    *named(
        """
        Cast CastLike Concat Dropout Expand Flatten Gather Identity Pad Reshape ScatterND Slice Squeeze
        Transpose Unsqueeze
        """
    ),
    takes_along=True,
)
declare("Dropout", "com.microsoft.BitmaskDropout", training=(1, 2))
declare("com.microsoft.BiasDropout", "com.microsoft.BitmaskBiasDropout", training=(3, 4))
declare(*named("Conv ConvTranspose Gemm MatMul"), "com.microsoft.FusedConv", weighted=True)
