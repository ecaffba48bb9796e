"""What became of the calls of a run, by model."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from heuresis.archive.calls import CallTally, ModelCalls, calls_of, tally
from heuresis.archive.records import Call, Run, RunStatus
from heuresis.archive.store import Archive

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive.open(":memory:") as opened:
        for run in ("r_1", "r_2"):
            opened.start_run(Run(run, "tiny", 1, "{}", 0, "{}", "", "none", RunStatus.RUNNING, "", NOW, NOW))
        yield opened


def make(archive: Archive, model: str, *, run: str = "r_1", number: int = 0, **answer: str) -> None:
    """One call; without an answer it stays an intent."""
    call = archive.intend(Call(run, number, 0, 0, model, "[]", 0.5))
    if answer:
        archive.answer(replace(call, usd=0.0, **answer))


def test_calls_are_counted_by_model_with_the_most_frequent_reason(archive: Archive) -> None:
    for number, error in enumerate(["a: 500: late after 3 s", "a: 429: slow down", "a: 500: late after 47 s"]):
        make(archive, "a", number=number, error=error)
    make(archive, "a", number=3, reply="x")
    make(archive, "a", number=4)
    make(archive, "b", number=5, reply="")
    make(archive, "c", run="r_2", error="not of this run")
    found = tally(archive, "r_1", ("z", "a")).rows()
    assert found == (
        ModelCalls("z"),
        ModelCalls("a", 5, 1, 3, "500: late after 3 s"),
        ModelCalls("b", 1, 1, 0, ""),
    )


def test_a_tally_goes_on_from_what_was_recorded(archive: Archive) -> None:
    make(archive, "a", error="a: no")
    counts = tally(archive, "r_1")
    counts.add("a", answered=True, error=None)
    assert counts.rows() == (ModelCalls("a", 2, 1, 1, "no"),)
    assert CallTally().rows() == ()


def test_calls_are_listed_in_order_and_those_that_failed_alone(archive: Archive) -> None:
    make(archive, "a", number=2, reply="x")
    make(archive, "a", number=1, error="no")
    make(archive, "a", number=1, reply="y")
    assert [(c.number, c.attempt) for c in calls_of(archive, "r_1")] == [(1, 0), (1, 1), (2, 0)]
    assert [c.error for c in calls_of(archive, "r_1", failed=True)] == ["no"]
