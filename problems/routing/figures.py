"""What a fleet behind a router looks like: queues, batches and memory over time, and how long requests take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.routing.roles import DECODES_ONLY, PREFILLS_ONLY
from heuresis.problems.figures import Curve, Figure, cumulative
from heuresis.problems.routing.instances import RouterInstance
from heuresis.problems.routing.schedules import Schedule, pack

POINTS = 2000
"""So many points has a curve over time."""
_WAITING, _RUNNING, _USED, _ON = range(4)
_POOLS = {PREFILLS_ONLY: " (prefill)", DECODES_ONLY: " (decode)"}


@dataclass(frozen=True, slots=True)
class _Watched:
    """A schedule at even dates: who is held, and of each replica who waits and runs, its memory, whether it costs."""

    dates: Floats
    held: Floats
    replicas: Floats  # dates × replicas × (waiting, running, blocks in use, 1 where it is on, starts or drains)
    blocks: Floats  # of each replica
    roles: NDArray[np.int64]
    found: Routed

    def sums(self, column: int) -> Floats:
        """Of all replicas together."""
        total: Floats = self.replicas[:, :, column].sum(axis=1)
        return total

    @property
    def shares(self) -> Floats:
        """Of each replica the share of its blocks that is in use, in percent."""
        percent: Floats = 100.0 * self.replicas[:, :, _USED] / self.blocks
        return percent

    @property
    def memory(self) -> Floats:
        """The share of all blocks of replicas that are on that is in use, in percent."""
        there = self.replicas[:, :, _ON] @ self.blocks
        percent: Floats = 100.0 * self.sums(_USED) / np.maximum(there, 1.0)
        return percent

    @property
    def spread(self) -> Floats:
        """Between the fullest and the emptiest replica that is on, of one pool, in percentage points."""
        widest = np.zeros(len(self.dates))
        for role in np.unique(self.roles):
            shares, on = self.shares[:, self.roles == role], self.replicas[:, self.roles == role, _ON] > 0
            most, least = np.where(on, shares, -np.inf).max(axis=1), np.where(on, shares, np.inf).min(axis=1)
            widest = np.maximum(widest, most - least)
        return widest


def figures(instance: RouterInstance, schedules: Mapping[str, Schedule]) -> Sequence[Figure]:
    """Of schedules by the name of who made them: queues, batches and memory, then distributions of times.

    One router is shown replica by replica (those that are ever on), several side by side with sums over the replicas,
    and how evenly they fill them. How many replicas there are is shown where they may be switched.
    """
    seen = {name: _watched(instance, one) for name, one in schedules.items()}
    if len(seen) == 1:
        (one,) = seen.values()
        found = _by_replica(instance, one)
    else:
        found = _side_by_side(seen)
    if instance.switching is not None:
        found.append(_over_time("Replicas that are on, start or drain", "replicas", seen, lambda w: w.sums(_ON)))
    for title, get in (("Time to first token", "ttft"), ("Time from arrival to last token", "e2e")):
        curves = [cumulative(name, getattr(one.found.results, get)) for name, one in seen.items()]
        found.append(Figure(title, "seconds", "share of requests", curves, log_x=True))
    return found


def _side_by_side(seen: Mapping[str, _Watched]) -> list[Figure]:
    """Several routers: all replicas together."""
    found = [
        _over_time("Waiting requests, held ones included", "requests", seen, lambda w: w.held + w.sums(_WAITING)),
        _over_time("Running requests", "requests", seen, lambda w: w.sums(_RUNNING)),
        _over_time("KV memory in use", "%", seen, lambda w: w.memory),
        _over_time("KV memory: the fullest replica beyond the emptiest", "% points", seen, lambda w: w.spread),
    ]
    if any(one.held.any() for one in seen.values()):
        found.insert(1, _over_time("Held requests", "requests", seen, lambda w: w.held))
    return found


def _by_replica(instance: RouterInstance, one: _Watched) -> list[Figure]:
    """One router: replica by replica."""
    roles = {r: role for r, role in enumerate(instance.roles) if one.replicas[:, r, _ON].any()}

    def curves(columns: Floats) -> list[Curve]:
        names = {r: f"replica {r}{_POOLS.get(role, '')}" for r, role in roles.items()}
        return [Curve(name, one.dates, columns[:, r], steps=True) for r, name in names.items()]

    waiting = curves(one.replicas[:, :, _WAITING])
    if one.held.any():
        waiting.append(Curve("held", one.dates, one.held, steps=True))
    return [
        Figure("Waiting requests", "time (s)", "requests", waiting),
        Figure("Running requests", "time (s)", "requests", curves(one.replicas[:, :, _RUNNING])),
        Figure("KV memory in use", "time (s)", "%", curves(one.shares)),
    ]


def _over_time(title: str, label: str, seen: Mapping[str, _Watched], get: Callable[[_Watched], Floats]) -> Figure:
    curves = [Curve(name, one.dates, get(one), steps=True) for name, one in seen.items()]
    return Figure(title, "time (s)", label, curves)


def _watched(instance: RouterInstance, schedule: Schedule) -> _Watched:
    """A schedule at even dates until its last request is done."""
    from heuresis.evaluators.routing.simulator import Routing

    found = schedule.routed
    finish = found.results.finish[~np.isnan(found.results.finish)]
    dates = np.linspace(0.0, finish.max() if len(finish) else 0.0, POINTS, endpoint=False)
    held, replicas = Routing(pack([instance])).timeline(0, schedule.stream, dates)
    blocks = np.array([float(one.blocks) for one in instance.fleet])
    return _Watched(dates, held, replicas, blocks, np.array(instance.roles), found)
