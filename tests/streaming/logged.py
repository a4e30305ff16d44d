"""Many cases, each judged once: a log says which are known, so that a sweep goes on where it was stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

Judged = tuple[str, str]
"""What became of a case, in one word, and what there is to say."""


def judge_all(
    cases: Iterable[tuple[int, str, Callable[[], Judged]]], log: Path | None, fine: Collection[str]
) -> dict[str, int]:
    """Judge the cases, as far as the log does not know them, and add a line for each to it.

    Args:
        cases: number, title and what judges it.
        log: a file, which need not be there yet; None: nothing is kept.
        fine: what needs no line on the screen.

    Returns:
        How many there are of each kind.
    """
    lines = [line.split() for line in log.read_text().splitlines()] if log is not None and log.exists() else []
    known = {int(words[0]): words[1] for words in lines if words and words[0].isdigit()}
    counts: Counter[str] = Counter()
    for number, title, judge in cases:
        if number not in known:
            kind, said = judge()
            known[number] = kind
            line = " ".join(f"{number} {kind} {title} {said}".split())
            if kind not in fine:
                print(line, flush=True)
            if log is not None:
                with log.open("a") as file:
                    file.write(line + "\n")
        counts[known[number]] += 1
    return dict(counts)
