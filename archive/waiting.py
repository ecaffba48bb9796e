"""How long a locked database is waited for, and who hears of it."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

BUSY_SECONDS = 30.0
"""How long a transaction waits for another process's, where nobody said that it may wait for longer."""

TOLD_AFTER_SECONDS = 3.0
"""How long one waits in silence."""

GLANCE_SECONDS = 0.2
"""How long SQLite itself waits at a time: while it does, Python hears no signal."""

LAST_SECONDS = 1.0
"""How long one still waits where the user wants an end."""

Answer = TypeVar("Answer")


class Waiting:
    """The patience of one open archive. Thread-safe."""

    def __init__(self) -> None:
        self._tell: Callable[[], None] | None = None
        self._stop = threading.Event()

    @contextmanager
    def patient(self, tell: Callable[[], None], stop: threading.Event) -> Iterator[None]:
        """Wait without end until left, or until `stop` is set; `tell` is called once for each time of waiting."""
        before = self._tell, self._stop
        self._tell, self._stop = tell, stop
        try:
            yield
        finally:
            self._tell, self._stop = before

    def until_free(self, act: Callable[[], Answer]) -> Answer:
        """What `act` returns, tried again while the database is locked. Raises sqlite3.OperationalError at last."""
        began, told = time.monotonic(), False
        while True:
            try:
                return act()
            except sqlite3.OperationalError as error:
                waited = time.monotonic() - began
                if not _locked(error) or waited >= self._most():
                    raise
            if self._tell is not None and not told and waited >= TOLD_AFTER_SECONDS:
                told = True
                self._tell()

    def _most(self) -> float:
        """Seconds that may be waited in all, as things stand now."""
        if self._stop.is_set():
            return LAST_SECONDS
        return BUSY_SECONDS if self._tell is None else float("inf")


def _locked(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
