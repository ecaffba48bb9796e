"""Admission by class: who is asked about, what refusing and putting off do, what is refused of decisions."""

import functools

import numpy as np
import pytest
from router_parts import JUDGES, PROGRAMS, behind, router
from serving_parts import NO_CONSTANTS, ONE, engine, payload

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.routing import loop
from heuresis.evaluators.routing.contract import CONTRACT, MOST_DELAYS
from heuresis.evaluators.routing.plain.audit import calls_of
from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.routing.simulator import Routing
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, value

COMPILED = (loop,)
"""Compiled when they are imported, which takes minutes the first time: before the clock of a test runs."""
URGENT, LOWEST = 0, 1
LEVEL = ("goodput", "slo", "fairness")
"""Objectives in which who refuses all may be level: where no SLO is met anyway, or where nobody else ever waits."""


def crowd(classes: int = 2, *, apart: float = 0.0) -> Routing:
    """Twelve requests before two replicas that serve two at a time each; every third one is another client's, of the lowest class."""
    on = engine(max_num_seqs=2)
    slo = [LOWEST if k % 3 == 2 and classes == 2 else URGENT for k in range(12)]
    requests = payload(on, [apart * k for k in range(12)], [9, 2, 8, 3, 7, 4] * 2, [6] * 12, slo=slo, client=slo)
    levels = {"slo_ttft": np.array([0.2, 2.0]), "slo_tpot": np.array([0.1, 0.5]), "slo_offsets": np.array([0, 2])}
    return Routing(behind(requests | levels, [on] * 2))


@functools.cache
def asking(admit: str | None) -> Program:
    """The shortest queue with a body of `admit`."""
    return compile_program(router("queued + running", admit=admit), CONTRACT)


def run(built: Routing, admit: str | None) -> Routed:
    (found,), faults = built.routed(ONE, built.decide(asking(admit), NO_CONSTANTS, ONE))
    assert faults == [""]
    assert found is not None
    return found


def followed(built: Routing, *numbers: int) -> tuple[Routed | None, str]:
    stream = np.array(numbers, np.int32)
    (found,), (fault,) = built.routed(ONE, (np.ones(1, np.uint8), np.array([len(stream)]), stream))
    return found, fault


def test_the_most_urgent_class_is_always_let_in() -> None:
    found = run(crowd(), "-1.0").results
    assert np.flatnonzero(found.refused).tolist() == [2, 5, 8, 11]
    assert np.array_equal(np.isnan(found.finish), found.refused)
    assert not run(crowd(classes=1), "-1.0").results.refused.any()


def test_without_the_function_everybody_is_let_in_by_the_same_decisions() -> None:
    decisions = [crowd().decide(asking(admit), NO_CONSTANTS, ONE) for admit in (None, "0.0")]
    assert all(np.array_equal(a, b) for a, b in zip(*decisions, strict=True))


def test_who_is_refused_misses_the_slo_and_leaves_room_for_the_others() -> None:
    stays, leaves = run(crowd(), None).results, run(crowd(), "-1.0").results
    assert not leaves.met[leaves.refused].any()
    assert leaves.output[leaves.refused].tolist() == [6] * 4
    assert leaves.ttft[leaves.critical].mean() < stays.ttft[stays.critical].mean()


def test_who_is_put_off_arrives_once_more_and_waits_from_the_first_time_on() -> None:
    found = run(crowd(), "1.2344 if delays < 2.0 else 0.0").results
    late = ~found.critical
    assert np.all(found.ttft[late] > 2 * 1.235)
    assert np.all(found.ttft[late] < 2 * 1.235 + 1.0)
    assert np.all(found.arrived == 0.0)


def test_a_delay_is_a_second_or_more_and_there_are_not_many() -> None:
    built = crowd()
    decisions = built.decide(asking("0.001"), NO_CONSTANTS, ONE)
    delays = [ops for ops in calls_of(decisions[2].tolist()) if ops and ops[0][1] < 0]
    assert len(delays) == 4 * MOST_DELAYS
    assert {ops[0][1] for ops in delays} == {-1 - 1000}


@pytest.mark.parametrize("apart", [0.0, 0.05, 2.0])
def test_refusing_everybody_is_never_the_best(apart: float) -> None:
    """Not even of those that may be refused, whether the replicas are overloaded or idle."""
    built = crowd(apart=apart)
    everybody, *others = (
        run(built, admit).results for admit in ("-1.0", None, "-1.0 if queued > 2.0 else 0.0", "3.0 * queued")
    )
    for name in OBJECTIVE_NAMES:
        best = min(value(name, one) for one in others)
        assert best <= value(name, everybody), name
        assert best < value(name, everybody) or name in LEVEL, name


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 2, -1, -1),  # of the most urgent class
        (0, 2, -1, -2000),
        (0, 2, 0, 0, 0, 2, 1, 1, 0, 2, -3, -500),  # for less than a second
    ],
)
def test_whom_the_router_must_let_in_is_not_refused(numbers: tuple[int, ...]) -> None:
    found, fault = followed(crowd(), *numbers, 1000, 0)
    assert found is None
    assert fault == "a request is refused or put off that is to be let in"


def test_a_request_is_refused_as_it_arrives_only() -> None:
    begins = (0, 2, 0, 0, 0, 2, 1, 1)
    assert "never served" in followed(crowd(), *begins, 0, 2, -3, -1, 1000, 0)[1]
    assert followed(crowd(), *begins, 1, 2, -3, -1, 1000, 0)[1].startswith("a request migrates")  # a call too late
    assert followed(crowd(), 0, 2, -3, -1, 1000, 0)[1].startswith("a request migrates")  # before it comes


def test_tampered_refusals_are_not_what_the_program_decides() -> None:
    built = crowd()
    judge = JUDGES["shedding"]
    valid, lengths, stream = built.decide(PROGRAMS["shedding"], NO_CONSTANTS, ONE)
    assert built.audit(judge, ONE, (valid, lengths, stream))[0] <= 1e-9
    at = next(k for k in range(2, len(stream)) if stream[k] < 0 and stream[k + 1] < 0)
    later = stream.copy()
    later[at + 1] = -1 - 5000
    assert np.isinf(built.audit(judge, ONE, (valid, lengths, later))[0])


def test_a_value_that_is_not_a_number_decides_nothing() -> None:
    assert crowd().decide(asking("math.log(-1.0)"), NO_CONSTANTS, ONE)[0].tolist() == [0]
