"""Label sequences from scores per step: greedy decoding of connectionist temporal classification, and edit distance."""

from __future__ import annotations

import numpy as np

from rfonnx.results.array_types import Int64


def collapsed(picks: np.ndarray, blank: int) -> Int64:
    """The label sequence of one path: repeats are merged, then blanks fall (Graves et al. 2006, the map B).

    Args:
        picks: (steps,) the class of each step.
        blank: the class that means "nothing here".

    >>> collapsed(np.array([0, 7, 7, 0, 7, 3, 3]), 0).tolist()
    [7, 7, 3]
    """
    fresh = np.ones(len(picks), bool)
    fresh[1:] = picks[1:] != picks[:-1]
    result: Int64 = picks[fresh & (picks != blank)].astype(np.int64)
    return result


def edit_distance(one: np.ndarray, other: np.ndarray) -> int:
    """Least number of insertions, deletions and replacements that make one sequence the other (Levenshtein 1966).

    Wagner and Fischer's table, one row at a time: a row's chain of insertions is a running minimum of (entry - column).
    """
    if not len(one) or not len(other):
        return max(len(one), len(other))
    columns = np.arange(len(other) + 1)
    row = columns.copy()
    for number, label in enumerate(one, 1):
        best = np.empty_like(row)
        best[0] = number
        best[1:] = np.minimum(row[1:] + 1, row[:-1] + (other != label))
        row = np.minimum.accumulate(best - columns) + columns
    return int(row[-1])
