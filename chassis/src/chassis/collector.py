"""Python's cycle collector, set for what these processes do."""

from __future__ import annotations

import gc

YOUNG = 50_000


def settle() -> None:
    """Call once when everything is imported, before work begins.

    A batch of 2,000 records is some 30,000 objects that end with the batch and hold no cycles, and
    the collector's default of 700 would search them again and again, for a tenth of the rate.
    What is imported by now never ends and need not be searched at all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
