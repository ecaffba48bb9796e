"""The splits of serving-router: which requests before which replicas, at which loads."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving.engine import Engine, IterationTime
from heuresis.problems.engines import fleets
from heuresis.problems.engines.files import load
from heuresis.problems.engines.fleets import Fleet
from heuresis.problems.problem import InstanceSet
from heuresis.problems.routing.instances import RouterInstance, Switching, before, fingerprint
from heuresis.problems.serving.instances import Labels
from heuresis.problems.serving.splits import LONGEST_CONTEXT, caching, notes_on, routed
from heuresis.problems.serving.workloads.capacity import capacity
from heuresis.problems.serving.workloads.estimates import DEFAULT_NOISE
from heuresis.problems.serving.workloads.families import (
    AGENTS,
    CHAT,
    CODING_AGENTS,
    DOCUMENTS,
    HEAVY_TAIL,
    TENANTS,
    Workload,
)  # fmt: skip
from heuresis.problems.serving.workloads.requests import draw, on_engine

REPLICAS: Final = 4
STARTUP: Final = 30.0
PRICE: Final = 5.0
SLOWER: Final = 1.6
GLIA: Final = ("a10-llama-3-8b-2048", "a10-llama-3-8b", "a10-llama-3-8b-4096")
"""The engines of the setting in which Glia (arXiv 2510.27176) compares routers: 2,048, 3,328 and 4,096 blocks."""
GLIA_REQUESTS: Final = 1_000


class Kind(StrEnum):
    """What kind of replicas there are."""

    EQUAL = "equal"
    UNEQUAL = "unequal"
    """Half of them take 1.6 times as long and have half of the memory."""
    POOLS = "pools"
    """Half of them prefill, the others decode."""
    SWITCHED = "switched"
    """Half of them are on at first."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A workload before replicas of a kind of engine, at a share of their capacity in sum (`serving_capacity`)."""

    workload: Workload
    kind: Kind
    engine: str
    load: float


@dataclass(frozen=True, slots=True)
class Split:
    """Settings, each so many times with so many requests; seeds are (workload, requests, `stream`, number)."""

    name: str
    stream: int
    settings: tuple[Setting, ...]
    requests: int
    times: int
    glia: tuple[int, ...] = ()  # numbers of the requests in Glia's setting


_TIGHT, _WIDE, _LARGE = "rtx4090-llama-3.1-8b", "a30-qwen2-7b", "h100x4-llama-2-70b"
_SEARCHED = (
    Setting(HEAVY_TAIL, Kind.EQUAL, _TIGHT, 0.9),
    Setting(HEAVY_TAIL, Kind.EQUAL, _TIGHT, 1.1),
    Setting(HEAVY_TAIL, Kind.EQUAL, _WIDE, 0.9),
    Setting(CHAT, Kind.EQUAL, _TIGHT, 1.0),
    Setting(AGENTS, Kind.EQUAL, _TIGHT, 0.8),
    Setting(TENANTS, Kind.EQUAL, _TIGHT, 0.9),
    Setting(HEAVY_TAIL, Kind.UNEQUAL, _TIGHT, 0.9),
    Setting(CHAT, Kind.UNEQUAL, _WIDE, 0.8),
    Setting(CHAT, Kind.POOLS, _TIGHT, 0.5),
    Setting(CHAT, Kind.SWITCHED, _TIGHT, 0.5),
)
_REPORTED = (
    Setting(DOCUMENTS, Kind.EQUAL, _LARGE, 0.9),
    Setting(CODING_AGENTS, Kind.EQUAL, _LARGE, 0.9),
    Setting(DOCUMENTS, Kind.UNEQUAL, _LARGE, 0.8),
    Setting(DOCUMENTS, Kind.POOLS, _LARGE, 0.5),
    Setting(DOCUMENTS, Kind.SWITCHED, _LARGE, 0.5),
)
SEARCH = Split("search", 11, _SEARCHED, 1_000, 1)
SELECT = Split("select", 12, _SEARCHED, 1_000, 2)
TEST = Split("test", 13, _REPORTED, 1_000, 10, glia=tuple(range(10)))


def build(split: Split, given: Fleet | None = None, replicas: int = REPLICAS) -> InstanceSet:
    """Generate a split on so many replicas of its own engines or on those given, with prefix caching on in any case.

    Of unequal replicas that are given there is one kind, so only the settings for equal ones are put before them.
    """
    settings = [one for one in split.settings if given is None or given.equal or one.kind is Kind.EQUAL]
    instances = [one for setting in settings for one in _on(split, setting, given, replicas)]
    for name in GLIA if split.glia and given is None else ():
        fleet = fleets.equal(load(name), replicas)
        instances += [before(fleet, routed(load(name), GLIA_REQUESTS, number)) for number in split.glia]
    told = () if given is None else notes_on(dict.fromkeys(given.engines))
    return InstanceSet(split.name, tuple(instances), fingerprint(instances), told)


def _on(split: Split, setting: Setting, given: Fleet | None, replicas: int) -> Iterator[RouterInstance]:
    engine = caching(load(setting.engine) if given is None else given.engines[0])
    if given is None or given.equal:
        fleet, roles, switching = _fleet(setting.kind, engine, replicas if given is None else len(given.engines))
    else:
        fleet, roles, switching = tuple(map(caching, given.engines)), given.roles, None
    smallest = min(one.kv_tokens for one in fleet)
    for number in range(split.times):
        requests = draw(setting.workload, split.requests, min(LONGEST_CONTEXT, smallest // 2), split.stream, number)
        rate = setting.load * sum(capacity(requests, one) for one in fleet)
        parts = (split.name, engine.name, setting.kind, setting.workload.name, f"load{setting.load}", str(number))
        labels: Labels = {
            "workload": setting.workload.name, "engine": engine.name, "replicas": str(setting.kind),
            "load": setting.load, "number": number,
        }  # fmt: skip
        name = "-".join(parts)
        one = on_engine(requests, engine, rate, name, labels, DEFAULT_NOISE, (split.stream, number))
        yield RouterInstance(one, fleet, roles, switching)


def _fleet(kind: Kind, engine: Engine, count: int) -> tuple[tuple[Engine, ...], tuple[int, ...], Switching | None]:
    """Replicas, their roles, and whether they may be switched; one replica alone is always mixed and on."""
    half = count // 2
    mixed = (MIXED,) * count
    if kind is Kind.EQUAL or half == 0:
        return (engine,) * count, mixed, None
    if kind is Kind.UNEQUAL:
        return (engine,) * (count - half) + (slower(engine),) * half, mixed, None
    if kind is Kind.POOLS:
        return (engine,) * count, (PREFILLS_ONLY,) * half + (DECODES_ONLY,) * (count - half), None
    return (engine,) * count, mixed, Switching(half, STARTUP, PRICE)


def slower(engine: Engine) -> Engine:
    """An engine whose iterations take 1.6 times as long and which has half of the memory."""

    def scaled(time: IterationTime) -> IterationTime:
        *factors, excess_from = time.to_tuple()
        const, prefill, decode, kv, attention, excess = (SLOWER * factor for factor in factors)
        return IterationTime(const, prefill, decode, kv, attention, excess, excess_from)

    return replace(engine, blocks=max(1, engine.blocks // 2), mixed=scaled(engine.mixed), decode=scaled(engine.decode))
