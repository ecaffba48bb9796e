"""Whether a whole archive is sound: its file, its schema, every row, and what the rows say of each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, inspect, text

from heuresis.archive.cells import Cells
from heuresis.archive.connect import OPENING_SECONDS, Manner
from heuresis.archive.database import Database, open_database, told, undisturbed
from heuresis.archive.files import check_kind
from heuresis.archive.location import default_location, place_of
from heuresis.archive.migrations import LATEST, version
from heuresis.archive.records import ArchiveError, FaultyRow
from heuresis.archive.rows import Row, to_call, to_evaluation, to_extension, to_parent, to_proposal, to_run, to_source
from heuresis.archive.schema import Schema, schema_of
from heuresis.archive.store import Archive
from heuresis.archive.tables import TABLES
from heuresis.problems.constraints import misjudged

DAMAGES = 20
"""Places of a damaged file that are told."""

AT_ONCE = 500
"""Rows that are read at once."""

_READERS: Mapping[str, Callable[[Row], object]] = {
    "runs": partial(to_run, advice=""),
    "candidates": partial(to_source, advice=""),
    "proposals": partial(to_proposal, parents=(), advice=""),
    "parents": partial(to_parent, advice=""),
    "calls": partial(to_call, advice=""),
    "evaluations": partial(to_evaluation, advice=""),
    "extensions": partial(to_extension, advice=""),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `rows` counts what was read by table; `problems` is empty where all is sound."""

    where: str
    version: int
    rows: Mapping[str, int]
    problems: Sequence[str]

    @property
    def older(self) -> bool:
        """Whether the archive is brought up to date when it is opened next; that is no fault."""
        return 0 < self.version < LATEST


def check_at(url: str | None = None) -> Report:
    """Check the archive at a URL or path (None: the default one) without changing it or anything beside it.

    Raises ArchiveError where it is none, cannot be read, or has another schema than its version.
    """
    place = place_of(url or default_location())
    if place.file is None or place.in_memory:
        database = open_database(place.url, Manner.UNTOUCHED)
        try:
            return _report(database)
        finally:
            database.close()
    with told(place):
        check_kind(place.file)
    return undisturbed(place, _report)


def check(archive: Archive) -> list[str]:
    """What is wrong with an open archive, one sentence each; empty where all is sound."""
    return list(archive.ask(_report).problems)


def _report(database: Database) -> Report:
    with database.read(OPENING_SECONDS) as connection:
        found = schema_of(connection) if connection.dialect.name == "sqlite" else Schema(version(connection))
        if found.version == 0:
            raise ArchiveError("there is nothing in it, so it is no archive")
    with database.read() as connection:
        problems = [f"the schema is not that of version {found.version}: {fault}" for fault in found.faults]
        damage = list(_damage(connection))
        counts: dict[str, int] = {}
        if found.readable and not damage:  # what a damaged file has in place of rows can be without end
            problems += _references(connection)
            problems += _rows(connection, counts)
    return Report(database.where, found.version, counts, problems + damage)


def _damage(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        for line in connection.exec_driver_sql(f"PRAGMA integrity_check({DAMAGES})").scalars():
            if line != "ok":
                yield f"the file is damaged: {line}"


def _references(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            yield f"table {table}, row {row}: refers to a row of {parent} that is not there"


def _rows(connection: Connection, counts: dict[str, int]) -> Iterator[str]:
    """The faults of all rows; `counts` gets their number by table."""
    made: dict[tuple[str, int], str | None] = {}
    lengths: dict[str, int] = {}
    there = set(inspect(connection).get_table_names())
    for table in (name for one in TABLES if (name := str(one.__tablename__)) in there):
        counts[table] = 0
        for row in _all(connection, table):
            counts[table] += 1
            try:
                _READERS[table](row)
                if "recorded" in row:
                    Cells(table, row, *_KEYS[table], advice="").date("recorded")
            except FaultyRow as fault:
                yield str(fault)
                continue
            if table == "proposals":
                made[row["run"], row["number"]] = row["candidate"]
            elif table == "evaluations":
                yield from _beside(row, made, lengths)


_KEYS = {str(table.__tablename__): [c.name for c in table.__table__.primary_key] for table in TABLES}  # type: ignore[attr-defined]


_LATER = {"objective": "", "lease": 0}
"""Columns that older versions have not, as they are where nothing was chosen."""


def _all(connection: Connection, table: str) -> Iterator[Row]:
    """All rows of a table of any version, by their keys."""
    wanted = text(f"SELECT * FROM {table} ORDER BY {', '.join(_KEYS[table])}")  # noqa: S608 - names of ours
    for row in connection.execute(wanted).mappings().yield_per(AT_ONCE):
        yield _LATER | dict(row)


def _beside(row: Row, made: Mapping[tuple[str, int], str | None], lengths: dict[str, int]) -> Iterator[str]:
    """What an evaluation says of other rows than its own: its proposal, and others on the same instances."""
    cells = Cells("evaluations", row, "id", advice="")
    key = row["run"], row["number"]
    if row["number"] is not None and made.get(key, row["candidate"]) != row["candidate"]:
        yield str(cells.fault(f"the program that proposal {row['number']} of {row['run']} made", "candidate"))
    if row["aggregate"] is not None:
        fault = misjudged(row["objective"], row["aggregate"], cells.json_metrics("metrics"))
        if fault:
            yield str(cells.fault(fault, "aggregate"))
    values = len(cells.json_numbers("instance_values"))
    if values and lengths.setdefault(row["fingerprint"], values) != values:
        others = f"{lengths[row['fingerprint']]} values, as others on the same instances have"
        yield str(cells.fault(others, "instance_values", f"got {values} values"))
