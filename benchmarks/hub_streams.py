"""Streams of networks as torchaudio and transformers build them, exported by both of PyTorch's exporters, each verified.

python benchmarks/hub_streams.py [NAME ...]     # needs torch, torchaudio, transformers, onnxscript; weights are random
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchaudio.models
import transformers
from measure import table
from torch import Tensor, nn

import rfonnx

STRIDES = [5, 4, 2]
CODEC = {"num_filters": 8, "hidden_size": 16, "codebook_size": 16, "codebook_dim": 16, "upsampling_ratios": STRIDES}
VOCODER = {"upsample_initial_channel": 32, "upsample_rates": [4, 4], "upsample_kernel_sizes": [8, 8]}
CONVOLUTIONS = {"conv_dim": [16] * 3, "conv_stride": [5, 2, 2], "conv_kernel": [10, 3, 3], "hidden_size": 32}


@dataclass(frozen=True)
class Hub:
    """One network.

    Attributes:
        make: gives it.
        shape: of an example input.
        axis: of frames.
        statistics: what it takes of all frames is given.
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    axis: int
    statistics: tuple[str, ...] = ()


def encodec(part: str, **more: Any) -> Callable[[], nn.Module]:
    """EnCodec's encoder or decoder (Defossez et al. 2022); padded by reflection, as it is by default, unless told otherwise."""
    return lambda: getattr(transformers.EncodecModel(transformers.EncodecConfig(**CODEC, **more)), part)


def dac(part: str) -> Callable[[], nn.Module]:
    """The Descript audio codec (Kumar et al. 2023)."""
    made = {"encoder_hidden_size": 8, "downsampling_ratios": [2, 4, 5], "decoder_hidden_size": 64, "n_codebooks": 2}
    return lambda: getattr(transformers.DacModel(transformers.DacConfig(**made, codebook_size=16)), part)


class Features(nn.Module):
    """The convolutions of torchaudio's wav2vec 2.0, without the lengths that they give, too."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        kinds = {"extractor_mode": mode, "extractor_conv_bias": mode == "layer_norm"}
        made = torchaudio.models.wav2vec2.model.components._get_feature_extractor(
            kinds["extractor_mode"], [(32, 10, 5), (32, 3, 2), (32, 3, 2), (32, 2, 2)], kinds["extractor_conv_bias"]
        )
        self.extractor = made

    def forward(self, x: Tensor) -> Tensor:
        return self.extractor(x, None)[0]


def tasnet() -> nn.Module:
    """ConvTasNet with norms over all frames (Luo and Mesgarani 2019)."""
    wide = {"enc_num_feats": 64, "msk_num_feats": 32, "msk_num_hidden_feats": 48}
    return torchaudio.models.ConvTasNet(
        num_sources=2, enc_kernel_size=16, **wide, msk_kernel_size=3, msk_num_layers=3, msk_num_stacks=2
    )


def upsampler() -> nn.Module:
    """What WaveRNN makes of a mel spectrogram, a frame for each sample: repeated frames, means, and a crop of both ends."""
    made = {"n_classes": 64, "n_rnn": 32, "n_fc": 32, "n_hidden": 16, "n_output": 16, "n_freq": 20, "n_res_block": 2}
    whole = torchaudio.models.WaveRNN(upsample_scales=[5, 5, 8], hop_length=200, **made)

    class First(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.whole = whole.upsample

        def forward(self, x: Tensor) -> Tensor:
            return self.whole(x)[0]

    return First()


HUB = {
    "EnCodec, encoder": Hub(encodec("encoder"), (1, 1, 4000), 2),
    "EnCodec, decoder": Hub(encodec("decoder"), (1, 16, 100), 2),
    "EnCodec, encoder, zeros": Hub(encodec("encoder", pad_mode="constant"), (1, 1, 4000), 2),
    "DAC, encoder": Hub(dac("encoder"), (1, 1, 4000), 2),
    "DAC, decoder": Hub(dac("decoder"), (1, 64, 100), 2),
    "SpeechT5's HiFi-GAN": Hub(
        lambda: transformers.SpeechT5HifiGan(
            transformers.SpeechT5HifiGanConfig(model_in_dim=16, normalize_before=False, **VOCODER)
        ),
        (1, 100, 16),
        1,
    ),
    "VITS, decoder": Hub(
        lambda: (
            transformers.VitsModel(
                transformers.VitsConfig(
                    hidden_size=32, num_hidden_layers=1, num_attention_heads=2, ffn_dim=32, flow_size=32, **VOCODER
                )
            ).decoder
        ),
        (1, 32, 100),
        2,
    ),
    "wav2vec 2.0, convolutions": Hub(
        lambda: (
            transformers.Wav2Vec2Model(
                transformers.Wav2Vec2Config(feat_extract_norm="layer", num_attention_heads=2, **CONVOLUTIONS)
            ).feature_extractor
        ),
        (1, 4000),
        1,
    ),
    "the same of torchaudio": Hub(lambda: Features("layer_norm"), (1, 4000), 1),
    "the same, norm of all frames": Hub(lambda: Features("group_norm"), (1, 4000), 1, ("all",)),
    "Wav2Letter, waves": Hub(lambda: torchaudio.models.Wav2Letter(40, "waveform", 1), (1, 1, 16000), 2),
    "Wav2Letter, features": Hub(lambda: torchaudio.models.Wav2Letter(40, "mfcc", 13), (1, 13, 200), 2),
    "ConvTasNet, norms of all frames": Hub(tasnet, (1, 1, 4000), 2, ("all",)),
    "WaveRNN, upsampling": Hub(upsampler, (1, 20, 30), 2),
}


def written(net: nn.Module, hub: Hub, newer: bool, path: Path) -> None:
    """The network as an ONNX file of any length."""
    x = torch.randn(hub.shape)
    if newer:
        dim = torch.export.Dim("t", min=64, max=10**6)
        torch.onnx.export(
            net, (x,), path, dynamo=True, input_names=["x"], dynamic_shapes=({hub.axis: dim},), verbose=False
        )
    else:
        how = {"dynamo": False, "opset_version": 17, "input_names": ["x"]}
        torch.onnx.export(net, (x,), path, dynamic_axes={"x": {hub.axis: "t"}}, **how)


def judged(path: Path, hub: Hub) -> list[object]:
    """What came of streaming it."""
    try:
        plan = rfonnx.stream(path, "x", hub.axis, statistics=hub.statistics)
        found = plan.verify()
    except rfonnx.RfonnxError as error:
        return [str(error)[:80]]
    delays = ", ".join(f"{one.delay + one.held} ({one.least})" for one in plan.manifest.outputs)
    alike = f"{found.structure.tensors}" if found.structure and not found.structure.differences else "differs"
    error = f"{found.worst:.0e}" if found.passed else "WRONG"
    return [plan.unit, error, delays, len(plan.states), plan.masks, alike]


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    warnings.simplefilter("ignore")
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or HUB:
            torch.manual_seed(0)
            hub, net = HUB[name], HUB[name].make().eval()
            for newer in (False, True):
                path = Path(folder) / f"{len(rows)}.onnx"
                try:
                    written(net, hub, newer, path)
                except Exception as error:  # what its exporter cannot do is not ours to judge
                    rows.append([name, "newer" if newer else "older", f"not exported ({type(error).__name__})"])
                    continue
                rows.append([name, "newer" if newer else "older", *judged(path, hub)])
                print(rows[-1], file=sys.stderr, flush=True)
    head = ["network", "exporter", "unit", "largest error", "delay (least)", "states", "masks", "seen alike"]
    table(head, [[*row, *[""] * (len(head) - len(row))] for row in rows])


if __name__ == "__main__":
    main()
