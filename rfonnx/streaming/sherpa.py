"""Keys of `metadata_props` under which hosts of the k2-fsa family (icefall, sherpa-onnx) look for the frames of a stream."""

from __future__ import annotations

from rfonnx.results.streaming import Manifest


def sherpa(manifest: Manifest) -> dict[str, str]:
    """What is true of the stream under their names.

    `T` and `decode_chunk_len` are those of streaming zipformers: frames that a run takes, and frames from one run to the next; a
    stream keeps what it reads again, so both are the chunk. `window_size` and `chunk_shift` are the same for NeMo's models,
    `subsampling_factor` is the rate of the input over that of the first output, where that is a whole number.

    Left out is what says which network it is and what its states are (`model_type`, `num_encoder_layers`, `encoder_dims`,
    `left_context_len`, ...), for hosts make states of that, and those of a stream are others; and what nobody can read from a
    file (`vocab_size`, the tokens).
    """
    frames = str(manifest.chunk)
    keys = {"T": frames, "decode_chunk_len": frames, "window_size": frames, "chunk_shift": frames}
    for output in manifest.outputs[:1]:
        rate = 1 / manifest.rate(output)
        if rate.denominator == 1:
            keys["subsampling_factor"] = str(rate)
    return keys
