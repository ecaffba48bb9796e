"""Budgets are checked before anything is spent."""

import threading

import pytest

from heuresis.archive.records import Call, Run, RunStatus
from heuresis.archive.store import Archive
from heuresis.evolve.config import Config
from heuresis.evolve.errors import BudgetExhausted
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.ledger import RunLedger


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_minutes_run_from_the_beginning_of_the_search_and_count_those_before_a_resume() -> None:
    clock = Clock()
    budget = Budget(Config("tiny", minutes=1.0), lambda: 0.0, used=20.0, clock=clock)
    clock.now += 50.0  # getting ready
    budget.begin()
    clock.now += 39.0
    budget.check_time()
    assert budget.left(0) == {"minutes": "0.0"}
    assert budget.used == pytest.approx(59.0)
    assert budget.seconds == pytest.approx(39.0)
    clock.now += 1.0
    assert budget.out_of_time
    with pytest.raises(BudgetExhausted, match="budget of 1 minutes"):
        budget.reserve(0.0)


def test_what_is_before_and_after_the_search_does_not_count() -> None:
    clock = Clock()
    budget = Budget(Config("tiny"), lambda: 0.0, used=5.0, clock=clock)
    clock.now += 50.0
    assert budget.used == 5.0
    budget.begin()
    clock.now += 2.0
    budget.end()
    clock.now += 50.0
    assert budget.used == pytest.approx(7.0)


def test_nothing_is_limited_without_a_budget() -> None:
    budget = Budget(Config("tiny"), lambda: 1e9, clock=Clock())
    budget.reserve(1e9)
    assert budget.left(10) == {}
    assert not budget.out_of_time


def test_usd_are_refused_before_they_are_exceeded() -> None:
    budget = Budget(Config("tiny", budget_usd=1.0, evaluations=5), lambda: 0.7, clock=Clock())
    budget.reserve(0.3)
    with pytest.raises(BudgetExhausted, match=r"1 USD is used up: 0\.700000"):
        budget.reserve(0.31)
    assert budget.left(7) == {"evaluations": "0", "USD": "0.3000"}


def test_free_calls_go_on_when_the_money_is_spent() -> None:
    Budget(Config("tiny", budget_usd=0.0), lambda: 5.0, clock=Clock()).reserve(0.0)
    with pytest.raises(BudgetExhausted):
        Budget(Config("tiny", budget_usd=0.0), lambda: 0.0, clock=Clock()).reserve(1e-6)


def test_many_threads_together_do_not_reserve_more_than_there_is(archive: Archive) -> None:
    budget = Budget(Config("tiny", budget_usd=1.0), lambda: archive.spent("r_1"))
    ledger = RunLedger("r_1", archive, budget)
    refused = []

    def pay(number: int) -> None:
        try:
            ledger.reserve(0.3)
            ledger.intend(Call("r_1", number, 0, 0, "m", "[]", 0.3))
        except BudgetExhausted as error:
            refused.append(str(error))

    threads = [threading.Thread(target=pay, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert archive.spent("r_1") == pytest.approx(0.9)
    assert len(refused) == 9
    assert len(ledger.calls(0)) <= 1


@pytest.fixture
def archive(run: Run) -> Archive:
    made = Archive.open(":memory:")
    made.start_run(run)
    return made


@pytest.fixture
def run() -> Run:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    return Run("r_1", "tiny", 1, "{}", 0, "{}", "", "process", RunStatus.RUNNING, "", now, now)
