"""The controller's side of the sandbox: warm workers, each running one untrusted program at a time."""

import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, SandboxError, Status
from heuresis.sandbox.process.ending import judge
from heuresis.sandbox.process.kernel import forbid_inspection
from heuresis.sandbox.process.launch import GOODBYE_SECONDS, Zygote, ZygoteDied
from heuresis.sandbox.process.wire import Setup
from heuresis.sandbox.screen.screen import AllowList
from heuresis.sandbox.task import PING, Task

_ATTEMPTS = 2  # a task whose zygote died under it is tried once more
_DEFAULT_LIMITS = Limits()
_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


class _Worker:
    """A place for one zygote; empty after a death until it is next used."""

    def __init__(self) -> None:
        self.zygote: Zygote | None = None


class Pool:
    """Runs tasks in confined children of warm processes. A context manager; leaves no process behind.

    `engine` names an `EngineFactory` (`package.module:attribute` or `/path/file.py:attribute`), which each worker
    calls once with `payload` and `options`. Everything in the payload can be read by every program that runs, so it
    must hold no instance that programs are tested on later. `without` leaves layers out, to show what each is worth;
    never to run programs that matter. Unless `wait`, nothing may run until `wait_ready` has returned.

    Raises ValueError where `workers` is not positive or an array cannot cross a process border, and SandboxError where
    the workers do not start.
    """

    def __init__(
        self,
        engine: str,
        payload: Mapping[str, NDArray[np.generic]],
        allow: AllowList,
        *,
        options: Mapping[str, str] = _NO_OPTIONS,
        workers: int = 2,
        limits: Limits = _DEFAULT_LIMITS,
        start_seconds: float = 300.0,
        without: Collection[Layer] = (),
        wait: bool = True,
    ) -> None:
        if workers < 1:
            raise ValueError(f"a pool needs at least one worker, got {workers}")
        forbid_inspection()
        self.limits = limits
        self._setup = Setup(engine, options, allow, payload, frozenset(without))
        self._start_seconds = start_seconds
        self._lock, self._warming = threading.Lock(), threading.Lock()
        self._closed = self._ready = False
        self._deaths = 0
        self._all = [_Worker() for _ in range(workers)]
        self._idle: deque[_Worker] = deque()
        self._waiting: deque[Future[_Worker]] = deque()
        # A zygote dies with the thread that started it, so one thread that lives as long as the pool starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="sandbox-starter")
        try:
            for worker in self._all:
                self._start(worker)
            if wait:
                self.wait_ready()
        except BaseException:
            self.close()
            raise

    def wait_ready(self) -> None:
        """Wait until every worker is warm; nothing runs before. Where one does not get so, SandboxError, and an end."""
        with self._warming:
            if self._ready:
                return
            try:
                for zygote in [w.zygote for w in self._all if w.zygote is not None]:
                    zygote.wait_ready(self._start_seconds)
            except BaseException:
                self.close()
                raise
            with self._lock:
                if self._closed:
                    raise SandboxError("the sandbox was closed")
                self._idle.extend(self._all)
                self._ready = True

    @property
    def workers(self) -> int:
        """How many tasks can run at the same time."""
        return len(self._all)

    @property
    def deaths(self) -> int:
        """How many zygotes died, hung or answered nonsense so far, and were replaced."""
        return self._deaths

    @property
    def missing(self) -> frozenset[Layer]:
        """The layers that this machine does not give."""
        return frozenset().union(*(w.zygote.missing for w in self._all if w.zygote is not None))

    def pids(self) -> list[int]:
        """The process ids of the living zygotes."""
        return [w.zygote.pid for w in self._all if w.zygote is not None]

    def run(self, task: Task) -> Outcome:
        """Run one task and say how it ended; blocks until a worker is free, first come first served. Thread-safe.

        A program that kills its zygote is tried once more and then recorded as crashed. Raises SandboxError where the
        pool is closed or a zygote cannot be replaced, ValueError where an array cannot cross a process border.
        """
        worker = self._acquire()
        try:
            return self._run_on(worker, task)
        except BaseException:
            self._discard(worker)  # interrupted in the middle of a conversation: the next task gets a fresh zygote
            raise
        finally:
            self._release(worker)

    def close(self) -> None:
        """Kill whatever runs and wait until every process is gone. May be called twice, and from any thread."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, deque()
        for future in waiting:
            future.set_exception(SandboxError("the sandbox was closed"))
        for worker in self._all:
            if worker.zygote is not None:
                worker.zygote.hang_up()
        patience = time.monotonic() + GOODBYE_SECONDS  # of all together: each may be in the middle of compiling
        for worker in self._all:
            self._discard(worker, max(0.0, patience - time.monotonic()))
        self._starter.shutdown()  # last, because its end kills the zygotes before they have cleared up

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run_on(self, worker: _Worker, task: Task) -> Outcome:
        limits = task.limits or self.limits
        cause = ""
        for _ in range(_ATTEMPTS):
            zygote = worker.zygote or self._start(worker)
            zygote.wait_ready(self._start_seconds)
            try:
                return judge(zygote.run(task, limits), limits)
            except ZygoteDied as death:
                self._discard(worker)
                if self._closed:
                    raise SandboxError("the sandbox was closed while a program ran") from death
                with self._lock:
                    self._deaths += 1
                cause = str(death)
        self._ping(worker)
        return Outcome(Status.CRASHED, message=f"{cause}, {_ATTEMPTS} times in a row")

    def _ping(self, worker: _Worker) -> None:
        """Raise SandboxError where a fresh zygote cannot run anything: then it is not the program that failed."""
        zygote = self._start(worker)
        zygote.wait_ready(self._start_seconds)
        try:
            zygote.run(Task(PING), self.limits)
        except ZygoteDied as death:
            words = zygote.last_words()
            self._discard(worker)
            raise SandboxError(f"the sandbox can run no program: {death}\n{words}") from death

    def _start(self, worker: _Worker) -> Zygote:
        def start() -> Zygote:
            zygote = Zygote(self._setup)
            with self._lock:
                closed = self._closed
                if not closed:
                    worker.zygote = zygote
            if closed:
                zygote.stop()
                raise SandboxError("the sandbox was closed")
            return zygote

        try:
            return self._starter.submit(start).result()
        except RuntimeError as error:
            if isinstance(error, SandboxError):
                raise
            raise SandboxError("the sandbox was closed") from error

    def _discard(self, worker: _Worker, patience: float = GOODBYE_SECONDS) -> None:
        zygote = worker.zygote
        if zygote is None:
            return
        zygote.stop(patience)
        with self._lock:
            if worker.zygote is zygote:
                worker.zygote = None

    def _acquire(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise SandboxError("the sandbox was closed")
            if self._idle:
                return self._idle.popleft()
            future: Future[_Worker] = Future()
            self._waiting.append(future)
        try:
            return future.result()
        except BaseException:
            with self._lock:
                if future in self._waiting:
                    self._waiting.remove(future)
                    raise
            if future.done() and future.exception() is None:
                self._release(future.result())
            raise

    def _release(self, worker: _Worker) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set_result(worker)
            else:
                self._idle.append(worker)
