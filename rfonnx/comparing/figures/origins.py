"""In which tensor a NaN or an infinity begins."""

from __future__ import annotations

from dataclasses import replace

from rfonnx.comparing.layers.inner_tensors import InnerModel
from rfonnx.comparing.pairs.pair import Pair
from rfonnx.data.samples import SampleSource
from rfonnx.results.agreement import NonFinite, OutputAgreement


def with_origins(output: OutputAgreement, pair: Pair, source: SampleSource) -> OutputAgreement:
    """The output, with the tensor in which each NaN or infinity begins."""
    if not output.nonfinite:
        return output
    return replace(output, nonfinite=tuple(_with_origin(found, pair, source) for found in output.nonfinite))


def _with_origin(bad: NonFinite, pair: Pair, source: SampleSource) -> NonFinite:
    which = 0 if bad.model == "teacher" else 1
    item = next((item for item in source if item.name == bad.sample), None)
    if item is None or pair.models[which] in pair.saved:
        return bad
    feeds = pair.models[which].feed_of(pair.preparer(which)(item.load()))
    return replace(bad, origin=InnerModel(pair.models[which], pair.threads).first_nonfinite(feeds))
