"""Opening the database: where it lies, how it is connected, transactions, and errors told to people."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import platformdirs
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from heuresis.archive.migrations import LATEST, check_known, migrate, version
from heuresis.archive.records import ArchiveError

BUSY_SECONDS = 30.0
"""How long a transaction waits for another process's."""

_DAMAGED = "the file is damaged; restore a copy, or give another path with --archive"
_MEANINGS = (
    ("database or disk is full", "the disk is full; free some space and go on with `heuresis resume`"),
    ("disk i/o error", "the disk refused to write (full, over a quota, or failing); then use `heuresis resume`"),
    ("readonly database", "it is read-only; give another path with --archive"),
    ("database is locked", f"another process has kept it locked for {BUSY_SECONDS:g} s; try again when that is done"),
    ("file is not a database", "not a Heuresis archive: not an SQLite file; give another path with --archive"),
    ("malformed", _DAMAGED),
    ("could not decode to utf-8", _DAMAGED),
    ("unable to open database file", "the file cannot be opened; check the path and its permissions"),
)


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn the database's errors into ArchiveError; the one place where that is done."""
    try:
        yield
    except ArchiveError as error:
        if str(error).startswith("archive "):
            raise
        raise type(error)(f"archive {where}: {error}") from error
    except UnicodeDecodeError as error:  # of SQLite's own message, which quotes the damaged schema
        raise ArchiveError(f"archive {where}: {_DAMAGED}") from error
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = str(getattr(error, "orig", None) or error)
        if isinstance(error, IntegrityError) and "FOREIGN KEY" in cause:
            cause = "a row refers to a run, proposal or candidate that is not there; record that first"
        meaning = next((text for words, text in _MEANINGS if words in cause.lower()), cause)
        raise ArchiveError(f"archive {where}: {meaning}") from error


def default_location() -> str:
    """`HEURESIS_ARCHIVE`, or `archive.db` in the user's data directory."""
    return os.environ.get("HEURESIS_ARCHIVE") or str(platformdirs.user_data_path("heuresis") / "archive.db")


def _file_of(url: str) -> Path | None:
    """The file that a URL or a bare path names; None for another database server. `:memory:` is a path like that."""
    if "://" not in url:
        return Path(url).expanduser()
    scheme, _, rest = url.partition("://")
    if scheme.split("+")[0] != "sqlite":
        return None
    return Path(rest.removeprefix("/") or ":memory:").expanduser()


@dataclass(frozen=True, slots=True)
class Database:
    """An open archive. Writers of one process take turns; readers of a file do not wait for them."""

    engine: Engine
    where: str
    readonly: bool
    writing: threading.RLock
    shared: bool  # one connection for all threads: readers take turns too

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the archive."""
        with told(self.where), self.writing if self.shared else nullcontext(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, paid: bool = False) -> Iterator[Connection]:
        """A transaction, committed on leaving and undone by an error. `paid`: on the disk before it returns."""
        with told(self.where), self.writing:
            if self.readonly:
                raise ArchiveError("it is read-only; give another path with --archive")
            with self.engine.connect() as plain:
                connection = plain.execution_options(heuresis_write=True, heuresis_paid=paid)
                with connection.begin():
                    yield connection

    def close(self) -> None:
        """Close every connection."""
        with told(self.where):
            self.engine.dispose()


def open_database(url: str) -> Database:
    """Connect, check that it is an archive, and migrate it to the latest version."""
    file = _file_of(url)
    where = url if file is None else str(file)
    with told(where):
        if file is None:
            try:
                engine, readonly = create_engine(url), False
            except ImportError as error:
                raise ArchiveError(f"the driver of this database is not installed ({error})") from error
        elif str(file) == ":memory:":
            engine, readonly = _sqlite(lambda: _connect(":memory:"), shared=True), False
        else:
            engine, readonly = _open_file(file)
        database = Database(engine, where, readonly, threading.RLock(), shared=str(file) == ":memory:")
        try:
            _prepare(database)
        except BaseException:
            engine.dispose()
            raise
    return database


def _open_file(file: Path) -> tuple[Engine, bool]:
    """An engine on a file, read-only where the file or its directory is."""
    if file.is_dir():
        raise ArchiveError("it is a directory; give the path of a file with --archive")
    if not file.exists():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"no directory for it can be made ({error.strerror}); give --archive PATH") from error
        if not os.access(file.parent, os.W_OK):
            raise ArchiveError(f"the directory {file.parent} is read-only; give --archive PATH")
    elif not os.access(file, os.R_OK):
        raise ArchiveError("no permission to read it; give another path with --archive")
    name = quote(str(file.absolute()))
    if not file.exists() or (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        return _sqlite(lambda: _connect(f"file:{name}?mode=rwc")), False
    # Reading a write-ahead log needs its index file, which a read-only directory may lack; without a log there is
    # nothing to coordinate, and SQLite may be told that the file cannot change.
    log = file.with_name(file.name + "-wal")
    mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    return _sqlite(lambda: _connect(f"file:{name}?{mode}")), True


def _connect(name: str) -> sqlite3.Connection:
    """A connection that leaves transactions to us."""
    connection = sqlite3.connect(
        name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=name != ":memory:"
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _sqlite(connect: Callable[[], sqlite3.Connection], *, shared: bool = False) -> Engine:
    """An engine whose writers take the lock when they begin, not when they first write (which could deadlock)."""
    if shared:
        engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    else:
        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options: Any = connection.get_execution_options()
        if not options.get("heuresis_write"):
            connection.exec_driver_sql("BEGIN")
            return
        # In WAL mode NORMAL survives any death of the process; FULL also survives a power cut, at one fsync each.
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options.get('heuresis_paid') else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _prepare(database: Database) -> None:
    """Check what the database is and bring it up to date."""
    with database.read() as connection:
        found = version(connection)
    check_known(found)
    if found == LATEST:
        return
    if database.readonly:
        raise ArchiveError(f"has schema version {found} and is read-only, so it cannot be brought to {LATEST}")
    if database.engine.dialect.name == "sqlite" and not database.shared:
        with database.engine.connect() as plain:
            plain.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write(paid=True) as connection:
        migrate(connection)
