"""Programs run in the test's own process, where neither the sandbox nor the start of its processes is what is tested."""

import threading
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from heuresis.problems import registry
from heuresis.sandbox.layers import Layer
from heuresis.sandbox.outcome import Outcome
from heuresis.sandbox.process import zygote
from heuresis.sandbox.screen.screen import AllowList
from heuresis.sandbox.task import Task


class HerePool:
    """Stands in for a `Pool`: the same engine and the same work of a child, without the child."""

    missing: frozenset[Layer] = frozenset()

    def __init__(
        self, engine: str, payload: Mapping[str, Any], allow: AllowList, *, options: Mapping[str, str], **others: Any
    ) -> None:
        del others
        self._allow = allow
        with patch.object(registry, "_registered", {}):  # a problem's file registers it once more, as in a worker
            self._engine = zygote.load(engine)(payload, options)
        self._turn = threading.Lock()

    def run(self, task: Task) -> Outcome:
        """Screen, compile and run, as a child does."""
        with self._turn:
            return zygote._work(self._engine, self._allow, task, _OPEN)

    def pids(self) -> list[int]:
        """There is no process."""
        return []

    def wait_ready(self) -> None:
        """Nothing to wait for."""

    def close(self) -> None:
        """Nothing to close."""


_OPEN: Any = SimpleNamespace(without=frozenset(), tighten=lambda: None)
"""A cell that confines nothing."""
