"""Questions to the archive: the best programs, where one came from, and what a run made.

Scores come from evaluations, and texts from programs, that are what their ids say (`rows.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, select
from sqlmodel import SQLModel

from heuresis.archive.cells import Cells
from heuresis.archive.records import Evaluation, Run
from heuresis.archive.rows import to_evaluation, to_proposal, to_run
from heuresis.archive.statements import EVALUATIONS, PROPOSALS, RUNS, parents_of, source_of
from heuresis.archive.store import Archive
from heuresis.archive.tables import TABLES, comparable_columns
from heuresis.problems.problem import SPLITS

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
    without: Collection[str] = (),
) -> list[ProgramRow]:
    """The best programs of a problem: those with a score on `select` by it, then the others by `search`.

    Scores of different objectives or instances are not comparable, so only one objective counts (empty: the problem's
    default), only the problem's newest `version` in the archive, and per split only `instances`; those `without`
    (fingerprints) never.
    """
    with archive.reading() as connection:
        latest = _latest_scores(connection, problem, version, objective, instances, without)
        by_split = {split: {c: row for (c, s), row in latest.items() if s == split} for split in ("search", "select")}
        selected = sorted((r.aggregate, c) for c, r in by_split["select"].items() if r.aggregate is not None)
        searched = sorted(
            (r.aggregate, c)
            for c, r in by_split["search"].items()
            if r.aggregate is not None and by_split["select"].get(c, r).aggregate is not None
        )
        order = list(dict.fromkeys([c for _, c in selected] + [c for _, c in searched]))[:limit]
        return _program_rows(connection, order, latest)


def programs(archive: Archive, run_id: str) -> list[ProgramRow]:
    """The programs that a run proposed, each once, in the order of their first proposal, scored on its instances."""
    run = archive.run(run_id)
    p = PROPOSALS.c
    with archive.reading() as connection:
        wanted = select(PROPOSALS).where(p.run == run.id, p.candidate.is_not(None)).order_by(p.number)
        made = [to_proposal(row, ()) for row in connection.execute(wanted).mappings()]
        order = list(dict.fromkeys(one.candidate for one in made if one.candidate is not None))
        objective, instances = _settings_of(connection, run.id)
        latest = _latest_scores(connection, run.problem, run.problem_version, objective, instances)
        return _program_rows(connection, order, latest, run.id)


def program(
    archive: Archive,
    candidate: str,
    problem: str | None = None,
    instances: Sets | None = None,
    without: Collection[str] = (),
) -> ProgramRow:
    """One program by its full id; `problem` says whose scores are meant where there are several.

    Its scores are on `instances` and never on those `without`, by the objective by which it was evaluated last.
    """
    archive.source(candidate)
    with archive.reading() as connection:
        chosen = _last_of(connection, candidate, problem)
        latest = {} if chosen is None else _latest_scores(connection, chosen[0], None, chosen[1], instances, without)
        return _program_rows(connection, [candidate], latest)[0]


def found_by(archive: Archive, candidate: str, problem: str) -> Run | None:
    """The run on a problem that found a program: the newest whose champion it is, else the first that proposed it.

    One that made it goes before those that began with it. None where no run did either.
    """
    with archive.reading() as connection:
        r, p = RUNS.c, PROPOSALS.c
        ours = select(RUNS).where(r.problem == problem)
        crowned = ours.where(r.champion == candidate).order_by(r.created.desc())
        proposed = ours.join(PROPOSALS, p.run == r.id).where(p.candidate == candidate)
        made = proposed.order_by(p.proposer == "baseline", p.recorded, r.id)
        for wanted in (crowned, made):
            row = connection.execute(wanted.limit(1)).mappings().first()
            if row is not None:
                return to_run(row)
    return None


def lineage(
    archive: Archive,
    candidate: str,
    depth: int = 20,
    instances: Sets | None = None,
    without: Collection[str] = (),
) -> list[Ancestor]:
    """A program and its ancestors up to `depth` generations, nearest first and each once.

    Their scores are on `instances` and never on those `without`. The parents of a program are those of its first
    proposal.
    """
    archive.source(candidate)
    found: list[Ancestor] = []
    with archive.reading() as connection:
        chosen = _last_of(connection, candidate)
        latest = {} if chosen is None else _latest_scores(connection, chosen[0], None, chosen[1], instances, without)
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


def _column(table: type[SQLModel], name: str) -> Any:
    return SQLModel.metadata.tables[str(table.__tablename__)].columns[name]


def _latest_scores(
    connection: Connection,
    problem: str,
    version: int | None,
    objective: str,
    instances: Sets | None = None,
    without: Collection[str] = (),
) -> dict[tuple[str, str], Evaluation]:
    """The last evaluation by (candidate, split) on `instances` and not on those `without`, all by one objective."""
    e = EVALUATIONS.c
    wanted: Select[Any] = select(EVALUATIONS).where(e.problem == problem, e.objective == objective)
    if version is not None:
        wanted = wanted.where(e.problem_version == version)
    ordered = connection.execute(wanted.order_by(e.problem_version, e.recorded, e.id)).mappings()
    rows = [row for row in map(to_evaluation, ordered) if row.fingerprint not in without]
    if not rows:
        return {}
    newest = rows[-1].problem_version
    current = {row.split: row.fingerprint for row in rows if row.problem_version == newest}
    current |= instances or {}
    return {
        (row.candidate, row.split): row
        for row in rows
        if row.problem_version == newest and row.fingerprint == current[row.split]
    }


def _program_rows(
    connection: Connection,
    candidates: Sequence[str],
    latest: Mapping[tuple[str, str], Evaluation],
    run_id: str | None = None,
) -> list[ProgramRow]:
    rows = []
    for candidate in candidates:
        p = PROPOSALS.c
        first = select(PROPOSALS).where(p.candidate == candidate).order_by(p.recorded, p.run, p.number).limit(1)
        if run_id is not None:
            first = first.where(p.run == run_id)
        row = connection.execute(first).mappings().first()
        made = None if row is None else Cells("proposals", row, "run", "number")
        scores = {split: latest.get((candidate, split)) for split in SPLITS}
        rows.append(
            ProgramRow(
                id=candidate,
                source=source_of(connection, candidate),
                origin="" if made is None else made.text("proposer"),
                operator="" if made is None else made.text("operator"),
                run=None if made is None else made.text("run"),
                number=None if made is None else made.whole("number"),
                **{split: None if one is None else one.aggregate for split, one in scores.items()},
                code_size=max((one.code_size for one in scores.values() if one is not None), default=0),
            )
        )
    return rows


def _lineage_of(connection: Connection, row: ProgramRow) -> tuple[str, ...]:
    if row.run is None:
        return ()
    return tuple(parents_of(connection, row.run, row.number or 0))


def _last_of(connection: Connection, candidate: str, problem: str | None = None) -> tuple[str, str] | None:
    """The problem and the objective of the last evaluation of a program, or of the last one on `problem`."""
    e = EVALUATIONS.c
    wanted = select(EVALUATIONS).where(e.candidate == candidate)
    if problem is not None:
        wanted = wanted.where(e.problem == problem)
    row = connection.execute(wanted.order_by(e.recorded.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    found = to_evaluation(row)
    return found.problem, found.objective


def _settings_of(connection: Connection, run_id: str) -> tuple[str, Sets]:
    """The objective (empty: the default) and the instances of a run, as its evaluations have them."""
    wanted = select(EVALUATIONS).where(EVALUATIONS.c.run == run_id)
    rows = [to_evaluation(row) for row in connection.execute(wanted).mappings()]
    return (rows[0].objective if rows else ""), {row.split: row.fingerprint for row in rows}
