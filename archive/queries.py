"""Questions to the archive: the best programs, where one came from, what a run made, and whether all is sound."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, select
from sqlmodel import SQLModel

from heuresis.archive.records import candidate_id
from heuresis.archive.statements import CANDIDATES, EVALUATIONS, PARENTS, PROPOSALS
from heuresis.archive.store import Archive
from heuresis.archive.tables import TABLES, comparable_columns

Sets: TypeAlias = Mapping[str, str]
"""Fingerprints of instances by split. Of a split that is not named, those count that were evaluated last."""


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """One program with its scores, smaller is better. None where it has no valid evaluation on that split."""

    id: str
    source: str
    origin: str  # the proposer that first proposed it; empty where no run did
    operator: str
    run: str | None
    number: int | None
    search: float | None
    select: float | None
    test: float | None
    code_size: int


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One program of a lineage. `depth` is 0 for the program itself and 1 for its parents."""

    depth: int
    program: ProgramRow
    parents: tuple[str, ...]


def top(
    archive: Archive,
    problem: str,
    limit: int = 10,
    version: int | None = None,
    objective: str = "",
    instances: Sets | None = None,
) -> list[ProgramRow]:
    """The best programs of a problem: those with a score on `select` by it, then the others by `search`.

    Scores of different objectives or instances are not comparable, so only one objective counts (empty: the problem's
    default), only the problem's newest `version` in the archive, and per split only `instances`.
    """
    with archive.reading() as connection:
        latest = _latest_scores(connection, problem, version, objective, instances)
        by_split = {split: {c: row for (c, s), row in latest.items() if s == split} for split in ("search", "select")}
        selected = sorted((r["aggregate"], c) for c, r in by_split["select"].items() if r["aggregate"] is not None)
        searched = sorted(
            (r["aggregate"], c)
            for c, r in by_split["search"].items()
            if r["aggregate"] is not None and by_split["select"].get(c, r)["aggregate"] is not None
        )
        order = list(dict.fromkeys([c for _, c in selected] + [c for _, c in searched]))[:limit]
        return _program_rows(connection, order, latest)


def programs(archive: Archive, run_id: str) -> list[ProgramRow]:
    """The programs that a run proposed, each once, in the order of their first proposal, scored on its instances."""
    run = archive.run(run_id)
    p = PROPOSALS.c
    with archive.reading() as connection:
        wanted = select(p.candidate).where(p.run == run.id, p.candidate.is_not(None)).order_by(p.number)
        order = list(dict.fromkeys(connection.execute(wanted).scalars()))
        objective, instances = _settings_of(connection, run.id)
        latest = _latest_scores(connection, run.problem, run.problem_version, objective, instances)
        return _program_rows(connection, order, latest, run.id)


def program(archive: Archive, candidate: str, problem: str | None = None, instances: Sets | None = None) -> ProgramRow:
    """One program by its full id; `problem` says whose scores are meant where there are several.

    Its scores are on `instances`, by the objective by which it was evaluated last.
    """
    archive.source(candidate)
    with archive.reading() as connection:
        chosen = _last_of(connection, candidate, problem)
        latest = {} if chosen is None else _latest_scores(connection, chosen[0], None, chosen[1], instances)
        return _program_rows(connection, [candidate], latest)[0]


def lineage(archive: Archive, candidate: str, depth: int = 20, instances: Sets | None = None) -> list[Ancestor]:
    """A program and its ancestors up to `depth` generations, nearest first and each once, scored on `instances`.

    The parents of a program are those of its first proposal.
    """
    archive.source(candidate)
    found: list[Ancestor] = []
    with archive.reading() as connection:
        chosen = _last_of(connection, candidate)
        latest = {} if chosen is None else _latest_scores(connection, chosen[0], None, chosen[1], instances)
        seen, generation = {candidate}, [candidate]
        for level in range(depth + 1):
            rows = _program_rows(connection, generation, latest)
            older: list[str] = []
            for row in rows:
                parents = _lineage_of(connection, row)
                found.append(Ancestor(level, row, parents))
                older += [parent for parent in parents if parent not in seen]
                seen.update(parents)
            generation = list(dict.fromkeys(older))
            if not generation:
                break
    return found


def comparable_rows(archive: Archive, run_id: str) -> Mapping[str, list[tuple[Any, ...]]]:
    """What two runs of equal settings and seed have in common, table by table: no measured column, id or date."""
    tables = {}
    with archive.reading() as connection:
        for table in TABLES:
            chosen = [_column(table, name) for name in comparable_columns(table)]
            wanted = select(*chosen)
            columns = SQLModel.metadata.tables[str(table.__tablename__)].columns
            if "run" in columns:
                wanted = wanted.where(columns["run"] == run_id)
            elif str(table.__tablename__) == "runs":
                wanted = wanted.where(columns["id"] == run_id)
            else:
                proposed = select(PROPOSALS.c.candidate).where(PROPOSALS.c.run == run_id)
                wanted = wanted.where(columns["id"].in_(proposed))
            tables[str(table.__tablename__)] = sorted(map(tuple, connection.execute(wanted).all()), key=repr)
    return tables


def check(archive: Archive) -> list[str]:
    """What is wrong with an archive, one sentence each; empty where all is sound."""
    findings: list[str] = []
    with archive.reading() as connection:
        if connection.dialect.name == "sqlite":
            damage = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars()
            findings += [f"the file is damaged: {line}" for line in damage if line != "ok"]
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            findings += [
                f"{table}, row {row}: refers to a row of {parent} that is not there" for table, row, parent, _ in broken
            ]
        for identity, source in connection.execute(select(CANDIDATES.c.id, CANDIDATES.c.source)).all():
            if candidate_id(source) != identity:
                findings.append(f"program {identity[:12]}: its text does not have this id")
        findings += _check_evaluations(connection)
    return findings


def _check_evaluations(connection: Connection) -> list[str]:
    findings: list[str] = []
    lengths: dict[str, int] = {}
    e = EVALUATIONS.c
    wanted = select(e.id, e.fingerprint, e.status, e.instance_values, e.aggregate).order_by(e.id)
    for identity, fingerprint, status, text, aggregate in connection.execute(wanted).all():
        values = json.loads(text)
        complete = bool(values) and None not in values
        if aggregate is not None and not complete:
            findings.append(f"evaluation {identity[:12]}: an aggregate although values are missing")
        if aggregate is None and complete and status == "ok":
            findings.append(f"evaluation {identity[:12]}: no aggregate although every value is there")
        if values and lengths.setdefault(fingerprint, len(values)) != len(values):
            findings.append(
                f"evaluation {identity[:12]}: {len(values)} values, others on the same instances have "
                f"{lengths[fingerprint]}"
            )
    return findings


def _column(table: type[SQLModel], name: str) -> Any:
    return SQLModel.metadata.tables[str(table.__tablename__)].columns[name]


def _latest_scores(
    connection: Connection, problem: str, version: int | None, objective: str, instances: Sets | None = None
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The last evaluation by (candidate, split) on `instances`, all by one objective."""
    e = EVALUATIONS.c
    wanted: Select[Any] = select(
        e.candidate, e.split, e.fingerprint, e.problem_version, e.aggregate, e.code_size
    ).where(e.problem == problem, e.objective == objective, e.split.in_(("search", "select", "test")))
    if version is not None:
        wanted = wanted.where(e.problem_version == version)
    rows = connection.execute(wanted.order_by(e.problem_version, e.recorded, e.id)).mappings().all()
    if not rows:
        return {}
    newest = rows[-1]["problem_version"]
    current = {row["split"]: row["fingerprint"] for row in rows if row["problem_version"] == newest}
    current |= instances or {}
    return {
        (row["candidate"], row["split"]): dict(row)
        for row in rows
        if row["problem_version"] == newest and row["fingerprint"] == current[row["split"]]
    }


def _program_rows(
    connection: Connection,
    candidates: Sequence[str],
    latest: Mapping[tuple[str, str], Mapping[str, Any]],
    run_id: str | None = None,
) -> list[ProgramRow]:
    rows = []
    for candidate in candidates:
        source = connection.execute(select(CANDIDATES.c.source).where(CANDIDATES.c.id == candidate)).scalar_one()
        p = PROPOSALS.c
        first = select(PROPOSALS).where(p.candidate == candidate).order_by(p.recorded, p.run, p.number).limit(1)
        if run_id is not None:
            first = first.where(p.run == run_id)
        made: Mapping[str, Any] = dict(connection.execute(first).mappings().first() or {})
        scores = {split: latest.get((candidate, split), {}) for split in ("search", "select", "test")}
        rows.append(
            ProgramRow(
                id=candidate,
                source=source,
                origin=made.get("proposer", ""),
                operator=made.get("operator", ""),
                run=made.get("run"),
                number=made.get("number"),
                search=scores["search"].get("aggregate"),
                select=scores["select"].get("aggregate"),
                test=scores["test"].get("aggregate"),
                code_size=max((int(s["code_size"]) for s in scores.values() if s), default=0),
            )
        )
    return rows


def _lineage_of(connection: Connection, row: ProgramRow) -> tuple[str, ...]:
    if row.run is None:
        return ()
    p = PARENTS.c
    wanted = select(p.candidate).where(p.run == row.run, p.number == row.number).order_by(p.position)
    return tuple(connection.execute(wanted).scalars())


def _last_of(connection: Connection, candidate: str, problem: str | None = None) -> tuple[str, str] | None:
    """The problem and the objective of the last evaluation of a program, or of the last one on `problem`."""
    e = EVALUATIONS.c
    wanted = select(e.problem, e.objective).where(e.candidate == candidate)
    if problem is not None:
        wanted = wanted.where(e.problem == problem)
    found = connection.execute(wanted.order_by(e.recorded.desc()).limit(1)).first()
    return None if found is None else (str(found[0]), str(found[1]))


def _settings_of(connection: Connection, run_id: str) -> tuple[str, Sets]:
    """The objective (empty: the default) and the instances of a run, as its evaluations have them."""
    e = EVALUATIONS.c
    rows = connection.execute(select(e.objective, e.split, e.fingerprint).where(e.run == run_id).distinct()).all()
    return (str(rows[0][0]) if rows else ""), {str(split): str(fingerprint) for _, split, fingerprint in rows}
