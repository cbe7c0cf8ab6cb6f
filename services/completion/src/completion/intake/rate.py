"""How often a source may speak, in real time; counted per process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

BURST_S = 2.0


class RateLimit:
    """A token bucket per name: `per_s` requests a second, after a quiet time twice that at once."""

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._full = max(1.0, per_s * BURST_S)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> int:
        """0 when a request may pass, else the whole seconds to wait. Names must be few."""
        now = self._clock()
        tokens, since = self._buckets.get(name, (self._full, now))
        tokens = min(self._full, tokens + (now - since) * self._per_s)
        if tokens < 1:
            self._buckets[name] = (tokens, now)
            return math.ceil((1 - tokens) / self._per_s)
        self._buckets[name] = (tokens - 1, now)
        return 0
