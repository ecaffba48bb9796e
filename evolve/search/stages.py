"""What a run does before and after the search: told from its first second on, and left when the user wants an end."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from heuresis.evolve.search.interrupts import Wish
from heuresis.evolve.search.listener import Listener, Stage

TOLD_EVERY = 1.0
"""Seconds between two times that a listener is told of the same stage."""

Answer = TypeVar("Answer")


def _nothing() -> None:
    """Check nothing."""


class Stages:
    """The stages of one run, one after the other. The `Steps` of what is done in them. Thread-safe."""

    def __init__(self, listener: Listener, wish: Wish, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._listener, self._wish, self._clock = listener, wish, clock
        self._telling = threading.Lock()
        self._stage, self._began, self._told = Stage(""), clock(), 0.0

    def attend(self, what: str, work: Callable[[], Answer], check: Callable[[], None] = _nothing) -> Answer:
        """What `work` returns. Raises Stopped as soon as the user wants an end, and what `check` raises meanwhile."""
        self.begin(what, 0)

        def tick() -> None:
            check()
            if self._clock() - self._told >= TOLD_EVERY:
                self._tell(self._stage.done)

        return self._wish.attend(work, tick)

    def begin(self, what: str, total: int) -> None:
        """The next piece of work, of so many steps (0: not known). Raises Stopped."""
        self._wish.check()
        with self._telling:
            self._stage, self._began = Stage(what, 0.0, 0, total), self._clock()
        self._tell(0)

    def step(self) -> None:
        """One step is done. Raises Stopped."""
        self._wish.check()
        self._tell(self._stage.done + 1)

    def say(self, text: str) -> None:
        """A line for the listener. Raises Stopped."""
        self._wish.check()
        self._listener.message(text)

    def _tell(self, done: int) -> None:
        with self._telling:
            now = self._clock()
            self._stage = Stage(self._stage.what, now - self._began, done, self._stage.total)
            self._told = now
            self._listener.working(self._stage)
