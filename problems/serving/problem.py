"""Serving a language model on one replica: which request runs, which is evicted, who is admitted."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, value
from heuresis.problems.baselines import baselines
from heuresis.problems.engines import files as engines
from heuresis.problems.problem import Algorithm, Choice, InstanceSet, Options, Problem
from heuresis.problems.registry import register
from heuresis.problems.serving.clairvoyant import in_engine_time, in_tokens
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.metrics import METRICS, Scenario, metrics
from heuresis.problems.serving.schedules import fcfs
from heuresis.problems.serving.scoring import OBJECTIVES, ServingScoring, guards
from heuresis.problems.serving.splits import SEARCH, SELECT, TEST, Split, build
from heuresis.problems.serving.traces.asked import cut, reader
from heuresis.problems.serving.traces.reader import READ

ENGINE = "rtx4090-llama-3.1-8b"
"""On which traces are served where no engine is named."""

TAKES = frozenset({"engine", "load", *READ})

STATEMENT = """\
A replica of an engine serves a language model. Requests arrive over time, each with a prompt to be prefilled and an
output of unknown length, which is generated token by token; an estimate of that length is given and may be wrong. The
engine works in iterations: each running request that decodes gets one token, and the rest of a budget of tokens is
given to prefill, in chunks. A request holds blocks of KV memory for all its tokens until it finishes; where blocks are
lacking a running request is evicted and has to compute its tokens again later. A waiting request is admitted only where
blocks are free for all of its tokens so far; while the first one waits for memory, all others wait. Blocks of prompts
stay in a cache as long as there is room, and a request with the same beginning need not compute them. An iteration
takes the longer the more tokens and the more KV memory it has, but much of that time is the same for one request as for
many.

`priority` is computed for requests that wait and that run: the smaller, the sooner it is admitted and prefilled; the
running request of largest priority is evicted first. `admit` may keep the next request waiting, and `prefill_budget`
may make iterations shorter, so that those that decode get their tokens faster.

Short jobs first make the mean response short, but estimates are noisy, what has been computed is lost by evicting, and
long requests must not starve. Loads go from half of what the engine can serve to more than that.
"""

STANDALONE = '''\
def order(waiting, running, now, free):
    """The waiting requests in the order in which to admit them, and the running ones in which to evict them.

    Requests are dictionaries with the keys arrival, deadline (seconds), prompt, estimate, computed, generated,
    restarts, program_service, client_service and cached (tokens); `free` is the share of KV blocks that are free.
    Returned are two lists of their numbers.
    """
    keys = "arrival deadline prompt estimate computed generated restarts program_service client_service cached".split()

    def values(requests, runs):
        some = [
            priority(now, *(float(one[key]) for key in keys), runs, free, float(len(running)), float(len(waiting)))
            for one in requests
        ]
        if any(value - value != 0.0 for value in some):
            raise ValueError("priority returned NaN or an infinity")
        return some

    first = values(waiting, 0.0)
    last = values(running, 1.0)
    admit_order = sorted(range(len(waiting)), key=lambda i: (first[i], waiting[i]["arrival"]))
    evict_order = sorted(range(len(running)), key=lambda i: (-last[i], -i))
    return admit_order, evict_order
'''

SOURCES = (
    "Agrawal et al. 2024, Sarathi-Serve and Vidur, arXiv 2403.02310 and 2405.05465",
    "Kwon et al. 2023, vLLM and paged attention, arXiv 2309.06180",
    "Sheng et al. 2024, fairness in serving, arXiv 2401.00588",
    "Yu et al. 2022, Orca and continuous batching, OSDI",
    "Zheng et al. 2024, SGLang and prefix caching, arXiv 2312.07104",
)

_RULES = (
    ("fcfs", "first come, first served", "Kwon et al. 2023, vLLM, arXiv 2309.06180"),
    ("srpt", "shortest remaining time, by the estimate", "Schrage 1968, doi:10.1287/opre.16.3.687"),
    ("sjf", "shortest job first, by the estimate", "Fu et al. 2024, arXiv 2408.15792"),
    ("hrrn", "highest response ratio next", "Brinch Hansen 1971"),
    ("mlfq", "multi-level feedback queue", "FastServe, Wu et al. 2023, arXiv 2305.05920"),
    ("priority", "class of service, then first come, first served", "vLLM's priority scheduling"),
    ("edf", "earliest deadline first", "Liu and Layland 1973, doi:10.1145/321738.321743"),
    ("slack_groups", "groups by slack to the deadline", "after JITServe, Zhang et al. 2025, arXiv 2504.20068"),
    ("sarathi", "chunked prefill, 512 tokens an iteration", "Sarathi-Serve, Agrawal et al. 2024, arXiv 2403.02310"),
    ("two_queues", "short uncached prompts have a head start", "after LAPS, She et al. 2026, arXiv 2601.11589"),
    ("srpt_past_future", "SRPT with Past-Future admission", "Schrage 1968, and LightLLM, arXiv 2507.10150"),
    ("past_future", "admission by the future peak of memory", "LightLLM, Gong et al. 2025, arXiv 2507.10150"),
    ("lpm", "longest cached prefix first", "SGLang, Zheng et al. 2024, arXiv 2312.07104"),
    ("batchllm", "by prefix, then large output for the prompt", "after BatchLLM, Zheng et al. 2024, arXiv 2412.03594"),
    ("vtc", "least served client first", "Sheng et al. 2024, arXiv 2401.00588"),
    ("dlpm", "longest prefix first within a deficit", "Cao et al. 2025, arXiv 2501.14312"),
    ("plas", "program-level attained service", "Autellix, Luo et al. 2025, arXiv 2502.13965"),
    ("continuing", "calls of programs under way first", "after Continuum, Li et al. 2025, arXiv 2511.02230"),
)


_SCHRAGE = "Schrage 1968, doi:10.1287/opre.16.3.687"


def _algorithms(objective: str) -> tuple[Algorithm, ...]:
    def algorithm(name: str, title: str, schedules: Callable[[Sequence[ServingInstance]], list[Scenario]]) -> Algorithm:
        def solve(instance: ServingInstance) -> float:
            return value(objective, schedules([instance])[0].results) / value(objective, fcfs([instance])[0])

        return Algorithm(name, title, solve, _SCHRAGE, measure=lambda instances: metrics(schedules(instances)))

    return (
        algorithm("clairvoyant_srpt", "SRPT that knows the true length of every output", in_tokens),
        algorithm(
            "clairvoyant_srpt_past_future",
            "the same by engine time, admitted only where memory will always suffice",
            in_engine_time,
        ),
    )


@functools.cache
def _split(split: Split, engine: Engine | None) -> InstanceSet:
    """A split, on its own engines or on another; built at most once per process."""
    return build(split, None if engine is None else [engine])


def configure(choice: Choice) -> Problem:
    """The problem by one of its objectives, on one engine, with traces at a rate and of a length; None: the default."""
    name = choice.objective or OBJECTIVE_NAMES[0]
    engine = None if choice.engine is None else engines.load(choice.engine)
    return Problem(
        name="serving",
        version=2,
        title="Serving a language model on one replica",
        statement=STATEMENT,
        contract=CONTRACT,
        simulator="heuresis.evaluators.serving.simulator:Serving",
        scoring=ServingScoring(name),
        objective=OBJECTIVES[name],
        splits={split.name: functools.partial(_split, split, engine) for split in (SEARCH, SELECT, TEST)},
        baselines=baselines("serving", _RULES),
        algorithms=_algorithms(name),
        read=reader(choice, [engine or engines.load(ENGINE)]),
        parts=cut,
        sources=SOURCES,
        standalone=STANDALONE,
        options=Options(
            objectives=OBJECTIVES,
            takes=TAKES,
            guards=guards("fcfs"),
            configure=configure,
        ),
        metrics=METRICS,
        choice=replace(choice, family=None, objective=None if name == OBJECTIVE_NAMES[0] else name),
    )


PROBLEM = register(configure(Choice()))
