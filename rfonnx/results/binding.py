"""The types of what users give for a model's inputs: the same for every function and command.

They need numpy, which a command's help does without: settings name them by `rfonnx.system.late`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

Shapes = Mapping[str, Sequence[int] | int]
"""Shapes by input, `{"x": (1, 3, 224, 224)}`, or lengths by symbolic dimension, `{"H": 512}`."""

Values = Mapping[str, ArrayLike]
"""What small inputs hold, by name: `{"sr": 16000}`."""

BatchAxes = Mapping[str, int | None]
"""The axis of an input that counts samples; None: it has no such axis."""

Data = str | os.PathLike[str] | np.ndarray | Mapping[str, np.ndarray] | Iterable[np.ndarray | Mapping[str, np.ndarray]]
"""Samples: the path of a folder or file; an array whose axis 0 counts samples, or such arrays by input; or samples one by one."""

Hook = Callable[[dict[str, np.ndarray], str], Mapping[str, np.ndarray]]
"""Takes the outputs of one model on one sample by name, without a batch axis, and the model's role ("teacher" or "student");
gives what is compared in their place: boxes behind an NMS, the best classes, decoded text as numbers."""
