"""Files that are not archives, are newer, cannot be written, or change under us."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from heuresis.archive import database, waiting
from heuresis.archive.check import check, check_at
from heuresis.archive.migrations import APPLICATION_ID, LATEST, MIGRATIONS, Step
from heuresis.archive.records import ArchiveBusy, ArchiveError, Extension, RunStatus
from heuresis.archive.rows import evaluation_row, proposal_row, run_row
from heuresis.archive.store import Archive
from heuresis.archive.tables import TABLES


def filled(file: Path, make, count: int = 3) -> None:
    """An archive with a run that was stopped."""
    with Archive.open(str(file)) as archive:
        archive.start_run(make.run())
        for number in range(count):
            archive.record_proposal(make.proposal(number))
            archive.record_evaluation(make.evaluation(number))
        archive.finish_run("r_ab12", RunStatus.INTERRUPTED, "")


def schema(url: str, names: list[str]) -> dict[str, object]:
    """All that SQLAlchemy can tell of tables."""
    engine = create_engine(url)
    seen = inspect(engine)
    told = {
        name: (
            [(c["name"], str(c["type"]), c["nullable"], c["primary_key"]) for c in seen.get_columns(name)],
            seen.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (k["constrained_columns"], k["referred_table"], k["referred_columns"])
                for k in seen.get_foreign_keys(name)
            ),
            sorted((str(i["name"]), i["column_names"], i["unique"]) for i in seen.get_indexes(name)),
            sorted((str(u["name"]), u["column_names"]) for u in seen.get_unique_constraints(name)),
        )
        for name in names
    }
    engine.dispose()
    return told


def insert(raw: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    """Put a row into a table, with the columns of its version."""
    known = {column[1] for column in raw.execute(f"PRAGMA table_info({table})")}
    kept = {name: value for name, value in row.items() if name in known}
    marks = ", ".join("?" for _ in kept)
    raw.execute(f"INSERT INTO {table} ({', '.join(kept)}) VALUES ({marks})", tuple(kept.values()))


def older(file: Path, make, version: int) -> None:
    """An archive as a Heuresis with that version left it, with a stopped run of one proposal."""
    file.parent.mkdir(parents=True)
    recorded = {"recorded": "2026-01-02T03:04:05.000000+00:00"}
    proposal = proposal_row(make.proposal(0))
    with closing(sqlite3.connect(file)) as raw, raw:
        for step in (step for steps in MIGRATIONS[:version] for step in steps):
            raw.execute(step.sql)
        raw.execute("UPDATE heuresis_schema SET version = ?", (version,))
        insert(raw, "runs", run_row(make.run(status=RunStatus.INTERRUPTED), "host:1"))
        insert(raw, "candidates", {"id": proposal["candidate"], "source": proposal["source"]} | recorded)
        insert(raw, "proposals", proposal | recorded)
        insert(raw, "evaluations", evaluation_row(make.evaluation(0)) | recorded)


@pytest.mark.parametrize("version", range(1, LATEST))
def test_an_older_archive_is_read_and_its_run_goes_on(file: Path, make, version: int) -> None:
    """Its evaluations keep their ids: the same result again changes nothing."""
    older(file, make, version)
    before = check_at(str(file))
    assert (before.version, before.problems) == (version, [])
    assert before.rows["evaluations"] == 1
    with Archive.open(str(file)) as archive:
        archive.reopen_run("r_ab12")
        archive.record_evaluation(make.evaluation(0))
        archive.extend_run(Extension("r_ab12", 1, '{"evaluations": 20}'))
        archive.record_proposal(make.proposal(1))
        assert archive.evaluations(make.proposal(0).candidate) == [make.evaluation(0)]
        assert archive.extensions("r_ab12") == [Extension("r_ab12", 1, '{"evaluations": 20}')]
        assert check(archive) == []


def test_the_migrations_make_the_tables_of_the_models(file: Path, tmp_path: Path) -> None:
    names = sorted(str(t.__tablename__) for t in TABLES)
    Archive.open(str(file)).close()
    engine = create_engine(f"sqlite:///{tmp_path}/models.db")
    SQLModel.metadata.create_all(engine, tables=[SQLModel.metadata.tables[n] for n in names])
    engine.dispose()
    assert schema(f"sqlite:///{file}", names) == schema(f"sqlite:///{tmp_path}/models.db", names)
    found = create_engine(f"sqlite:///{file}")
    assert sorted(inspect(found).get_table_names()) == sorted([*names, "heuresis_schema"])
    found.dispose()
    with sqlite3.connect(file) as raw:
        assert raw.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("SELECT version FROM heuresis_schema").fetchall() == [(LATEST,)]


def test_an_older_archive_is_migrated_and_keeps_its_rows(file: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(file, make)
    more = (*MIGRATIONS, (Step("CREATE TABLE notes (id INTEGER PRIMARY KEY)"), Step("SELECT nothing", dialect="other")))
    monkeypatch.setattr("heuresis.archive.migrations.MIGRATIONS", more)
    monkeypatch.setattr("heuresis.archive.migrations.LATEST", LATEST + 1)
    monkeypatch.setattr(database, "LATEST", LATEST + 1)
    with Archive.open(str(file)) as archive:
        assert len(archive.trials("r_ab12")) == 3
    with sqlite3.connect(file) as raw:
        assert raw.execute("SELECT version FROM heuresis_schema").fetchone() == (LATEST + 1,)
        assert raw.execute("SELECT count(*) FROM notes").fetchone() == (0,)


def test_a_migration_that_fails_leaves_the_archive_as_it_was(file: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(file, make)
    before = sqlite3.connect(file).execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    broken = (*MIGRATIONS, (Step("CREATE TABLE notes (id INTEGER PRIMARY KEY)"), Step("ALTER TABLE nothing ADD x")))
    monkeypatch.setattr("heuresis.archive.migrations.MIGRATIONS", broken)
    monkeypatch.setattr("heuresis.archive.migrations.LATEST", LATEST + 1)
    monkeypatch.setattr(database, "LATEST", LATEST + 1)
    with pytest.raises(ArchiveError, match="nothing"):
        Archive.open(str(file))
    monkeypatch.undo()
    assert sqlite3.connect(file).execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == before
    with Archive.open(str(file)) as archive:
        assert len(archive.trials("r_ab12")) == 3


def test_a_newer_archive_says_to_upgrade_and_stays_untouched(file: Path, make) -> None:
    filled(file, make)
    with sqlite3.connect(file) as raw:
        raw.execute("UPDATE heuresis_schema SET version = 99")
    raw.close()
    with pytest.raises(
        ArchiveError, match=rf"{file}: has schema version 99, this Heuresis knows up to {LATEST}: upgrade"
    ):
        Archive.open(str(file))


def foreign_database(file: Path) -> None:
    """Somebody else's tables."""
    with sqlite3.connect(file) as raw:
        raw.execute("CREATE TABLE runs (id INTEGER)")
    raw.close()


FOREIGN = {
    "other tables": foreign_database,
    "text": lambda file: file.write_text("name,value\n" * 400),
    "binary": lambda file: file.write_bytes(bytes(range(256)) * 40),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_an_archive_is_named_so_and_stays_untouched(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "some.db"
    FOREIGN[kind](file)
    before = file.read_bytes()
    with pytest.raises(ArchiveError, match=rf"^archive {file}: not a Heuresis archive: .*--archive"):
        Archive.open(str(file))
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_directory_an_unknown_server_and_a_missing_driver_are_told(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="it is a directory"):
        Archive.open(str(tmp_path))
    with pytest.raises(ArchiveError, match="nosuchdb"):
        Archive.open("nosuchdb://host/name")
    (tmp_path / "plain").write_text("")
    with pytest.raises(ArchiveError, match="no directory for it can be made"):
        Archive.open(str(tmp_path / "plain" / "archive.db"))


def test_the_environment_names_the_default(tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEURESIS_ARCHIVE", f"sqlite:///{tmp_path}/odd name?%23#.db")
    with Archive.open() as archive:
        archive.start_run(make.run())
    assert (tmp_path / "odd name?%23#.db").exists()
    monkeypatch.delenv("HEURESIS_ARCHIVE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with Archive.open() as archive:
        assert archive.runs() == []
        assert Path(archive.where).is_relative_to(tmp_path)


def as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Read an archive without root's permission to write everywhere."""
    environment = {**os.environ, "HOME": "/nonexistent", "XDG_DATA_HOME": "/proc/nonexistent"}
    environment.pop("HEURESIS_ARCHIVE", None)
    return subprocess.run(
        [sys.executable, "-c", READ, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment,
    )


READ = """
import os, sys
from heuresis.archive.records import ArchiveError, RunStatus
from heuresis.archive.store import Archive
Archive.open(":memory:").close()  # what is imported late is imported as root
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    with Archive.open(*sys.argv[1:]) as archive:
        print(len(archive.trials("r_ab12")), archive.readonly)
        archive.finish_run("r_ab12", RunStatus.FINISHED, "")
except ArchiveError as error:
    print(error)
"""


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that every user can reach, unlike pytest's."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def test_an_archive_in_a_read_only_directory_can_be_browsed(open_to_all: Path, make) -> None:
    file = open_to_all / "archive.db"
    filled(file, make)
    file.chmod(0o444)
    open_to_all.chmod(0o555)
    done = as_nobody(str(file))
    assert done.stdout.splitlines() == [
        "3 True",
        f"archive {file}: it is read-only; give another path with --archive",
    ], done.stderr


def test_a_new_archive_in_a_read_only_directory_is_refused(open_to_all: Path) -> None:
    open_to_all.chmod(0o555)
    done = as_nobody(str(open_to_all / "archive.db"))
    assert "is read-only; give --archive PATH" in done.stdout, done.stderr


def test_an_archive_that_may_not_be_read_is_refused(open_to_all: Path, make) -> None:
    file = open_to_all / "archive.db"
    filled(file, make)
    file.chmod(0o000)
    done = as_nobody(str(file))
    assert "no permission to read it" in done.stdout, done.stderr


def test_no_writable_home_says_to_give_a_path() -> None:
    done = as_nobody()
    assert "--archive PATH" in done.stdout, done.stderr
    assert "Traceback" not in done.stderr


def fill(archive: Archive, make) -> None:
    """Record until there is no room."""
    for number in range(3, 400):
        archive.record_proposal(make.proposal(number, reason="x" * 500))


def test_a_full_disk_is_told_and_loses_nothing(file: Path, make) -> None:
    filled(file, make)
    with Archive.open(str(file)) as archive:
        archive.reopen_run("r_ab12")
        engine = archive._database.opened.engine
        with engine.connect() as connection:
            raw = connection.connection.cursor()
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(ArchiveError, match="the disk is full; free some space and go on with `heuresis resume`"):
            fill(archive, make)
        kept = archive.trials("r_ab12")
        assert [t.proposal.number for t in kept] == list(range(len(kept)))
        assert len(kept) >= 3
        assert check(archive) == []
        with engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA max_page_count = 100000")
        archive.record_proposal(make.proposal(len(kept), reason="x" * 500))


LIMITED = """
import resource, signal, sys
from heuresis.archive.records import *
from heuresis.archive.store import Archive
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Archive.open(sys.argv[1]) as archive:
    archive.reopen_run("r_ab12")
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    number = 3
    try:
        while number < 5000:
            source = f"def priority(p):\\n    return p * {number}.0\\n"
            archive.record_proposal(Proposal("r_ab12", number, 0, "offline", "x", (), source, candidate_id(source), reason="y" * 900))
            number += 1
    except ArchiveError as error:
        print(number, error)
"""


@pytest.mark.skipif(
    not hasattr(resource, "RLIMIT_FSIZE") or not hasattr(signal, "SIGXFSZ"), reason="no limit of file size here"
)
def test_a_write_that_the_system_refuses_is_told(file: Path, make) -> None:
    filled(file, make)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(file)], capture_output=True, text=True, timeout=120, check=True
    )
    number, _, message = done.stdout.partition(" ")
    assert "the disk" in message
    assert "heuresis resume" in message
    with Archive.open(str(file)) as archive:
        assert len(archive.trials("r_ab12")) == int(number)
        assert check(archive) == []


def test_a_locked_archive_is_waited_for_and_then_told(file: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(file, make)
    monkeypatch.setattr(waiting, "BUSY_SECONDS", 0.2)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Archive.open(str(file)) as archive:
        assert len(archive.trials("r_ab12")) == 3  # readers do not wait
        with pytest.raises(ArchiveBusy, match="another process has kept it locked"):
            archive.reopen_run("r_ab12")
        other.execute("COMMIT")
        archive.reopen_run("r_ab12")
    other.close()


def test_many_open_a_new_archive_at_once(file: Path, make) -> None:
    start = threading.Barrier(6)

    def work(number: int) -> None:
        start.wait()
        with Archive.open(str(file)) as archive:
            archive.start_run(make.run(f"r_{number}"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    with Archive.open(str(file)) as archive:
        assert len(archive.runs()) == 6


def findings(file: Path) -> list[str]:
    """What is found on opening and checking an archive."""
    try:
        with Archive.open(str(file)) as archive:
            return check(archive)
    except ArchiveError as error:
        return [str(error)]


def test_a_damaged_archive_is_told(file: Path, make) -> None:
    filled(file, make, 60)
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    data = bytearray(file.read_bytes())
    for at in range(4096 * 3, len(data), 1000):
        data[at : at + 200] = b"\xff" * 200
    file.write_bytes(data)
    assert any("damaged" in finding for finding in findings(file))


def test_a_text_that_is_none_is_told_as_damage(file: Path, make) -> None:
    with Archive.open(str(file)) as archive:
        archive.start_run(make.run())
    with sqlite3.connect(file) as raw:
        raw.execute("UPDATE runs SET reason = CAST(X'ff' AS TEXT)")
    raw.close()
    with Archive.open(str(file)) as archive, pytest.raises(ArchiveError, match="the file is damaged"):
        archive.runs()


CHANGES = (
    "UPDATE proposals SET operator = 'x'", "DELETE FROM proposals", "UPDATE evaluations SET aggregate = 0",
    "DELETE FROM evaluations", "UPDATE candidates SET source = ''", "DELETE FROM candidates",
    "UPDATE parents SET position = 9", "DELETE FROM parents", "DELETE FROM runs", "UPDATE runs SET seed = 1",
    "UPDATE runs SET config = ''", "DELETE FROM calls", "UPDATE calls SET reply = 'forged' WHERE number = 0",
    "UPDATE calls SET usd = 0 WHERE number = 0", "UPDATE calls SET max_usd = 0 WHERE number = 1",
    "UPDATE calls SET prompt = '' WHERE number = 1", "UPDATE extensions SET changes = '{}'", "DELETE FROM extensions",
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_finished_rows_never_change(file: Path, make, change: str) -> None:
    with Archive.open(str(file)) as archive:
        archive.start_run(make.run())
        archive.record_proposal(make.proposal(0))
        archive.record_evaluation(make.evaluation(0))
        archive.record_proposal(make.proposal(1, parents=(make.proposal(0).candidate,)))
        archive.answer(make.call(0, reply="r", usd=0.1, attempt=archive.intend(make.call(0)).attempt))
        archive.intend(make.call(1))
        archive.extend_run(Extension("r_ab12", 2, '{"minutes": 9}'))
    raw = sqlite3.connect(file)
    with pytest.raises(sqlite3.IntegrityError, match="finished rows never change"):
        raw.execute(change)
    raw.execute("UPDATE runs SET status = 'failed', reason = 'r', heartbeat = created, champion = NULL")
    raw.close()


RESUME = """
import sys
from heuresis.archive.records import ArchiveError
from heuresis.archive.store import Archive
try:
    with Archive.open(sys.argv[1]) as archive:
        archive.reopen_run("r_ab12")
        print("reopened")
except ArchiveError as error:
    print(error)
"""


def test_a_run_is_resumed_by_one_process_only(file: Path, make) -> None:
    def resume() -> str:
        return subprocess.run(
            [sys.executable, "-c", RESUME, str(file)], capture_output=True, text=True, timeout=60, check=True
        ).stdout

    with Archive.open(str(file)) as archive:
        archive.start_run(make.run())
        assert f"is going on in process {os.getpid()}" in resume()
        archive.finish_run("r_ab12", RunStatus.INTERRUPTED, "Ctrl-C")
        assert resume() == "reopened\n"
        archive.reopen_run("r_ab12")  # the process that reopened it is gone
