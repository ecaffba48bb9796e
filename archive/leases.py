"""Which process may write to a run: the one that took it last, which every transaction of a run asks first.

A lease is the owner (`host:pid`) and a number that grows each time the run is taken. Both stand in the run's row, so a
process that was stopped, cut off or thought dead learns at its next write that another one goes on with the run.
"""

import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, select, update

from heuresis.archive.records import STALE_AFTER, ArchiveError, Run, RunStatus, RunTaken, UnknownId
from heuresis.archive.rows import now, to_run
from heuresis.archive.statements import RUNS


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to a run: nobody else has this owner and number together."""

    owner: str  # `host:pid`
    number: int


class Leases:
    """The leases that one open archive holds. Thread-safe."""

    def __init__(self) -> None:
        self._held: dict[str, Lease] = {}
        self._turn = threading.Lock()

    def begun(self, run_id: str, owner: str) -> None:
        """A run was recorded, with its first lease, by this archive."""
        with self._turn:
            self._held[run_id] = Lease(owner, 1)

    def take(self, connection: Connection, run_id: str, **changes: str) -> None:
        """Take a run over, and change its row. Raises ArchiveError while the process that has it lives.

        It is compared and swapped: of two that try it together one gets the run.
        """
        row = _locked(connection, run_id)
        if row is None:
            raise unknown(run_id)
        run, before = to_run(row), Lease(row["owner"], row["lease"])
        refuse_if_alive(run, before.owner)
        lease = Lease(owner_here(), before.number + 1)
        values = {"owner": lease.owner, "lease": lease.number, "heartbeat": now(), **changes}
        if not _swap(connection, run_id, before, values):
            raise RunTaken(f"run {run_id} has just been taken by another process; `heuresis runs` shows how it stands")
        with self._turn:
            self._held[run_id] = lease

    def change(self, connection: Connection, run_id: str, values: Mapping[str, object]) -> None:
        """Change the row of a run that is held. Raises RunTaken and UnknownId."""
        held = self._lease(run_id)
        if held is None or not _swap(connection, run_id, held, values):
            self.check(connection, run_id)
            raise unknown(run_id)

    def check(self, connection: Connection, run_id: str) -> None:
        """Raise RunTaken where another process has taken the run since, or this one never has.

        A run that is not there is for the database to refuse.
        """
        row = _locked(connection, run_id)
        if row is None:
            return
        held = self._lease(run_id)
        if held is None:
            raise RunTaken(
                f"run {run_id} is not this process's to write to; go on with it by `heuresis resume {run_id}`"
            )
        if held != Lease(row["owner"], row["lease"]):
            raise RunTaken(
                f"run {run_id} was taken over by process {row['owner']}, which goes on with it; this one has stopped, "
                "and nothing of it was recorded since"
            )

    def _lease(self, run_id: str) -> Lease | None:
        with self._turn:
            return self._held.get(run_id)


def _locked(connection: Connection, run_id: str) -> RowMapping | None:
    """The row of a run, which nobody else changes until the transaction ends."""
    return connection.execute(select(RUNS).where(RUNS.c.id == run_id).with_for_update()).mappings().first()


def _swap(connection: Connection, run_id: str, held: Lease, values: Mapping[str, object]) -> bool:
    """Change a run's row where it still has this lease; whether it had."""
    r = RUNS.c
    wanted = update(RUNS).where(r.id == run_id, r.owner == held.owner, r.lease == held.number)
    return connection.execute(wanted.values(values)).rowcount == 1


def unknown(run_id: str) -> UnknownId:
    """The error that says that there is no such run."""
    return UnknownId(f"there is no run {run_id}; `heuresis runs` lists them")


def owner_here() -> str:
    """This process, as `host:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def refuse_if_alive(run: Run, owner: str) -> None:
    """Raise ArchiveError where another process has given a sign of life lately, unless it is known to be gone."""
    age = datetime.now(UTC) - run.heartbeat
    if run.status is not RunStatus.RUNNING or age > STALE_AFTER or owner == owner_here() or is_dead(owner):
        return
    host, _, process = owner.rpartition(":")
    if host == socket.gethostname():
        raise ArchiveError(f"run {run.id} is going on in process {process}; stop that first (Ctrl-C)")
    raise ArchiveError(
        f"run {run.id} is going on in process {process} of {host}, which was heard of {max(0, age.seconds)} s ago; "
        f"stop that first, or wait until it has been silent for {STALE_AFTER.seconds} s"
    )


def is_dead(owner: str) -> bool:
    """Whether this process is known to be gone; of another host's nothing is known."""
    host, _, process = owner.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it lives and is another user's
    return False
