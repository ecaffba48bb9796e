"""The archive's tables as SQLModel classes. `migrations.py` creates them; a test asserts that the two agree.

Columns marked `MEASURED` depend on the machine (times) and columns marked `IDENTITY` on the occasion (run ids, dates);
everything else follows from a run's settings and seed, so two archives are compared with both set aside.
"""

from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

MEASURED: dict[str, Any] = {"info": {"measured": True}}
"""Column arguments of what was measured; never steers a search."""

IDENTITY: dict[str, Any] = {"info": {"identity": True}}
"""Column arguments of names and dates that differ between two otherwise equal runs."""


class RunRow(SQLModel, table=True):
    """One search. Only status, reason, heartbeat, searched, owner, lease and champion may change.

    Dates are ISO 8601 texts in UTC.
    """

    __tablename__ = "runs"

    id: str = Field(primary_key=True, sa_column_kwargs=IDENTITY)
    problem: str = Field(index=True)
    problem_version: int
    config: str = Field(sa_type=Text)  # JSON
    seed: int = Field(sa_type=BigInteger)
    versions: str = Field(sa_type=Text)  # JSON
    revision: str  # the commit of the code
    sandbox_level: str
    status: str
    reason: str = Field(sa_type=Text)
    created: str = Field(sa_column_kwargs=IDENTITY)
    heartbeat: str = Field(sa_column_kwargs=IDENTITY)
    searched: float = Field(sa_column_kwargs=MEASURED)  # seconds, all its processes together
    owner: str = Field(sa_column_kwargs=IDENTITY)  # `host:pid` of the process that started or resumed it last
    champion: str | None = Field(default=None, foreign_key="candidates.id")
    lease: int = Field(default=0, sa_column_kwargs=IDENTITY | {"server_default": "0"})  # how often it was taken


class ExtensionRow(SQLModel, table=True):
    """What a resume changed of a run's settings, in the order in which that was done."""

    __tablename__ = "extensions"

    run: str = Field(primary_key=True, foreign_key="runs.id", sa_column_kwargs=IDENTITY)
    position: int = Field(primary_key=True)
    number: int  # proposals that the run had
    changes: str = Field(sa_type=Text)  # JSON
    recorded: str = Field(sa_column_kwargs=IDENTITY)


class CandidateRow(SQLModel, table=True):
    """One program, once, whoever proposed it and however often; `source` as it was first written."""

    __tablename__ = "candidates"

    id: str = Field(primary_key=True)
    source: str = Field(sa_type=Text)
    recorded: str = Field(sa_column_kwargs=IDENTITY)


class ProposalRow(SQLModel, table=True):
    """One attempt to make a program, successful or not."""

    __tablename__ = "proposals"

    run: str = Field(primary_key=True, foreign_key="runs.id", sa_column_kwargs=IDENTITY)
    number: int = Field(primary_key=True)
    prefix: int
    proposer: str
    operator: str
    source: str | None = Field(default=None, sa_type=Text)
    candidate: str | None = Field(default=None, foreign_key="candidates.id", index=True)
    reason: str = Field(sa_type=Text)
    work: int = Field(sa_type=BigInteger)
    seconds: float = Field(sa_column_kwargs=MEASURED)
    recorded: str = Field(sa_column_kwargs=IDENTITY)


class ParentRow(SQLModel, table=True):
    """Lineage: the programs that a proposal was made from, in order."""

    __tablename__ = "parents"
    __table_args__ = (ForeignKeyConstraint(["run", "number"], ["proposals.run", "proposals.number"]),)

    run: str = Field(primary_key=True, sa_column_kwargs=IDENTITY)
    number: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    candidate: str = Field(foreign_key="candidates.id", index=True)


class CallRow(SQLModel, table=True):
    """One model call: an intent while `reply` and `error` are both NULL, and then it counts `max_usd` as spent."""

    __tablename__ = "calls"

    run: str = Field(primary_key=True, foreign_key="runs.id", sa_column_kwargs=IDENTITY)
    number: int = Field(primary_key=True)
    turn: int = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    model: str
    prompt: str = Field(sa_type=Text)
    max_usd: float
    reply: str | None = Field(default=None, sa_type=Text)
    finish_reason: str  # as the provider says it; empty without a reply
    error: str | None = Field(default=None, sa_type=Text)
    tokens_in: int
    tokens_out: int
    usd: float
    seconds: float = Field(sa_column_kwargs=MEASURED)
    recorded: str = Field(sa_column_kwargs=IDENTITY)


class EvaluationRow(SQLModel, table=True):
    """One program on one instance set, failures included. `id` is the digest of what is neither measured nor dated."""

    __tablename__ = "evaluations"
    __table_args__ = (
        ForeignKeyConstraint(["run", "number"], ["proposals.run", "proposals.number"]),
        UniqueConstraint("run", "number", "split", "fingerprint", name="one_evaluation_per_proposal"),
        Index("evaluations_by_problem", "problem", "split"),
    )

    id: str = Field(primary_key=True, sa_column_kwargs=IDENTITY)
    candidate: str = Field(foreign_key="candidates.id", index=True)
    problem: str
    problem_version: int
    split: str
    fingerprint: str
    status: str
    message: str = Field(sa_type=Text)
    instance_values: str = Field(sa_type=Text)  # JSON array, one number or null per instance
    aggregate: float | None = None
    metrics: str = Field(sa_type=Text)  # JSON object
    code_size: int
    decisions_per_second: float | None = Field(default=None, sa_column_kwargs=MEASURED)
    seconds: float = Field(sa_column_kwargs=MEASURED)
    run: str | None = Field(default=None, foreign_key="runs.id", sa_column_kwargs=IDENTITY)
    number: int | None = None
    recorded: str = Field(sa_column_kwargs=IDENTITY)
    objective: str = Field(default="", sa_column_kwargs={"server_default": ""})  # chosen by name; empty: the default


TABLES: tuple[type[SQLModel], ...] = (
    RunRow,
    CandidateRow,
    ProposalRow,
    ParentRow,
    CallRow,
    EvaluationRow,
    ExtensionRow,
)
"""All tables, in an order in which rows can be inserted."""


def comparable_columns(table: type[SQLModel]) -> tuple[str, ...]:
    """Names of the columns that two runs of equal settings and seed have in common."""
    columns = SQLModel.metadata.tables[str(table.__tablename__)].columns
    return tuple(c.name for c in columns if not (c.info.get("measured") or c.info.get("identity")))
