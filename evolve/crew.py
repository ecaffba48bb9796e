"""Threads that may be abandoned: none of them keeps the process alive, however long a model takes to reply."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Crew(Generic[T]):
    """A pool of daemon threads. The standard library's is joined when the interpreter exits, this one is not."""

    def __init__(self, size: int, name: str = "crew") -> None:
        self._tasks: queue.SimpleQueue[tuple[Future[T], Callable[[], T]] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{i}", daemon=True) for i in range(size)]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Run it in one of the threads, first come first served."""
        future: Future[T] = Future()
        self._tasks.put((future, lambda: function(*args, **kwargs)))
        return future

    def dismiss(self) -> None:
        """Let every thread end after its present task, and start nothing more."""
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                break
            if task is not None:
                task[0].cancel()
        for _ in self._threads:
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, function = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
                future.set_exception(error)
            else:
                future.set_result(result)
