"""Containers: what control groups allow, in version 1 and 2, at whatever height it is said."""

from pathlib import Path

import pytest

from heuresis.sandbox import machine
from heuresis.sandbox.machine import Quota, available_cores, default_workers, out_of_memory, quota

GIB = 1 << 30
V2 = "30 20 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
V1 = (
    "31 20 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 20 0:28 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
)
NO_LIMIT = str(2**63 - 4096)


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


def made(root: Path, group: str, mounts: str, **files: str) -> Path:
    """A machine of 64 GiB; `__` in the names of files stands for a slash, below /sys/fs/cgroup."""
    proc = root / "proc/self"
    proc.mkdir(parents=True)
    (proc / "cgroup").write_text(group)
    (proc / "mountinfo").write_text("22 1 8:1 / / rw - ext4 /dev/sda rw\n" + mounts)
    (root / "proc/meminfo").write_text(f"MemFree: 1 kB\nMemTotal:       {64 << 20} kB\n")
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_version_2_in_a_container(tmp_path: Path) -> None:
    root = made(tmp_path, "0::/\n", V2, **{"cpu.max": "250000 100000", "memory.max": str(2 * GIB)})
    assert quota(root) == Quota(2.5, 2 * GIB)
    assert available_cores(root) == 2
    assert default_workers(root) == 2


def test_version_2_counts_every_group_above(tmp_path: Path) -> None:
    files = {
        "kubepods__cpu.max": "400000 100000",
        "kubepods__memory.max": "max",
        "kubepods__pod__cpu.max": "max 100000",
        "kubepods__pod__memory.max": str(GIB),
        "kubepods__pod__one__cpu.max": "800000 100000",
        "kubepods__pod__one__memory.max": str(8 * GIB),
        "other__memory.max": "1",
    }
    root = made(tmp_path, "0::/kubepods/pod/one\n", V2, **files)
    assert quota(root) == Quota(4.0, GIB)
    assert (available_cores(root), default_workers(root)) == (4, 1)


def test_version_1_counts_every_group_above(tmp_path: Path) -> None:
    files = {
        "cpu,cpuacct__cpu.cfs_quota_us": "-1",
        "cpu,cpuacct__cpu.cfs_period_us": "100000",
        "cpu,cpuacct__docker__cpu.cfs_quota_us": "300000",
        "cpu,cpuacct__docker__cpu.cfs_period_us": "100000",
        "memory__memory.limit_in_bytes": NO_LIMIT,
        "memory__docker__a b__memory.limit_in_bytes": str(4 * GIB),
    }
    root = made(tmp_path, "4:memory:/docker/a b\n3:cpu,cpuacct:/docker\n1:name=systemd:/x\n0::/x\n", V1, **files)
    assert quota(root) == Quota(3.0, 4 * GIB)
    assert available_cores(root) == default_workers(root) == 3


def test_a_container_that_sees_its_own_group_alone(tmp_path: Path) -> None:
    """The path is the host's; what is mounted is the group itself."""
    mounts = r"32 20 0:28 /docker/a\040b /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory" + "\n"
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    for place, group in (("one", "4:memory:/docker/a b\n"), ("two", "4:memory:/elsewhere/c\n")):
        root = made(tmp_path / place, group, mounts, **{"memory__memory.limit_in_bytes": str(GIB)})
        assert quota(root).memory == GIB


def test_what_is_no_limit_limits_nothing(tmp_path: Path) -> None:
    assert quota(tmp_path) == Quota()
    files = {"memory__memory.limit_in_bytes": NO_LIMIT, "cpu,cpuacct__cpu.cfs_quota_us": "-1"}
    root = made(tmp_path, "4:memory:/\n3:cpu,cpuacct:/\nnonsense\n", V1 + "short\n", **files)
    assert quota(root) == Quota()
    assert available_cores(root) == default_workers(root) == 16
    assert "no memory left" in out_of_memory(root)


def test_a_part_of_a_core_is_one_worker_and_what_was_killed_names_the_limit(tmp_path: Path) -> None:
    root = made(tmp_path, "0::/\n", V2, **{"cpu.max": "50000 100000", "memory.max": str(256 << 20)})
    assert available_cores(root) == default_workers(root) == 1
    assert "256 MiB are allowed to this container" in out_of_memory(root)
    assert str(quota(root)) == "0.5 cores and 0.25 GiB of memory"
