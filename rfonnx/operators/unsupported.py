"""Operators that onnx or onnxruntime know and nobody wrote an access rule for, and the little that is known of them."""

from __future__ import annotations

from rfonnx.operators.row import NO_RULE, Sequential
from rfonnx.operators.table import declare, microsoft, named

declare(
    *named(
        """
        Affine Crop DisentangledAttention_TRT DynamicSlice EfficientNMS_TRT GRUUnit GivenTensorFill
        ImageScaler MemcpyFromHost MemcpyToHost MultilevelCropAndResize_TRT ParametricSoftplus
        PyramidROIAlign_TRT Scale ScaledTanh
        """
    ),
    *microsoft(
        """
        AttnLSTM BeamSearch BifurcationDetector BitmaskBiasDropout BitmaskDropout BranchwiseRMSNorm CDist
        CausalConvWithState ComplexMul ComplexMulConj ConvStateReplay ConvTransposeWithDynamicPads
        CropAndResize DecoderAttention DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention
        DequantizeBFP DequantizeWithOrder DynamicSparseAttention DynamicTimeWarping EPContext EngramGate
        GatedAdd GatedDeltaNet GatedDeltaNetStateReplay GatedRelativePositionBias GatherND GatherPacked
        GemmFloat8 GemmaRotaryEmbedding GreedySearch HyperConnectionLowRankMix HyperConnectionPostMix
        HyperConnectionPreMix Irfft IsAllFinite LinearAttention LinearAttentionGate LongformerAttention
        MRotaryEmbedding Mamba2Verify MatMulBlockQuantizedFp4Weight MatMulBlockQuantizedFp8Weight
        MatMulNBitsMlp MatMulNBitsQLoRA MatMulNBitsQkv MatMulPacked MoEGroupRouter MoEPacked MurmurHash3
        NGramHashMapping PackedAttention PackedMultiHeadAttention PackedSparseAttentionIndexer
        PackedSparseAttentionIndexerMerge Pad PagedAttention QOrderedAttention QOrderedGelu
        QOrderedLayerNormalization QOrderedLongformerAttention QOrderedMatMul QuantizeBFP QuantizeWithOrder
        RMSNormRotary Range RelativePositionBias RemovePadding RestorePadding Rfft RouterGateUpProj SampleOp
        Sampling Snpe SparseAttention SparseAttentionIndexer SparsePagedAttention SparseToDenseMatMul
        SpeculativePrefixCommit SwiGLU Tokenizer TorchEmbedding UnfoldTensor Unique VarlenCausalConvWithState
        VarlenNGramHashMapping WhisperBeamSearch WordConvEmbedding
        """
    ),
    *named(
        """
        BatchNormalization ConvTranspose DepthToSpace GlobalLpPool GridSample InstanceNormalization LRN LpPool
        MaxUnpool QLinearAveragePool QLinearConv QLinearConvTranspose Resize SpaceToDepth
        """,
        "com.ms.internal.nhwc",
    ),
    reads=NO_RULE,
)

declare("com.microsoft.AttnLSTM", layered=True, recurrent=Sequential((0,), (5, 6)))
declare("com.microsoft.LinearAttention", recurrent=Sequential((0, 1, 2), (3,)))
declare("com.microsoft.CausalConvWithState", recurrent=Sequential((0,), (3,)))
declare("com.microsoft.Sampling", draws=True)
declare("com.microsoft.BitmaskDropout", training=(1, 2))
declare("com.microsoft.BitmaskBiasDropout", training=(3, 4))
declare(
    *microsoft(
        """
        DequantizeBFP DequantizeWithOrder MatMulNBitsMlp MatMulNBitsQLoRA MatMulNBitsQkv
        QOrderedLongformerAttention QOrderedMatMul QuantizeBFP QuantizeWithOrder
        """
    ),
    *named("QLinearAveragePool QLinearConv QLinearConvTranspose", "com.ms.internal.nhwc"),
    quantised=True,
)
