"""What cannot be counted from the file: the runtime chooses the algorithm, or the number of rounds is hidden."""

from __future__ import annotations

from rfonnx.operators.products.registry import declare_unknown

declare_unknown("the runtime chooses between a sum over all frequencies and fast transforms", "DFT", "STFT")
declare_unknown("the runtime chooses how it eliminates", "Det", "com.microsoft.Inverse")
declare_unknown("what its kernels cost is not followed", "ai.onnx.ml.SVMClassifier", "ai.onnx.ml.SVMRegressor")
declare_unknown("decoding is no sum of products", "ImageDecoder")
declare_unknown("what it derives is not followed", "ai.onnx.preview.training.Gradient")
