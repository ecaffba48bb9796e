"""What every backend of the archive must do."""

import json
import math
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heuresis.archive import runs
from heuresis.archive.records import ArchiveError, RunStatus, Trial, candidate_id
from heuresis.archive.store import Archive, CostLimitReached


def test_what_is_recorded_comes_back_in_order(archive: Archive, make) -> None:
    archive.start_run(make.run())
    first, second = make.proposal(0), make.proposal(1, parents=(make.proposal(0).candidate,), work=40, seconds=1.5)
    none = make.proposal(2, source=None, candidate=None, reason="the reply holds no code", proposer="some/model")
    for proposal in (first, second, none):
        archive.record_proposal(proposal)
    failed = make.evaluation(1, status="timeout", message="20 s", values=(None, None), aggregate=None, metrics={})
    archive.record_evaluation(failed)
    trials = archive.trials("r_ab12")
    assert trials == [Trial(first, None), Trial(second, failed), Trial(none, None)]
    assert [t.pending for t in trials] == [True, False, False]
    assert archive.trials("r_ab12", first=1) == trials[1:]
    assert archive.source(second.candidate) == second.source


def test_a_run_goes_from_start_to_finish_and_on(archive: Archive, make) -> None:
    run = make.run(seed=2**62, reason="")
    archive.start_run(run)
    archive.record_proposal(make.proposal(0))
    assert archive.run("r_ab12") == archive.run("ab") == run
    archive.finish_run("r_ab12", RunStatus.FINISHED, "10 evaluations", make.proposal(0).candidate)
    done = archive.run("r_ab12")
    assert (done.status, done.reason, done.champion) == ("finished", "10 evaluations", make.proposal(0).candidate)
    archive.reopen_run("r_ab12")
    again = archive.run("r_ab12")
    assert (again.status, again.reason, again.champion) == ("running", "", done.champion)
    assert again.heartbeat > run.heartbeat
    with pytest.raises(ArchiveError, match="r_ab12 already"):
        archive.start_run(run)
    with pytest.raises(ArchiveError, match="cannot end with status running"):
        archive.finish_run("r_ab12", RunStatus.RUNNING, "")
    for act in (
        lambda: archive.finish_run("r_no", RunStatus.FAILED, ""),
        lambda: archive.reopen_run("r_no"),
        lambda: archive.heartbeat("r_no"),
    ):
        with pytest.raises(ArchiveError, match="there is no run r_no"):
            act()


def test_summaries_count_the_rows(archive: Archive, make) -> None:
    now = datetime.now(UTC)
    archive.start_run(make.run("r_old", created=now - timedelta(days=1), heartbeat=now - timedelta(hours=1)))
    archive.start_run(make.run())
    for number in range(3):
        archive.record_proposal(make.proposal(number))
    archive.record_evaluation(make.evaluation(1))
    archive.record_evaluation(make.evaluation(2, aggregate=None, values=(None,), status="crashed"))
    archive.record_evaluation(make.evaluation(1, split="select", number=None, aggregate=0.1))
    archive.intend(make.call())
    new, old = archive.runs()
    assert (new.run.id, new.evaluations, new.proposals, new.best, new.usd, new.state) == (
        "r_ab12",
        2,
        3,
        2.75,
        0.5,
        "running",
    )
    assert (old.run.id, old.evaluations, old.proposals, old.best, old.usd, old.state) == (
        "r_old",
        0,
        0,
        None,
        0.0,
        "stale",
    )


def test_a_run_whose_process_is_gone_is_stale_at_once(archive: Archive, make, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host = socket.gethostname()
    owners = {"r_gone": f"{host}:{gone.pid}", "r_lives": f"{host}:{os.getppid()}", "r_far": f"no-{host}:{gone.pid}"}
    for identity, owner in owners.items():
        monkeypatch.setattr(runs, "owner_here", lambda owner=owner: owner)
        archive.start_run(make.run(identity))
    assert {s.run.id: s.state for s in archive.runs()} == {"r_gone": "stale", "r_lives": "running", "r_far": "running"}
    archive.finish_run("r_gone", RunStatus.FINISHED, "")
    assert {s.run.id: s.state for s in archive.runs()}["r_gone"] == "finished"


def test_heartbeats_tell_how_long_a_run_has_searched(archive: Archive, make) -> None:
    archive.start_run(make.run())
    with archive.alive("r_ab12", searched=lambda: 3.5):
        assert archive.run("r_ab12").searched == 3.5
    archive.heartbeat("r_ab12")
    archive.finish_run("r_ab12", RunStatus.INTERRUPTED, "")
    assert archive.run("r_ab12").searched == 3.5
    archive.finish_run("r_ab12", RunStatus.INTERRUPTED, "", searched=4.0)
    archive.reopen_run("r_ab12")
    assert archive.run("r_ab12").searched == 4.0


def test_a_proposal_number_is_used_once(archive: Archive, make) -> None:
    archive.start_run(make.run())
    archive.record_proposal(make.proposal(0))
    archive.record_proposal(make.proposal(0, seconds=9.0))  # the same but for what was measured
    with pytest.raises(ArchiveError, match="another proposal 0"):
        archive.record_proposal(make.proposal(0, operator="crossover"))
    parent = make.proposal(0).candidate
    archive.record_proposal(make.proposal(1, parents=(parent,)))
    with pytest.raises(ArchiveError, match="another proposal 1"):
        archive.record_proposal(make.proposal(1))
    assert [t.proposal.seconds for t in archive.trials("r_ab12")] == [0.0, 0.0]


def test_a_proposal_is_recorded_whole_or_not_at_all(archive: Archive, make) -> None:
    archive.start_run(make.run())
    with pytest.raises(ArchiveError, match="not there; record that first"):
        archive.record_proposal(make.proposal(0, parents=("c_nothing",)))
    assert archive.trials("r_ab12") == []
    with pytest.raises(ArchiveError, match="there is no program"):
        archive.source(make.proposal(0).candidate)
    with pytest.raises(ArchiveError, match="not there; record that first"):
        archive.record_proposal(make.proposal(0, run="r_no"))


def test_an_evaluation_belongs_to_its_proposal(archive: Archive, make) -> None:
    archive.start_run(make.run())
    with pytest.raises(ArchiveError, match="is not recorded; record the proposal first"):
        archive.record_evaluation(make.evaluation(0))
    archive.record_proposal(make.proposal(0))
    with pytest.raises(ArchiveError, match="which made c_"):
        archive.record_evaluation(make.evaluation(1, number=0))
    archive.record_evaluation(make.evaluation(0))
    archive.record_evaluation(make.evaluation(0, seconds=3.0))
    with pytest.raises(ArchiveError, match="another evaluation on search"):
        archive.record_evaluation(make.evaluation(0, values=(1.0, 9.0)))
    archive.record_evaluation(make.evaluation(0, split="select", fingerprint="f1", run=None, number=None))
    candidate = make.proposal(0).candidate
    assert [e.split for e in archive.evaluations(candidate)] == ["search", "select"]
    assert archive.evaluations(candidate, split="select", fingerprint="f1")[0].number is None
    assert archive.evaluations(candidate, fingerprint="f2") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"values": (1.0, None)},
        {"values": ()},
        {"aggregate": math.nan},
        {"aggregate": math.inf},
        {"values": (1.0, math.inf)},
        {"metrics": {"x": math.nan}},
    ],
    ids=str,
)
def test_a_failure_is_never_a_number(archive: Archive, make, changes: dict[str, object]) -> None:
    archive.start_run(make.run())
    archive.record_proposal(make.proposal(0))
    with pytest.raises(ArchiveError, match=r"must be finite or None|needs every value"):
        archive.record_evaluation(make.evaluation(0, **changes))
    assert archive.evaluations(make.proposal(0).candidate) == []


def test_calls_are_intended_then_answered_once(archive: Archive, make) -> None:
    archive.start_run(make.run())
    first = archive.intend(make.call(attempt=17))
    assert first.attempt == 0
    assert archive.spent("r_ab12") == 0.5
    second = archive.intend(make.call())  # the first was lost: its reservation stays spent
    assert (second.attempt, archive.spent("r_ab12")) == (1, 1.0)
    answered = replace(second, reply="x = 1", tokens_in=10, tokens_out=20, usd=0.125, seconds=2.0)
    archive.answer(answered)
    archive.answer(replace(answered, seconds=5.0))
    assert archive.calls("r_ab12", 0) == [first, answered]
    assert archive.spent("r_ab12") == 0.625
    with pytest.raises(ArchiveError, match="another answer"):
        archive.answer(replace(answered, reply="y = 2"))
    repair = archive.intend(make.call(turn=1))
    archive.answer(replace(repair, error="429 Too Many Requests"))
    assert [(c.turn, c.attempt, c.error) for c in archive.calls("r_ab12", 0)] == [
        (0, 0, None),
        (0, 1, None),
        (1, 0, "429 Too Many Requests"),
    ]
    assert archive.spent("r_ab12") == 0.625
    assert archive.calls("r_ab12", 1) == []
    with pytest.raises(ArchiveError, match="never intended"):
        archive.answer(make.call(5, reply="z"))
    with pytest.raises(ArchiveError, match="a reply or an error"):
        archive.answer(make.call())
    with pytest.raises(ArchiveError, match="neither reply nor error"):
        archive.intend(answered)
    with pytest.raises(ArchiveError, match="less than nothing"):
        archive.intend(make.call(max_usd=-1.0))


def test_no_two_threads_pass_the_cost_limit_together(archive: Archive, make) -> None:
    archive.start_run(make.run())

    def buy(number: int) -> bool:
        try:
            archive.intend(make.call(number, max_usd=0.25), limit_usd=1.0)
        except CostLimitReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        bought = list(pool.map(buy, range(24)))
    assert sum(bought) == 4
    with pytest.raises(CostLimitReached, match=r"1\.000000 USD are spent or reserved.*0\.250000 more"):
        archive.intend(make.call(99, max_usd=0.25), limit_usd=1.0)
    assert archive.spent("r_ab12") == 1.0


def test_ids_are_found_by_unique_beginnings(archive: Archive, make) -> None:
    ids = [archive.record_candidate(make.source(k)) for k in range(40)]
    assert archive.find(ids[0]) == archive.find(ids[0][2:]) == ids[0]
    assert archive.find(ids[3][:20]) == ids[3]
    twice = next(i[:3] for i in ids if sum(j.startswith(i[:3]) for j in ids) > 1)
    with pytest.raises(ArchiveError, match=f"'{twice}' is ambiguous: c_"):
        archive.find(twice)
    for unknown in ("c_zz", "", "c_", "c\\_%", "%"):
        with pytest.raises(ArchiveError, match="no program whose id begins"):
            archive.find(unknown)
    assert archive.record_candidate(make.source(0) + "# a comment\n") == ids[0]
    assert archive.source(ids[0]) == make.source(0)


def test_threads_write_at_once(archive: Archive, make) -> None:
    archive.start_run(make.run())

    def work(number: int) -> None:
        archive.record_proposal(make.proposal(number))
        archive.record_evaluation(make.evaluation(number))
        archive.trials("r_ab12", first=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(80)))
    trials = archive.trials("r_ab12")
    assert [t.proposal.number for t in trials] == list(range(80))
    assert all(t.evaluation == make.evaluation(t.proposal.number) for t in trials)


def test_alive_beats_until_left(archive: Archive, make) -> None:
    archive.start_run(make.run(heartbeat=datetime(2020, 1, 1, tzinfo=UTC)))
    beats = set()
    with archive.alive("r_ab12", every=0.02):
        waiting = threading.Event()
        for _ in range(100):
            beats.add(archive.run("r_ab12").heartbeat)
            if len(beats) > 3:
                break
            waiting.wait(0.02)
    last = archive.run("r_ab12").heartbeat
    threading.Event().wait(0.1)
    assert len(beats) > 3
    assert min(beats).year > 2020
    assert archive.run("r_ab12").heartbeat == last


def test_what_is_kept_can_be_read(archive: Archive, make) -> None:
    long = "x" * 1_000_000
    archive.start_run(make.run())
    archive.record_proposal(make.proposal(0, source=None, candidate=None, reason=long))
    archive.record_proposal(make.proposal(0, source=None, candidate=None, reason=long))
    archive.record_proposal(make.proposal(1))
    archive.record_evaluation(make.evaluation(1, status="timeout", message=long, values=(None,), aggregate=None))
    call = archive.intend(make.call())
    archive.answer(replace(call, error=long))
    archive.finish_run("r_ab12", RunStatus.FAILED, long)
    first, second = archive.trials("r_ab12")
    assert second.evaluation is not None
    error = archive.calls("r_ab12", 0)[0].error
    for kept in (first.proposal.reason, second.evaluation.message, error, archive.runs()[0].run.reason):
        assert kept == "x" * 32_767 + "…"
    with pytest.raises(ArchiveError, match="a text of at most 1048576 characters, got 2000000"):
        archive.record_candidate(long * 2)
    with pytest.raises(ArchiveError, match="a text of at most 1024 characters"):
        archive.record_proposal(make.proposal(2, operator=long))


def test_what_no_utf8_can_hold_is_kept_readable(archive: Archive, make) -> None:
    archive.start_run(make.run())
    call = archive.intend(make.call(prompt="nul \x00 and half an emoji \ud83d"))
    archive.answer(replace(call, reply="\udc00 ok"))
    archive.answer(replace(call, reply="\udc00 ok"))
    assert archive.calls("r_ab12", 0)[0].prompt == "nul \x00 and half an emoji \\ud83d"
    assert archive.calls("r_ab12", 0)[0].reply == "\\udc00 ok"


def test_dates_need_a_time_zone(archive: Archive, make) -> None:
    with pytest.raises(ArchiveError, match="time zone"):
        archive.start_run(make.run(created=datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the point
    assert archive.runs() == []


@pytest.mark.parametrize(
    ("source", "begins"),
    [
        ("x = f'{a!r:>{w}} b'\n", "c_5166897d"),
        ("x = f'a{f\"{b}\"}c' + 'd'\n", "c_a0e6c56f"),
        ('x = f"""a\n{b}\n  c{d:{e}}"""\ny=1\n', "c_c979d885"),
        ("x = rf'{{}}{a}'\n", "c_84ff7f76"),
        ("x = f'é{a}ü'  # k\n", "c_9c77ad7f"),
        ("x='\ud83d'\n", "c_a2fa68f7"),
        ("x='\\ud83d'\n", "c_a2fa68f7"),
    ],
)
def test_ids_are_the_same_in_every_python_and_for_what_was_stored(source: str, begins: str) -> None:
    """As Python 3.11 made them: later versions take f-strings apart, and half characters are stored as escapes."""
    assert candidate_id(source).startswith(begins)


_TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_COUNTS = st.integers(0, 2**31 - 1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    proposals=st.lists(st.tuples(_TEXT, st.none() | _TEXT, _TEXT, _FLOATS, _COUNTS), max_size=6),
    values=st.lists(st.none() | _FLOATS, max_size=5),
    metrics=st.dictionaries(_TEXT, st.none() | _FLOATS, max_size=3),
    config=st.dictionaries(_TEXT, st.none() | _TEXT | _FLOATS | st.lists(_TEXT, max_size=2), max_size=3).map(
        json.dumps
    ),
    offset=st.integers(-14, 14),
)
def test_any_record_comes_back_equal(make, proposals, values, metrics, config, offset) -> None:
    when = datetime.now(UTC) + timedelta(hours=offset)
    with Archive.open(":memory:") as archive:
        run = make.run(config=config, created=when, heartbeat=when)
        archive.start_run(run)
        assert archive.run(run.id) == run
        expected = []
        for number, (operator, source, reason, seconds, work) in enumerate(proposals):
            parents = tuple(dict.fromkeys(t.proposal.candidate for t in expected if t.proposal.candidate))[:3]
            candidate = None if source is None else candidate_id(source)
            proposal = make.proposal(
                number,
                operator=operator,
                source=source,
                candidate=candidate,
                reason=reason,
                seconds=seconds,
                work=work,
                parents=parents,
            )
            archive.record_proposal(proposal)
            evaluation = None
            if candidate is not None:
                whole = bool(values) and None not in values
                evaluation = make.evaluation(
                    number,
                    candidate=candidate,
                    values=tuple(values),
                    aggregate=values[0] if whole else None,
                    metrics=metrics,
                    message=reason,
                )
                archive.record_evaluation(evaluation)
            expected.append(Trial(proposal, evaluation))
        assert archive.trials(run.id) == expected
