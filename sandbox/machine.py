"""What this process may use of the machine: processors and memory, also where a container is allowed only a part.

Control groups limit a container: the CPU quota and the memory limit of every group above a process hold, in version 1
and in version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html). The files of a faked machine may stand below any
other root.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONTROLLER_BYTES, WORKER_BYTES = 512 << 20, 512 << 20
"""Memory that a search takes for itself, and for each of its workers with the program that it runs."""

_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Quota:
    """What control groups allow at most; None: they limit nothing."""

    cores: float | None = None
    memory: int | None = None  # bytes

    def __str__(self) -> str:
        cores = None if self.cores is None else f"{self.cores:g} cores"
        memory = None if self.memory is None else f"{self.memory / (1 << 30):.3g} GiB of memory"
        return " and ".join(text for text in (cores, memory) if text) or "no limit"


def quota(root: Path = _ROOT) -> Quota:
    """The quota of this process: the least that any of its control groups allows."""
    cores, memory = list[float](), list[int]()
    for folder in _groups(root):
        cores += _cores(folder)
        memory += _memory(folder)
    total = _installed(root)
    limits = [limit for limit in memory if total is None or limit < total]  # version 1 says 2**63 where there is none
    return Quota(min(cores, default=None), min(limits, default=None))


def available_cores(root: Path = _ROOT) -> int:
    """How many cores this process can keep busy: those that it may run on, as far as its quota goes; at least 1."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = quota(root).cores
    return own if allowed is None else max(1, min(own, math.floor(allowed)))


def default_workers(root: Path = _ROOT) -> int:
    """How many workers there is room for: one per available core, as far as the memory limit goes; at least 1."""
    memory = quota(root).memory
    room = math.inf if memory is None else (memory - CONTROLLER_BYTES) // WORKER_BYTES
    return int(max(1, min(available_cores(root), room)))


def out_of_memory(root: Path = _ROOT) -> str:
    """What to say of a process that the kernel has killed for memory."""
    memory = quota(root).memory
    whose = "the machine had no memory left" if memory is None else f"{memory >> 20} MiB are allowed to this container"
    return f"killed by the system for want of memory ({whose}; fewer --workers leave more to each)"


def _groups(root: Path) -> Iterator[Path]:
    """The folders of the control groups of this process, each from its own group up to the one that is mounted."""
    paths = dict(_paths(_text(root / "proc/self/cgroup")))
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3 or kind[0] not in ("cgroup", "cgroup2"):
            continue
        names = {""} if kind[0] == "cgroup2" else {"cpu", "memory"} & set(kind[2].split(","))
        for name in sorted(names & set(paths)):
            yield from _upwards(root / _unescaped(fields[4]).lstrip("/"), _below(paths[name], _unescaped(fields[3])))


def _paths(text: str) -> Iterator[tuple[str, str]]:
    """Controller (empty in version 2) and path of each line of `/proc/self/cgroup`."""
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for name in controllers.split(","):
            yield name, path


def _below(path: str, mounted: str) -> Path:
    """A group's path below the group that is mounted; where it is not below that, a container sees its own alone."""
    try:
        return Path(path).relative_to(mounted)
    except ValueError:
        return Path()


def _upwards(mount: Path, below: Path) -> Iterator[Path]:
    for part in (below, *below.parents):
        if ".." not in part.parts:
            yield mount / part


def _cores(folder: Path) -> Iterator[float]:
    allowed, _, period = _text(folder / "cpu.max").strip().partition(" ")  # version 2: `max 100000`, `150000 100000`
    if not allowed:
        allowed, period = (_text(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
    if allowed.isdigit() and period.isdigit() and int(allowed) > 0 and int(period) > 0:
        yield int(allowed) / int(period)


def _memory(folder: Path) -> Iterator[int]:
    for name in ("memory.max", "memory.limit_in_bytes"):
        limit = _text(folder / name).strip()
        if limit.isdigit() and int(limit) > 0:
            yield int(limit)


def _installed(root: Path) -> int | None:
    """The machine's memory in bytes; None where it does not say."""
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        kibibytes = rest.split()[:1]
        if name == "MemTotal" and kibibytes and kibibytes[0].isdigit():
            return int(kibibytes[0]) << 10
    return None


def _text(path: Path) -> str:
    """A file of the kernel; empty where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _unescaped(field: str) -> str:
    r"""A path of mountinfo, in which blanks are written as `\040`."""
    for code in (r"\040", r"\011", r"\012", r"\134"):
        field = field.replace(code, chr(int(code[1:], 8)))
    return field
