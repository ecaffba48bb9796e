"""Objectives of serving on schedules whose values are known, and how they treat what was never served."""

import math
from dataclasses import replace

import numpy as np
import pytest

from heuresis.evaluators.serving.fairness import jain, largest_gap
from heuresis.evaluators.serving.objectives import (
    OBJECTIVE_NAMES,
    OBJECTIVES,
    SMALLEST,
    aggregate,
    charged,
    met_in_time,
    value,
)
from heuresis.evaluators.serving.results import Results, mean, percentile


def results(
    arrived=(0.0, 1.0, 2.0),
    first_token=(1.0, 3.0, 2.5),
    finish=(5.0, 3.0, 6.5),
    prompt=(10, 20, 30),
    output=(5, 1, 3),
    ttft_slo=1.5,
    tpot_slo=1.5,
    client=(0, 0, 0),
    horizon=5.5,
) -> Results:
    """Three requests: TTFT 1, 2, 0.5; e2e 5, 2, 4.5; TPOT 1, none, 2."""
    count = len(arrived)

    def floats(given):
        return np.broadcast_to(np.asarray(given, dtype=np.float64), (count,))

    def ints(given):
        return np.asarray(given, dtype=np.int64)

    return Results(
        floats(arrived), floats(first_token), floats(finish), ints(prompt), ints(output), floats(ttft_slo),
        floats(tpot_slo), ints(client), horizon,
    )  # fmt: skip


NOTHING = results(first_token=math.nan, finish=math.nan)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("e2e_mean", 11.5 / 3),
        ("e2e_p99", 4.5 + 0.98 * 0.5),
        ("ttft_mean", 3.5 / 3),
        ("ttft_p99", 1.0 + 0.98),
        ("tpot_p99", 1.0 + 0.99),
        ("goodput", 5.5 / 2),  # the first alone: the second missed TTFT, the third TPOT
        ("slo", 3 / 4),
        ("fairness", (20 + 22 + 36) / 3),  # one client: no gap, the mean service alone
        ("critical_ttft_p90", 1.0 + 0.8),  # one class, which is then the most urgent
    ],
)
def test_values_are_those_of_the_formulas(name: str, expected: float) -> None:
    assert value(name, results()) == pytest.approx(expected, rel=1e-12)


def test_every_objective_has_a_test_and_the_first_is_the_default() -> None:
    assert tuple(OBJECTIVES) == OBJECTIVE_NAMES
    assert OBJECTIVE_NAMES[0] == "e2e_mean"


def test_a_request_of_one_token_has_no_tpot_and_a_rejected_one_no_times() -> None:
    some = results(first_token=(1.0, 3.0, math.nan), finish=(5.0, 3.0, math.nan))
    assert np.isnan(some.tpot).tolist() == [False, True, True]
    assert np.isnan(some.e2e).tolist() == [False, False, True]
    assert some.met.tolist() == [True, False, False]
    assert value("e2e_mean", some) == pytest.approx(3.5)
    assert value("slo", some) == pytest.approx(3 / 4)


def refusing(*refused: bool) -> Results:
    """The three requests, of which the last two are less urgent, and some are refused."""
    gone = np.array(refused)
    some = results(ttft_slo=(1.5, 3.0, 3.0))
    first, finish = (np.where(gone, math.nan, times) for times in (some.first_token, some.finish))
    return replace(some, first_token=first, finish=finish, refused=gone)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # The others are done at 5, the last arrival is at 5.5: first token at 8.5, two more by 11.5.
        ("e2e_mean", (5.0 + 2.0 + 9.5) / 3),
        ("ttft_mean", (1.0 + 2.0 + 6.5) / 3),
        ("tpot_p99", 1.0 + 0.99 * (9.5 / 3 - 1.0)),
        ("goodput", 5.5 / 3),
        ("slo", 2 / 4),
        ("critical_ttft_p90", 1.0 * 3 / 2),
    ],
)
def test_who_is_refused_counts_as_taken_up_when_all_others_are_done(name: str, expected: float) -> None:
    assert value(name, refusing(False, False, True)) == pytest.approx(expected, rel=1e-12)


def test_refusing_all_others_costs_the_urgent_ones_more_than_it_can_gain() -> None:
    values = [
        value("critical_ttft_p90", refusing(False, b, c)) for b, c in ((False, False), (True, False), (True, True))
    ]
    assert values == pytest.approx([1.0, 1.5, 3.0])


def test_who_is_refused_never_meets_the_slo() -> None:
    assert refusing(False, True, True).met.tolist() == [True, False, False]
    assert charged(refusing(False, True, True)).met.tolist() == [True, False, False]


def test_what_was_never_served_still_has_a_value() -> None:
    for name in OBJECTIVES:
        assert math.isfinite(value(name, NOTHING))
        assert value(name, NOTHING) >= SMALLEST
    assert math.isnan(mean(NOTHING.e2e))
    assert math.isnan(percentile(NOTHING.e2e, 50.0))


def test_goodput_counts_what_finished_by_the_horizon() -> None:
    assert met_in_time(results(tpot_slo=9.0)) == 1
    assert met_in_time(results(tpot_slo=9.0, horizon=6.5)) == 2
    assert met_in_time(results(tpot_slo=9.0, horizon=0.0)) == 2  # all arrive at once: no horizon


def test_the_aggregate_is_a_geometric_mean() -> None:
    assert aggregate(np.array([0.5, 2.0])) == pytest.approx(1.0)
    assert aggregate(np.array([0.25, 0.25, 1.0])) == pytest.approx(0.0625 ** (1 / 3))


def alternating(first: tuple[float, ...], client: tuple[int, ...]) -> Results:
    """Four requests of 100 prompt tokens and one of output, all there at 0, served at these times."""
    four = (0.0,) * 4
    return results(four, first, first, (100,) * 4, (1,) * 4, 9.0, 9.0, client, 2.5)


def test_the_gap_is_what_one_backlogged_client_got_more_than_another() -> None:
    """Client 0 gets both of its requests before client 1 gets any: 204 tokens of service ahead, while 1 waits."""
    fair = alternating((1.0, 3.0, 2.0, 4.0), (0, 0, 1, 1))
    unfair = alternating((1.0, 2.0, 3.0, 4.0), (0, 0, 1, 1))
    assert largest_gap(fair) == pytest.approx(102.0)
    assert largest_gap(unfair) == pytest.approx(102.0)  # after 2.0 client 0 has no backlog any more
    third = alternating((1.0, 2.0, 4.0, 3.0), (0, 0, 0, 1))
    assert largest_gap(third) == pytest.approx(204.0)
    assert largest_gap(alternating((1.0, 2.0, 3.0, 4.0), (7, 7, 7, 7))) == 0.0
    assert largest_gap(NOTHING) == 0.0


def test_output_counts_twice_and_evenly() -> None:
    """Client 0 decodes from 0 to 8 and waits with another request; client 1 waits until 6."""
    both = results(
        (0.0, 0.0, 0.0), (0.0, 10.0, 6.0), (8.0, 11.0, 12.0), (10, 10, 10), (9, 2, 2), 99.0, 99.0, (0, 0, 1), 9.0
    )
    assert largest_gap(both) == pytest.approx(2.0 * 9 * 6 / 8)


def test_jain_compares_shares_of_what_was_asked_for() -> None:
    assert jain(alternating((1.0, 3.0, 2.0, 4.0), (0, 0, 1, 1))) == pytest.approx(1.0)
    assert jain(alternating((1.0, 2.0, 3.0, 4.0), (0, 0, 1, 1))) == pytest.approx(0.5)
    assert jain(alternating((1.0, 3.0, 4.0, 5.0), (0, 0, 1, 1))) == pytest.approx(0.5)
    assert jain(NOTHING) == 1.0
