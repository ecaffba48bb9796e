"""The engine of the self-check: each kind tries something that a confined child should not achieve."""

# ruff: noqa: PTH123, S606 - as a hostile program would

import contextlib
import ctypes
import mmap
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from heuresis.sandbox.process.isolate import RESULT_FD
from heuresis.sandbox.task import Array

_PROBED_DESCRIPTORS = 64
_BLOCK = 1 << 24
_LONG_SECONDS = 60.0


class Probe:
    """Attempts; those that answer return one array: how often the attempt succeeded, or what was seen."""

    def __init__(self, payload: Mapping[str, Array], options: Mapping[str, str]) -> None:
        pass

    def warm(self) -> None:
        """Nothing to prepare: what the attempts need is imported above."""

    def compile(self, source: str, kind: str) -> object:  # noqa: ARG002 - the protocol's
        """Source is screened, never used."""
        return source

    def run(self, kind: str, program: object | None, arrays: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG002 - the protocol's
        """Make the attempt named `kind`. The array, where there is one: the controller's process id and two ports."""
        controller, tcp, udp = (int(n) for n in arrays[0]) if arrays else (0, 0, 0)
        attempts: dict[str, Callable[[], Array]] = {
            "good": lambda: np.ones(1),
            "hang": _hang,
            "crash": _crash,
            "memory": _memory,
            "environment": _environment,
            "descriptors": _descriptors,
            "daemon": _daemon,
            "apart": lambda: np.array([float(os.getppid() == 1)]),
            "open": lambda: _achieved(lambda: os.open("/", os.O_RDONLY)),
            "connect": lambda: _achieved(lambda: _connect(tcp)),
            "send": lambda: _achieved(lambda: _send(udp)),
            "fork": lambda: _achieved(_fork),
            "execute": lambda: _achieved(lambda: os.execv("/bin/sh", ["sh", "-c", "exit 0"])),
            "signal": lambda: _achieved(lambda: os.kill(controller, 0)),
            "executable": lambda: _achieved(_map_executable),
            "inspect": lambda: _achieved(lambda: _inspect(controller)),
        }
        return (attempts[kind](),)


def _hang() -> Array:
    while True:
        pass


def _crash() -> Array:
    ctypes.string_at(0)
    return np.ones(1)


def _memory() -> Array:
    kept = []
    end = time.monotonic() + _LONG_SECONDS
    while time.monotonic() < end:
        kept.append(bytearray(_BLOCK))
    return np.ones(1)


def _environment() -> Array:
    """The names of the variables, separated by newlines, as bytes."""
    return np.frombuffer("\n".join(os.environ).encode("utf-8", "replace"), np.uint8)


def _descriptors() -> Array:
    found = []
    for descriptor in range(_PROBED_DESCRIPTORS):
        with contextlib.suppress(OSError):
            os.fstat(descriptor)
            found.append(descriptor)
    return np.array(found, dtype=np.int64)


def _daemon() -> Array:
    """Leave a process behind, in a session of its own; its process id, 0 where the system refuses."""
    try:
        child = os.fork()
    except OSError:
        return np.zeros(1, dtype=np.int64)
    if child == 0:
        try:
            os.setsid()
            os.close(RESULT_FD)
            time.sleep(_LONG_SECONDS)
        finally:
            os._exit(0)
    return np.array([child], dtype=np.int64)


def _achieved(attempt: Callable[[], object]) -> Array:
    """1 where the attempt succeeds with a descriptor to spare, 0 where the system refuses."""
    os.close(0)  # the limit on descriptors alone is no barrier: one can always be closed first
    try:
        attempt()
    except OSError:
        return np.zeros(1)
    return np.ones(1)


def _connect(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
        stream.connect(("127.0.0.1", port))


def _send(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"sent", ("127.0.0.1", port))


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _map_executable() -> object:
    return mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def _inspect(pid: int) -> None:
    with open(f"/proc/{pid}/environ", "rb") as file:
        file.read(1)
