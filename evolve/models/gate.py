"""Whose turn it is: how many requests go to one model at a time, and waiting together when its server asks for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from heuresis.evolve.errors import SearchEnded

MANY = 16
"""Requests at a time where nothing else is said: as many as a search has under way."""

WORTH = 1.3
"""How many times the replies per second twice as many requests at a time have to bring, to be kept."""

SETTLED = 40
"""Replies after which twice as many requests at a time are tried again."""


class Pace:
    """How many requests at a time an endpoint answers best, found out from how long its replies take.

    Begins with `first` and doubles as long as the replies per second grow with it: a server with one slot answers two
    requests at a time no faster than one, and the second of them only waits. Not thread-safe.
    """

    def __init__(self, first: int = 1, most: int = MANY) -> None:
        self.now, self._most = first, most
        self._before: float | None = None  # replies per second with half as many at a time
        self._seconds = list[float]()  # of replies at this pace
        self._skipped = 0  # replies at the beginning of a pace, which are those of the pace before
        self._settled = 0  # replies until a faster pace is tried again

    def answered(self, seconds: float, open_requests: int) -> None:
        """A reply came after so many seconds, while so many requests were under way, it included."""
        if self._settled:
            self._settled -= 1
        elif open_requests >= self.now and self._skipped < self.now:
            self._skipped += 1
        elif open_requests >= self.now:
            self._seconds.append(seconds)
            if len(self._seconds) >= max(2, self.now):
                self._judge(self.now * len(self._seconds) / max(1e-9, sum(self._seconds)))

    def too_slow(self) -> None:
        """A request reached its time limit: half as many at a time from now on."""
        self._change(max(1, self.now // 2), None)
        self._settled = SETTLED

    def _judge(self, rate: float) -> None:
        """Go on from a pace at which so many replies come per second."""
        if self._before is not None and rate < WORTH * self._before:
            self._change(self.now // 2, None)
            self._settled = SETTLED
        elif self.now < self._most:
            self._change(min(self._most, 2 * self.now), rate)
        else:
            self._settled = SETTLED

    def _change(self, pace: int, before: float | None) -> None:
        self.now, self._before, self._skipped = pace, before, 0
        self._seconds.clear()


class Gate:
    """Lets requests to one model through. Thread-safe.

    `width` is how many at a time: a number, or as many as a pace finds out.
    """

    def __init__(self, width: int | Pace = MANY, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._width, self._clock = width, clock
        self._open, self._closed, self._not_before = 0, False, 0.0
        self._changed = threading.Condition()

    @property
    def width(self) -> int:
        """How many requests may be under way at a time."""
        return self._width.now if isinstance(self._width, Pace) else self._width

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it. Raises SearchEnded where it has meanwhile."""
        with self._changed:
            while (seconds := self._to_wait()) is not None:
                self._changed.wait(seconds or None)
            if self._closed:
                raise SearchEnded
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def answered(self, seconds: float) -> None:
        """A reply came after so many seconds; told within its turn."""
        with self._changed:
            if isinstance(self._width, Pace):
                self._width.answered(seconds, self._open)
            self._changed.notify_all()

    def too_slow(self) -> None:
        """A request reached its time limit; told within its turn."""
        with self._changed:
            if isinstance(self._width, Pace):
                self._width.too_slow()

    def hold(self, seconds: float) -> bool:
        """Let nobody through for so many seconds from now; those who wait already wait together.

        False where that makes no difference of a second.
        """
        with self._changed:
            until, before = self._clock() + seconds, self._not_before
            self._not_before = max(until, before)
        return until - before > 1.0

    def close(self) -> None:
        """Let nobody through any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _to_wait(self) -> float | None:
        """Seconds until it is worth looking again, 0 for until something changes; None where it is one's turn."""
        if self._closed:
            return None
        held = self._not_before - self._clock()
        if held > 0:
            return held
        return None if self._open < self.width else 0.0
