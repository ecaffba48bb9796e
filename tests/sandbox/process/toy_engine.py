"""An engine that does on request whatever a hostile program could: its kinds name the misdeed."""

# ruff: noqa: PTH108, PTH110, PTH123 - what a misdeed does not need, and how hostile code would open a file

import contextlib
import ctypes
import os
import signal
import struct
import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np

from heuresis.sandbox.task import Array, CompileError

RESULT_FD = 3


class Toy:
    """`run` dispatches on the kind; `compile` execs screened source, which no real engine may do."""

    def __init__(self, payload: Mapping[str, Array], options: Mapping[str, str]) -> None:
        self.payload, self.options = payload, options
        self.zygote = os.getpid()

    def warm(self) -> None:
        if self.options.get("warm") == "raise":
            raise RuntimeError("the toy refuses to warm \x1b[31m")
        if self.options.get("warm") == "exit":
            print("the toy leaves", file=sys.stderr, flush=True)
            os._exit(7)
        if self.options.get("warm") == "thread":
            import threading

            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

    def compile(self, source: str, kind: str) -> object:
        if kind == "compile_error":
            raise CompileError("the toy does not like this")
        scope: dict[str, object] = {}
        exec(source, scope)  # a toy in a test; candidates are never run like this
        return scope

    def run(self, kind: str, program: object | None, arrays: Sequence[Array]) -> Sequence[Array]:
        return getattr(self, "do_" + kind)(program, arrays)

    def do_echo(self, program, arrays):
        return arrays

    def do_sum(self, program, arrays):
        return (np.array([self.payload["weights"].sum() + sum(float(a.sum()) for a in arrays)]),)

    def do_call(self, program, arrays):
        return (np.array([float(program["priority"](*arrays[0]))]),)

    def do_work(self, program, arrays):
        end = time.perf_counter() + float(arrays[0][0])
        while time.perf_counter() < end:
            pass
        return (np.array([os.getpid()]),)

    def do_environment(self, program, arrays):
        text = "\n".join(f"{k}={v}" for k, v in os.environ.items())
        return (np.frombuffer(text.encode(), np.uint8),)

    def do_descriptors(self, program, arrays):
        return (np.array([fd for fd in range(256) if _is_open(fd)]),)

    def do_open(self, program, arrays):
        open("/etc/passwd").close()
        return ()

    def do_hang(self, program, arrays):
        while True:
            pass

    def do_sleep(self, program, arrays):
        time.sleep(1000)

    def do_ignore_signals(self, program, arrays):
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(1000)

    def do_stop_self(self, program, arrays):
        os.kill(os.getpid(), signal.SIGSTOP)

    def do_exit(self, program, arrays):
        os._exit(int(arrays[0][0]))

    def do_system_exit(self, program, arrays):
        sys.exit(0)

    def do_segfault(self, program, arrays):
        ctypes.string_at(0)

    def do_abort(self, program, arrays):
        os.abort()

    def do_kill_self(self, program, arrays):
        os.kill(os.getpid(), signal.SIGKILL)

    def do_raise(self, program, arrays):
        raise ZeroDivisionError("float division\x1b[2J by zero é " + "x" * 10_000)

    def do_raise_unprintable(self, program, arrays):
        class Unprintable(Exception):
            def __str__(self):
                raise ValueError("no")

        raise Unprintable

    def do_recurse(self, program, arrays):
        return self.do_recurse(program, arrays)

    def do_hog(self, program, arrays):
        return [np.ones(1 << 27) for _ in range(1000)]

    def do_hog_bytes(self, program, arrays):
        kept = []
        while True:
            kept.append(bytearray(1 << 22))

    def do_hog_and_abort(self, program, arrays):
        kept = []
        try:
            while True:
                kept.append(np.ones(1 << 17))
        except MemoryError:
            os.abort()

    def do_big_result(self, program, arrays):
        return (np.zeros(1 << 20),)

    def do_bad_result(self, program, arrays):
        return (np.array(["text"], dtype=object),)

    def do_flood_output(self, program, arrays):
        for _ in range(200):
            os.write(1, b"x" * 65536)
            os.write(2, b"x" * 65536)
        return ()

    def do_flood_result(self, program, arrays):
        while True:
            os.write(RESULT_FD, b"x" * 65536)

    def do_forge(self, program, arrays):
        """Write the bytes given straight to the result pipe and leave, as a forger would."""
        data = arrays[0].tobytes()
        while data:
            data = data[os.write(RESULT_FD, data) :]
        os._exit(0)

    def do_forge_then_go_on(self, program, arrays):
        os.write(RESULT_FD, struct.pack("<8sBBHIdd", b"hzREC001", 0, 0, 0, 0, 0.0, 0.0))
        return ()

    def do_daemon(self, program, arrays):
        self._daemonise()
        return (np.array([1]),)

    def do_daemon_and_hang(self, program, arrays):
        self._daemonise()
        time.sleep(1000)

    def _daemonise(self):
        with contextlib.suppress(OSError):  # a user other than root is refused
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(1000)
                os._exit(0)

    def do_kill_zygote(self, program, arrays):
        os.kill(self.zygote, signal.SIGKILL)
        time.sleep(1000)

    def do_kill_zygote_once(self, program, arrays):
        marker = os.fsdecode(arrays[0].tobytes())
        if os.path.exists(marker):
            os.unlink(marker)
            os.kill(self.zygote, signal.SIGKILL)
            time.sleep(1000)
        return (np.array([1]),)

    def do_pids(self, program, arrays):
        return (np.array([self.zygote, os.getpid()]),)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
