"""The functions that users call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rfonnx.effective import ERF, Layer
from rfonnx.erf.settings import At, Settings
from rfonnx.errors import QueryError
from rfonnx.graph.read import Source


def erf(
    model: Source,
    tensor: str | None = None,
    at: At = "center",
    channel: Any = "sum",
    data: Any = None,
    n: int | None = None,
    method: Any = "gradient",
    providers: str | Sequence[str] | None = None,
    *,
    position: Sequence[int | None] | None = None,
    **options: Any,
) -> ERF:
    """Measure what one unit of a model really looks at: its effective receptive field, as a mean over samples.

    Args:
        model: an ONNX file, its bytes, or a ModelProto.
        tensor: the unit's tensor; None: the last one before the first output that has places (the last feature map).
        at: "center", or a pixel of the input, one coordinate per spatial axis. The unit is the one whose theoretical centre is
            nearest to it.
        channel: how the unit's channels are weighed: "sum", one channel by its number, or "random": normal numbers that are
            drawn anew for every sample (for tensors whose channels are normalised).
        data: None: random samples; an array whose axis 0 counts samples, or such arrays by input; the path of a folder, an
            image, a .npy or a .npz; or an iterable of samples, read one by one.
        n: samples at most; None: all of the data, or 32 random ones.
        method: "gradient"; "perturb": forward runs only, for what has no gradient; "auto": the first that works.
        providers: of onnxruntime: "cuda", its own names, or a list; None: the CPU.
        position: index per axis of the tensor instead of `at`; None along axes that are summed.
        options: `input`, `axes`: what the map spans; `aggregation`: "absolute", "positive" or "square"; `over`: "sum" or
            "mean" over the input's other axes; `tolerance`: stop when the 95% interval, summed over positions, is at most this
            share of the mass; `probe`, `block`: what a perturbation does, and the size of its blocks (None: coarse ones first);
            `seconds`: what it takes at most without a block, about; `batch`: samples per run; `seed`; `crop`: whether to run on
            the unit's field only, where that is proven to be the same; `shapes`: as in `rfonnx.analyze`; `values`: the same:
            samples need not hold those inputs; `threads`; `progress`: called with a `Progress` after each batch; `partial`:
            when interrupted, give what was measured before, if there is any.

    Raises:
        DataError: the data cannot be read or does not fit, or no sample gave finite values.
        GradientError: an operator has no gradient rule; `method="perturb"` measures without.
        ModelError: the model cannot be read or run, or its weights are missing.
        QueryError: no such tensor, input, place or position, or the tensor sees nothing of the input.
        ShapeError: a dimension is unbound.
    """
    if position is not None and not (isinstance(at, str) and at == "center"):
        raise QueryError("a unit is asked for both by its place and by its position", "leave out one of them")
    settings = Settings(channel=channel, data=data, n=n, method=method, providers=providers, **options)
    return _measure(model, tensor, [at], [] if position is None else [position], settings)[0]


def many(
    model: Source,
    tensor: str | None = None,
    at: Sequence[At] = ("center",),
    positions: Sequence[Sequence[int | None]] = (),
    **options: Any,
) -> list[ERF]:
    """Measure several units of one tensor on the same samples, over one shared forward run.

    Args:
        model, tensor: as in `erf`.
        at: places, each as in `erf`.
        positions: positions of the tensor, instead of `at`.
        options: all others of `erf`.

    Returns:
        One ERF per place or position, in their order.

    Raises:
        RfonnxError: as in `erf`.
    """
    return _measure(model, tensor, at, positions, Settings(**options))


def _measure(
    model: Source,
    tensor: str | None,
    at: Sequence[At],
    positions: Sequence[Sequence[int | None]],
    settings: Settings,
) -> list[ERF]:
    from rfonnx.erf.measure import measure
    from rfonnx.erf.subject import choose_units, open_subject

    subject = open_subject(model, settings)
    return measure(subject, choose_units(subject, tensor, at, positions, settings), settings)


def layers(model: Source, at: At = "center", tensors: Sequence[str] | None = None, **options: Any) -> Iterator[Layer]:
    """Measure every layer of a model at its unit nearest to a place; one after the other, as they are asked for.

    Args:
        model, at: as in `erf`.
        tensors: the layers; None: those where the theoretical field grows, the ends of blocks where units see the whole
            input and it cannot, and the last one.
        options: all others of `erf`.

    Raises:
        RfonnxError: as in `erf`; what fails for one layer alone is told in its `problem`.
    """
    from rfonnx.erf.depth import measure_layers

    return measure_layers(model, at, tensors, Settings(**options))
