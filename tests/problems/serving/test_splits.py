"""The splits of serving: families, loads, pairing; and the capacity that loads are shares of."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from heuresis.evaluators.serving.engine import Engine, IterationTime
from heuresis.problems.engines.files import load
from heuresis.problems.problem import InstanceSet
from heuresis.problems.serving.splits import LOADS, REPORTED, SEARCH, SEARCHED, SELECT, TEST, build, routed
from heuresis.problems.serving.workloads.capacity import capacity
from heuresis.problems.serving.workloads.families import CHAT, CODING_AGENTS, TENANTS
from heuresis.problems.serving.workloads.requests import Requests, draw

MARKS = {"search": "64bfdf466a02", "select": "1fa4318e5d67", "test": "57bf3fe88985"}


@pytest.fixture(scope="module")
def sets() -> dict[str, InstanceSet]:
    return {split.name: build(split) for split in (SEARCH, replace(SELECT, times=1), replace(TEST, times=1))}


def test_splits_never_change(sets: dict[str, InstanceSet]) -> None:
    assert {name: one.fingerprint[:12] for name, one in sets.items()} == MARKS


def test_search_simulates_a_little(sets: dict[str, InstanceSet]) -> None:
    assert 20_000 <= sum(one.size for one in sets["search"].instances) <= 30_000


def test_what_is_reported_was_never_searched() -> None:
    assert not {one.name for one in SEARCHED} & {one.name for one in REPORTED}
    assert (SEARCH.workloads, SELECT.workloads, TEST.workloads) == (SEARCHED, SEARCHED, REPORTED)
    assert set(SEARCH.engines) == set(SELECT.engines)
    assert not set(TEST.engines) & set(SEARCH.engines)
    assert len({SEARCH.stream, SELECT.stream, TEST.stream}) == 3


def test_what_is_reported_has_ten_seeds_that_are_paired_over_loads() -> None:
    assert TEST.times == 10
    few = build(replace(TEST, workloads=TEST.workloads[:1], requests=20)).instances
    assert [one.labels["number"] for one in few] == [number for number in range(10) for _ in LOADS]
    assert len({one.prompt.tobytes() for one in few}) == 10


def test_loads_of_the_same_requests(sets: dict[str, InstanceSet]) -> None:
    for one in sets.values():
        names = [i.name for i in one.instances]
        assert len(set(names)) == len(names)
        groups: dict[tuple[object, ...], list[int]] = {}
        for k, i in enumerate(one.instances):
            groups.setdefault((i.labels["engine"], i.labels["workload"], i.labels["number"]), []).append(k)
        for members in groups.values():
            chosen = [one.instances[k] for k in members]
            assert tuple(i.labels["load"] for i in chosen) == LOADS
            rates = [(i.size - 1) / i.arrival[-1] for i in chosen]
            assert np.array(rates) / rates[2] == pytest.approx(LOADS, rel=1e-3)
            for other in chosen[1:]:
                assert np.array_equal(other.prompt, chosen[0].prompt)
                assert np.array_equal(other.estimate, chosen[0].estimate)


def test_nothing_is_rejected(sets: dict[str, InstanceSet]) -> None:
    for one in sets.values():
        assert all(int((i.prompt + i.output).max()) <= i.engine.kv_tokens // 2 for i in one.instances)
        assert all(i.engine.prefix_caching for i in one.instances)


def test_engines_are_paired(sets: dict[str, InstanceSet]) -> None:
    chat = [i for i in sets["search"].instances if i.labels["workload"] == "chat" and i.labels["load"] == 1.0]
    assert len({i.engine.name for i in chat}) == len(chat) == 2
    assert np.array_equal(chat[0].prompt, chat[1].prompt)


def test_another_engine_and_other_noise() -> None:
    engine = load("a30-qwen2-7b")
    small = replace(SEARCH, workloads=(CHAT,), requests=50)
    one, calm = build(small, [engine]).instances[0], build(small, [engine], noise=0.0).instances[0]
    assert one.engine == replace(engine, prefix_caching=True)
    assert np.array_equal(calm.estimate, calm.output)
    assert not np.array_equal(one.estimate, one.output)


def test_the_setting_of_routers() -> None:
    engine = load("a10-llama-3-8b")
    one, faster, other = routed(engine, 2_000, 0), routed(engine, 2_000, 0, rate=10.0), routed(engine, 2_000, 1)
    assert 1_999 / one.arrival[-1] == pytest.approx(7.5, rel=1e-4)
    assert 1_999 / faster.arrival[-1] == pytest.approx(10.0, rel=1e-4)
    assert np.array_equal(one.prompt, faster.prompt)
    assert np.array_equal(one.estimate, faster.estimate)
    assert not np.array_equal(one.prompt, other.prompt)
    assert one.prompt.max() > 2_048
    assert np.diff(one.arrival).std() > 3 * np.diff(one.arrival).mean()


def plain(n: int, prompt: int, output: int) -> Requests:
    zeros, ones = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    return replace(
        draw(CHAT, n, 1 << 20, 1), prompt=prompt * ones, output=output * ones, root=zeros - 1, root_tokens=zeros[:0]
    )


def engine(**changes: Any) -> Engine:
    time = IterationTime(10.0, 0.1, 0.2, 0.001, 2.0, 0.0, 0.0)
    calm = IterationTime(8.0, 0.0, 0.2, 0.001, 0.0, 0.0, 0.0)
    limits: dict[str, Any] = {
        "mixed": time,
        "decode": calm,
        "blocks": 1 << 20,
        "max_num_seqs": 10,
        "max_num_batched_tokens": 1_000,
    }
    return replace(load("a30-qwen2-7b"), watermark=0.0, **(limits | changes))


def test_capacity_by_hand() -> None:
    requests = plain(50, 500, 100)  # each: one pass of prefill, 99 decodes that read 550 tokens on average
    work = 0.1 * 500 + 2.0 * 0.125 + 0.2 * 99 + 0.001 * 99 * 550
    full_batch = (1 * 10.0 + 9 * 8.0) + work  # 100 passes, 10 at a time
    assert capacity(requests, engine()) == pytest.approx(1_000 / full_batch, rel=1e-5)
    passes = (99 * (550 + 8) + 500) / 1_600  # as many as memory for 1,600 tokens makes of it
    assert capacity(requests, engine(blocks=100)) == pytest.approx(1_000 / (10.0 + 8.0 * (passes - 1) + work), rel=1e-5)
    long = plain(50, 5_000, 1)  # 5 iterations full of prefill
    assert capacity(long, engine()) == pytest.approx(1_000 / (5 * 10.0 + 0.1 * 5_000 + 2.0 * 12.5), rel=1e-5)


def test_the_excess_costs_capacity() -> None:
    dear = engine(decode=IterationTime(8.0, 0.0, 0.2, 0.001, 0.0, 1.0, 4.0))
    requests = plain(50, 500, 100)
    # Of 10 iterations for each request 9 have decodes alone, 9.9 of them, 5.9 beyond the hinge.
    assert 1_000 / capacity(requests, dear) == pytest.approx(1_000 / capacity(requests, engine()) + 9 * 5.9, rel=1e-5)


def test_shared_texts_raise_capacity_where_they_are_cached() -> None:
    requests = draw(TENANTS, 500, 20_000, 1)
    without = load("rtx4090-llama-3.1-8b")
    assert capacity(requests, without) > 1.05 * capacity(requests, replace(without, prefix_caching=False))
    assert capacity(plain(50, 500, 100), without) == capacity(
        plain(50, 500, 100), replace(without, prefix_caching=False)
    )


def test_what_programs_find_in_the_cache_raises_capacity_as_memory_allows() -> None:
    requests, small = draw(CODING_AGENTS, 300, 20_000, 1), replace(load("a30-qwen2-7b"), prefix_caching=True)
    none = capacity(requests, replace(small, prefix_caching=False))
    rates = [capacity(requests, replace(small, blocks=blocks)) for blocks in (2_600, 11_008, 1 << 20)]
    assert none < rates[0] < rates[1] < rates[2]
    alone = replace(requests, after=np.full(300, -1, dtype=np.int64), gap=np.zeros(300))
    assert capacity(alone, small) < 0.7 * rates[1]


def test_another_engine_keeps_the_prefix_cache_of_the_splits() -> None:
    given, few = load("a30-qwen2-7b"), replace(SEARCH, workloads=(TENANTS,), requests=20)
    assert not given.prefix_caching
    found = build(few, [given])
    assert all(one.engine == replace(given, prefix_caching=True) for one in found.instances)
    assert found.notes == ("a30-qwen2-7b has prefix_caching = false, but splits are served with it on",)
    assert build(few).notes == build(few, [replace(given, prefix_caching=True)]).notes == ()
