"""Operators that sum no products, by what they do instead."""

from __future__ import annotations

from rfonnx.operators.products.registry import declare_free


def _words(domain: str, names: str) -> list[str]:
    return [f"{domain}.{name}" if domain else name for name in names.split()]


ELEMENTWISE = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Celu Clip Cos Cosh Div
    Dropout Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish IsInf IsNaN LeakyRelu Less LessOrEqual Log
    Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu RotaryEmbedding Round Selu Shrink Sigmoid Sign Sin Sinh
    Softplus Softsign Sqrt Sub Sum SwiGLU Swish Tan Tanh ThresholdedRelu Where Xor
"""
"""One or a few operations per element."""

NUMBERS = "BitCast Cast CastLike DequantizeLinear DynamicQuantizeLinear QuantizeLinear"
"""Other spellings of the same numbers."""

SUMS = """
    AveragePool BatchNormalization CumProd CumSum GlobalAveragePool GlobalLpPool GlobalMaxPool GroupNormalization Hardmax
    InstanceNormalization LRN LayerNormalization LogSoftmax LpNormalization LpPool MaxPool MaxRoiPool MeanVarianceNormalization
    NegativeLogLikelihoodLoss RMSNormalization ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum ReduceSumSquare SimplifiedLayerNormalization Softmax SoftmaxCrossEntropyLoss
"""
"""Sums, extremes and statistics over a window or axes."""

INTERPOLATION = "GridSample Resize RoiAlign Upsample"
"""A few weights per element, which positions decide."""

MOVES = """
    CenterCropPad Col2Im Compress Concat ConcatFromSequence DepthToSpace Expand Flatten Gather GatherElements GatherND Identity
    MaxUnpool Pad Reshape ReverseSequence Scatter ScatterElements ScatterND Slice SpaceToDepth Split SplitToSequence Squeeze
    TensorScatter Tile Transpose Trilu Unsqueeze
"""
"""Elements elsewhere, some left out or added up."""

CHOICES = "ArgMax ArgMin NonMaxSuppression NonZero TopK Unique"
"""Comparisons."""

MADE = """
    Bernoulli BlackmanWindow Constant ConstantOfShape EyeLike HammingWindow HannWindow MelWeightMatrix Multinomial OneHot
    RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Shape Size
"""
"""Tables, lengths and random numbers."""

CONTAINERS = """
    Optional OptionalGetElement OptionalHasElement SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert
    SequenceLength
"""

TEXT = "RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer"

CLASSICAL = """
    ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer LabelEncoder Normalizer
    OneHotEncoder Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
"""
"""Of ai.onnx.ml: look-ups, and trees, which compare and add."""

STEPS = "Adagrad Adam Momentum"
"""Of training: elementwise updates of weights."""

FUSED = """
    BiasAdd BiasDropout BiasGelu BiasSoftmax BiasSplitGelu DequantizeLinear EmbedLayerNormalization FastGelu GatedRMSNorm
    GatherBlockQuantized Gelu GroupNorm MulInteger NhwcMaxPool QEmbedLayerNormalization QLinearAdd QLinearAveragePool
    QLinearConcat QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid QLinearSoftmax
    QLinearWhere QuantizeLinear QuickGelu ReduceSumInteger RotaryEmbedding ScaledSiLU SkipGroupNorm SkipLayerNormalization
    SkipSimplifiedLayerNormalization
"""
"""Of com.microsoft: the same, fused or quantised."""

for _names in (ELEMENTWISE, NUMBERS, SUMS, INTERPOLATION, MOVES, CHOICES, MADE, CONTAINERS, TEXT):
    declare_free(*_words("", _names))
declare_free(*_words("ai.onnx.ml", CLASSICAL))
declare_free(*_words("ai.onnx.preview.training", STEPS))
declare_free(*_words("com.microsoft", FUSED))
_POOLS = "AveragePool GlobalAveragePool GlobalMaxPool MaxPool"
declare_free(*_words("com.microsoft.nchwc", f"{_POOLS} ReorderInput ReorderOutput Upsample"))
declare_free(*_words("com.ms.internal.nhwc", _POOLS))
