"""The files of an archive in SQLite, looked at before they are opened: the database and what lies beside it."""

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from heuresis.archive.records import ArchiveError

LOG, INDEX, JOURNAL = SIDES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, by the ends of the names."""

MOST_COPIED = 1 << 32
"""Bytes of files that are read from a copy."""

_HOLES = 16
"""How many times larger than what is on the disk a file may be that is copied; file systems that compress reach 5."""

_SMALL = 1 << 26
"""Bytes up to which holes do not matter."""

_BLOCK = 512  # of st_blocks, whatever the file system's are

_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""How a journal ends that names another one, and begins in any case."""

_ADVICE = "give the path of a file with --archive"


def beside(file: Path, end: str) -> Path:
    """The file that SQLite keeps beside a database, which it looks for where a link leads."""
    target = file.resolve()
    return target.with_name(target.name + end)


def check_kind(file: Path) -> None:
    """Raise ArchiveError where a path, or one beside it that SQLite would use, names what no file of a database can be.

    Nothing is opened, which could wait for ever.
    """
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        pass
    else:
        if not stat.S_ISREG(mode):
            raise ArchiveError(f"it is {_kind(mode)}; {_ADVICE}")
    for side in (beside(file, end) for end in SIDES):
        try:
            mode = side.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not stat.S_ISREG(mode):
            raise ArchiveError(f"{side.name} beside it is {_kind(mode)}, expected a file of SQLite's; remove that")


def status(file: Path) -> os.stat_result | None:
    """What is known of a file; None where there is none, or no longer: writers make and remove what lies beside."""
    try:
        return file.stat()
    except FileNotFoundError:
        return None


def begun(file: Path) -> bool:
    """Whether something is written in a log or journal; one that was finished is empty or begins with zeros."""
    try:
        with file.open("rb") as opened:
            return any(opened.read(len(_MAGIC)))
    except FileNotFoundError:
        return False


def size(file: Path) -> int:
    """Bytes of a database and its log that are on the disk: a file may claim to be larger by holes."""
    return sum(_on_disk(found) for one in (file, beside(file, LOG)) if (found := status(one)) is not None)


def copied(file: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder with a copy of the files of a database, which is `archive.db` there. Raises ArchiveError."""
    files = [file, beside(file, LOG), beside(file, JOURNAL)]
    found = [one for one in map(status, files) if one is not None]
    claimed, there = sum(one.st_size for one in found), sum(map(_on_disk, found))
    if claimed > MOST_COPIED or claimed > max(_SMALL, _HOLES * there):
        raise ArchiveError(
            f"something was begun and not finished in it, so it is read from a copy, but its files have {claimed:,} "
            f"bytes, {there:,} of them on the disk; restore a copy, or let SQLite finish it (`sqlite3 FILE 'PRAGMA "
            "wal_checkpoint'`) if you trust it"
        )
    if _names_another(beside(file, JOURNAL)):
        raise ArchiveError("its journal names another file, as none of Heuresis does; restore a copy")
    folder = tempfile.TemporaryDirectory(prefix="heuresis-")
    try:
        for one in files:
            with contextlib.suppress(FileNotFoundError):  # there was none, or a writer has just finished it
                shutil.copyfile(one, Path(folder.name, "archive.db" + one.name.removeprefix(file.resolve().name)))
    except BaseException:
        folder.cleanup()
        raise
    return folder


def _on_disk(found: os.stat_result) -> int:
    """Bytes on the disk; where the file system does not count blocks, those that the file claims."""
    blocks = getattr(found, "st_blocks", 0) * _BLOCK
    return min(found.st_size, blocks) if blocks else found.st_size


def _names_another(journal: Path) -> bool:
    """Whether a journal belongs to a transaction over several databases: SQLite would open and remove what it names."""
    try:
        with journal.open("rb") as opened:
            opened.seek(max(0, opened.seek(0, os.SEEK_END) - len(_MAGIC)))
            return opened.tell() > 0 and opened.read() == _MAGIC
    except FileNotFoundError:
        return False


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a pipe (FIFO)",
        stat.S_IFSOCK: "a socket",
        stat.S_IFLNK: "a link",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no file")
