"""A Python file that an archive names as a problem is executed only where the user has named it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from broken_archives import CHAMPION, forge

from heuresis.cli import problem_files
from heuresis.cli.errors import UserError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing is remembered yet."""
    monkeypatch.setattr(problem_files, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def foreign(tmp_path: Path, good: Path, example: Path) -> Path:
    """An archive of which a run names a file that leaves a mark where it is executed."""
    evil = tmp_path / "my_evil.py"
    evil.write_text(f"open({str(tmp_path / 'executed')!r}, 'w').close()\n{example.read_text()}")
    file = tmp_path / "foreign.db"
    shutil.copy(good, file)
    settings = json.dumps({"problem": str(evil)})
    forge(file, f"UPDATE runs SET config = '{settings}', problem = 'weighted-completion'")
    return file


def test_no_file_is_executed_because_an_archive_names_it(cli, foreign: Path, tmp_path: Path):
    [run, *_] = [row["id"] for row in cli("runs", "--json", "--archive", foreign).json["runs"]]
    answer = cli("resume", run, "--archive", foreign)
    assert answer.code == 1
    assert f"say `heuresis problems {tmp_path / 'my_evil.py'}` first" in answer.err
    for words in (("export", CHAMPION), ("explain", CHAMPION), ("show", CHAMPION), ("lineage", CHAMPION), ("runs",)):
        cli(*words, "--archive", foreign)
    assert not (tmp_path / "executed").exists()


def test_a_file_that_the_user_has_named_is_known_from_then_on(cli, example: Path, tmp_path: Path):
    with pytest.raises(UserError, match="where you trust it"):
        problem_files.check_named(str(example))
    assert cli("problems", example).code == 0
    problem_files.check_named(str(example))
    problem_files.check_named(os.path.relpath(example))
    problem_files.check_named("smtt")
    with pytest.raises(UserError):
        problem_files.check_named(str(tmp_path / "other.py"))


def test_what_is_remembered_may_be_damaged(own_cache: Path, example: Path):
    own_cache.mkdir()
    for text in ("", "{", "[1, null]", '{"a": 1}'):
        (own_cache / "problem-files.json").write_text(text)
        with pytest.raises(UserError):
            problem_files.check_named(str(example))
        problem_files.remember(str(example))
        problem_files.check_named(str(example))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_stream_that_cannot_say_it_gets_plain_characters(encoding: str, good: Path):
    command = [sys.executable, "-m", "heuresis", "top", "smtt", "--archive", str(good)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": "200"}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert ("–" in done.stdout.decode(encoding)) == (encoding == "utf-8")
    assert b"\\u" not in done.stdout
    assert (b" - " in done.stdout) == (encoding != "utf-8")
