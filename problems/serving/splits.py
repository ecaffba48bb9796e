"""The splits of serving: which workloads at which loads on which engines; and the setting of Glia's routers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.engines.files import load
from heuresis.problems.problem import InstanceSet
from heuresis.problems.serving.instances import Labels, ServingInstance, fingerprint
from heuresis.problems.serving.workloads.capacity import capacity
from heuresis.problems.serving.workloads.estimates import DEFAULT_NOISE
from heuresis.problems.serving.workloads.families import (
    AGENTS,
    CHAT,
    CODE,
    CODING_AGENTS,
    DOCUMENTS,
    HEAVY_TAIL,
    LONG_CONTEXT,
    ROUTED,
    ROUTED_RATE,
    TENANTS,
    Workload,
)
from heuresis.problems.serving.workloads.requests import at_rate, draw, on_engine

LOADS: Final = (0.5, 0.8, 1.0, 1.3)
"""Shares of `capacity`, which is that of the very requests of a scenario."""

LONGEST_CONTEXT: Final = 131_072
"""Tokens of prompt and output together, and at most half of an engine's memory: none is rejected in a split."""


@dataclass(frozen=True, slots=True)
class Split:
    """Scenarios: each workload on each engine at each load, with so many requests, so many times.

    Seeds are (workload, requests, `stream`, number), so streams never meet. Scenarios that differ in load alone have
    the same requests, and those that differ in the engine too, but for what is cut to its memory: they are paired.
    """

    name: str
    stream: int
    workloads: tuple[Workload, ...]
    engines: tuple[str, ...]
    requests: int
    times: int


SEARCHED: Final = (CHAT, HEAVY_TAIL, AGENTS, TENANTS)
REPORTED: Final = (CODE, LONG_CONTEXT, CODING_AGENTS, DOCUMENTS)
_ENGINES: Final = ("rtx4090-llama-3.1-8b", "a30-qwen2-7b")
# One engine is short of memory and the other of places in the batch, and they give out tokens in the two orders.

SEARCH = Split("search", 1, SEARCHED, _ENGINES, 800, 1)
SELECT = Split("select", 2, SEARCHED, _ENGINES, 1_000, 2)
TEST = Split("test", 3, REPORTED, ("h100x4-llama-2-70b",), 1_000, 10)
_ROUTED_STREAM: Final = 4


def build(split: Split, engines: Sequence[Engine] | None = None, noise: float = DEFAULT_NOISE) -> InstanceSet:
    """Generate a split on its own engines or on those given, with prefix caching on in either case."""
    chosen = [load(name) for name in split.engines] if engines is None else engines
    instances = tuple(one for engine in chosen for one in _on(caching(engine), split, noise))
    return InstanceSet(split.name, instances, fingerprint(instances), notes_on(engines or ()))


def caching(engine: Engine) -> Engine:
    """An engine as the splits have it: with its prefix cache on, without which shared prefixes mean nothing."""
    return replace(engine, prefix_caching=True)


def notes_on(engines: Iterable[Engine]) -> tuple[str, ...]:
    """What is to be said of engines that somebody chose for a split and that are not served as they are."""
    return tuple(
        f"{one.name} has prefix_caching = false, but splits are served with it on"
        for one in engines
        if not one.prefix_caching
    )


def _on(engine: Engine, split: Split, noise: float) -> Iterator[ServingInstance]:
    context = min(LONGEST_CONTEXT, engine.kv_tokens // 2)
    for workload in split.workloads:
        for number in range(split.times):
            requests = draw(workload, split.requests, context, split.stream, number)
            limit = capacity(requests, engine)
            first: ServingInstance | None = None
            for load_ in LOADS:
                name = f"{split.name}-{engine.name}-{workload.name}-load{load_}-{number}"
                labels: Labels = {"workload": workload.name, "engine": engine.name, "load": load_, "number": number}
                if first is None:
                    first = on_engine(requests, engine, load_ * limit, name, labels, noise, (split.stream, number))
                    yield first
                else:
                    yield at_rate(first, requests, load_ * limit, name, labels)


def routed(
    engine: Engine, requests: int, number: int, rate: float = ROUTED_RATE, noise: float = DEFAULT_NOISE
) -> ServingInstance:
    """The setting in which Glia (arXiv:2510.27176) compares routers: `ROUTED` at `rate` requests per second in all.

    Equal numbers give equal requests at any rate and, unless the memory cuts them, on any engine: they are paired.
    """
    context = min(LONGEST_CONTEXT, engine.kv_tokens // 2)
    drawn = draw(ROUTED, requests, context, _ROUTED_STREAM, number)
    labels: Labels = {"workload": ROUTED.name, "engine": engine.name, "rate": rate, "number": number}
    name = f"routed-{engine.name}-{rate:g}-{number}"
    return on_engine(drawn, engine, rate, name, labels, noise, (_ROUTED_STREAM, number))
