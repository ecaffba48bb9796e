"""Pools over the toy engine, and a look at the processes that are really there."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from heuresis.sandbox.layers import OS_LAYERS
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.screen.screen import AllowList, FunctionShape

TOY = f"{Path(__file__).parent / 'process' / 'toy_engine.py'}:Toy"
ALLOW = AllowList((FunctionShape("priority", ("p", "d", "t")),), frozenset({"abs", "min", "max", "float", "math.exp"}))
LIMITS = Limits(seconds=10.0, memory_bytes=96 << 20, result_bytes=16 << 20, message_bytes=500)


@pytest.fixture(scope="session")
def toy() -> str:
    """The name of the toy engine."""
    return TOY


@pytest.fixture(scope="session")
def allow() -> AllowList:
    """A contract of one function."""
    return ALLOW


@pytest.fixture(scope="session")
def limits() -> Limits:
    """Limits that are generous in time, because the machine may be busy."""
    return LIMITS


@pytest.fixture
def make_pool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Pool]]:
    """A factory of pools whose processes carry a mark; all are closed, and nothing may be left of them."""
    mark = str(tmp_path / "mark")
    monkeypatch.setenv("NUMBA_CACHE_DIR", mark)
    pools: list[Pool] = []

    def make(**overrides: object) -> Pool:
        arguments: dict = {"engine": TOY, "workers": 1, "limits": LIMITS, **overrides}
        pools.append(Pool(arguments.pop("engine"), {"weights": np.arange(4.0)}, ALLOW, **arguments))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert processes_with(mark) == []


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Two workers shared by the tests of a module, with no help of the operating system: supervision and limits alone."""
    with Pool(TOY, {"weights": np.arange(4.0)}, ALLOW, workers=2, limits=LIMITS, without=OS_LAYERS) as shared:
        yield shared


@pytest.fixture(scope="module")
def confined() -> Iterator[Pool]:
    """The same with every layer that the machine has."""
    with Pool(TOY, {"weights": np.arange(4.0)}, ALLOW, workers=2, limits=LIMITS) as shared:
        yield shared


@pytest.fixture(scope="session")
def marked() -> Callable[[str], list[int]]:
    """See `processes_with`."""
    return processes_with


@pytest.fixture(scope="session")
def gone() -> Callable[[str], bool]:
    """Whether every process with a mark ends within ten seconds."""

    def wait(mark: str) -> bool:
        deadline = time.monotonic() + 10.0
        while processes_with(mark) and time.monotonic() < deadline:
            time.sleep(0.02)
        return not processes_with(mark)

    return wait


def processes_with(mark: str) -> list[int]:
    """The living processes, this one excepted, in whose environment the mark stands."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            there = mark.encode() in (entry / "environ").read_bytes()
            zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue  # ended meanwhile
        if there and not zombie and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found
