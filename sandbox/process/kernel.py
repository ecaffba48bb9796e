"""The only place that asks the kernel for confinement; everything else goes through these functions.

Sources: prctl(2), capset(2), unshare(2), user_namespaces(7), pid_namespaces(7), landlock(7),
https://docs.kernel.org/userspace-api/landlock.html, seccomp(2),
https://docs.kernel.org/userspace-api/seccomp_filter.html, https://docs.kernel.org/userspace-api/no_new_privs.html.
"""

import ctypes
import functools
import os
import platform
import sys
from pathlib import Path

LINUX = sys.platform.startswith("linux")

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2

_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWPID = 0x20000000
_CLONE_NEWNET = 0x40000000

_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION = 0x20080522
_LANDLOCK_CREATE_RULESET = 444  # the same on both architectures
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
_LANDLOCK_FILES = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many kinds of access to files each version of the interface knows; later versions know as many as the last."""
_LANDLOCK_TCP = 0b11  # bind, connect; from version 4
_LANDLOCK_SCOPES = 0b11  # abstract Unix sockets, signals; from version 6


class _LandlockRuleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _FilterProgram(ctypes.Structure):
    _fields_ = (("instructions", ctypes.c_ushort), ("filter", ctypes.c_char_p))


class _CapabilityHead(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _fail(what: str) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, f"{what}: {os.strerror(code)}")


def _prctl(option: int, *arguments: int | ctypes.c_void_p) -> None:
    """Call prctl(2); nothing happens where the system has none (macOS)."""
    if not LINUX:
        return
    given = [a if isinstance(a, ctypes.c_void_p) else ctypes.c_ulong(a) for a in arguments]
    given += [ctypes.c_ulong(0)] * (4 - len(given))
    if _libc().prctl(ctypes.c_int(option), *given) != 0:
        raise _fail(f"prctl({option})")


def _syscall(number: int, *arguments: object) -> int:
    result: int = _libc().syscall(ctypes.c_long(number), *arguments)
    return result


def die_with_parent(signal_number: int) -> None:
    """Be sent a signal when the thread that started this process ends."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def forbid_inspection() -> None:
    """Close this process's memory and environment to other processes of the same user (not to root's)."""
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent has ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def renounce_privileges() -> None:
    """Never gain privileges by executing a file, and give up those of the superuser."""
    if not LINUX:
        return
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    number = _CAPSET.get(platform.machine())
    if number is None:
        return
    head, none = _CapabilityHead(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    if _syscall(number, ctypes.byref(head), ctypes.byref(none)) != 0:
        raise _fail("capset")


def enter_namespaces() -> bool:
    """Leave the users, processes, network and IPC objects of the machine; whether the machine allows it.

    The next child is process 1 of a new process namespace: when it ends, everything in there is killed. The superuser
    keeps the user namespace (children give up their capabilities instead), so that the files of others stay readable.
    Must be called while there is one thread.
    """
    if not LINUX or not hasattr(_libc(), "unshare"):
        return False
    apart = _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC
    user, group = os.geteuid(), os.getegid()
    if user == 0 and _libc().unshare(apart) == 0:
        return True
    if _libc().unshare(_CLONE_NEWUSER | apart) != 0:
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        try:
            Path(f"/proc/self/{name}").write_text(text)
        except OSError:  # the process is then nobody in there, and no less confined
            break
    return True


@functools.cache
def landlock_version() -> int:
    """The version of the kernel's Landlock interface, 0 where there is none."""
    if not LINUX or platform.machine() not in _CAPSET:
        return 0
    version = _syscall(
        _LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_CREATE_RULESET_VERSION)
    )
    return max(version, 0)


def enter_landlock() -> bool:
    """Refuse every access that Landlock knows, for good; whether the kernel has Landlock.

    No file can be opened, made, removed or executed; with newer kernels no TCP port bound or connected to, no abstract
    Unix socket outside reached and no process outside signalled. Privileges must have been renounced.
    """
    version = landlock_version()
    if not version:
        return False
    files = _LANDLOCK_FILES[min(version, max(_LANDLOCK_FILES))]
    ruleset = _LandlockRuleset((1 << files) - 1, _LANDLOCK_TCP, _LANDLOCK_SCOPES)
    size = 8 if version < 4 else 16 if version < 6 else 24
    descriptor = _syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if descriptor < 0:
        raise _fail("landlock_create_ruleset")
    try:
        if _syscall(_LANDLOCK_RESTRICT_SELF, ctypes.c_int(descriptor), ctypes.c_uint32(0)) != 0:
            raise _fail("landlock_restrict_self")
    finally:
        os.close(descriptor)
    return True


def add_filter(program: bytes) -> None:
    """Put a seccomp filter (`filters.py`) on top of those in force. Privileges must have been renounced."""
    held = _FilterProgram(len(program) // 8, program)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.cast(ctypes.byref(held), ctypes.c_void_p))
