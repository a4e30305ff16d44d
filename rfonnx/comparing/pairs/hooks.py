"""The user's function that changes outputs before they are compared, held to what it must give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rfonnx.comparing.pairs.matching import Port
from rfonnx.data.npy import MAX_AXES, reason_of
from rfonnx.errors import DataError
from rfonnx.results.binding import Hook


def hooked(
    hook: Hook, role: str, sample: str, names: Sequence[str], rows: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """What the hook makes of one sample's outputs.

    Args:
        role: "teacher" or "student".
        names, rows: the outputs; arrays have no batch axis, and are copies.

    Raises:
        DataError: the hook fails, or gives anything but arrays of numbers by name.
    """
    given = {name: np.array(array) for name, array in zip(names, rows, strict=True)}
    try:
        made = hook(given, role)
    except (Exception, SystemExit, GeneratorExit) as error:  # the user's code, whose exit is no verdict
        raise DataError(
            f"the hook fails on the {role}'s outputs of sample '{sample}' ({type(error).__name__}: {reason_of(error)})",
            f"it is given arrays by name: {', '.join(f'{name} {list(array.shape)}' for name, array in given.items())}",
        ) from None
    if not isinstance(made, Mapping) or not made or not all(isinstance(name, str) and name for name in made):
        given_back = "an empty dict" if isinstance(made, Mapping) and not made else type(made).__name__
        raise DataError(
            f"the hook gives {given_back} for the {role}'s outputs of sample '{sample}', expected a dict of arrays",
            "return {name: array, ...}",
        )
    found = {}
    for name, value in made.items():
        array = _array(value, f"'{name}' for the {role} on sample '{sample}'")
        if array.dtype.kind not in "biuf":
            raise DataError(
                f"the hook gives {array.dtype!s:.80} as '{name}' for the {role} on sample '{sample}', expected numbers",
                "return numpy arrays of numbers",
            )
        found[name] = array
    return found


def _array(value: object, what: str) -> np.ndarray:
    hint = "return numpy arrays of numbers"
    try:
        array = np.asarray(value)
    except Exception as error:  # numpy's, or of an object that says how it becomes an array
        raise DataError(
            f"the hook gives no array as {what} ({type(error).__name__}: {reason_of(error)})", hint
        ) from None
    if array.ndim >= MAX_AXES:
        raise DataError(f"the hook gives {array.ndim} axes as {what}, expected fewer than {MAX_AXES}", hint)
    return array


def ports(made: Mapping[str, np.ndarray]) -> list[Port]:
    """What a hook gave, as outputs; lengths are open, for they may differ by sample."""
    return [Port(name, "tensor(float)", ("", *("" for _ in array.shape))) for name, array in made.items()]
