"""Operators whose gradient nobody wrote down: a model that needs it is refused, with the operator's name."""

from __future__ import annotations

from rfonnx.gradients.rule_table import declare_unsupported
from rfonnx.operators.table import named

declare_unsupported(
    "is replaced by others before gradients are taken, where it can be",
    *named(
        """
        ConcatFromSequence Optional OptionalGetElement OptionalHasElement Scatter SequenceAt SequenceConstruct
        SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence Upsample
        """,
    ),
)
declare_unsupported(
    "nobody wrote how it is differentiated",
    *named(
        """
        BitCast CumProd Det ImageDecoder MaxRoiPool MelWeightMatrix OneHot RegexFullMatch StringConcat
        StringNormalizer StringSplit TensorScatter TfIdfVectorizer Unique
        """,
    ),
    *named(
        """
        ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer
        LabelEncoder LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor
        Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
        """,
        "ai.onnx.ml",
    ),
    *named("Adagrad Adam Gradient Momentum", "ai.onnx.preview.training"),
    *named(
        """
        Attention BiasAdd BiasDropout BiasSoftmax BiasSplitGelu EmbedLayerNormalization ExpandDims
        FusedMatMulActivation GatedRMSNorm GatherBlockQuantized GemmFastGelu GridSample GroupNorm
        GroupQueryAttention Inverse MatMulBnb4 MatMulFpQ4 MatMulInteger16 MatMulNBits MaxpoolWithMask MoE
        MulInteger MultiHeadAttention NGramRepeatBlock NhwcConv NhwcFusedConv QAttention
        QEmbedLayerNormalization QLinearConvTranspose QLinearReduceMean QMoE ReduceSumInteger RotaryEmbedding
        ScaledSiLU SkipGroupNorm Trilu
        """,
        "com.microsoft",
    ),
    *named("AveragePool Conv GlobalAveragePool GlobalMaxPool MaxPool", "com.ms.internal.nhwc"),
)
