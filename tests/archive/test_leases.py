"""Of two processes that go on with the same run, only the later one writes."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from heuresis.archive import leases, runs, waiting
from heuresis.archive.check import check
from heuresis.archive.records import ArchiveError, Extension, Run, RunStatus, RunTaken
from heuresis.archive.store import Archive

FAR = "no-such-host:4711"

OLDER = """
import sys
sys.path.insert(0, sys.argv[2])
from conftest import Make
from heuresis.archive.records import RunTaken
from heuresis.archive.store import Archive
make = Make()
with Archive.open(sys.argv[1]) as archive:
    archive.start_run(make.run(heartbeat=make.run().heartbeat.replace(year=2020)))
    archive.record_proposal(make.proposal(0))
    archive.intend(make.call(1))
    print("started", flush=True)
    sys.stdin.readline()  # stopped, until the other has taken the run
    for write in (lambda: archive.record_proposal(make.proposal(1)), lambda: archive.intend(make.call(1)),
                  lambda: archive.record_evaluation(make.evaluation(0)), lambda: archive.heartbeat("r_ab12")):
        try:
            write()
            print("written")
        except RunTaken as error:
            print(error)
"""


def test_of_two_processes_the_older_one_stops_and_nothing_is_doubled(file: Path, make) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OLDER, str(file), str(Path(__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as older:
        assert older.stdout is not None
        assert older.stdout.readline() == "started\n"
        with Archive.open(str(file)) as archive:
            archive.reopen_run("r_ab12")  # silent for years, though its process lives
            archive.record_proposal(make.proposal(1, operator="crossover"))
            archive.record_evaluation(make.evaluation(0))
            said, _ = older.communicate("\n", timeout=60)
            owner = leases.owner_here()
            assert said.count(f"run r_ab12 was taken over by process {owner}, which goes on with it; this one has") == 4
            assert "written" not in said
            archive.heartbeat("r_ab12")
            assert [t.proposal.operator for t in archive.trials("r_ab12")] == ["mutate", "crossover"]
            assert len(archive.calls("r_ab12", 1)) == 1
            assert check(archive) == []


def test_every_write_to_a_run_asks_who_has_it(file: Path, make) -> None:
    with Archive.open(str(file)) as first, Archive.open(str(file)) as second:
        first.start_run(make.run())
        first.record_proposal(make.proposal(0))
        call = first.intend(make.call(1))
        writes: list[Callable[[Archive], object]] = [
            lambda a: a.heartbeat("r_ab12"),
            lambda a: a.record_proposal(make.proposal(1)),
            lambda a: a.record_evaluation(make.evaluation(0)),
            lambda a: a.intend(make.call(2)),
            lambda a: a.answer(make.call(1, attempt=call.attempt, reply="r")),
            lambda a: a.extend_run(Extension("r_ab12", 1, "{}")),
            lambda a: a.crown_run("r_ab12", make.proposal(0).candidate),
            lambda a: a.finish_run("r_ab12", RunStatus.FINISHED, "done"),
        ]
        for write in writes:
            with pytest.raises(RunTaken, match="is not this process's to write to"):
                write(second)
        second.reopen_run("r_ab12")  # of the same process, which knows what it does
        for write in writes:
            with pytest.raises(RunTaken, match="was taken over by process"):
                write(first)
        for write in writes:
            write(second)
        assert second.run("r_ab12").status is RunStatus.FINISHED


def test_a_run_that_lives_on_another_host_is_not_resumed_beside_it(
    archive: Archive, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    with monkeypatch.context() as far:
        far.setattr(runs, "owner_here", lambda: FAR)
        archive.start_run(make.run("r_lives"))
        archive.start_run(make.run("r_silent", heartbeat=long_ago))
    for take in (archive.reopen_run, archive.claim_run):
        with pytest.raises(
            ArchiveError, match=r"going on in process 4711 of no-such-host, which was heard of \d+ s ago"
        ):
            take("r_lives")
    archive.reopen_run("r_silent")
    assert archive.run("r_silent").heartbeat > long_ago


def test_of_two_that_take_a_run_together_one_gets_it(make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server that lets both read before one of them writes; the one connection in memory does as well."""
    archive = Archive.open(":memory:")
    archive.start_run(make.run())
    alive, connection = leases.refuse_if_alive, archive._database.opened.engine.raw_connection()

    def meanwhile(run: Run, owner: str) -> None:
        alive(run, owner)
        connection.cursor().execute("UPDATE runs SET lease = lease + 1, owner = 'other:1'")

    monkeypatch.setattr(leases, "refuse_if_alive", meanwhile)
    with pytest.raises(RunTaken, match="has just been taken by another process"):
        archive.reopen_run("r_ab12")


def test_a_claimed_run_keeps_its_end_and_gets_a_champion(archive: Archive, make) -> None:
    archive.start_run(make.run())
    archive.record_proposal(make.proposal(0))
    archive.finish_run("r_ab12", RunStatus.FINISHED, "10 evaluations")
    archive.claim_run("r_ab12")
    archive.crown_run("r_ab12", make.proposal(0).candidate)
    run = archive.run("r_ab12")
    assert (run.status, run.reason, run.champion) == ("finished", "10 evaluations", make.proposal(0).candidate)


def test_extensions_are_kept_in_order(archive: Archive, make) -> None:
    archive.start_run(make.run())
    made = [Extension("r_ab12", number, f'{{"evaluations": {number}}}') for number in (10, 20, 20)]
    for one in made:
        archive.extend_run(one)
    assert archive.extensions("r_ab12") == made
    with pytest.raises(ArchiveError, match="a JSON object"):
        archive.extend_run(Extension("r_ab12", 3, "[]"))


def test_the_heartbeat_outlives_a_locked_database_and_notices_a_lost_run(
    file: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = threading.Event()
    monkeypatch.setattr(waiting, "BUSY_SECONDS", 0.0)

    def watch(archive: Archive, other: Archive) -> None:
        with archive.alive("r_ab12", every=0.02, lost=lost.set):
            with closing(sqlite3.connect(file, isolation_level=None)) as locker:
                locker.execute("BEGIN IMMEDIATE")
                before = archive.run("r_ab12").heartbeat
                threading.Event().wait(0.5)
                locker.execute("COMMIT")
            while archive.run("r_ab12").heartbeat == before:
                threading.Event().wait(0.02)
            assert not lost.is_set()
            other.reopen_run("r_ab12")
            assert lost.wait(30)

    with Archive.open(str(file)) as archive, Archive.open(str(file)) as other:
        archive.start_run(make.run())
        with pytest.raises(RunTaken):
            watch(archive, other)


def test_a_run_waits_for_a_locked_database_and_says_so(file: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "BUSY_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "TOLD_AFTER_SECONDS", 0.1)
    said, heard, stop = list[str](), threading.Event(), threading.Event()

    def tell(text: str) -> None:
        said.append(text)
        heard.set()

    with Archive.open(str(file)) as archive:
        archive.start_run(make.run())
        locker = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        locker.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=lambda: archive.record_proposal(make.proposal(0)))
        with archive.patient(tell, stop):
            writer.start()
            assert heard.wait(30)
            locker.execute("COMMIT")
            writer.join()
            assert said == [
                f"archive {file}: another program keeps it locked; waiting for that, nothing is lost meanwhile"
            ]
            assert len(archive.trials("r_ab12")) == 1
            locker.execute("BEGIN IMMEDIATE")
            stop.set()
            monkeypatch.setattr(waiting, "LAST_SECONDS", 0.0)
            with pytest.raises(ArchiveError, match="kept it locked"):
                archive.record_proposal(make.proposal(1))
        locker.close()
