"""Serving a language model on several replicas: which replica gets a request, in which order, and when."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from heuresis.evaluators.routing.contract import CONTRACT
from heuresis.evaluators.serving.engine import EngineError
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES
from heuresis.problems.baselines import baselines
from heuresis.problems.cutting import stamp
from heuresis.problems.engines.fleets import Fleet, fleet_of
from heuresis.problems.problem import Choice, InstanceSet, Options, Parts, Problem
from heuresis.problems.registry import register
from heuresis.problems.routing.instances import before, fingerprint
from heuresis.problems.routing.scoring import METRICS, OBJECTIVES, RouterScoring
from heuresis.problems.routing.splits import REPLICAS, SEARCH, SELECT, TEST, Split, build
from heuresis.problems.serving.scoring import guards
from heuresis.problems.serving.traces.asked import reader
from heuresis.problems.serving.traces.parts import by_time
from heuresis.problems.serving.traces.reader import READ

ENGINE = "a10-llama-3-8b"
"""On whose replicas traces are served where no engine is named."""

TAKES = frozenset({"engine", "load", "replicas", *READ})

STATEMENT = """\
Several replicas of engines serve a language model, and a router sends each request to one of them. Requests arrive over
time, each with a prompt to be prefilled and an output of unknown length, which is generated token by token; an estimate
of that length is given and may be wrong. A replica serves what it gets first come, first served, in iterations: each
running request that decodes gets one token, and the rest of a budget of tokens goes to prefill. A request holds blocks
of KV memory for all its tokens until it finishes; where blocks are lacking the request that was sent there last is
evicted and computes its tokens again. The first of those that wait there is admitted where blocks for all of its tokens
so far are free. Blocks of prompts stay in a replica's cache as long as there is room, and a request with the same
beginning need not compute them there.

The router is called when a request arrives, when one is done, and when a replica has started. Requests that it does
not send wait in a central queue. `order` says which of them is first; `score` is computed for this one and each
replica, and the replica with the smallest is chosen; `hold` may keep the request, and all after it, until the next
call. Replicas may be unlike each other, or be split into those that prefill and those that decode; then a request is
sent twice, and its KV takes its time over the link. Where replicas may be switched on and off, `scale` says how many
there shall be, and their time has a price.

What is sent cannot be called back: a request that waits at a replica waits behind those sent there before, while in the
central queue it can be overtaken. But `migrate` may move the last request of a replica to another one: while it waits
that costs nothing, while it decodes its KV takes its time over the link. A few requests are very long, and a replica
that evicts does its work twice.

Requests have classes of service, which differ in what they are promised. Where replicas are overloaded `admit` may
refuse requests as they arrive, or put them off; never those of the most urgent class. Who is refused misses what it was
promised, and counts as if it were taken up when all others are done.
"""

STANDALONE = '''\
def route(request, replicas, now, session, prefix, routed, held):
    """The number of the replica to which a request goes.

    `request` is a dictionary with the keys arrival, deadline (seconds), prompt, estimate and generated (tokens), each
    of `replicas` one with queued, running (requests), free, total, pending, committed, projected, cached (tokens),
    speed, deficit and here.
    """
    keys = "queued running free total pending committed projected cached speed deficit here".split()
    values = [
        score(
            now, *(float(request[key]) for key in "arrival deadline prompt estimate generated".split()),
            float(session), float(prefix), float(routed), float(held), float(len(replicas)), float(number),
            *(float(replica[key]) for key in keys),
        )
        for number, replica in enumerate(replicas)
    ]
    if any(value - value != 0.0 for value in values):
        raise ValueError("score returned NaN or an infinity")
    return min(range(len(values)), key=lambda number: (values[number], number))
'''

SOURCES = (
    "Glia, arXiv 2510.27176",
    "Agrawal et al. 2024, Vidur, arXiv 2405.05465",
    "Cao et al. 2025, D2LPM, arXiv 2501.14312",
    "DualMap, arXiv 2602.06502",
    "LMetric, arXiv 2603.15202",
    "Sun et al. 2024, Llumnix, arXiv 2406.03243",
    "Patel et al. 2024, Splitwise, arXiv 2311.18677",
    "Zhong et al. 2024, DistServe, arXiv 2401.09670",
    "llm-d, probabilistic admitter, https://github.com/llm-d/llm-d-router (2026)",
)

_GLIA = "Glia, arXiv 2510.27176"
_GATEWAY = "after the Gateway API Inference Extension, whose saturation detector sheds by priority"
_LLM_D = "after llm-d's probabilistic admitter (2026), found by search in the simulator BLIS"
_RULES = (
    ("llq", "the shortest queue", _GLIA),
    ("lor", "least outstanding requests", _GLIA),
    (
        "lor_vidur",
        "fewest waiting requests, ties to the lowest replica",
        "Agrawal et al. 2024, Vidur, arXiv 2405.05465",
    ),
    ("random", "any replica", "the rule of a load balancer without state"),
    ("round_robin", "one replica after the other", "the rule of a load balancer without state"),
    ("power_of_two", "the better of two drawn", "Mitzenmacher 2001, doi:10.1109/71.963420"),
    ("least_kv", "most free KV memory", "the rule of KV-aware load balancers"),
    ("prefix_affinity", "longest cached prefix, cap on load", "after SGLang, Zheng et al. 2024, arXiv 2312.07104"),
    ("session_hash", "calls of a program go to one replica", "rendezvous hashing, Thaler and Ravishankar 1998"),
    ("d2lpm", "longest prefix within a deficit of the client", "after Cao et al. 2025, arXiv 2501.14312"),
    ("dualmap", "the better of two by hashes of the prefix", "after DualMap, arXiv 2602.06502"),
    ("dualmap_rebalancing", "the same, with migration from hotspots", "after DualMap, arXiv 2602.06502"),
    ("lmetric", "new prefill tokens times batch size", "arXiv 2603.15202"),
    ("hra", "head-room admission", f"after {_GLIA}"),
    ("hold_shortest_prompt_llq", "held, shortest prompt first, then the shortest queue", f"after {_GLIA}"),
    ("llumnix", "most room for each request, moved from replicas that run short", "after Llumnix, arXiv 2406.03243"),
    ("shed_lowest", "the shortest queue, the lowest class is refused where replicas are saturated", _GATEWAY),
    ("shed_by_chance", "the shortest queue, the lowest class is refused by chance as load grows", _LLM_D),
    ("put_off_lowest", "the shortest queue, the lowest class comes later where replicas are saturated", _GATEWAY),
    ("scale_by_queue", "the shortest queue, replicas by its length", "the rule of queue-based autoscalers"),
    (
        "scale_by_utilisation",
        "the shortest queue, replicas by memory used",
        "the rule of utilisation-based autoscalers",
    ),
)


@functools.cache
def _split(split: Split, given: Fleet | None, replicas: int) -> InstanceSet:
    """A split, on its own engines or on others; built at most once per process."""
    return build(split, given, replicas)


def _reader(choice: Choice, fleet: Fleet) -> Callable[[Sequence[Path]], InstanceSet]:
    """Reads files before these replicas; raises InstanceError where rate, load or limit cannot be."""
    read = reader(choice, fleet.engines)

    def found(paths: Sequence[Path]) -> InstanceSet:
        requests = read(paths)
        instances = tuple(before(fleet, one) for one in requests.instances)
        return replace(requests, instances=instances, fingerprint=fingerprint(instances))

    return found


def _cut(found: InstanceSet) -> Parts:
    """Traces cut by time, before the same replicas."""
    fleet, parts = found.instances[0].fleet, {}
    for split, stretches in by_time([one.requests for one in found.instances]).items():
        pairs = zip(found.instances, stretches, strict=True)
        instances = tuple(replace(one, requests=some) for one, stretch in pairs for some in stretch.instances(split))
        part = InstanceSet(split, instances, fingerprint(instances))
        told = (stretch.told(split, fleet) for stretch in stretches)
        parts[split] = replace(part, notes=tuple(f"{words}, {stamp(part)}" for words in told))
    return parts


def _several(fleet: Fleet) -> Fleet:
    """The replicas, among which a router has to choose. Raises EngineError where there is but one."""
    if len(fleet.engines) == 1:
        name = fleet.engines[0].name
        raise EngineError(
            f"{name} has one replica, but a router chooses among two or more: say --replicas 4, or write a file "
            f'MINE.toml with replicas = [{{engine = "{name}", count = 4}}], then --engine MINE.toml'
        )
    return fleet


def configure(choice: Choice) -> Problem:
    """The problem by one of its objectives, before some replicas, with traces as they are wanted; None: the default.

    Raises EngineError where there is one replica.
    """
    name = choice.objective or OBJECTIVE_NAMES[0]
    fleet = _several(fleet_of(choice.engine or ENGINE, choice.replicas))
    given = None if choice.engine is None else fleet
    return Problem(
        name="serving-router",
        version=2,
        title="Serving a language model on several replicas",
        statement=STATEMENT,
        contract=CONTRACT,
        simulator="heuresis.evaluators.routing.simulator:Routing",
        scoring=RouterScoring(name),
        objective=OBJECTIVES[name],
        splits={
            split.name: functools.partial(_split, split, given, choice.replicas or REPLICAS)
            for split in (SEARCH, SELECT, TEST)
        },
        baselines=baselines("routing", _RULES),
        read=_reader(choice, fleet),
        parts=_cut,
        sources=SOURCES,
        standalone=STANDALONE,
        options=Options(
            objectives=OBJECTIVES,
            takes=TAKES,
            guards=guards("llq"),
            configure=configure,
        ),
        metrics=METRICS,
        choice=replace(choice, family=None, objective=None if name == OBJECTIVE_NAMES[0] else name),
    )


PROBLEM = register(configure(Choice()))
