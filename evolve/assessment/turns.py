"""Who may use a worker next: short work before long work, and otherwise first come first served."""

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SHORT, LONG = 0, 1
"""An evaluation, for which later proposals wait; and tuning or breeding, which may take a hundred times as long."""


class Turns:
    """So many places, taken in order of rank and arrival. Thread-safe."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, rank: int) -> Iterator[None]:
        """Wait for a place and hold it; smaller ranks go first."""
        with self._changed:
            ticket = (rank, next(self._numbers))
            heapq.heappush(self._waiting, ticket)
            self._changed.wait_for(lambda: self._free > 0 and self._waiting[0] == ticket)
            heapq.heappop(self._waiting)
            self._free -= 1
            self._changed.notify_all()  # there may be another free place for the next
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
