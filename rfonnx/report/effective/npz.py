"""Effective fields as a .npz file: the maps, and the figures as JSON text beside them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import numpy as np

from rfonnx.report.effective.json import erf_json
from rfonnx.report.mark import SIGNATURE
from rfonnx.results.effective import ERF


def erf_npz(erfs: Sequence[ERF]) -> bytes:
    """Arrays `map` (units, *the input's lengths; float64), `center` and `field` (units, axes[, 2]), and `json`, a string.

    `numpy.load` reads it without pickles.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        map=np.stack([erf.map for erf in erfs]),
        center=np.array([erf.center for erf in erfs]),
        field=np.array([erf.field for erf in erfs]),
        json=np.array("".join(erf_json(erfs))),
    )
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = SIGNATURE.encode()
    return buffer.getvalue()
