"""Starting one zygote: a fresh process with a scrubbed environment, closed descriptors and a socket to talk over."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import SandboxError
from heuresis.sandbox.process import wire
from heuresis.sandbox.process.wire import Reply, Setup, Verdict
from heuresis.sandbox.task import Task

_BOOT = (
    "import sys; sys.path[:] = sys.argv[4:]; "  # the same Heuresis as the controller's, wherever that comes from
    "from heuresis.sandbox.process.boot import main; main(sys.argv[1:4])"
)
_PASSED_ON = ("NUMBA_CACHE_DIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_FIXED = {
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
_MESSAGE_CAP = 10_000
_STDERR_TAIL = 4_000
_GRACE_SECONDS = 10.0  # beyond a task's own limit, for a busy machine and a large result
GOODBYE_SECONDS = 1.0
"""How long a process may take to end by itself, and again after each way of insisting."""


_machine: list[frozenset[Layer]] = []  # what the first zygote of this process had to do without
_asking = threading.Lock()


class ZygoteDied(Exception):
    """A zygote ended, hung or spoke nonsense; the text says which."""


def _agreed(missing: frozenset[Layer]) -> frozenset[Layer]:
    """The layers that a zygote does without. Raises SandboxError where it has fewer than an earlier one had here."""
    with _asking:
        if not _machine:
            _machine.append(missing)
        if not missing <= _machine[0]:
            lost = ", ".join(sorted(missing - _machine[0]))
            raise SandboxError(f"a worker of the sandbox has fewer layers than the first one had: {lost} failed")
    return missing


def environment() -> dict[str, str]:
    """The whole environment of a zygote: nothing of the controller's but where libraries and compiled code lie."""
    return {**{name: os.environ[name] for name in _PASSED_ON if name in os.environ}, **_FIXED}


class Zygote:
    """One zygote as the controller sees it. One caller at a time, except for `hang_up` and `stop`."""

    def __init__(self, setup: Setup) -> None:
        """Start the process and hand it its setup, without waiting until it is warm.

        The process is killed when the calling thread ends. Raises SandboxError where it cannot be started.
        """
        self._engine = setup.engine
        self._stopping = threading.Lock()
        self._stopped = False
        self._channel, theirs = socket.socketpair()
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        with theirs:
            apart = "0" if Layer.NAMESPACES in setup.without else "1"
            paths = [p for p in sys.path if Path(p).is_absolute()]
            arguments = [str(theirs.fileno()), str(os.getpid()), apart, *paths]
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    [sys.executable, "-s", "-P", "-c", _BOOT, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._stderr,
                    env=environment(),
                    cwd="/",
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            except OSError as error:
                self._channel.close()
                self._stderr.close()
                raise SandboxError(f"cannot start {sys.executable!r} for the sandbox: {error}") from error
        self._setup: Setup | None = setup
        self.missing: frozenset[Layer] = frozenset()
        """The layers that the machine does not give, known once the zygote is ready."""

    @property
    def pid(self) -> int:
        """The id of the process that was started; the zygote is its child where the machine has namespaces."""
        return self._process.pid

    def wait_ready(self, seconds: float) -> None:
        """Send the setup and wait until the engine is warm. Raises SandboxError with the zygote's own words."""
        if self._setup is None:
            return
        setup, self._setup = self._setup, None
        deadline = time.monotonic() + seconds
        try:
            self._channel.settimeout(seconds)
            wire.send_setup(self._channel, setup)
            reply = wire.receive_reply(self._channel, _MESSAGE_CAP, deadline)
        except (OSError, EOFError, wire.WireError) as error:
            cause = f"not ready within {seconds:g} s" if isinstance(error, TimeoutError) else str(error)
            raise SandboxError(
                f"the sandbox for engine {self._engine!r} did not start: {cause}\n{self.last_words()}"
            ) from error
        if reply.verdict is not Verdict.READY:
            text = wire.sanitise(reply.body.decode("ascii", "replace"), _MESSAGE_CAP)
            raise SandboxError(f"the engine {self._engine!r} could not be loaded and warmed:\n{text}")
        self.missing = _agreed(frozenset(Layer(name) for name in reply.body.decode("ascii").split()))

    def run(self, task: Task, limits: Limits) -> Reply:
        """Run one task in a fresh child. Raises ZygoteDied; the zygote must then be discarded."""
        try:
            self._channel.settimeout(_GRACE_SECONDS)
            wire.send_task(self._channel, task, limits)
            deadline = time.monotonic() + limits.seconds + _GRACE_SECONDS
            reply = wire.receive_reply(self._channel, wire.record_cap(limits), deadline)
        except TimeoutError as error:
            raise ZygoteDied("the sandbox process does not answer") from error
        except (OSError, EOFError, wire.WireError) as error:
            raise ZygoteDied(f"the sandbox process ended unexpectedly: {error}") from error
        if reply.verdict in (Verdict.READY, Verdict.FAILED):
            raise ZygoteDied("the sandbox process answered out of turn")
        return reply

    def hang_up(self) -> None:
        """End the conversation; the zygote kills its child and exits. May be called while another thread waits."""
        with contextlib.suppress(OSError):  # it may be gone already
            self._channel.shutdown(socket.SHUT_RDWR)

    def stop(self, patience: float = GOODBYE_SECONDS) -> None:
        """End the process for certain and reap it: politely first, so that it can clear up what its child left.

        For so many seconds it may end by itself.
        """
        self.hang_up()
        with self._stopping:  # whoever comes second waits until the process is gone
            if self._stopped:
                return
            for seconds, end in ((patience, self._process.terminate), (GOODBYE_SECONDS, self._process.kill)):
                try:
                    self._process.wait(seconds)
                    break
                except subprocess.TimeoutExpired:
                    end()
            self._process.wait()
            self._channel.close()
            self._stderr.close()
            self._stopped = True

    def last_words(self) -> str:
        """What the process wrote to standard error at last, sanitised, and its exit code where it has ended."""
        self._process.poll()
        try:
            self._stderr.seek(0, os.SEEK_END)
            self._stderr.seek(max(0, self._stderr.tell() - _STDERR_TAIL))
            tail = self._stderr.read(_STDERR_TAIL).decode("ascii", "replace")
        except ValueError:  # closed: another thread has stopped it
            tail = ""
        code = self._process.returncode
        return wire.sanitise(f"{tail}(exit code {code})" if code is not None else tail, _MESSAGE_CAP)
