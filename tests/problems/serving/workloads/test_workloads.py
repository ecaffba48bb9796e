"""Generated workloads: their lengths against the published traces, their structure, and that they never change."""

import math
from itertools import pairwise

import numpy as np
import pytest

from heuresis.problems.engines.files import load
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.workloads.estimates import estimated
from heuresis.problems.serving.workloads.families import (
    AGENTS,
    CHAT,
    CODE,
    CODING_AGENTS,
    DOCUMENTS,
    HEAVY_TAIL,
    LEVELS,
    LONG_CONTEXT,
    ROUTED,
    TENANTS,
    WORKLOADS,
    Workload,
)
from heuresis.problems.serving.workloads.lengths import Gaps, Lengths, Mode, lognormal, on_and_off
from heuresis.problems.serving.workloads.prefixes import engine_blocks, grown_blocks
from heuresis.problems.serving.workloads.requests import Requests, at_rate, draw, on_engine
from heuresis.problems.serving.workloads.streams import Stream

ENGINE = load("a30-qwen2-7b")
GOLDEN = {  # prompt tokens, output tokens, and milliseconds until request 200 arrives
    "chat": [442285, 86823, 210193],
    "code": [869580, 9828, 207856],
    "long_context": [3359344, 176606, 202991],
    "heavy_tail": [676253, 123667, 279060],
    "agents": [2116229, 56176, 191327],
    "tenants": [704307, 89889, 164878],
    "coding_agents": [2887013, 84547, 226714],
    "documents": [1363582, 63718, 236201],
    "routed": [367408, 129758, 181317],
}
MANY, CONTEXT = 30_000, 1 << 20


def prefixes(one: ServingInstance) -> list[list[int]]:
    ends = one.prefix_offsets.tolist()
    return [one.prefix_blocks[a:b].tolist() for a, b in pairwise(ends)]


@pytest.mark.parametrize(
    ("workload", "prompt", "output"),
    [  # medians and p99 of Azure's conversations and code and of Mooncake's conversations
        (CHAT, (1020, 4142), (129, 601)),
        (CODE, (1469, 7436), (13, 251)),
        (LONG_CONTEXT, (6909, 85400), (350, 1118)),
    ],
)
def test_lengths_are_near_those_of_the_traces(workload: Workload, prompt: tuple[int, int], output: tuple[int, int]) -> None:  # fmt: skip
    drawn = draw(workload, MANY, CONTEXT, 1)
    for lengths, (median, p99) in ((drawn.prompt, prompt), (drawn.output, output)):
        # A lognormal has the trace's mean and spread of logarithms; its median and tail are near the trace's, not equal.
        assert 0.55 < np.median(lengths) / median < 1.45
        assert 0.45 < np.percentile(lengths, 99) / p99 < 1.8


@pytest.mark.parametrize(
    ("lengths", "mu", "sigma", "longest"),
    [
        (CHAT.prompt, 6.63, 0.99, 4_142),
        (CODE.prompt, 7.00, 1.36, 7_437),
        (CODE.output, 2.79, 0.85, 1_899),
        (LONG_CONTEXT.prompt, 8.74, 1.20, 126_195),
        (LONG_CONTEXT.output, 5.34, 1.36, 2_000),
    ],
)
def test_lengths_have_their_distribution(lengths: Lengths, mu: float, sigma: float, longest: int) -> None:
    drawn = lengths.draw(Stream.seeded(1), MANY)
    assert drawn.min() >= 1
    for percent, z in ((50, 0.0), (90, 1.2816), (99, 2.3263)):
        expected = min(math.exp(mu + sigma * z), longest)
        assert np.percentile(drawn, percent) == pytest.approx(expected, rel=0.06)


def test_chat_outputs_have_two_modes() -> None:
    drawn = CHAT.output.draw(Stream.seeded(1), MANY)
    assert (np.median(drawn), np.percentile(drawn, 99)) == (pytest.approx(129, rel=0.05), pytest.approx(601, rel=0.05))
    counts = np.histogram(drawn, bins=[0, 60, 120, 180, 240, 300, 360, 420, 480, 2_000])[0]
    assert counts[1] > 3 * counts[4]
    assert counts[6] > 3 * counts[4]


def test_a_tail_is_ten_times_as_long() -> None:
    plain, tailed = lognormal(5.0, 1.0, 2_000), lognormal(5.0, 1.0, 2_000, 0.05)
    one, other = plain.draw(Stream.seeded(1), MANY), tailed.draw(Stream.seeded(1), MANY)
    assert set(np.unique(other / one)) == {1.0, 10.0}
    assert np.mean(other > one) == pytest.approx(0.05, rel=0.1)
    for workload in (HEAVY_TAIL, ROUTED):
        assert (workload.prompt.tail, workload.output.tail, workload.gaps) == (0.05, 0.05, Gaps.LOGNORMAL)


def test_mixtures_keep_their_weights() -> None:
    drawn = Lengths((Mode(1.0, 2.0, 0.0), Mode(3.0, 5.0, 0.0)), 1_000).draw(Stream.seeded(1), 4_000)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [7, 148]
    assert counts / 1_000 == pytest.approx([1, 3], rel=0.1)


@pytest.mark.parametrize(("gaps", "variation"), [(Gaps.POISSON, 1.0), (Gaps.GAMMA, 3.0), (Gaps.LOGNORMAL, 7.32)])
def test_arrivals(gaps: Gaps, variation: float) -> None:
    arrivals = gaps.draw(Stream.seeded(2), 200_000)
    assert (arrivals[0], arrivals[-1]) == (0.0, pytest.approx(199_999))
    steps = np.diff(arrivals)
    assert steps.min() >= 0.0
    assert steps.std() / steps.mean() == pytest.approx(variation, rel=0.2)


def test_clients_come_and_go() -> None:
    arrivals, client = on_and_off(Stream.seeded(2), 20_000, 4, 50.0, 100.0)
    assert np.all(np.diff(arrivals) >= 0)
    assert np.bincount(client) / np.bincount(client)[0] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4], abs=0.15)
    times = arrivals[client == 0]
    quiet = np.diff(times)
    long = quiet[quiet > 15.0]  # its mean gap while on is 0.7
    assert long.mean() - 15.0 == pytest.approx(100.0, rel=0.35)
    assert len(long) == pytest.approx(20_000 / 150, rel=0.35)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda one: one.name)
def test_every_workload_is_sound(workload: Workload) -> None:
    drawn = draw(workload, 400, 20_000, 3, 1)
    assert drawn.size == 400
    assert int((drawn.prompt + drawn.output).max()) <= 20_000
    assert drawn.arrival[0] == 0.0
    assert drawn.arrival[-1] == pytest.approx(399)
    one = on_engine(drawn, ENGINE, 2.0, "one", {"a": 1}, seed=(3, 1))
    assert one.arrival[-1] == pytest.approx(399 / 2)
    assert (one.name, one.labels) == ("one", {"a": 1})
    again = on_engine(draw(workload, 400, 20_000, 3, 1), ENGINE, 2.0, "one", {}, seed=(3, 1))
    other = on_engine(draw(workload, 400, 20_000, 3, 2), ENGINE, 2.0, "one", {}, seed=(3, 2))
    for what in ("arrival", "prompt", "output", "estimate", "slo", "after", "gap", "prefix_blocks"):
        assert np.array_equal(getattr(one, what), getattr(again, what))
    for what in ("arrival", "prompt", "output", "estimate"):
        assert not np.array_equal(getattr(one, what), getattr(other, what))
    faster = at_rate(one, drawn, 4.0, "faster", {})
    assert faster.arrival == pytest.approx(one.arrival / 2, abs=2e-6)
    assert np.array_equal(faster.estimate, one.estimate)


def test_levels_have_their_shares() -> None:
    counts = np.bincount(draw(CHAT, MANY, CONTEXT, 1).level, minlength=3)
    assert counts / MANY == pytest.approx(LEVELS, rel=0.05)


def test_tenants_share_their_texts() -> None:
    drawn = draw(TENANTS, 500, CONTEXT, 1)
    one = on_engine(drawn, ENGINE, 1.0, "one", {})
    rows = prefixes(one)
    for i in range(1, 500):
        for j in (0, i // 2, i - 1):
            shared = sum(a == b for a, b in zip(rows[i], rows[j], strict=False)) if i != j else 0
            text = int(drawn.root_tokens[drawn.client[i]]) // 16
            assert shared == (text if drawn.client[i] == drawn.client[j] and i != j else 0)
    assert len(np.unique(drawn.level[drawn.client == 0])) == 1
    assert (
        np.bincount(draw(DOCUMENTS, 2_000, CONTEXT, 1).root).argmax() % 5 == 0
    )  # a client's first text is the favourite


@pytest.mark.parametrize("workload", [AGENTS, CODING_AGENTS], ids=["agents", "coding_agents"])
def test_programs_grow_call_by_call(workload: Workload) -> None:
    drawn = draw(workload, 2_000, CONTEXT, 1)
    calls = workload.calls
    assert calls is not None
    later = np.flatnonzero(drawn.after >= 0)
    assert np.array_equal(drawn.after[later], later - 1)
    assert np.array_equal(drawn.program[later], drawn.program[later - 1])
    assert np.array_equal(drawn.root[later], drawn.root[later - 1])
    assert np.array_equal(drawn.arrival[later], drawn.arrival[later - 1])
    assert np.all(drawn.prompt[later] > drawn.prompt[later - 1] + drawn.output[later - 1])
    assert np.all(drawn.gap[drawn.after < 0] == 0.0)
    assert np.median(drawn.gap[later]) == pytest.approx(calls.pause_median, rel=0.1)
    assert np.bincount(drawn.program).mean() == pytest.approx(calls.mean, rel=0.25)
    rows = prefixes(on_engine(drawn, ENGINE, 1.0, "one", {}))
    for i in later[:200].tolist():
        assert rows[i][: len(rows[i - 1])] == rows[i - 1]
    firsts = np.flatnonzero(drawn.after < 0)[:20].tolist()
    for i in firsts[1:]:
        text = int(drawn.root_tokens[drawn.root[i]]) // 16
        for j in (k for k in firsts if k < i and drawn.root[k] == drawn.root[i]):
            assert sum(a == b for a, b in zip(rows[i], rows[j], strict=False)) == text


def test_a_program_ends_before_its_context_does() -> None:
    drawn = draw(CODING_AGENTS, 1_000, 12_000, 1)
    assert drawn.prompt.max() <= 9_000
    assert drawn.output.max() <= 3_000
    assert draw(AGENTS, 1, 12_000, 1).arrival.tolist() == [0.0]


def test_estimates_have_the_noise_asked_for() -> None:
    output = np.full(MANY, 1_000, dtype=np.int64)
    for sigma in (0.25, 1.0):
        error = np.log(estimated(output, sigma, 1) / output)
        assert error.std() == pytest.approx(sigma, rel=0.03)
        assert np.median(error) == pytest.approx(0.0, abs=0.03 * sigma)
    assert np.array_equal(estimated(output, 0.0, 1), output)
    assert estimated(np.ones(1_000, dtype=np.int64), 2.0).min() == 1.0


def test_requests_never_change() -> None:
    drawn = {one.name: draw(one, 400, 20_000, 1) for one in WORKLOADS}
    found = {
        name: [int(one.prompt.sum()), int(one.output.sum()), round(1e3 * float(one.arrival[200]))]
        for name, one in drawn.items()
    }
    assert found == GOLDEN


def test_blocks_of_grown_prompts_by_hand() -> None:
    def ints(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(values, dtype=np.int64)

    offsets, blocks = grown_blocks(ints(0, 1, 0, 0), ints(40, 8), ints(0, 1, 0, 2), ints(50, 33, 70, 20), 16)
    assert offsets.tolist() == [0, 3, 5, 9, 10]
    first, second, third, fourth = (blocks[a:b].tolist() for a, b in pairwise(offsets))
    assert third[:3] == first
    assert fourth == first[:1]
    assert not set(second) & set(third)
    assert len(set(blocks.tolist())) == 6


def test_nothing_shared_has_no_blocks() -> None:
    offsets, blocks = engine_blocks(None, None, np.array([100, 200]), 16)
    assert (offsets.tolist(), blocks.tolist()) == ([0, 0, 0], [])
    assert isinstance(draw(CHAT, 10, CONTEXT, 1), Requests)
    assert on_engine(draw(CHAT, 10, CONTEXT, 1), ENGINE, 1.0, "one", {}).distinct_blocks == 0
