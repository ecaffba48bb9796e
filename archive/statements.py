"""Small statements that the store is made of: lookups by key or prefix, and the checks before a row is kept."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, and_, case, func, insert, select
from sqlmodel import SQLModel

from heuresis.archive.records import ArchiveError, Evaluation, UnknownId, storable
from heuresis.archive.rows import now, to_cost, to_evaluation, to_parent, to_source
from heuresis.archive.tables import (
    CallRow,
    CandidateRow,
    EvaluationRow,
    ExtensionRow,
    ParentRow,
    ProposalRow,
    RunRow,
)


def _table(row: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(row.__tablename__)]


RUNS, CANDIDATES, PROPOSALS = _table(RunRow), _table(CandidateRow), _table(ProposalRow)
PARENTS, CALLS, EVALUATIONS = _table(ParentRow), _table(CallRow), _table(EvaluationRow)
EXTENSIONS = _table(ExtensionRow)


def fetch(connection: Connection, table: Table, **key: object) -> dict[str, Any] | None:
    """The row of this key, or None."""
    row = connection.execute(select(table).where(*(table.c[k] == v for k, v in key.items()))).mappings().first()
    return None if row is None else dict(row)


def grouped(connection: Connection, statement: Any) -> dict[str, Any]:
    """Key and value by row, without those that are NULL."""
    return {key: value for key, value in connection.execute(statement).all() if value is not None}


def costs(connection: Connection, run_id: str | None = None) -> dict[str, float]:
    """What the calls of each run cost in USD, or those of one: answered ones their cost, others their reservation."""
    c = CALLS.c
    answered = case((and_(c.reply.is_(None), c.error.is_(None)), 0), else_=1).label("answered")
    wanted = select(c.run, c.number, c.turn, c.attempt, c.max_usd, c.usd, answered)
    spent = dict[str, float]()
    for row in connection.execute(wanted if run_id is None else wanted.where(c.run == run_id)).mappings():
        spent[row["run"]] = spent.get(row["run"], 0.0) + to_cost(row)
    return spent


def spent_usd(connection: Connection, run_id: str) -> float:
    """What the calls of a run cost, reservations included."""
    return costs(connection, run_id).get(run_id, 0.0)


def best_by_run(connection: Connection) -> dict[str, float]:
    """The smallest aggregate on `search` of each run, from evaluations that are what they must be."""
    e = EVALUATIONS.c
    searched = e.split == "search", e.aggregate.is_not(None), e.run.is_not(None)
    least = select(e.run, func.min(e.aggregate).label("least")).where(*searched).group_by(e.run).subquery()
    wanted = select(EVALUATIONS).join(least, and_(e.run == least.c.run, e.aggregate == least.c.least)).where(*searched)
    best = dict[str, float]()
    for row in connection.execute(wanted).mappings():
        found = to_evaluation(row).aggregate
        if found is not None:
            best[row["run"]] = found
    return best


def parents_of(connection: Connection, run_id: str, number: int) -> Sequence[str]:
    """The parents of a proposal, in order."""
    p = PARENTS.c
    wanted = select(PARENTS).where(p.run == run_id, p.number == number).order_by(p.position)
    return tuple(to_parent(row) for row in connection.execute(wanted).mappings())


def source_of(connection: Connection, identity: str) -> str:
    """The text of a program by its full id, which it must have. Raises UnknownId and FaultyRow."""
    row = fetch(connection, CANDIDATES, id=identity)
    if row is None:
        raise UnknownId(f"there is no program {identity}; `heuresis top` lists them")
    return to_source(row)


def check_programs(connection: Connection, identities: Any) -> None:
    """Raise FaultyRow where the text of one of these programs is another's. They may be a list or a select."""
    for row in connection.execute(select(CANDIDATES).where(CANDIDATES.c.id.in_(identities))).mappings():
        to_source(row)


def keep_candidate(connection: Connection, identity: str, source: str) -> None:
    """Record a program where it is new. Raises FaultyRow where it is far longer than programs are."""
    if fetch(connection, CANDIDATES, id=identity) is None:
        row = {"id": identity, "source": storable(source), "recorded": now()}
        to_source(row, advice="")
        connection.execute(insert(CANDIDATES).values(row))


def check_belongs(connection: Connection, evaluation: Evaluation) -> None:
    """Raise ArchiveError where a proposal is not of this program, or has another result on these instances."""
    proposal = fetch(connection, PROPOSALS, run=evaluation.run, number=evaluation.number)
    if proposal is None or proposal["candidate"] != evaluation.candidate:
        proposed = "is not recorded" if proposal is None else f"made {proposal['candidate']}"
        raise ArchiveError(
            f"evaluation of {evaluation.candidate} for proposal {evaluation.number} of run {evaluation.run}, which "
            f"{proposed}; record the proposal first"
        )
    same = {"split": evaluation.split, "fingerprint": evaluation.fingerprint}
    if fetch(connection, EVALUATIONS, run=evaluation.run, number=evaluation.number, **same):
        raise ArchiveError(
            f"proposal {evaluation.number} of run {evaluation.run} has another evaluation on {evaluation.split} "
            "already; evaluate again outside the run (number None) to keep both"
        )


def unique(connection: Connection, table: Table, noun: str, mark: str, prefix: str) -> str:
    """The one id that is `prefix` or begins so; raises ArchiveError where there is none or more than one."""
    full = prefix if prefix.startswith(mark) else mark + prefix
    if fetch(connection, table, id=full):
        return full
    wanted = select(table.c.id).where(table.c.id.startswith(full, autoescape=True)).order_by(table.c.id).limit(6)
    found = [str(one) for one in connection.execute(wanted).scalars()] if full != mark else []
    if not found:
        raise UnknownId(f"there is no {noun} whose id begins with {prefix!r}")
    if len(found) > 1:
        shown = ", ".join(i[: len(full) + 6] for i in found[:5]) + (", …" if len(found) > 5 else "")
        raise ArchiveError(f"{prefix!r} is ambiguous: {shown}; give more of the {noun}'s id")
    return str(found[0])
