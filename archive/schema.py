"""The schema of an SQLite archive, compared with what the migrations make before anything in it can be executed."""

import functools
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from heuresis.archive import migrations
from heuresis.archive.migrations import APPLICATION_ID, Step
from heuresis.archive.records import ArchiveError

MOST_OBJECTS = 200
"""Tables, indexes and triggers that are looked at; an archive has some thirty."""

VERSION_TABLE = "heuresis_schema"

_OF_ANALYZE = ("sqlite_stat1", "sqlite_stat3", "sqlite_stat4")
_ADVICE = "another program has changed it; restore a copy, or give another path with --archive"
_OTHER = "not a Heuresis archive: a database with other tables; give another path with --archive"

Thing = tuple[str, str, str, str]
"""A table, index, view or trigger: kind, name, table, and its SQL without spacing."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What was found. `faults` is empty where the schema is what Heuresis makes; `readable`: its tables are."""

    version: int  # 0 for a database without anything in it
    faults: Sequence[str] = ()
    readable: bool = True


def examine(connection: Connection) -> int:
    """The version of an SQLite archive; raises ArchiveError where its schema is not what Heuresis makes."""
    found = schema_of(connection)
    if found.faults:
        raise ArchiveError(f"the schema is not that of version {found.version}: {found.faults[0]}: {_ADVICE}")
    return found.version


def schema_of(connection: Connection) -> Schema:
    """Compare the schema of an SQLite archive.

    Reads the list of tables and nothing else before that is compared: no view, trigger, virtual table or generated
    column of somebody else is ever touched. Raises ArchiveError where it is no archive, or of a newer version.
    """
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name LIMIT ?", (MOST_OBJECTS,)
    ).all()
    mark = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    if not rows and mark in (0, APPLICATION_ID):
        return Schema(0)
    if mark != APPLICATION_ID:
        raise ArchiveError(_OTHER)
    found = _things(rows)
    named = [thing for thing in found if thing[1] == VERSION_TABLE]
    if not named:
        raise ArchiveError(_OTHER)
    if named != [thing for thing in expected(migrations.MIGRATIONS[:1]) if thing[1] == VERSION_TABLE]:
        raise ArchiveError(f"its table {VERSION_TABLE} is not as Heuresis makes it: {_ADVICE}")
    version = _version(connection)
    migrations.check_known(version)
    wanted = expected(migrations.MIGRATIONS[:version])
    tables = [thing for thing in wanted if thing[0] == "table"]
    names = {thing[1] for thing in tables}
    readable = sorted(thing for thing in found if thing[1] in names) == sorted(tables)
    return Schema(version, list(_differences(found, wanted)), readable)


def _version(connection: Connection) -> int:
    """The number in the version table, which is known to be a table."""
    rows = connection.exec_driver_sql(f"SELECT version FROM {VERSION_TABLE} LIMIT 2").scalars().all()  # noqa: S608
    if len(rows) != 1 or type(rows[0]) is not int or rows[0] < 1:
        got = repr(rows[0])[:40] if len(rows) == 1 else f"{'no' if not rows else 'several'} rows"
        raise ArchiveError(f"table {VERSION_TABLE}: expected one row with a version from 1 on, got {got}: {_ADVICE}")
    return int(rows[0])


@functools.lru_cache(maxsize=8)
def expected(steps: tuple[tuple[Step, ...], ...]) -> tuple[Thing, ...]:
    """What these migrations make, as SQLite itself has it."""
    connection = sqlite3.connect(":memory:")
    try:
        for step in (step for version in steps for step in version if step.dialect in ("", "sqlite")):
            connection.execute(step.sql)
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
        return tuple(_things(rows.fetchall()))
    finally:
        connection.close()


def _things(rows: Iterable[Sequence[object]]) -> list[Thing]:
    """Rows of the schema table without what ANALYZE leaves there, and without spacing."""
    kept = (tuple("" if cell is None else " ".join(str(cell).split()) for cell in row) for row in rows)
    return [(a, b, c, d) for a, b, c, d in kept if b not in _OF_ANALYZE]


def _differences(found: Sequence[Thing], wanted: Sequence[Thing]) -> Iterator[str]:
    """What is foreign, changed, missing or there twice, the most telling first."""
    names, here = {thing[:2] for thing in wanted}, {thing[:2] for thing in found}
    for kind, name, table, _ in found:
        if (kind, name) not in names:
            yield f"it has the {kind} {name[:40]!r} on {table[:40]!r}, which no archive has"
    for thing in found:
        if thing not in wanted and thing[:2] in names:
            yield f"its {thing[0]} {thing[1]} is not as Heuresis makes it"
    for kind, name, _, _ in wanted:
        if (kind, name) not in here:
            yield f"its {kind} {name} is missing"
    for (kind, name, *_), times in Counter(found).items():
        if times > 1:
            yield f"its {kind} {name[:40]!r} is there {times} times"
