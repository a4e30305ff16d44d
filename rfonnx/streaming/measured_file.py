"""Statistics as a file, as `numpy.load` reads it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rfonnx.streaming.saving import drafted


def write_statistics(target: Path, statistics: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name, whatever the names are (`numpy.savez` takes no "file").

    Raises:
        RfonnxError: it cannot be written; the file is as it was.
    """
    with drafted(target) as draft, zipfile.ZipFile(draft, "w") as archive:
        for name, array in statistics.items():
            with archive.open(f"{name}.npy", "w") as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
