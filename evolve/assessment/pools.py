"""Which processes hold which instances: those of `search` nothing else, any other set its own for as long as in use."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from heuresis.evaluators.cache import use_numba_cache
from heuresis.evolve.assessment import tasks
from heuresis.problems.problem import InstanceSet, Problem
from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import SandboxError
from heuresis.sandbox.process.pool import Pool

SEARCH = "search"
"""The split on which programs are searched for: its workers also tune and breed, and stay as long as the search."""


class Pools:
    """The worker processes of one problem, at most two sets of them. Thread-safe; starts none until asked."""

    def __init__(self, problem: Problem, workers: int, limits: Limits) -> None:
        self.problem, self.workers, self.limits = problem, workers, limits
        self._pools: dict[tuple[str, str], Pool] = {}
        self._opening = threading.RLock()
        self._visiting = threading.RLock()  # one set beside `search` is in use at a time
        self._closed = False

    @contextmanager
    def holding(self, instances: InstanceSet, programs: int = 1) -> Iterator[Pool]:
        """The processes that hold these instances, for so many programs; those beside `search` replace the ones before.

        Raises SandboxError after `close`.
        """
        if instances.name == SEARCH:
            yield self._opened(instances, self.workers, {tasks.IMPROVES: ""})
            return
        with self._visiting:
            yield self._opened(instances, min(programs, self.workers), {})

    def close(self) -> None:
        """Kill what runs and leave no process behind; whoever waits for one gets a SandboxError."""
        self._closed = True
        with self._opening:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    @property
    def confined(self) -> bool:
        """Whether the operating system confines the programs that have run so far (seccomp, sandbox level `medium`)."""
        with self._opening:
            return all(Layer.SECCOMP not in pool.missing for pool in self._pools.values())

    def pids(self) -> list[int]:
        """The process ids of the workers that are warm."""
        with self._opening:
            return [pid for pool in self._pools.values() for pid in pool.pids()]

    def _opened(self, instances: InstanceSet, workers: int, options: Mapping[str, str]) -> Pool:
        """Warm processes. Who closes need not wait for them to get so: compiling a simulator can take minutes."""
        pool = self._begun(instances, workers, options)
        pool.wait_ready()
        return pool

    def _begun(self, instances: InstanceSet, workers: int, options: Mapping[str, str]) -> Pool:
        key = (instances.name, instances.fingerprint)
        with self._opening:
            if self._closed:
                raise SandboxError("the assessor was closed")
            if key not in self._pools:
                if instances.name != SEARCH:
                    for other in [k for k in self._pools if k[0] != SEARCH]:
                        self._pools.pop(other).close()
                use_numba_cache()
                self._pools[key] = Pool(
                    tasks.ENGINE,
                    self.problem.scoring.pack(instances.instances),
                    self.problem.contract.allow_list(),
                    options={tasks.SIMULATOR: self.problem.simulator, **options},
                    workers=workers,
                    limits=self.limits,
                    wait=False,
                )
            return self._pools[key]
