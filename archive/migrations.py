"""Numbered, append-only migrations of the archive. A released step is never edited; a change of tables adds one.

The steps are SQL text and never derived from `tables.py`, so that an archive of any age takes the same path. A step of
a dialect other than the archive's is skipped: the triggers, which make SQLite itself refuse to change a finished row.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from heuresis.archive.records import ArchiveError

APPLICATION_ID = 0x48455552
"""SQLite's `application_id` of an archive: "HEUR" in ASCII."""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, for one dialect or (empty) for all."""

    sql: str
    dialect: str = ""


_REFUSED = "finished rows never change"


def _keep(table: str, event: str, when: str = "") -> Step:
    """A trigger that refuses an UPDATE, an UPDATE OF columns or a DELETE."""
    name = f"keep_{table}_{event.partition(' ')[0].lower()}" + ("_of" if " " in event else "")
    condition = f" WHEN {when}" if when else ""
    return Step(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table}{condition} BEGIN "
        f"SELECT RAISE(ABORT, '{_REFUSED}: {table}'); END",
        dialect="sqlite",
    )


_VERSION_1 = (
    Step("CREATE TABLE heuresis_schema (version INTEGER NOT NULL)"),
    Step("INSERT INTO heuresis_schema (version) VALUES (0)"),
    Step("CREATE TABLE candidates (id VARCHAR NOT NULL PRIMARY KEY, source TEXT NOT NULL, recorded VARCHAR NOT NULL)"),
    Step(
        """CREATE TABLE runs (
            id VARCHAR NOT NULL PRIMARY KEY, problem VARCHAR NOT NULL, problem_version INTEGER NOT NULL,
            config TEXT NOT NULL, seed BIGINT NOT NULL, versions TEXT NOT NULL, revision VARCHAR NOT NULL,
            sandbox_level VARCHAR NOT NULL, status VARCHAR NOT NULL, reason TEXT NOT NULL,
            created VARCHAR NOT NULL, heartbeat VARCHAR NOT NULL, searched FLOAT NOT NULL, owner VARCHAR NOT NULL,
            champion VARCHAR REFERENCES candidates (id))"""
    ),
    Step("CREATE INDEX ix_runs_problem ON runs (problem)"),
    Step(
        """CREATE TABLE proposals (
            run VARCHAR NOT NULL REFERENCES runs (id), number INTEGER NOT NULL, prefix INTEGER NOT NULL,
            proposer VARCHAR NOT NULL, operator VARCHAR NOT NULL, source TEXT,
            candidate VARCHAR REFERENCES candidates (id), reason TEXT NOT NULL, work BIGINT NOT NULL,
            seconds FLOAT NOT NULL, recorded VARCHAR NOT NULL, PRIMARY KEY (run, number))"""
    ),
    Step("CREATE INDEX ix_proposals_candidate ON proposals (candidate)"),
    Step(
        """CREATE TABLE parents (
            run VARCHAR NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
            candidate VARCHAR NOT NULL REFERENCES candidates (id), PRIMARY KEY (run, number, position),
            FOREIGN KEY (run, number) REFERENCES proposals (run, number))"""
    ),
    Step("CREATE INDEX ix_parents_candidate ON parents (candidate)"),
    Step(
        """CREATE TABLE calls (
            run VARCHAR NOT NULL REFERENCES runs (id), number INTEGER NOT NULL, turn INTEGER NOT NULL,
            attempt INTEGER NOT NULL, model VARCHAR NOT NULL, prompt TEXT NOT NULL, max_usd FLOAT NOT NULL,
            reply TEXT, finish_reason VARCHAR NOT NULL, error TEXT, tokens_in INTEGER NOT NULL,
            tokens_out INTEGER NOT NULL, usd FLOAT NOT NULL,
            seconds FLOAT NOT NULL, recorded VARCHAR NOT NULL, PRIMARY KEY (run, number, turn, attempt))"""
    ),
    Step(
        """CREATE TABLE evaluations (
            id VARCHAR NOT NULL PRIMARY KEY, candidate VARCHAR NOT NULL REFERENCES candidates (id),
            problem VARCHAR NOT NULL, problem_version INTEGER NOT NULL, split VARCHAR NOT NULL,
            fingerprint VARCHAR NOT NULL, status VARCHAR NOT NULL, message TEXT NOT NULL,
            instance_values TEXT NOT NULL, aggregate FLOAT, metrics TEXT NOT NULL, code_size INTEGER NOT NULL,
            decisions_per_second FLOAT, seconds FLOAT NOT NULL, run VARCHAR REFERENCES runs (id), number INTEGER,
            recorded VARCHAR NOT NULL,
            CONSTRAINT one_evaluation_per_proposal UNIQUE (run, number, split, fingerprint),
            FOREIGN KEY (run, number) REFERENCES proposals (run, number))"""
    ),
    Step("CREATE INDEX ix_evaluations_candidate ON evaluations (candidate)"),
    Step("CREATE INDEX evaluations_by_problem ON evaluations (problem, split)"),
    *(
        _keep(table, event)
        for table in ("candidates", "proposals", "parents", "evaluations")
        for event in ("UPDATE", "DELETE")
    ),
    _keep("calls", "DELETE"),
    _keep("calls", "UPDATE", "OLD.reply IS NOT NULL OR OLD.error IS NOT NULL"),
    _keep("calls", "UPDATE OF run, number, turn, attempt, model, prompt, max_usd, recorded"),
    _keep("runs", "DELETE"),
    _keep(
        "runs",
        "UPDATE OF id, problem, problem_version, config, seed, versions, revision, sandbox_level, created",
    ),
    Step(f"PRAGMA application_id = {APPLICATION_ID}", dialect="sqlite"),
)

_VERSION_2 = (Step("ALTER TABLE evaluations ADD COLUMN objective VARCHAR NOT NULL DEFAULT ''"),)

_VERSION_3 = (
    Step("ALTER TABLE runs ADD COLUMN lease INTEGER NOT NULL DEFAULT 0"),
    Step(
        """CREATE TABLE extensions (
            run VARCHAR NOT NULL REFERENCES runs (id), position INTEGER NOT NULL, number INTEGER NOT NULL,
            changes TEXT NOT NULL, recorded VARCHAR NOT NULL, PRIMARY KEY (run, position))"""
    ),
    *(_keep("extensions", event) for event in ("UPDATE", "DELETE")),
)

MIGRATIONS: tuple[tuple[Step, ...], ...] = (_VERSION_1, _VERSION_2, _VERSION_3)
"""`MIGRATIONS[k]` takes an archive from version k to k + 1."""

LATEST = len(MIGRATIONS)
"""The version that this code reads and writes."""


def version(connection: Connection) -> int:
    """The schema's version on another server than SQLite (see `schema.py`); 0 for a database without any table.

    Raises ArchiveError where it is not an archive.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return 0
    if "heuresis_schema" not in tables:
        raise ArchiveError("not a Heuresis archive: a database with other tables; give another path with --archive")
    found = connection.execute(text("SELECT version FROM heuresis_schema")).scalars().all()
    if len(found) != 1 or type(found[0]) is not int or found[0] < 1:
        raise ArchiveError("table heuresis_schema: expected one row with a version from 1 on; restore a copy")
    return found[0]


def check_known(found: int) -> None:
    """Raise ArchiveError where an archive was written by a newer Heuresis."""
    if found > LATEST:
        raise ArchiveError(
            f"has schema version {found}, this Heuresis knows up to {LATEST}: upgrade with `pip install -U heuresis`"
        )


def migrate(connection: Connection, found: int) -> None:
    """Bring an archive of this version to `LATEST`, inside the caller's transaction: all of it or nothing."""
    for number in range(found, LATEST):
        for step in MIGRATIONS[number]:
            if step.dialect in ("", connection.dialect.name):
                connection.exec_driver_sql(step.sql)
        connection.execute(text("UPDATE heuresis_schema SET version = :version"), {"version": number + 1})
