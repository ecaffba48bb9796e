"""The archive: what is recorded, when it is safe, and how it is read back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection, and_, func, insert, select, update

from heuresis.archive.cells import ADVICE
from heuresis.archive.connect import Manner
from heuresis.archive.database import Database, open_database
from heuresis.archive.leases import Leases
from heuresis.archive.location import default_location
from heuresis.archive.records import (
    ArchiveError,
    Call,
    Evaluation,
    FaultyRow,
    Proposal,
    Trial,
    candidate_id,
)
from heuresis.archive.rows import (
    call_row,
    evaluation_row,
    now,
    proposal_row,
    to_call,
    to_evaluation,
    to_parent,
    to_proposal,
)
from heuresis.archive.runs import Runs
from heuresis.archive.statements import (
    CALLS,
    CANDIDATES,
    EVALUATIONS,
    PARENTS,
    PROPOSALS,
    check_belongs,
    check_programs,
    fetch,
    keep_candidate,
    parents_of,
    source_of,
    spent_usd,
    unique,
)

Answer = TypeVar("Answer")

__all__ = ["Archive", "ArchiveError", "CostLimitReached"]


class CostLimitReached(ArchiveError):
    """The call was not recorded, because its maximum cost would exceed the limit of the run."""


class Archive(Runs):
    """Every run, model call, program and evaluation.

    Guarantees:

    - A method that records has committed when it returns: no death of the process loses it. Intents and answers of
      model calls, which cost money, and the start and end of runs survive a power cut too (`synchronous = FULL`); the
      last proposals and evaluations before a power cut may be lost, never damaged, and the run makes them again.
    - Each proposal (with its program and lineage), evaluation, intent and answer is one transaction: all or nothing.
    - Finished rows never change. Recording the same thing twice changes nothing; recording something else under
      the same key raises ArchiveError. In SQLite triggers enforce it, also against other programs.
    - All methods may be called from any thread, and several processes may use one file. What belongs to a run is
      written by the process alone that started or took it last (`leases.py`); any other gets RunTaken.
    - Whatever is read has been checked: cells by their type (`rows.py`), a program's text by its id, an evaluation by
      its id. A row that is not so raises FaultyRow, whoever wrote it.
    - Every failure of the database is an ArchiveError that names the archive and says what to do.
    """

    def __init__(self, url: str, *, reading: bool = False) -> None:
        self._database = open_database(url, Manner.READ if reading else Manner.WRITE)
        self._leases = Leases()

    @classmethod
    def open(cls, url: str | None = None, *, reading: bool = False) -> "Archive":
        """Open or create an archive; None: `HEURESIS_ARCHIVE`, else a file in the user's data directory.

        `url` is the path of an SQLite file, `sqlite:///path`, `:memory:`, or another SQLAlchemy URL. What cannot be
        written is opened for reading, and with `reading` nothing is made or recorded. Raises ArchiveError where it is
        not an archive, has another schema than Heuresis gives it, or is of a newer version.
        """
        return cls(url or default_location(), reading=reading)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    @property
    def where(self) -> str:
        """The file or URL, for people."""
        return self._database.where

    @property
    def readonly(self) -> bool:
        """Whether nothing can be recorded."""
        return self._database.readonly

    @contextmanager
    def patient(self, tell: Callable[[str], None], stop: threading.Event) -> Iterator[None]:
        """Wait without end for a database that others keep locked, until left or `stop` is set.

        `tell` hears of it, from whichever thread waits.
        """
        text = f"archive {self.where}: another program keeps it locked; waiting for that, nothing is lost meanwhile"
        with self._database.opened.waiting.patient(lambda: tell(text), stop):
            yield

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction on one state of the archive, for `queries.py`."""
        with self._database.read() as connection:
            yield connection

    def ask(self, question: Callable[[Database], Answer]) -> Answer:
        """What a question to the database answers, for `check.py`."""
        return question(self._database)

    # Proposals and evaluations

    def record_candidate(self, source: str) -> str:
        """Record a program that no run proposed (a file, a baseline); return its id."""
        identity = candidate_id(source)
        with self._database.write() as connection:
            keep_candidate(connection, identity, source)
        return identity

    def record_proposal(self, proposal: Proposal) -> None:
        """Record a proposal, its program where that is new, and its parents, which must be recorded already."""
        row = proposal_row(proposal)
        with self._database.write() as connection:
            self._leases.check(connection, proposal.run)
            known = fetch(connection, PROPOSALS, run=proposal.run, number=proposal.number)
            if known is not None:
                before = to_proposal(known, parents_of(connection, proposal.run, proposal.number))
                same = {**row, "seconds": 0.0} == {**proposal_row(before), "seconds": 0.0}
                if not same or before.parents != proposal.parents:
                    raise ArchiveError(
                        f"run {proposal.run} has another proposal {proposal.number} already ({before.operator} by "
                        f"{before.proposer}); is the run going on in two processes?"
                    )
                return
            if proposal.candidate is not None:
                keep_candidate(connection, proposal.candidate, row["source"])
            connection.execute(insert(PROPOSALS).values(row | {"recorded": now()}))
            key = {"run": proposal.run, "number": proposal.number}
            lineage = [key | {"position": k, "candidate": parent} for k, parent in enumerate(proposal.parents)]
            if lineage:
                connection.execute(insert(PARENTS), lineage)

    def record_evaluation(self, evaluation: Evaluation) -> None:
        """Record an evaluation of a recorded program, failures included.

        The same result again (measured columns aside) changes nothing. Raises ArchiveError where the proposal it
        belongs to has another program, or another result on the same instances.
        """
        row = evaluation_row(evaluation)
        with self._database.write() as connection:
            if evaluation.run is not None:
                self._leases.check(connection, evaluation.run)
            if fetch(connection, EVALUATIONS, id=row["id"]):
                return
            if evaluation.number is not None:
                check_belongs(connection, evaluation)
            connection.execute(insert(EVALUATIONS).values(row | {"recorded": now()}))

    def trials(self, run_id: str, first: int = 0) -> list[Trial]:
        """The proposals of a run from number `first` on, each with its evaluation on `search` where there is one."""
        p, e = PROPOSALS.c, EVALUATIONS.c
        with self._database.read() as connection:
            check_programs(connection, select(p.candidate).where(p.run == run_id, p.number >= first))
            lineage = dict[int, list[str]]()
            chosen = select(PARENTS).where(PARENTS.c.run == run_id, PARENTS.c.number >= first)
            for row in connection.execute(chosen.order_by(PARENTS.c.number, PARENTS.c.position)).mappings():
                lineage.setdefault(row["number"], []).append(to_parent(row))
            searched = select(EVALUATIONS).where(e.run == run_id, e.number >= first, e.split == "search")
            results = {r["number"]: to_evaluation(r) for r in connection.execute(searched).mappings()}
            proposals = select(PROPOSALS).where(p.run == run_id, p.number >= first).order_by(p.number)
            made = [
                to_proposal(row, lineage.get(row["number"], ())) for row in connection.execute(proposals).mappings()
            ]
        return [Trial(proposal, _belonging(results.get(proposal.number), proposal)) for proposal in made]

    def source(self, candidate: str) -> str:
        """The text of a program, by its full id. Raises FaultyRow where another text stands under this id."""
        with self._database.read() as connection:
            return source_of(connection, candidate)

    def find(self, prefix: str) -> str:
        """The full id of the one program whose id begins so, with or without `c_`; else ArchiveError."""
        with self._database.read() as connection:
            return unique(connection, CANDIDATES, "program", "c_", prefix)

    def evaluations(self, candidate: str, split: str | None = None, fingerprint: str | None = None) -> list[Evaluation]:
        """The evaluations of a program, whose text is checked as well, in the order in which they were recorded."""
        e = EVALUATIONS.c
        wanted = select(EVALUATIONS).where(e.candidate == candidate)
        if split is not None:
            wanted = wanted.where(e.split == split)
        if fingerprint is not None:
            wanted = wanted.where(e.fingerprint == fingerprint)
        with self._database.read() as connection:
            check_programs(connection, [candidate])
            return [to_evaluation(row) for row in connection.execute(wanted.order_by(e.recorded, e.id)).mappings()]

    # Model calls

    def intend(self, call: Call, limit_usd: float | None = None) -> Call:
        """Record that a call is about to be made, and return it with its attempt number.

        With a limit, the check against `spent` and the reservation are one transaction, so that no two threads can
        pass it together; raises CostLimitReached.
        """
        if call.reply is not None or call.error is not None:
            raise ArchiveError("an intent has neither reply nor error; record those with `answer`")
        row = call_row(call)
        c, key = CALLS.c, {"run": call.run, "number": call.number, "turn": call.turn}
        with self._database.write(paid=True) as connection:
            self._leases.check(connection, call.run)
            if limit_usd is not None and (spent := spent_usd(connection, call.run)) + call.max_usd > limit_usd:
                raise CostLimitReached(
                    f"{spent:.6f} USD are spent or reserved, this call may cost {call.max_usd:.6f} more, and the "
                    f"limit is {limit_usd:.6f}"
                )
            last = select(func.max(c.attempt)).where(*(c[name] == value for name, value in key.items()))
            previous = connection.execute(last).scalar_one()
            row["attempt"] = 0 if previous is None else previous + 1
            connection.execute(insert(CALLS).values(row | {"recorded": now()}))
        return to_call(row)

    def answer(self, call: Call) -> None:
        """Record reply or error, tokens and cost of a call recorded by `intend`; once."""
        if call.reply is None and call.error is None:
            raise ArchiveError("an answer has a reply or an error")
        row = call_row(call)
        names = ("run", "number", "turn", "attempt")
        with self._database.write(paid=True) as connection:
            self._leases.check(connection, call.run)
            known = fetch(connection, CALLS, **{name: row[name] for name in names})
            if known is None:
                raise ArchiveError(f"call {call.number}.{call.turn}.{call.attempt} was never intended; use `intend`")
            if known["reply"] is not None or known["error"] is not None:
                if {**call_row(to_call(known)), "seconds": 0.0} != {**row, "seconds": 0.0}:
                    raise ArchiveError(f"call {call.number}.{call.turn}.{call.attempt} has another answer already")
                return
            answered = ("reply", "finish_reason", "error", "tokens_in", "tokens_out", "usd", "seconds")
            here = and_(*(CALLS.c[name] == row[name] for name in names))
            connection.execute(update(CALLS).where(here).values({name: row[name] for name in answered}))

    def calls(self, run_id: str, number: int) -> list[Call]:
        """The calls made for one proposal, by turn and attempt."""
        c = CALLS.c
        wanted = select(CALLS).where(c.run == run_id, c.number == number).order_by(c.turn, c.attempt)
        with self._database.read() as connection:
            return [to_call(row) for row in connection.execute(wanted).mappings()]

    def spent(self, run_id: str) -> float:
        """USD of the answered calls of a run, and the reservations (`max_usd`) of those without an answer."""
        with self._database.read() as connection:
            return spent_usd(connection, run_id)


def _belonging(evaluation: Evaluation | None, proposal: Proposal) -> Evaluation | None:
    """The evaluation that is listed with a proposal. Raises FaultyRow where it is of another program."""
    if evaluation is not None and evaluation.candidate != proposal.candidate:
        raise FaultyRow(
            f"run {proposal.run}: the evaluation of proposal {proposal.number} is of {evaluation.candidate[:12]}, and "
            f"the proposal made {str(proposal.candidate)[:12]}; {ADVICE}"
        )
    return evaluation
