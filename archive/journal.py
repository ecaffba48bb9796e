"""Which journal SQLite keeps: a write-ahead log, but where the file system cannot share memory between processes."""

import re
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

WAL, ROLLBACK = "wal", "delete"
"""The journals of an archive, as SQLite calls them. With a log readers and a writer do not wait for each other."""

_SHARED = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)
"""File systems whose files other machines see, or none sees mapped into memory (9p)."""

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")  # spaces and the like, in the list of mounts
_TRIED = "memory of the file cannot be shared between processes here"


def settle_journal(cursor: Any, file: Path) -> None:
    """Choose the journal of a database that is new or brought up to date."""
    cursor.execute(f"PRAGMA journal_mode = {WAL if why_no_log(file) is None else ROLLBACK}")


def leave_log(file: Path) -> None:
    """Give an archive that came here with a write-ahead log a journal that works here; nothing where it has one.

    Without sharing its memory SQLite reads a log only while it has the file for itself.
    """
    if not has_log(file) or shared_by(file) is None:
        return
    with closing(sqlite3.connect(file, isolation_level=None)) as alone:
        alone.execute("PRAGMA locking_mode = EXCLUSIVE")
        alone.execute(f"PRAGMA journal_mode = {ROLLBACK}")


def has_log(file: Path) -> bool:
    """Whether a database says in its header that it is written with a write-ahead log."""
    try:
        with file.open("rb") as opened:
            return opened.read(20)[18:] == b"\x02\x02"
    except FileNotFoundError:
        return False


def why_no_log(file: Path) -> str | None:
    """Why there can be no write-ahead log beside a file, for people; None where there can."""
    found = shared_by(file)
    if found is not None:
        return f"file system {found}"
    return None if _log_works(file.parent) else _TRIED


def shared_by(file: Path) -> str | None:
    """The kind of file system, where it is one on which a log must not be kept."""
    kind = filesystem_of(file)
    return kind if kind in _SHARED or kind.startswith("fuse.sshfs") else None


def filesystem_of(file: Path) -> str:
    """The kind of file system that a file lies on, as Linux calls it; empty where that is not known."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    where, found = file.resolve(), (-1, "")
    for line in lines:
        before, _, after = line.partition(" - ")
        mounted = Path(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), before.split()[4]))
        if where.is_relative_to(mounted) and len(mounted.parts) >= found[0]:
            found = len(mounted.parts), after.split()[0]
    return found[1]


def _log_works(folder: Path) -> bool:
    """Whether a database with a log can be written and read in a folder: it is tried."""
    with tempfile.TemporaryDirectory(prefix=".heuresis-", dir=folder) as tried:
        try:
            with closing(sqlite3.connect(Path(tried, "log.db"), isolation_level=None)) as one:
                kept = one.execute(f"PRAGMA journal_mode = {WAL}").fetchone()
                one.execute("CREATE TABLE t (x)")
                one.execute("SELECT count(*) FROM t").fetchone()
        except sqlite3.Error:
            return False
    return bool(kept == (WAL,))
