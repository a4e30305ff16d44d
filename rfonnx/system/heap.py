"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """What the C library keeps of freed memory for later goes back to the system, where it can be asked to (glibc).

    What planning freed, and sessions that were closed, else stay beside what the next session takes. Cycles are collected first.
    """
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):  # another C library, or none that can be asked (Windows)
        return
