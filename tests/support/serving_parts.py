"""Small serving instances, schedulers and payloads for tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from on_demand import OnDemand

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.serving.contract import ADMIT, CONTRACT, PREFILL_BUDGET, PRIORITY
from heuresis.evaluators.serving.engine import Admission, Batching, Engine, IterationTime, Preemption, ServiceLevel
from heuresis.evaluators.serving.simulator import Serving

NO_CONSTANTS = np.zeros(0)
ONE = np.zeros(1, dtype=np.int64)
Payload = dict[str, NDArray[Any]]


def scheduler(priority: str, admit: str | None = None, budget: str | None = None) -> str:
    """A program of one expression for each function; None leaves the default body."""
    parts = ((PRIORITY, priority), (ADMIT, admit), (PREFILL_BUDGET, budget))
    return "\n".join(f"{f.signature}:\n    return {body}\n" for f, body in parts if body is not None)


SOURCES = {
    "fcfs": scheduler("arrival"),
    "last_come": scheduler("-arrival"),
    "shortest_left": scheduler("estimate - generated + 0.01 * prompt"),
    "of_now": scheduler("(now - arrival) * (0.5 - free) + cached * n_running - n_waiting + restarts - 3.0 * computed"),
    "fair": scheduler("client_service + 0.25 * program_service + 0.001 * deadline"),
    "prefix": scheduler("-cached + 0.001 * arrival - running"),
    "reserving": scheduler(
        "arrival", "-1.0 if peak > total_blocks and n_running > 0 else (prompt + estimate) / 4.0",
        "0.5 * budget + pending * 0.01",
    ),
    "holding": scheduler("prompt", "now - 1.5 if need < 3 else promised + 1", "free * budget - n_decoding"),
}  # fmt: skip
PROGRAMS = OnDemand(lambda source: compile_program(source, CONTRACT), SOURCES)
JUDGES = OnDemand(lambda source: judge_of(source, CONTRACT), SOURCES)

MIXED = IterationTime(17.0, 0.5, 0.25, 0.01, 1000.0, 0.05, 4.0)
DECODE = IterationTime(13.0, 0.0, 0.3, 0.02, 0.0, 0.05, 3.0)


def engine(**changes: Any) -> Engine:
    """A small engine: 16 blocks of 4 tokens, 4 sequences, 12 tokens, decodes first, no prefix cache."""
    given: dict[str, Any] = {
        "name": "small", "title": "small", "origin": "a test", "blocks": 16, "block_size": 4, "max_num_seqs": 4,
        "max_num_batched_tokens": 12, "batching": Batching.DECODE_FIRST, "preemption": Preemption.RECOMPUTE,
        "prefix_caching": False, "watermark": 0.0, "kv_bytes_per_token": 1000.0, "link_bytes_per_second": 1e6,
        "replicas": 1, "mixed": MIXED, "decode": DECODE,
        "slo": (ServiceLevel("tight", 0.5, 0.1), ServiceLevel("loose", 1.0, 0.2)),
    }  # fmt: skip
    return Engine(**(given | changes))


def payload(
    on: Engine, arrival: Sequence[float], prompt: Sequence[int], output: Sequence[int], **more: Sequence[Any]
) -> Payload:
    """One instance; what is not given: the true output as estimate, one client, a program of its own, no prefixes."""
    n = len(arrival)
    zero = np.zeros(n, dtype=np.int64)
    given: Mapping[str, Any] = {
        "arrival": arrival, "prompt": prompt, "output": output, "estimate": np.asarray(output, dtype=np.float64),
        "client": zero, "program": np.arange(n), "slo": zero, "after": zero - 1, "gap": np.zeros(n),
        "prefix_offsets": np.zeros(n + 1, dtype=np.int64), "prefix_blocks": np.zeros(0, dtype=np.int64),
        "offsets": [0, n], "engine": on.to_array()[None], "reference": np.ones(1), "objective": ONE,
        "slo_ttft": [s.ttft for s in on.slo], "slo_tpot": [s.tpot for s in on.slo], "slo_offsets": [0, len(on.slo)],
    }  # fmt: skip
    return {name: np.asarray(value) for name, value in (dict(given) | more).items()}


@st.composite
def instances(draw: st.DrawFn) -> tuple[Engine, Payload]:
    """Up to 12 requests on an engine with little memory, of either kind of batching, preemption and admission."""
    size, seats = draw(st.sampled_from((1, 2, 4))), draw(st.integers(1, 5))
    on = engine(
        blocks=draw(st.integers(3, 30)), block_size=size, max_num_seqs=seats,
        max_num_batched_tokens=seats + draw(st.integers(0, 12)), batching=draw(st.sampled_from(list(Batching))),
        preemption=draw(st.sampled_from(list(Preemption))), prefix_caching=draw(st.booleans()),
        watermark=draw(st.sampled_from((0.0, 0.1, 0.3))), admission=draw(st.sampled_from(list(Admission))),
    )  # fmt: skip
    n = draw(st.integers(1, 12))

    def column(numbers: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(numbers, min_size=n, max_size=n))

    prompt = column(st.integers(1, min(on.kv_tokens + 2, 30)))
    after = [draw(st.integers(-1, i - 1)) if i and draw(st.integers(0, 3)) == 0 else -1 for i in range(n)]
    gap = [draw(st.integers(0, 20)) / 100.0 if a >= 0 else 0.0 for a in after]
    known: dict[tuple[int, ...], int] = {}
    blocks, offsets = [], [0]
    for tokens in prompt:
        path: tuple[int, ...] = ()
        for branch in draw(st.lists(st.sampled_from((0, 0, 0, 1)), max_size=tokens // size)):
            path = (*path, branch)
            blocks.append(known.setdefault(path, len(known)))
        offsets.append(len(blocks))
    return on, payload(
        on, sorted(a / 100.0 for a in column(st.integers(0, draw(st.sampled_from((0, 30, 200)))))), prompt,
        column(st.integers(1, 20)), estimate=np.asarray(column(st.integers(1, 25)), dtype=np.float64),
        client=column(st.integers(0, 2)), program=column(st.integers(0, 3)), slo=column(st.integers(0, 1)),
        after=after, gap=gap, prefix_offsets=offsets, prefix_blocks=np.asarray(blocks, dtype=np.int64),
    )  # fmt: skip


def simulator(given: Payload) -> Serving:
    """The simulator of one instance."""
    return Serving(given)
