"""`heuresis archive check`, programs under another's id, and passwords on the terminal."""

import dataclasses
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from broken_archives import CHAMPION, FILE_READERS, FILES, IDS, RUN, SOURCES, edit_schema, forge, make_broken

from heuresis.archive import connect
from heuresis.archive.check import check_at
from heuresis.archive.migrations import LATEST
from heuresis.archive.records import ArchiveError, FaultyRow, candidate_id
from heuresis.archive.store import Archive

TRUE = SOURCES[1]
FALSE = {
    "another constant": TRUE.replace("1.0", "1.5"),
    "another sign": TRUE.replace("+", "-"),
    "another operator": TRUE.replace("*", "/"),
    "another variable": TRUE.replace("p * 1.0", "t * 1.0"),
    "operands in another order": TRUE.replace("p * 1.0 + d", "d + p * 1.0"),
    "brackets": TRUE.replace("p * 1.0 + d", "(p * 1.0 + d)"),
    "another program of the archive": SOURCES[2],
    "a helper before it": "def other(p):\n    return p\n" + TRUE,
    "a line after it": TRUE + "priority = None\n",
    "a line in it": TRUE.replace("    return", "    p = -p\n    return"),
    "a branch that is never taken": TRUE.replace("    return", "    if False:\n        return 0.0\n    return"),
    "a docstring": TRUE.replace("    return", '    "the best"\n    return'),
    "a default": TRUE.replace("(p,", "(p=0.0,"),
    "another name": TRUE.replace("priority", "priority_"),
    "a letter that looks alike": TRUE.replace("p *", "\u0440 *"),
    "a sign that is not seen": TRUE.replace("p *", "p\u200b *"),
    "a line that is not there any more": TRUE.splitlines()[0] + "\n",
    "nothing": "",
    "a comment alone": "# " + TRUE.replace("\n", " "),
    "no Python": "}{" + TRUE,
    "a text too long for the tokeniser": TRUE + "#" * (1 << 17),
    "an underscore in a number": TRUE.replace("1.0", "1_0.0"),
    "a string with an expression": TRUE + 'x = f"{priority}"\n',
}
"""Programs that are not the champion, and once shown under its id with its scores."""


@pytest.fixture
def file(good: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    place = tmp_path / "there" / "archive.db"
    place.parent.mkdir()
    shutil.copyfile(good, place)
    return place


def names_beside(file: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(one.name for one in file.parent.iterdir())


def quoted(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("name", FALSE)
def test_a_program_under_anothers_id_is_refused_wherever_it_is_read(cli, file: Path, name: str) -> None:
    forge(file, f"UPDATE candidates SET source = {quoted(FALSE[name])} WHERE id = '{CHAMPION}'")
    for words in FILE_READERS[1:]:
        answer = cli(*words, "--archive", file)
        assert answer.code == 1, words
        assert f"expected the text of the program {CHAMPION[:12]}" in answer.err, words
        assert answer.out == ""
    checked = cli("archive", "check", "--archive", file)
    assert checked.code == 1
    assert f"table candidates, row {CHAMPION}, column source" in checked.out


@pytest.mark.parametrize(
    "text", [TRUE + "# the best\n", TRUE.replace("p * 1.0", "p*1.0"), "\n\n" + TRUE, TRUE.replace("return", "return  ")]
)
def test_comments_and_spacing_make_no_other_program(cli, file: Path, text: str) -> None:
    forge(file, f"UPDATE candidates SET source = {quoted(text)} WHERE id = '{CHAMPION}'")
    assert candidate_id(text) == CHAMPION
    assert cli("show", CHAMPION, "--archive", file, "--json").json["source"] == text
    assert cli("archive", "check", "--archive", file).code == 0


@pytest.mark.parametrize(
    "change",
    [
        "aggregate = 0.5", "aggregate = -1.0", "aggregate = aggregate + 1e-9", "instance_values = '[0.5,0.5]'",
        "instance_values = '[1.0, 3.5]'", "instance_values = '[1.0,3.5,2.0]'", "metrics = '{\"agg_gap\":0.0}'",
        "metrics = '{}'", "split = 'test'", "fingerprint = 'f'", "problem = 'bin-packing'", "problem_version = 2",
        "message = 'well done'", "code_size = 1", "objective = 'other'", "number = 0, fingerprint = 'f'", "run = NULL, number = NULL",
        f"candidate = '{IDS[0]}'", "status = 'timeout', aggregate = NULL", "id = 'e_' || substr(id, 4) || '0'",
        "id = upper(id)", "id = ''",
    ],
)  # fmt: skip
def test_an_evaluation_under_another_id_is_refused(file: Path, change: str) -> None:
    forge(file, f"UPDATE evaluations SET {change} WHERE candidate = '{CHAMPION}' AND split = 'search'")
    changed = IDS[0] if "candidate" in change else CHAMPION
    with Archive.open(str(file), reading=True) as archive:
        with pytest.raises(FaultyRow, match=r"table evaluations, row .*column id: expected e_"):
            archive.evaluations(changed)
        if not change.startswith(("number", "run", "split")):
            with pytest.raises(FaultyRow, match=r"table evaluations, row .*column id"):
                archive.trials(RUN)
    assert any("column id" in problem for problem in check_at(str(file)).problems)


@pytest.mark.parametrize("change", ["decisions_per_second = 1.0", "seconds = 9.0", "decisions_per_second = NULL"])
def test_what_was_measured_is_not_in_an_evaluations_id(file: Path, change: str) -> None:
    forge(file, f"UPDATE evaluations SET {change}")
    assert check_at(str(file)).problems == []


@pytest.mark.parametrize("aggregate", [3, 0, -0.0, 0.0, 2**53, 1e300, 0.1, -7])
def test_whole_aggregates_keep_their_ids(tmp_path: Path, good: Path, aggregate: float) -> None:
    """SQLite keeps 3 as 3.0 in a column of floats, and -0.0 as 0.0."""
    with Archive.open(str(good), reading=True) as archive:
        made = archive.evaluations(CHAMPION, "select")[0]
    with Archive.open(str(tmp_path / "new.db")) as archive:
        archive.record_candidate(TRUE)
        archive.record_evaluation(dataclasses.replace(made, aggregate=aggregate))
        archive.record_evaluation(dataclasses.replace(made, aggregate=aggregate))
        assert [one.aggregate for one in archive.evaluations(CHAMPION)] == [aggregate]


def test_an_older_archive_is_told_and_left_as_it_is(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from heuresis.archive import database, migrations

    file = tmp_path / "there" / "archive.db"
    with monkeypatch.context() as before:
        before.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        before.setattr(migrations, "LATEST", 1)
        before.setattr(database, "LATEST", 1)
        with Archive.open(str(file)) as archive:
            archive.record_candidate(TRUE)
    stood = file.read_bytes()
    checked = cli("archive", "check", "--archive", file)
    assert checked.code == 0
    assert "schema version 1" in checked.err
    assert cli("archive", "check", "--archive", file, "--json").json["older"] is True
    assert file.read_bytes() == stood
    assert names_beside(file) == [file.name]
    edit_schema(file, "CREATE TRIGGER more AFTER INSERT ON runs BEGIN SELECT 1; END")
    stood = file.read_bytes()
    assert cli("runs", "--archive", file).code == 1  # nor is an older one migrated that is not ours
    assert file.read_bytes() == stood
    edit_schema(file, "DROP TRIGGER more")
    assert cli("runs", "--archive", file).code == 0
    assert cli("archive", "check", "--archive", file, "--json").json["version"] == LATEST


def test_statistics_and_copies_of_sqlite_are_no_faults(cli, file: Path) -> None:
    copy = file.with_name("copy.db")
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute("ANALYZE")
        raw.execute(f"VACUUM INTO {quoted(str(copy))}")
        raw.execute("VACUUM")
    for one in (file, copy):
        assert cli("archive", "check", "--archive", one).code == 0
        assert cli("show", CHAMPION, "--archive", one).code == 0


WRITER = """
import sys, sqlite3
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("UPDATE runs SET reason = 'written'")
print("ready", flush=True)
sys.stdin.readline()
import os; os._exit(0)  # as if it had been killed: the log stays
"""


def test_an_archive_in_use_is_read_and_left_as_it_is(cli, file: Path) -> None:
    """Beside a writer, after it was killed, and from a copy of file and log."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        assert writer.stdout.readline() == "ready\n"
        for _ in range(2):
            names = names_beside(file)
            kept = [file.read_bytes(), file.with_name(file.name + "-wal").read_bytes()]
            assert names == ["archive.db", "archive.db-shm", "archive.db-wal"]
            assert cli("archive", "check", "--archive", file).code == 0
            assert cli("runs", "--archive", file, "--json").json["runs"][0]["reason"] == "written"
            assert cli("show", CHAMPION, "--archive", file).code == 0
            assert names_beside(file) == names
            assert [file.read_bytes(), file.with_name(file.name + "-wal").read_bytes()] == kept
            writer.stdin.close()
            writer.wait()
    file.with_name(file.name + "-shm").unlink()
    assert cli("archive", "check", "--archive", file).code == 0
    assert cli("runs", "--archive", file, "--json").json["runs"][0]["reason"] == "written"
    assert names_beside(file) == ["archive.db", "archive.db-wal"]


def test_a_query_without_end_is_interrupted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "STEPS", 100_000)
    monkeypatch.setattr(connect, "STEPS_PER_BYTE", 0)
    endless = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r"
    with Archive.open(str(file), reading=True) as archive:
        assert len(archive.trials(RUN)) == 4
        with pytest.raises(ArchiveError, match="took far longer"), archive.reading() as connection:
            connection.exec_driver_sql(endless)
        assert len(archive.trials(RUN)) == 4


def test_a_row_without_end_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge(file, "UPDATE runs SET reason = printf('%.*c', 2000000, 'x')")
    monkeypatch.setattr(connect, "LONGEST_ROW", 1_000_000)
    with Archive.open(str(file), reading=True) as archive, pytest.raises(ArchiveError, match="a row of more than"):
        archive.runs()


def test_nothing_is_recorded_where_an_archive_was_opened_to_read(file: Path) -> None:
    with Archive.open(str(file), reading=True) as archive:
        assert archive.readonly
        with pytest.raises(ArchiveError, match="read-only"):
            archive.record_candidate("def priority(p):\n    return p\n")


@pytest.mark.parametrize("words", [("runs",), ("archive", "check"), ("show", CHAMPION), ("doctor",)])
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://user:hunter2@nowhere.invalid/db", "postgresql://nowhere.invalid/db"),
        ("nosuch://h/db?password=hunter2", "nosuch://h/db"),
    ],
)
def test_no_command_prints_a_password(cli, words: tuple[str, ...], url: str, told: str) -> None:
    for extra in ((), ("--json",)):
        answer = cli(*words, "--archive", url, *extra)
        assert answer.code == 1
        assert "hunter2" not in answer.out + answer.err
        assert told in answer.out + answer.err


@pytest.mark.parametrize(
    "words",
    [
        ("{}",),
        ("show", "{}"),
        ("runs", "{}"),
        ("--archive", "{}", "runs"),
        ("runs", "--archiv={}"),
        ("runs", "--json={}"),
    ],
)
def test_no_wrong_word_is_repeated_with_its_password(cli, words: tuple[str, ...]) -> None:
    for url in ("postgresql://user:hunter2@host/db", "us er:hunter2@host/db", "host=h password=hunter2"):
        answer = cli(*(word.format(url) for word in words))
        assert answer.code in {1, 2}
        assert "hunter2" not in answer.out + answer.err


@pytest.mark.parametrize("config", ["{}", '{"problem":5}', '{"problem":"smtt","evaluations":"many"}', '{"more":1}'])
def test_settings_that_no_run_has_are_told_with_their_place(cli, good: Path, tmp_path: Path, config: str) -> None:
    file = tmp_path / "other.db"
    file.write_bytes(good.read_bytes())
    forge(file, f"UPDATE runs SET config = '{config}'")
    answer = cli("resume", RUN, "--archive", file)
    assert answer.code == 1
    assert f"archive {file}: table runs, row {RUN}, column config: " in answer.err


def test_a_password_in_a_path_is_not_printed_either(cli, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db?password=hunter2"
    for words in (("runs",), ("archive", "check"), ("show", CHAMPION)):
        answer = cli(*words, "--archive", url)
        assert answer.code == 1
        assert "hunter2" not in answer.out + answer.err


@pytest.mark.parametrize("name", ["a pipe", "endless runs", "a version that is a text", "noise in it"])
def test_a_broken_archive_ends_a_process_soon(good: Path, tmp_path: Path, name: str) -> None:
    """The same as in one process, once for real."""
    assert name in FILES
    make_broken(name, tmp_path / "archive.db", good)
    done = subprocess.run(
        [sys.executable, "-m", "heuresis", "archive", "check", "--archive", str(tmp_path / "archive.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "archive" in done.stderr
    assert "defect" not in done.stderr
