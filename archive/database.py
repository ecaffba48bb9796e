"""Opening the database: what is looked at first, transactions, and errors told to people."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from heuresis.archive.connect import (
    LONGEST_ROW,
    OPENING_SECONDS,
    Manner,
    Opened,
    open_file,
    open_memory,
    writable,
)
from heuresis.archive.files import LOG, beside, check_kind, status
from heuresis.archive.journal import leave_log, settle_journal
from heuresis.archive.location import Place, place_of
from heuresis.archive.migrations import LATEST, check_known, migrate, version
from heuresis.archive.records import ArchiveBusy, ArchiveError
from heuresis.archive.schema import examine
from heuresis.archive.waiting import BUSY_SECONDS

Answer = TypeVar("Answer")

_AGAIN = 3
"""How often a file is looked at that changes meanwhile."""

_DAMAGED = "the file is damaged; restore a copy, or give another path with --archive"
_BUSY = f"another process has kept it locked for {BUSY_SECONDS:g} s; try again when that is done"
_MEANINGS = (
    ("database or disk is full", "the disk is full; free some space and go on with `heuresis resume`"),
    ("disk i/o error", "the disk refused to write (full, over a quota, or failing); then use `heuresis resume`"),
    ("readonly database", "it is read-only; give another path with --archive"),
    ("database is locked", _BUSY),
    ("file is not a database", "not a Heuresis archive: not an SQLite file; give another path with --archive"),
    ("malformed", _DAMAGED),
    ("could not decode to utf-8", _DAMAGED),
    ("unable to open database file", "the file cannot be opened; check the path and its permissions"),
    ("interrupted", f"a question took far longer than one to a sound archive of its size can: {_DAMAGED}"),
    ("string or blob too big", f"a row of more than {LONGEST_ROW >> 20} MiB: {_DAMAGED}"),
    ("unsupported file format", "another SQLite is needed to read the file, or it is damaged; restore a copy"),
)


@contextmanager
def told(place: Place) -> Iterator[None]:
    """Turn the database's errors into ArchiveError without passwords; the one place where that is done."""
    try:
        yield
    except ArchiveError as error:
        if str(error).startswith("archive "):
            raise
        message = place.without_secrets(str(error))
        raise type(error)(f"archive {place.where}: {message}") from _shown_cause(place, error)
    except UnicodeDecodeError as error:  # of SQLite's own message, which quotes the damaged schema
        raise ArchiveError(f"archive {place.where}: {_DAMAGED}") from _shown_cause(place, error)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = str(getattr(error, "orig", None) or error)
        if isinstance(error, IntegrityError) and "FOREIGN KEY" in cause:
            cause = "a row refers to a run, proposal or candidate that is not there; record that first"
        meaning = next((text for words, text in _MEANINGS if words in cause.lower()), cause)
        message = place.without_secrets(meaning)
        kind = ArchiveBusy if meaning == _BUSY else ArchiveError
        raise kind(f"archive {place.where}: {message}") from _shown_cause(place, error)


def _shown_cause(place: Place, error: Exception) -> Exception | None:
    """What a traceback shows beneath an error: nothing that may repeat a password."""
    return None if place.secrets else error


@dataclass(frozen=True, slots=True)
class Database:
    """An open archive. Writers of one process take turns; readers of a file do not wait for them."""

    opened: Opened
    place: Place
    writing: threading.RLock

    @property
    def where(self) -> str:
        """The file or URL, for people."""
        return self.place.where

    @property
    def readonly(self) -> bool:
        """Whether nothing can be recorded."""
        return self.opened.readonly

    @contextmanager
    def read(self, seconds: float | None = None) -> Iterator[Connection]:
        """A transaction that sees one state of the archive; `seconds` bounds each statement in it."""
        turn = self.writing if self.place.in_memory else nullcontext()  # one connection for all threads
        with told(self.place), turn, self.opened.engine.connect() as plain:
            options = {} if seconds is None else {"heuresis_seconds": seconds}
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self, *, paid: bool = False) -> Iterator[Connection]:
        """A transaction, committed on leaving and undone by an error. `paid`: on the disk before it returns."""
        with told(self.place), self.writing:
            if self.readonly:
                raise ArchiveError("it is read-only; give another path with --archive")
            with self.opened.engine.connect() as plain:
                connection = plain.execution_options(heuresis_write=True, heuresis_paid=paid)
                with connection.begin():
                    yield connection

    def close(self) -> None:
        """Close every connection."""
        with told(self.place):
            self.opened.close()


def open_database(url: str, manner: Manner = Manner.WRITE) -> Database:
    """Connect, check that it is an archive and that its schema is ours, and bring it to the latest version.

    A file is looked at before anything is opened that could write to it. To read, an older archive is brought up to
    date as well; `UNTOUCHED` leaves it as it is, and `version_of` tells which version that is.
    """
    place = place_of(url)
    with told(place):
        if place.file is None:
            return _open_server(place, manner)
        if place.in_memory:
            return _prepared(Database(open_memory(), place, threading.RLock()))
        check_kind(place.file)
        found = undisturbed(place, version_of) if place.file.exists() else 0
        if manner is Manner.WRITE:
            _make_room(place)
            if writable(place.file):
                leave_log(place.file)
        elif found == 0:
            raise ArchiveError("there is nothing in it, so it is no archive; give another path with --archive")
        elif manner is Manner.READ and found < LATEST:
            _prepared(Database(open_file(place.file, Manner.WRITE), place, threading.RLock())).close()
        database = Database(open_file(place.file, manner), place, threading.RLock())
        return database if manner is Manner.UNTOUCHED else _prepared(database)


def undisturbed(place: Place, question: Callable[[Database], Answer]) -> Answer:
    """Ask a file something without touching it or what lies beside it; again where somebody was writing to it."""
    if place.file is None:
        raise ArchiveError("expected an archive in a file")
    left = _AGAIN
    while True:
        left -= 1
        before = _stamp(place)
        try:
            with told(place):
                database = Database(open_file(place.file, Manner.UNTOUCHED), place, threading.RLock())
            try:
                answer = question(database)
            finally:
                database.close()
        except ArchiveError:
            if not left or before == _stamp(place):
                raise
        else:
            if not left or before == _stamp(place):
                return answer


def version_of(database: Database) -> int:
    """The version of an archive, whose schema is examined; 0 where there is nothing yet."""
    with database.read(OPENING_SECONDS) as connection:
        if connection.dialect.name == "sqlite":
            return examine(connection)
        found = version(connection)
    check_known(found)
    return found


def _stamp(place: Place) -> list[tuple[int, int] | None]:
    """What tells whether a file was written to meanwhile."""
    files = [] if place.file is None else [place.file, beside(place.file, LOG)]
    return [None if (found := status(one)) is None else (found.st_mtime_ns, found.st_size) for one in files]


def _open_server(place: Place, manner: Manner) -> Database:
    try:
        database = Database(Opened(create_engine(place.url), readonly=False), place, threading.RLock())
        return database if manner is Manner.UNTOUCHED else _prepared(database)
    except ImportError as error:
        raise ArchiveError(f"the driver of this database is not installed ({error})") from error
    except (TypeError, ValueError) as error:  # of SQLAlchemy or a driver that does not know what the URL says
        # What they say may be any part of the URL, such as a password that they took for a port.
        raise ArchiveError("expected a URL that SQLAlchemy and its driver know, got one with another form") from error


def _make_room(place: Place) -> None:
    """Make the directory of a new archive."""
    file = place.file
    if file is None or file.exists():
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveError(f"no directory for it can be made ({error.strerror}); give --archive PATH") from error
    if not writable(file):
        raise ArchiveError(f"the directory {file.parent} is read-only; give --archive PATH")


def _prepared(database: Database) -> Database:
    """Bring a database up to date; it is closed where that cannot be."""
    try:
        found = version_of(database)
        if found == LATEST:
            return database
        if database.readonly:
            raise ArchiveError(
                f"has schema version {found} and is read-only, so it cannot be brought to {LATEST}; copy it to where "
                "it can be written, and give that with --archive"
            )
        if database.place.file is not None and not database.place.in_memory:
            with database.opened.engine.connect() as plain:
                settle_journal(plain.connection.cursor(), database.place.file)
        with database.write(paid=True) as connection:
            found = examine(connection) if connection.dialect.name == "sqlite" else version(connection)
            check_known(found)
            migrate(connection, found)
    except BaseException:
        database.close()
        raise
    return database
