"""Whatever an archive is made of: one message, exit code 1, soon, and nothing is written."""

import stat
import time
from pathlib import Path

import pytest
from broken_archives import CHAMPION, FILE_READERS, FILES, ROWS, make_broken

READERS = {words[0]: words for words in FILE_READERS}
CHECK = ("archive", "check")


@pytest.fixture
def broken(good: Path, tmp_path: Path):
    """Makes an archive, broken as it is named."""

    def make(name: str) -> Path:
        file = tmp_path / "there" / "archive.db"
        file.parent.mkdir()
        make_broken(name, file, good)
        return file

    return make


def beside(file: Path) -> dict[str, object]:
    """What lies in a folder: names, kinds and contents."""
    found: dict[str, object] = {}
    for one in sorted(file.parent.iterdir()):
        status = one.lstat()
        content = one.read_bytes() if stat.S_ISREG(status.st_mode) and status.st_size < 1 << 24 else None
        found[one.name] = (stat.S_IFMT(status.st_mode), status.st_size, status.st_mtime_ns, content)
    return found


def refuses(cli, file: Path, words: tuple[str, ...]) -> str:
    """Run a command that must fail with a message, and return that."""
    before = beside(file)
    started = time.process_time()
    answer = cli(*words, "--archive", file)
    spent = time.process_time() - started
    told = answer.err + answer.out
    assert answer.code == 1, (words, told)
    assert "defect" not in told
    assert "Traceback" not in told
    assert "archive" in told
    assert beside(file) == before, words
    assert spent < 2.0, (words, spent)
    return told


def test_the_good_archive_is_sound(cli, good: Path) -> None:
    before = beside(good)
    assert cli(*CHECK, "--archive", good).code == 0
    found = cli(*CHECK, "--archive", good, "--json").json
    assert (found["ok"], found["problems"], found["version"]) == (True, [], 3)
    assert found["rows"] == {
        "runs": 1, "candidates": 4, "proposals": 4, "parents": 3, "calls": 1, "evaluations": 8, "extensions": 0
    }  # fmt: skip
    assert beside(good) == before
    for words in (("runs",), ("top", "smtt"), ("show", CHAMPION), ("lineage", CHAMPION), ("export", CHAMPION)):
        assert cli(*words, "--archive", good).code == 0
    assert beside(good) == before


@pytest.mark.parametrize("name", FILES)
def test_no_command_takes_it_for_an_archive(cli, broken, name: str) -> None:
    file = broken(name)
    for words in (CHECK, *FILE_READERS):
        assert str(file) in refuses(cli, file, words)


@pytest.mark.parametrize("name", ROWS)
def test_no_command_takes_such_a_row(cli, broken, name: str) -> None:
    file = broken(name)
    told = refuses(cli, file, CHECK)
    assert "table " in told or "damaged" in told
    for reader in ROWS[name].readers:
        refuses(cli, file, READERS[reader])
