"""Ctrl-C and SIGTERM: the first asks a run to stop where it can be resumed, the second insists."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType


@dataclass(slots=True)
class Wish:
    """What the user wants. While `polite` is set somebody looks at `stop`; otherwise the work is broken off at once."""

    stop: threading.Event = field(default_factory=threading.Event)
    polite: bool = True


@contextmanager
def interrupts() -> Iterator[Wish]:
    """Turn SIGINT and SIGTERM into a wish, or into KeyboardInterrupt where that is not polite or was ignored.

    Outside the main thread, where Python delivers no signals, nothing is changed.
    """
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        if wish.stop.is_set() or not wish.polite:
            raise KeyboardInterrupt
        wish.stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
