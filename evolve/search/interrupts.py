"""Ctrl-C and SIGTERM: the first asks a run to stop where it can be resumed, the second insists."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TypeVar

from heuresis.evolve.crew import Crew

_TICK = 0.05
Answer = TypeVar("Answer")


class Stopped(Exception):
    """The user wants the run to stop."""

    def __str__(self) -> str:
        return "the user wants the run to stop"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants."""

    stop: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raise Stopped where the user wants an end."""
        if self.stop.is_set():
            raise Stopped

    def attend(self, work: Callable[[], Answer], tick: Callable[[], None]) -> Answer:
        """What `work` returns, done in a thread, with `tick` called meanwhile many times a second.

        Raises what it raises, what `tick` raises, and Stopped. After the latter two the thread is left alone: a
        simulator that is being compiled hears nothing. Whoever has lent it processes should take them away.
        """
        crew = Crew[Answer](1, "phase")
        try:
            future = crew.submit(work)
            while not future.done():
                self.check()
                tick()
                wait([future], _TICK)
            return future.result()
        finally:
            crew.dismiss()


@contextmanager
def interrupts() -> Iterator[Wish]:
    """Turn the first SIGINT or SIGTERM into a wish, and the second into KeyboardInterrupt.

    Outside the main thread, where Python delivers no signals, nothing is changed.
    """
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        if wish.stop.is_set():
            raise KeyboardInterrupt
        wish.stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
