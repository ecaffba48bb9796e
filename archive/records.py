"""What the archive keeps, as plain frozen values; `tables.py` maps them to SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from heuresis.archive.identity import candidate_id, storable

__all__ = [
    "STALE_AFTER",
    "STATUSES",
    "ArchiveBusy",
    "ArchiveError",
    "Call",
    "Evaluation",
    "Extension",
    "FaultyRow",
    "Proposal",
    "Run",
    "RunStatus",
    "RunSummary",
    "RunTaken",
    "Trial",
    "UnknownId",
    "candidate_id",
    "storable",
]

STALE_AFTER = timedelta(seconds=60)
"""A run whose heartbeat is older than this while it is `running` has lost its process."""


class ArchiveError(RuntimeError):
    """The archive cannot do what was asked: says what was expected, what came and what to do."""


class UnknownId(ArchiveError):
    """There is no run or program of this id; nothing is wrong with the archive. `noun` is what was expected."""

    def __init__(self, message: str, name: str = "", noun: str = "") -> None:
        super().__init__(message)
        self.name, self.noun = name, noun


class ArchiveBusy(ArchiveError):
    """Another program keeps the database locked; nothing was recorded, and the same can be tried again."""


class RunTaken(ArchiveError):
    """Another process goes on with the run: what this one makes of it is not recorded any more."""


class FaultyRow(ArchiveError):
    """A row that no Heuresis has written so: names table, row and column, what was expected and what stands there."""


STATUSES = (
    "ok", "rejected", "compile_error", "runtime_error", "timeout", "memory", "crashed", "invalid", "unstable",
    "refuted",
)  # fmt: skip
"""What an evaluation may say of a program: an outcome of the sandbox, or one of the trusted side."""


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    FINISHED = "finished"  # a budget was used up
    INTERRUPTED = "interrupted"  # by the user; resumable
    FAILED = "failed"


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """One search. `config` and `versions` are JSON texts; `usd` and `evaluations` are counted from the rows."""

    id: str  # `r_` and random hex
    problem: str
    problem_version: int
    config: str
    seed: int
    versions: str
    commit: str
    sandbox_level: str
    status: RunStatus
    reason: str  # why it stopped; empty while running
    created: datetime
    heartbeat: datetime
    champion: str | None = None  # candidate id
    searched: float = 0.0  # measured: seconds that all its processes have searched, told by heartbeats

    def __repr__(self) -> str:
        return f"Run({self.id[:10]} on {self.problem}, {self.status})"


@dataclass(frozen=True, slots=True)
class Extension:
    """What a resume changed of a run: `changes` is a JSON object of settings, in place of those of before.

    It holds for what was not recorded yet: proposals from `number` on (those that were abandoned below it included).
    """

    run: str
    number: int  # how many proposals the run had
    changes: str


@dataclass(frozen=True, slots=True)
class Call:
    """One model call: first an intent (`reply` and `error` None) that reserves `max_usd`, then answered once.

    An intent that was never answered (the controller died) keeps its reservation and is followed by another attempt
    under the same proposal number.
    """

    run: str
    number: int  # of the proposal
    turn: int  # 0 first; then in short, with more room, or repaired
    attempt: int
    model: str
    prompt: str
    max_usd: float
    reply: str | None = None
    error: str | None = None  # redacted
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    seconds: float = 0.0  # measured
    finish_reason: str = ""  # of a reply, as the provider says it: `stop`, `length`, …


@dataclass(frozen=True, slots=True)
class Proposal:
    """One attempt to make a program: `source`, or the `reason` why there is none."""

    run: str
    number: int
    prefix: int  # it saw the proposals numbered below this
    proposer: str  # "baseline", "offline", "local", or a model's name
    operator: str
    parents: tuple[str, ...] = ()
    source: str | None = None
    candidate: str | None = None
    reason: str = ""
    work: int = 0  # instances simulated to make it (probes and tuning)
    seconds: float = 0.0  # measured


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation:
    """One program on one instance set. A failure is never a number: `aggregate` is None unless every value is there.

    `status` is a sandbox outcome, `invalid` (a value was not finite, or a decision not feasible), `unstable` (a second
    run decided otherwise) or `refuted` (the reference interpreter does).
    """

    candidate: str
    problem: str
    problem_version: int
    split: str
    fingerprint: str
    status: str
    message: str
    values: tuple[float | None, ...]
    aggregate: float | None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    code_size: int = 0  # nodes of the syntax tree
    decisions_per_second: float | None = None  # measured
    seconds: float = 0.0  # measured
    run: str | None = None
    number: int | None = None  # the proposal it belongs to; None outside a run's loop
    objective: str = ""  # chosen by name; empty: the problem's default. Values of different ones are never compared

    def __repr__(self) -> str:
        told = f"{self.status}: {self.message:.80}" if self.aggregate is None else f"{self.aggregate:.6g}"
        return f"Evaluation({self.candidate[:12]} on {self.split} of {self.problem}, {told})"

    @property
    def ok(self) -> bool:
        """Whether every instance has a value."""
        return self.aggregate is not None


@dataclass(frozen=True, slots=True)
class Trial:
    """One finished step of a run: a proposal and, where it made a program that was not a duplicate, its evaluation."""

    proposal: Proposal
    evaluation: Evaluation | None

    @property
    def pending(self) -> bool:
        """Whether the program still waits for its evaluation: there is a source, and no `reason` against it."""
        return self.proposal.source is not None and not self.proposal.reason and self.evaluation is None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the list of runs. Counts are of rows; `best` is the smallest aggregate on `search`."""

    run: Run
    evaluations: int
    proposals: int
    best: float | None
    usd: float  # answered calls, and the reservations of those never answered
    dead: bool = False  # its process is known to be gone, although the run is `running`

    @property
    def state(self) -> str:
        """The status, or `stale` where a run is `running` and its process or heartbeat is gone; it can be resumed."""
        lost = self.dead or datetime.now(UTC) - self.run.heartbeat > STALE_AFTER
        return "stale" if lost and self.run.status is RunStatus.RUNNING else self.run.status.value
