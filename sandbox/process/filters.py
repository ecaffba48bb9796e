"""The two seccomp filters of a child: which system calls it may make while it compiles, and while it runs.

Every call that is not named here kills the process. Looking for files is refused without killing, because Python and
Numba do it on their way to an error message. Sources: https://docs.kernel.org/userspace-api/seccomp_filter.html,
linux/filter.h, linux/seccomp.h, linux/audit.h, and the tables of system calls of each architecture
(arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h).
"""

import errno
import functools
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06  # of a 32-bit word, compared with a constant
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EACCES, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # where they lie in struct seccomp_data
_X32 = 0x3FFFFFFF  # larger numbers belong to the x32 interface

_WRITE, _EXECUTE = 0x2, 0x4  # PROT_WRITE, PROT_EXEC
_PR_SET_SECCOMP = 22
_LAST_DESCRIPTOR = 3


class Phase(StrEnum):
    """What a child does; the filter of the second phase is stacked on that of the first."""

    COMPILE = "compile"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Architecture:
    """The audit number of an architecture (linux/audit.h) and its system calls by name, those that we name."""

    audit: int
    calls: dict[str, int]


ARCHITECTURES = {
    "x86_64": Architecture(
        0xC000003E,
        {
            "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "lseek": 8, "mmap": 9, "mprotect": 10,
            "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "ioctl": 16,
            "access": 21, "sched_yield": 24, "mremap": 25, "madvise": 28, "getpid": 39, "exit": 60, "getcwd": 79,
            "readlink": 89, "gettimeofday": 96, "getppid": 110, "sigaltstack": 131, "prctl": 157, "gettid": 186,
            "futex": 202, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "exit_group": 231,
            "tgkill": 234, "openat": 257, "newfstatat": 262, "readlinkat": 267, "faccessat": 269, "getrandom": 318,
            "statx": 332, "faccessat2": 439,
        },
    ),
    "aarch64": Architecture(
        0xC00000B7,
        {
            "getcwd": 17, "ioctl": 29, "faccessat": 48, "openat": 56, "close": 57, "lseek": 62, "write": 64,
            "readlinkat": 78, "newfstatat": 79, "fstat": 80, "exit": 93, "exit_group": 94, "futex": 98,
            "clock_gettime": 113, "clock_getres": 114, "sched_yield": 124, "restart_syscall": 128, "tgkill": 131,
            "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "prctl": 167,
            "gettimeofday": 169, "getpid": 172, "getppid": 173, "gettid": 178, "brk": 214, "munmap": 215, "mremap": 216,
            "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278, "statx": 291, "faccessat2": 439,
        },
    ),
}  # fmt: skip

_COMMON = (
    "brk", "munmap", "mremap", "madvise", "futex", "getrandom", "clock_gettime", "clock_getres", "gettimeofday",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigaction", "sigaltstack", "restart_syscall", "sched_yield", "getpid",
    "getppid", "gettid", "close", "exit", "exit_group",
)  # fmt: skip
_REFUSED = (
    "open", "openat", "stat", "newfstatat", "fstat", "lstat", "statx", "access", "faccessat", "faccessat2", "readlink",
    "readlinkat", "lseek", "ioctl",
)  # fmt: skip


def architecture() -> Architecture | None:
    """The architecture of this machine; None where there is no table for it."""
    return ARCHITECTURES.get(platform.machine())


def assemble(machine: Architecture, phase: Phase, pid: int) -> bytes:
    """The filter of a phase as `struct sock_filter[]`, for the process of that id (as it sees itself)."""
    head, body = _assembled(phase, machine.audit, tuple(machine.calls.items()))
    # abort() ends in a signal to the own process, which tells running out of memory from other ends.
    return head + _on(machine.calls["tgkill"], _where(_EQUAL, 0, pid)) + body


@functools.cache
def _assembled(phase: Phase, audit: int, calls: tuple[tuple[str, int], ...]) -> tuple[bytes, bytes]:
    numbers = dict(calls)
    head = [
        _step(_LOAD, _ARCHITECTURE), _step(_EQUAL, audit, yes=1), _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER), _step(_ABOVE, _X32, no=1), _step(_RETURN, _KILL),
    ]  # fmt: skip
    conditions: dict[str, bytes] = {
        # Descriptors 0 to 2 are /dev/null, 3 is the result.
        "write": _where(_ABOVE, 0, _LAST_DESCRIPTOR, negate=True),
        "mmap": _where(_ANY_BIT, 2, _EXECUTE, negate=True),
        "mprotect": _where(_ANY_BIT, 2, _EXECUTE, negate=True),
    }
    if phase is Phase.COMPILE:
        conditions["mprotect"] = _not_both(2, _WRITE, _EXECUTE)  # machine code is written, then made executable
        conditions["prctl"] = _where(_EQUAL, 0, _PR_SET_SECCOMP)  # for the second filter
    body = [_on(numbers[name], block) for name, block in conditions.items()]
    body += _always(numbers, _COMMON, _ALLOW)
    if phase is Phase.COMPILE:
        body += _always(numbers, ("getcwd",), _ALLOW)  # compiling asks where it is; the answer is /
    body += _always(numbers, _REFUSED + (("getcwd",) if phase is Phase.RUN else ()), _REFUSE)
    return b"".join(head), b"".join([*body, _step(_RETURN, _KILL)])


def _step(code: int, constant: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One `struct sock_filter`; `yes` and `no` say how many instructions to skip."""
    return struct.pack("<HBBI", code, yes, no, constant)


def _on(number: int, block: bytes) -> bytes:
    """Decide a system call by a block that ends in a return, and go on for the others."""
    return _step(_EQUAL, number, no=len(block) // 8) + block


def _always(numbers: dict[str, int], names: Iterable[str], action: int) -> list[bytes]:
    return [_on(numbers[name], _step(_RETURN, action)) for name in names if name in numbers]


def _where(test: int, argument: int, constant: int, *, negate: bool = False) -> bytes:
    """Allow the call where a test of an argument holds (with `negate`: where it does not), else kill."""
    first, second = (_KILL, _ALLOW) if negate else (_ALLOW, _KILL)
    return (
        _step(_LOAD, _ARGUMENTS + 8 * argument)
        + _step(test, constant, no=1)
        + _step(_RETURN, first)
        + _step(_RETURN, second)
    )


def _not_both(argument: int, one: int, other: int) -> bytes:
    """Allow the call unless an argument has both bits."""
    return (
        _step(_LOAD, _ARGUMENTS + 8 * argument)
        + _step(_ANY_BIT, one, no=2)
        + _step(_ANY_BIT, other, no=1)
        + _step(_RETURN, _KILL)
        + _step(_RETURN, _ALLOW)
    )
