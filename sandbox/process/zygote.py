"""The warm process behind each worker: loads an engine once, then forks one confined child per task.

Started by `launch.py`, through `boot.py`, in a process of its own. It has a single thread, so that
forking is safe, and it never looks into what a child wrote: the bytes go to the controller as they are.
"""

import gc
import hashlib
import importlib
import importlib.util
import math
import os
import select
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NoReturn, cast

from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.process import isolate, kernel, wire
from heuresis.sandbox.process.wire import Reply, Verdict
from heuresis.sandbox.screen.screen import AllowList, ScreenError, screen
from heuresis.sandbox.task import PING, CompileError, Engine, EngineFactory, Task

_CHUNK = 1 << 18
_TICK_SECONDS = 0.02  # how often a child's end is looked for where the system has no pidfd
_TRACEBACK_CHARACTERS = 8_000


class ControllerGone(Exception):
    """The controller closed the connection or died."""


def main(descriptor: int, *, apart: bool) -> None:
    """Serve tasks on a socket until the controller hangs up.

    `apart` says that this process is process 1 of a process namespace of its own (`boot.py`).
    """
    kernel.adopt_orphans()
    with socket.socket(fileno=descriptor) as channel:
        setup = wire.receive_setup(channel)
        if setup is None:
            return
        try:
            engine = _warm_engine(setup)
            missing = isolate.missing_layers()
        except Exception:  # noqa: BLE001 - reported to the controller, which raises it as SandboxError
            text = traceback.format_exc()[-_TRACEBACK_CHARACTERS:]
            wire.send_reply(channel, Reply(Verdict.FAILED, text.encode("ascii", "replace")))
            return
        wire.send_reply(channel, Reply(Verdict.READY, " ".join(sorted(missing)).encode("ascii")))
        _Server(channel, engine, setup.allow, setup.without | missing, apart).serve()


def load(name: str) -> EngineFactory:
    """Resolve `package.module:attribute` or `/path/file.py:attribute`. Raises ValueError or ImportError."""
    module_name, _, attribute = name.rpartition(":")
    if not module_name or not attribute:
        raise ValueError(f"an engine is named 'package.module:attribute' or '/path/file.py:attribute', got {name!r}")
    module = execute(Path(module_name)) if module_name.endswith(".py") else importlib.import_module(module_name)
    return cast(EngineFactory, getattr(module, attribute))


def execute(path: Path) -> ModuleType:
    """Run a Python file as a module; what it raises comes through. Raises ImportError where it is none.

    The module's name follows from the path alone: what Numba keeps of it on disk names the module, and is read by the
    controller and by zygotes.
    """
    name = f"heuresis_file_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file that can be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _warm_engine(setup: wire.Setup) -> Engine:
    engine = load(setup.engine)(setup.payload, setup.options)
    engine.warm()
    tasks = Path("/proc/self/task")
    threads = len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()
    if threads != 1:
        raise RuntimeError(f"engine {setup.engine} left {threads} threads running; a zygote must have one to be forked")
    gc.collect()
    gc.freeze()  # what is warm is never traversed again, so that children do not copy its pages
    return engine


@dataclass(frozen=True, slots=True)
class _Server:
    """Forks a child for each task and answers how it ended."""

    channel: socket.socket
    engine: Engine
    allow: AllowList
    without: frozenset[Layer]
    apart: bool

    def serve(self) -> None:
        """Answer one task after the other until the controller hangs up."""
        null_fd = os.open(os.devnull, os.O_RDWR)
        zygote = os.getpid()
        while (received := wire.receive_task(self.channel)) is not None:
            task, limits = received
            started = time.monotonic()
            read_fd, write_fd = os.pipe()
            cell = isolate.Cell(zygote, write_fd, null_fd, limits, isolate.mapped_bytes(), self.without)
            child = os.fork()
            if child == 0:
                self.channel.detach()
                _run_child(self.engine, self.allow, task, cell)
            os.close(write_fd)
            try:
                reply = self._attend(child, read_fd, limits, started)
            except ControllerGone:
                return
            finally:
                os.close(read_fd)
            wire.send_reply(self.channel, reply)

    def _attend(self, child: int, read_fd: int, limits: Limits, started: float) -> Reply:
        """Collect a child's bytes until its end or deadline, kill it with all it left behind, and say how it ended."""
        data = bytearray()
        reaper = isolate.Reaper(child)
        try:
            with isolate.watch(child) as watch_fd:
                ends = _Ends(self.channel, read_fd, watch_fd, reaper)
                verdict = _collect(ends, data, wire.record_cap(limits), started + limits.seconds)
        finally:
            status, usage = reaper.finish()
            isolate.sweep(apart=self.apart)
        seconds = time.monotonic() - started
        growth = max(0, usage.ru_maxrss * 1024 - isolate.resident_bytes())
        return Reply(verdict, bytes(data) if verdict is Verdict.ENDED else b"", status, seconds, growth)


@dataclass(frozen=True, slots=True)
class _Ends:
    """What is waited for while a child runs."""

    channel: socket.socket  # readable only when the controller is gone: it is silent while a task runs
    read_fd: int  # the child's bytes
    watch_fd: int | None  # readable when the child has ended
    reaper: isolate.Reaper  # asked from time to time where there is no such descriptor


def _collect(ends: _Ends, data: bytearray, cap: int, deadline: float) -> Verdict:
    """Read into `data` until the child has ended. Raises ControllerGone."""
    os.set_blocking(ends.read_fd, False)
    open_end = True
    poll = select.poll()
    for readable in (ends.channel.fileno(), ends.read_fd, ends.watch_fd):
        if readable is not None:
            poll.register(readable, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0:
        wait = left if ends.watch_fd is not None else min(left, _TICK_SECONDS)
        ready = {fd for fd, _ in poll.poll(math.ceil(wait * 1000))}
        if ends.channel.fileno() in ready:
            raise ControllerGone
        ended = ends.watch_fd in ready if ends.watch_fd is not None else ends.reaper.has_ended()
        if open_end and (ends.read_fd in ready or ended) and _drain(ends.read_fd, data, cap):
            open_end = False  # only the child's end is still awaited
            poll.unregister(ends.read_fd)
        if len(data) > cap:
            return Verdict.OVERFLOW
        if ended:
            return Verdict.ENDED
    return Verdict.TIMEOUT


def _drain(read_fd: int, data: bytearray, cap: int) -> bool:
    """Read what there is, at most one byte more than `cap` in all; whether the end of the file was reached."""
    while len(data) <= cap:
        try:
            chunk = os.read(read_fd, min(_CHUNK, cap + 1 - len(data)))
        except BlockingIOError:
            return False
        if not chunk:
            return True
        data += chunk
    return False


def _run_child(engine: Engine, allow: AllowList, task: Task, cell: isolate.Cell) -> NoReturn:
    """Everything a child does."""
    code = 1
    try:
        cell.enter()
        outcome = _work(engine, allow, task, cell)
        for piece in _encoded(outcome, cell.limits):
            view = memoryview(piece)
            while view:
                view = view[os.write(isolate.RESULT_FD, view) :]
        code = 0
    finally:
        os._exit(code)


def _encoded(outcome: Outcome, limits: Limits) -> list[bytes | memoryview]:
    try:
        return wire.encode_record(outcome, limits)
    except ValueError as error:
        return wire.encode_record(Outcome(Status.RUNTIME_ERROR, message=str(error)), limits)


def _work(engine: Engine, allow: AllowList, task: Task, cell: isolate.Cell) -> Outcome:
    """Screen, compile, run. Every way in which a program can fail becomes an outcome here."""
    begin = compiled = time.perf_counter()
    program: object | None = None
    if task.kind == PING:
        return Outcome(Status.OK)
    try:
        if task.source:
            checked = task.source if Layer.SCREEN in cell.without else screen(task.source, allow)
            program = engine.compile(checked, task.kind)
            compiled = time.perf_counter()
            cell.tighten()  # work on arrays alone runs no foreign program, and may compile what it makes of them
        arrays = tuple(engine.run(task.kind, program, task.arrays))
    except ScreenError as error:
        return Outcome(Status.REJECTED, message=str(error))
    except CompileError as error:
        return Outcome(Status.COMPILE_ERROR, message=_text(error), compile_seconds=time.perf_counter() - begin)
    except MemoryError:
        return Outcome(Status.MEMORY, message="out of memory", compile_seconds=compiled - begin)
    except BaseException as error:  # noqa: BLE001 - even SystemExit is only the end of this program, and is reported
        return Outcome(
            Status.RUNTIME_ERROR,
            message=f"{type(error).__name__}: {_text(error)}",
            compile_seconds=compiled - begin,
            run_seconds=time.perf_counter() - compiled,
        )
    run_seconds = time.perf_counter() - compiled
    return Outcome(Status.OK, arrays, compile_seconds=compiled - begin, run_seconds=run_seconds)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 - an exception's own text is untrusted code too
        return f"(its message raised {type(broken).__name__})"
