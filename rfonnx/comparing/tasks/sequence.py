"""A string per sample, decoded from classes at steps: text and speech recognisers with CTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.comparing.figures.ctc import collapsed, edit_distance
from rfonnx.comparing.tasks.reader import Batch, Counted, Figure, TaskOptions, Unsuited
from rfonnx.comparing.tasks.tokens import STEPS, Tokens
from rfonnx.comparing.tasks.values import ERRORS, WORST_ERRORS


class Strings(Tokens):
    """(samples, steps, classes), decoded greedily: the best class of each step, repeats merged, blanks dropped."""

    figures: ClassVar[Mapping[str, Figure]] = {
        **ERRORS,
        **STEPS,
        "exact_strings": Figure(lambda s: s["exact"] / s["samples"]),
        "edit_rate": Figure(lambda s: metrics.share(s["edits"], np.maximum(s["labels"], 1))),
    }
    worst: ClassVar[tuple[str, ...]] = (*WORST_ERRORS, "agreement", "kl", "edit_rate")

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Finds which class is the blank: as said, else of the first and the last class the one that is picked more often."""
        super().__init__(first, options)
        if first.teacher.ndim != 3:
            raise Unsuited(f"strings need axes (samples, steps, classes), it has {first.teacher.ndim}")
        classes = first.teacher.shape[self._axis]
        if options.blank is None:
            picks = first.teacher.argmax(self._axis)
            self._blank = classes - 1 if (picks == classes - 1).sum() > (picks == 0).sum() else 0
            self._why = "found: of the first and the last class it is picked more often"
        else:
            self._blank = classes + options.blank if options.blank < 0 else options.blank
            self._why = "as said"
        if not 0 <= self._blank < classes:
            raise Unsuited(f"it has {classes} classes, so that {options.blank} cannot be the blank")

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        counted, picks_t, picks_s = self.counted(batch)
        edits, labels = np.zeros(len(batch.samples)), np.zeros(len(batch.samples))
        for index, (one, other) in enumerate(zip(picks_t, picks_s, strict=True)):
            said, answered = collapsed(one, self._blank), collapsed(other, self._blank)
            labels[index] = len(said)
            if not np.array_equal(said, answered):
                edits[index] = edit_distance(said, answered)
        counted.sums.update({"edits": edits, "labels": labels, "exact": (edits == 0).astype(np.float64)})
        return counted

    def notes(self) -> Sequence[str]:
        """See `Reader`."""
        return (f"decoded greedily (CTC), class {self._blank} is the blank ({self._why})",)
