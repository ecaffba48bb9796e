"""What the end of a child means: from a zygote's reply to an outcome."""

import os
import signal

from heuresis.sandbox.limits import Limits
from heuresis.sandbox.machine import out_of_memory
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.process.wire import Reply, Verdict, WireError, decode_record

FORBIDDEN = "the process was killed for a system call that is not allowed"
"""What is said of a program that a seccomp filter stopped."""

_MEBIBYTE = 1 << 20


def judge(reply: Reply, limits: Limits) -> Outcome:
    """The outcome of the child that a zygote reports on. Whatever the child wrote, this returns."""
    if reply.verdict is Verdict.TIMEOUT:
        return _failed(Status.TIMEOUT, f"no result within {limits.seconds:g} s", reply)
    if reply.verdict is Verdict.OVERFLOW:
        return _failed(Status.CRASHED, f"wrote more than {limits.result_bytes} bytes of results", reply)
    code = os.waitstatus_to_exitcode(reply.wait_status) if _ended(reply.wait_status) else -signal.SIGKILL
    if code < 0:
        return _by_signal(-code, reply, limits)
    if not reply.body:
        return _failed(Status.CRASHED, f"the process exited with code {code} without a result", reply)
    if code:
        return _failed(
            Status.CRASHED, f"the process exited with code {code} after writing {len(reply.body)} bytes", reply
        )
    try:
        return decode_record(reply.body, limits, reply.seconds)
    except WireError as error:
        return _failed(Status.CRASHED, f"malformed result: {error}", reply)


def _ended(wait_status: int) -> bool:
    return os.WIFEXITED(wait_status) or os.WIFSIGNALED(wait_status)


def _by_signal(number: int, reply: Reply, limits: Limits) -> Outcome:
    memory = f"out of memory (limit {limits.memory_bytes // _MEBIBYTE} MiB)"
    if number == signal.SIGXCPU:
        return _failed(Status.TIMEOUT, f"more processor time than {limits.seconds:g} s allow", reply)
    if number == signal.SIGSYS:
        return _failed(Status.CRASHED, FORBIDDEN, reply)
    if number == signal.SIGKILL:  # not sent by us: the kernel found no memory
        return _failed(Status.MEMORY, out_of_memory(), reply)
    if number == signal.SIGABRT and reply.growth > limits.memory_bytes // 2:  # std::bad_alloc ends in abort()
        return _failed(Status.MEMORY, memory, reply)
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return _failed(Status.CRASHED, f"the process was killed by {name}", reply)


def _failed(status: Status, message: str, reply: Reply) -> Outcome:
    return Outcome(status, message=message, seconds=reply.seconds)
