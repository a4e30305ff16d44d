"""Several samples in one run, where the model provably keeps them apart."""

from __future__ import annotations

from math import prod

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.effective.probing.crop import Crop
from rfonnx.effective.probing.walking import sample_axis
from rfonnx.effective.source import Model
from rfonnx.errors import RfonnxError

ELEMENTS = 2**22
"""Elements of all tensors together that the default batch holds, about: 16 MB in float32, several times that with gradients."""

MOST = 32


def batched(crop: Crop, wanted: int | None, most: int | None) -> tuple[Model, int]:
    """The model bound to several samples, and how many; one when they do not stay apart, or the inputs hold more than one.

    Args:
        crop: the model bound to one sample.
        wanted: samples per run; None: by the size of the model's tensors.
        most: samples in all, or None.
    """
    model, unit = crop.model, crop.units[0]
    # Probers lay samples side by side along the first axis.
    if wanted == 1 or any(model.axes.get(name) != 0 or shape[0] != 1 for name, shape in model.shapes.items()):
        return model, 1
    try:
        count = min(wanted or _by_size(crop.analysis), most or MOST)
        if count == 1:
            return model, 1
        shapes = {name: (count, *shape[1:]) for name, shape in model.shapes.items()}
        light = model.rebound(shapes, weights=False)
        analysis = analyze(light.source, light.shapes, batch_axes=model.axes)
        shape = analysis.tensors[unit.tensor].shape
        apart = sample_axis(analysis, unit.tensor, unit.place) == 0 and shape == (count, *unit.shape[1:])
        for name in shapes:
            field = analysis.tensors[unit.tensor].fields[name, 0]
            apart &= field.kind == "none" or (
                field.kind == "local" and field.size == field.size_min == field.stride == 1
            )
            apart &= field.kind == "none" or (field.start == 0 and field.tensor_axis == 0)
        return (model.with_weights(light), count) if apart and unit.position[0] == 0 else (model, 1)
    except RfonnxError:
        return model, 1  # the graph does not take a batch


def _by_size(analysis: Analysis) -> int:
    lengths = [prod(n or 1 for n in tensor.shape or ()) for tensor in analysis.tensors.values()]
    return max(1, min(MOST, ELEMENTS // max(1, sum(lengths))))
