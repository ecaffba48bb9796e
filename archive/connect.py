"""Connections to SQLite: how a file is opened for what is to be done with it, and what no file can make us do."""

import os
import sqlite3
import tempfile
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from heuresis.archive import files
from heuresis.archive.records import ArchiveError
from heuresis.archive.waiting import GLANCE_SECONDS, Waiting

OPENING_SECONDS = 1.5
"""How long the schema may take to be read, once that is more than a sound one needs."""

STEPS = 500_000
"""Steps of SQLite's machine that any statement may take (less than a tenth of a second)."""

STEPS_PER_BYTE = 4
"""Further steps for each byte of the file that is on the disk. Reading all rows takes less than one in ten of them."""

LONGEST_ROW = 1 << 26
"""Bytes of a row, the longest text in it included."""

_IN_MEMORY = 1 << 40
"""Bytes that a database in memory counts as: nobody else has made it."""

_AT_ONCE = 2_000
"""Steps between two looks at how many are left."""


class Manner(Enum):
    """What is to be done with a file."""

    WRITE = "write"
    READ = "read"  # beside writers; SQLite may make its -wal and -shm for as long as the archive is open
    UNTOUCHED = "untouched"  # nothing is made or changed, not even a file that SQLite needs to read beside writers


class Patience:
    """How much more work one statement may be: an endless one is interrupted, however it came about."""

    def __init__(self) -> None:
        self._left, self._deadline = STEPS // _AT_ONCE, float("inf")

    def renew(self, size: int, seconds: float = float("inf")) -> None:
        """A statement on a file of so many bytes begins."""
        self._left = (STEPS + STEPS_PER_BYTE * size) // _AT_ONCE
        self._deadline = time.monotonic() + seconds

    def spend(self) -> bool:
        """Whether that was too much; called by SQLite again and again."""
        self._left -= 1
        return self._left < 0 or time.monotonic() > self._deadline


class PatientCursor(sqlite3.Cursor):
    """A cursor that waits where the database is locked: nothing of a statement has been done then."""

    def execute(self, *words: Any) -> "PatientCursor":
        """Execute a statement."""
        guarded: Any = self.connection
        act = super().execute
        guarded.waiting.until_free(lambda: act(*words))
        return self


class Guarded(sqlite3.Connection):
    """A connection that trusts nothing that it reads, and waits for other programs."""

    patience: Patience
    waiting: Waiting

    def __init__(self, *words: Any, **settings: Any) -> None:
        super().__init__(*words, **settings)
        self._cursors = weakref.WeakSet[PatientCursor]()

    def cursor(self, factory: Any = PatientCursor) -> Any:
        """A cursor that waits."""
        made = super().cursor(factory)
        self._cursors.add(made)
        return made

    def close(self) -> None:
        """Close it with its cursors: one that an exception still holds would keep the log beside the file open."""
        for cursor in list(self._cursors):
            cursor.close()
        super().close()

    def commit(self) -> None:
        """Commit; without a write-ahead log readers can be in the way of that."""
        act = super().commit
        self.waiting.until_free(act)

    def guard(self, waiting: Waiting) -> None:
        """Set what protects us, before anything has been read."""
        self.patience, self.waiting = Patience(), waiting
        self.patience.renew(0, OPENING_SECONDS)
        self.set_progress_handler(self.patience.spend, _AT_ONCE)
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ROW)
        for setting in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "foreign_keys = ON"):
            self.execute(f"PRAGMA {setting}")
        configure = getattr(self, "setconfig", None)  # from Python 3.12 on
        if configure is not None:
            configure(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)  # type: ignore[attr-defined,unused-ignore]
            configure(sqlite3.SQLITE_DBCONFIG_ENABLE_VIEW, False)  # type: ignore[attr-defined,unused-ignore]


@dataclass(frozen=True, slots=True)
class Opened:
    """An engine on a file. `copy` is the folder of the copy that is read in its place, to be removed at the end."""

    engine: Engine
    readonly: bool
    waiting: Waiting = field(default_factory=Waiting)
    copy: "tempfile.TemporaryDirectory[str] | None" = None

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        if self.copy is not None:
            self.copy.cleanup()


def writable(file: Path) -> bool:
    """Whether a file and what SQLite keeps beside it can be written."""
    return (not file.exists() or os.access(file, os.W_OK)) and os.access(file.parent, os.W_OK)


def open_memory() -> Opened:
    """A new database in memory, one connection for all threads."""
    return _opened(lambda: _connect(":memory:"), None, shared=True)


def open_file(file: Path, manner: Manner) -> Opened:
    """An engine on a file, read-only where the file or its directory is. Raises ArchiveError."""
    if manner is Manner.WRITE and writable(file):
        return _opened(_named(file, "mode=rwc"), file)
    if not os.access(file, os.R_OK):
        raise ArchiveError("no permission to read it; give another path with --archive")
    file = file.resolve()
    log, index, journal = (files.beside(file, end) for end in (files.LOG, files.INDEX, files.JOURNAL))
    if files.begun(journal) or (files.begun(log) and not index.exists()):
        # Left by a process that died, or by who copied the file. SQLite would finish what was begun: in a copy.
        copy = files.copied(file)
        copied = Path(copy.name, "archive.db")
        return replace(_opened(_named(copied, "mode=rw"), copied, readonly=True, query_only=True), copy=copy)
    if files.begun(log):
        return _opened(_reading_log(file), file, readonly=True)
    if manner is Manner.UNTOUCHED or not writable(file):
        # Reading beside writers needs an index file; without a log there is nothing to coordinate, and SQLite may be
        # told that the file cannot change.
        return _opened(_named(file, "mode=ro&immutable=1"), file, readonly=True)
    # Read-only, SQLite would leave its -wal and -shm behind; so it may write, and we do not.
    return _opened(_named(file, "mode=rw"), file, readonly=True, query_only=True)


def _named(file: Path, mode: str) -> Callable[[], Guarded]:
    name = f"file:{quote(str(file.absolute()))}?{mode}"
    return lambda: _connect(name)


def _reading_log(file: Path) -> Callable[[], Guarded]:
    """Connections that read a log with its index as they are; where a writer has only just begun, beside it."""

    def connect() -> Guarded:
        connection = _named(file, "mode=ro&readonly_shm=1")()
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError as error:
            connection.close()
            if "interrupted" in str(error):
                raise
            return _named(file, "mode=ro")()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return connect


def _connect(name: str) -> Guarded:
    """A connection that leaves transactions to us."""
    connection = sqlite3.connect(
        name,
        timeout=GLANCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        uri=name != ":memory:",
        factory=Guarded,
    )
    try:
        connection.guard(Waiting())
    except BaseException:
        connection.close()
        raise
    return connection


def _opened(
    connect: Callable[[], Guarded],
    file: Path | None,
    *,
    readonly: bool = False,
    shared: bool = False,
    query_only: bool = False,
) -> Opened:
    """An engine on such connections, which wait for other programs together."""
    waiting = Waiting()

    def made() -> Guarded:
        connection = connect()
        connection.waiting = waiting
        return connection

    return Opened(_engine(made, file, shared=shared, query_only=query_only), readonly, waiting)


def _engine(connect: Callable[[], Guarded], file: Path | None, *, shared: bool, query_only: bool) -> Engine:
    """An engine whose writers take the lock when they begin, not when they first write (which could deadlock)."""
    if shared:
        engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    else:
        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options: Any = connection.get_execution_options()
        if not options.get("heuresis_write"):
            if query_only:
                connection.exec_driver_sql("PRAGMA query_only = ON")
            connection.exec_driver_sql("BEGIN")
            return
        # With a write-ahead log NORMAL survives any death of the process; FULL also survives a power cut, at one fsync
        # each. With a rollback journal only FULL does either.
        logged = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        whole = options.get("heuresis_paid") or not logged
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if whole else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "before_cursor_execute")
    def _renew(connection: Connection, *_: Any) -> None:
        driver: Any = connection.connection.driver_connection
        seconds = connection.get_execution_options().get("heuresis_seconds", float("inf"))
        driver.patience.renew(_IN_MEMORY if file is None else files.size(file), seconds)

    return engine
