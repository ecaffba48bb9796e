"""Traces cut by time: no request of one part has to do with the next."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from heuresis.problems.engines.files import load as engine
from heuresis.problems.problem import SPLITS, InstanceError, InstanceSet
from heuresis.problems.serving import schedules
from heuresis.problems.serving.instances import ServingInstance, fingerprint
from heuresis.problems.serving.load import at_load, load, rate
from heuresis.problems.serving.traces.asked import cut
from heuresis.problems.serving.traces.parts import alone, by_time, part

ENGINE = engine("a30-qwen2-7b")


def trace(count: int = 400, every: float = 1.0, name: str = "day.csv") -> ServingInstance:
    """A request now and then, of different lengths, of five clients."""
    numbers = np.arange(count)
    return ServingInstance(
        name=name,
        labels={},
        engine=ENGINE,
        arrival=numbers * every,
        prompt=(50 + 37 * numbers % 900).astype(np.int64),
        output=(5 + 11 * numbers % 200).astype(np.int64),
        estimate=(6.0 + numbers % 100),
        client=(numbers % 5).astype(np.int64),
        program=numbers.astype(np.int64),
        slo=np.zeros(count, dtype=np.int64),
        after=np.full(count, -1, dtype=np.int64),
        gap=np.zeros(count),
        prefix_offsets=np.zeros(count + 1, dtype=np.int64),
        prefix_blocks=np.zeros(0, dtype=np.int64),
    )


def as_read(*traces: ServingInstance) -> InstanceSet:
    """As the reader hands them over."""
    return InstanceSet("files", traces, fingerprint(traces))


def test_parts_follow_each_other_in_time_with_a_gap_in_which_requests_finish() -> None:
    whole = trace()
    stretches = {split: found for split, [found] in by_time([whole]).items()}
    done = whole.arrival + alone(whole)
    for before, after in itertools.pairwise(SPLITS):
        inside = (whole.arrival >= stretches[before].begin) & (whole.arrival <= stretches[before].end)
        assert stretches[after].begin >= done[inside].max() > stretches[before].end
    sizes = [stretches[split].requests.size for split in SPLITS]
    assert sizes[0] == 200
    assert 60 < sizes[1] < 80
    assert 100 < sizes[2] < 120
    for one in stretches.values():
        assert one.requests.arrival[0] == 0.0
        assert one.requests.arrival[-1] == pytest.approx(one.end - one.begin)


def test_a_request_has_the_engine_for_itself_as_long_as_is_computed_for_it() -> None:
    whole = trace(60, every=1_000.0)
    [results] = schedules.fcfs([whole])
    assert alone(whole) == pytest.approx(results.finish - results.arrived, rel=1e-6)


def test_estimates_stay_with_their_requests() -> None:
    whole = trace()
    parts = cut(as_read(whole))
    first = whole.size - parts["test"].instances[0].size
    assert parts["test"].instances[0].estimate.tolist() == whole.estimate[first:].tolist()


def test_calls_of_a_program_are_in_one_part_alone() -> None:
    numbers = np.arange(400)
    following = np.where(numbers % 2 == 1, numbers - 1, -1)
    following[300] = 10  # a call long after the one that it follows
    program = numbers // 2
    program[300] = program[10]
    program[301] = 7_000
    following[301] = 300
    whole = replace(trace(), after=following, program=program, gap=np.where(following >= 0, 0.5, 0.0))
    stretches = {split: found for split, [found] in by_time([whole]).items()}
    assert sum(one.requests.size for one in stretches.values()) < 400
    test = stretches["test"].requests
    late = whole.arrival[[300, 301]] - stretches["test"].begin
    assert not np.isin(late, test.arrival).any()  # neither the call, nor what follows it
    for one in stretches.values():
        calls = one.requests
        assert (calls.program[calls.after >= 0] == calls.program[calls.after[calls.after >= 0]]).all()


def test_prefixes_are_numbered_anew_within_a_part() -> None:
    whole = replace(
        trace(200),
        prompt=np.full(200, 64),
        prefix_offsets=np.arange(0, 601, 3),
        prefix_blocks=np.concatenate([[0, 1, 2 + i] for i in range(200)]).astype(np.int64),
    )
    last = part(whole, np.arange(150, 200))
    assert last.distinct_blocks == 52
    assert last.prefix_blocks[:6].tolist() == [0, 1, 2, 0, 1, 3]


def test_a_search_looks_at_blocks_of_its_part_and_the_others_are_whole() -> None:
    following = np.full(4_000, -1, dtype=np.int64)
    following[668] = 665
    following[667] = 666  # the first of the second block follows the last of the first one
    whole = replace(trace(4_000), after=following, gap=np.where(following >= 0, 0.25, 0.0))
    parts = cut(as_read(whole))
    blocks = parts["search"].instances
    assert [one.size for one in blocks] == [667, 667, 666]
    assert [one.name for one in blocks] == ["day.csv, block 1", "day.csv, block 2", "day.csv, block 3"]
    assert [one.arrival[0] for one in blocks] == [0.0] * 3
    assert np.concatenate([one.prompt for one in blocks]).tolist() == whole.prompt[:2_000].tolist()
    assert (blocks[1].after < 0).all()
    assert (blocks[1].gap == 0.0).all()
    assert [len(parts[split].instances) for split in ("select", "test")] == [1, 1]
    assert parts["search"].notes[0].startswith("search: 2,000 requests of day.csv in 3 blocks, 0 s to 1,999 s, ")


def test_the_cut_is_told_with_span_rate_and_load() -> None:
    parts = cut(as_read(trace()))
    [note] = parts["search"].notes
    share = load(parts["search"].instances[0], [ENGINE])
    assert note.startswith("search: 200 requests of day.csv, 0 s to 199 s, 1 requests/s, load ")
    assert f"load {share:.2f}" in note
    assert parts["search"].fingerprint[:12] in note


@pytest.mark.parametrize(("count", "every"), [(30, 1.0), (120, 0.01)])
def test_too_short_a_trace_is_refused_with_what_is_needed(count: int, every: float) -> None:
    with pytest.raises(InstanceError, match=r"day.csv: .* too few to be cut by time .* expected 20 or more beyond"):
        by_time([trace(count, every)])


def test_the_same_trace_twice_is_refused() -> None:
    with pytest.raises(InstanceError, match=r"copy.csv is the same trace as day.csv: give it once"):
        by_time([trace(), trace(name="copy.csv")])
    assert len(by_time([trace(), trace(every=2.0, name="slow.csv")])["test"]) == 2


def test_files_that_overlap_are_refused() -> None:
    numbers = np.random.default_rng(4).integers(20, 800, 600)
    whole = replace(trace(600), prompt=numbers.astype(np.int64))
    head = replace(part(whole, np.arange(400)), name="head.csv")
    with pytest.raises(InstanceError, match=r"of (day|head).csv has requests of .* the files overlap; give every"):
        by_time([whole, head])
    other = replace(part(whole, np.arange(300)), name="other.csv", prompt=numbers[:299:-1].astype(np.int64))
    assert len(by_time([part(whole, np.arange(300)), other])["test"]) == 2
    alike = replace(trace(), prompt=np.full(400, 64), output=np.full(400, 9))
    assert len(by_time([alike, replace(alike, name="b.csv", arrival=alike.arrival * 2.0)])["test"]) == 2


def test_a_load_is_that_share_of_the_capacity_of_all_engines() -> None:
    whole = trace()
    fast = at_load(whole, 0.9, [ENGINE])
    assert load(fast, [ENGINE]) == pytest.approx(0.9)
    assert load(fast, [ENGINE] * 3) == pytest.approx(0.3)
    assert rate(at_load(whole, 0.9, [ENGINE] * 3)) == pytest.approx(3 * (rate(fast) or 0.0))
    assert fast.gap.tolist() == whole.gap.tolist()


def test_what_a_cache_spares_and_what_is_rejected_is_no_load() -> None:
    alike = replace(
        trace(),
        prompt=np.full(400, 640),
        prefix_offsets=np.arange(0, 400 * 39 + 1, 39),
        prefix_blocks=np.tile(np.arange(39), 400),
    )
    caching = replace(ENGINE, prefix_caching=True)
    assert (load(replace(alike, engine=caching), [caching]) or 1.0) < 0.8 * (load(alike, [ENGINE]) or 0.0)
    prompt = np.full(400, 640)
    prompt[::2] = ENGINE.kv_tokens
    assert load(replace(trace(), prompt=prompt), [ENGINE]) == pytest.approx((load(alike, [ENGINE]) or 0.0) / 2, rel=0.1)


def test_a_load_that_no_rate_makes_is_refused() -> None:
    with pytest.raises(InstanceError, match="all requests arrive at once, so their load cannot be set"):
        at_load(trace(every=0.0), 0.9, [ENGINE])
    with pytest.raises(InstanceError, match="no prompt fits the engine's memory"):
        at_load(replace(trace(), prompt=np.full(400, ENGINE.kv_tokens)), 0.9, [ENGINE])
    with pytest.raises(InstanceError, match="at load 1e-09 the last request would arrive after"):
        at_load(trace(), 1e-9, [ENGINE])
