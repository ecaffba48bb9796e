"""Where a write-ahead log cannot be, an archive has a rollback journal."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from heuresis.archive import journal
from heuresis.archive.check import check
from heuresis.archive.journal import filesystem_of, has_log, why_no_log
from heuresis.archive.store import Archive

MOUNTS = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /mnt/host rw - 9p drvfs rw
41 22 0:36 / /mnt/host/inner rw - tmpfs tmpfs rw
42 22 0:37 / /mnt/two\040words rw - nfs4 server:/x rw
"""


def lies_on(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Let every file lie on such a file system."""
    monkeypatch.setattr(journal, "filesystem_of", lambda _: kind)


def test_the_file_system_is_that_of_the_innermost_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    monkeypatch.setattr(journal, "_MOUNTS", mounts)
    found = {name: filesystem_of(Path(name)) for name in ("/a", "/mnt/host/a", "/mnt/host/inner/a", "/mnt/two words/a")}
    assert list(found.values()) == ["ext4", "9p", "tmpfs", "nfs4"]
    monkeypatch.setattr(journal, "_MOUNTS", tmp_path / "nothing")
    assert filesystem_of(Path("/a")) == ""


def test_on_a_shared_file_system_an_archive_works_without_a_log(
    file: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lies_on(monkeypatch, "9p")
    with Archive.open(str(file)) as archive, Archive.open(str(file), reading=True) as beside:
        archive.start_run(make.run())
        archive.record_proposal(make.proposal(0))
        assert len(beside.trials("r_ab12")) == 1
        archive.record_evaluation(make.evaluation(0))
        assert check(archive) == []
    assert not has_log(file)
    assert why_no_log(file) == "file system 9p"
    assert sorted(one.name for one in file.parent.iterdir()) == [file.name]


def test_an_archive_that_is_moved_there_leaves_its_log(file: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive.open(str(file)) as archive:
        archive.start_run(make.run())
    assert has_log(file)
    lies_on(monkeypatch, "nfs4")
    with Archive.open(str(file)) as archive:
        archive.reopen_run("r_ab12")
        assert check(archive) == []
    assert not has_log(file)


def test_a_log_that_cannot_be_is_found_out_by_trying(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    file.parent.mkdir(parents=True)
    assert why_no_log(file) is None
    with monkeypatch.context() as here:
        here.setattr(journal.sqlite3, "connect", refuse)
        assert why_no_log(file) == "memory of the file cannot be shared between processes here"
    monkeypatch.setattr(journal, "_log_works", lambda _: False)
    Archive.open(str(file)).close()
    assert not has_log(file)
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
