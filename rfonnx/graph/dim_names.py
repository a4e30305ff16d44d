"""What the name of a symbolic dimension says."""

from __future__ import annotations

import re

_LETTERS = {"b": 2, "bs": 2, "bsz": 2, "n": 1}
PLAIN = 2
"""Of `batch_word`: nothing else is meant."""

_ALIKE = {"batch", "minibatch", "batchsize", "nbatch"}


def batch_word(name: str) -> int:
    """How plainly a dimension's name says that it counts samples: 3 in words, 2 by "b" or "bs", 1 by "n", 0 not at all.

    "n" stands for other counts, too (points, tokens), so that a plainer name beside it goes first.

    >>> [batch_word(name) for name in ("batch_size", "inputBatch", "B", "N", "batch*heads", "past_batch_and_sequence", "seq")]
    [3, 3, 2, 1, 0, 0, 0]
    """
    if not name.isidentifier():
        return 0
    words = words_of(name)
    if len(words) == 1 and words[0] == name and name.lower() in _LETTERS:
        return _LETTERS[name.lower()]
    lowered = {word.lower() for word in words}
    return 3 if lowered & _ALIKE and "and" not in lowered else 0


def words_of(name: str) -> list[str]:
    """The words that a name is made of.

    >>> words_of("numFrames"), words_of("seq_len"), words_of("T")
    (['num', 'Frames'], ['seq', 'len'], ['T'])
    """
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
