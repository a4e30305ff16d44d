"""How the models of this folder are made, and a few more that only tests use. Each function gives a ModelProto."""

from recipes.convnets import conv3d, dilated, inception, mobilenet_v2, patchgan, resnet, se, seed, uniform_stack
from recipes.sequence import keras_tcn, wavenet
from recipes.transformer import convnext_tiny, vit
from recipes.upsampling import superres, unet

FILES = {
    "seed.onnx": seed,
    "resnet18.onnx": resnet,
    "inception.onnx": inception,
    "dilated.onnx": dilated,
    "unet.onnx": unet,
    "wavenet.onnx": wavenet,
    "conv3d.onnx": conv3d,
    "vit.onnx": vit,
    "superres.onnx": superres,
    "se.onnx": se,
}
"""The committed files, and the function that makes each."""

__all__ = [
    "FILES", "conv3d", "convnext_tiny", "dilated", "inception", "keras_tcn", "mobilenet_v2", "patchgan", "resnet", "se",
    "seed", "superres", "unet", "uniform_stack", "vit", "wavenet",
]  # fmt: skip
