"""The runs of an archive: their beginning, heartbeat and end, and which process may write to them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import func, insert, select

from heuresis.archive.database import Database
from heuresis.archive.leases import Leases, is_dead, owner_here
from heuresis.archive.records import (
    ArchiveBusy,
    ArchiveError,
    Extension,
    Run,
    RunStatus,
    RunSummary,
)
from heuresis.archive.rows import extension_row, now, run_row, said, to_extension, to_run
from heuresis.archive.statements import (
    EVALUATIONS,
    EXTENSIONS,
    PROPOSALS,
    RUNS,
    best_by_run,
    costs,
    fetch,
    grouped,
    unique,
)


class Runs:
    """The part of an `Archive` that is about runs."""

    _database: Database
    _leases: Leases

    def start_run(self, run: Run) -> None:
        """Record a new run, which is this archive's to write to. Raises ArchiveError where its id is taken."""
        owner = owner_here()
        with self._database.write(paid=True) as connection:
            if fetch(connection, RUNS, id=run.id):
                raise ArchiveError(f"there is a run {run.id} already; go on with it by `heuresis resume {run.id}`")
            connection.execute(insert(RUNS).values(run_row(run, owner)))
        self._leases.begun(run.id, owner)

    def heartbeat(self, run_id: str, searched: float | None = None) -> None:
        """Record that the run's process lives, and for how many seconds all its processes have searched.

        Raises RunTaken where another process goes on with the run.
        """
        changes: dict[str, str | float] = {"heartbeat": now()}
        self._change_run(run_id, changes if searched is None else changes | {"searched": searched}, paid=False)

    @contextmanager
    def alive(
        self,
        run_id: str,
        every: float = 10.0,
        searched: Callable[[], float] | None = None,
        lost: Callable[[], None] | None = None,
    ) -> Iterator[None]:
        """Record a heartbeat now and every so many seconds, from a thread, until left.

        `searched` tells what goes with it: for how many seconds all processes of the run have searched. Where the
        database is locked the next heartbeat is tried as before. Any other heartbeat that could not be recorded is
        raised on leaving, unless something else already is, and `lost` is called at once.
        """

        def tell() -> None:
            self.heartbeat(run_id, None if searched is None else searched())

        tell()
        done, failed = threading.Event(), list[ArchiveError]()

        def beat() -> None:
            while not done.wait(every):
                try:
                    tell()
                except ArchiveBusy:
                    continue
                except ArchiveError as error:
                    failed.append(error)
                    if lost is not None:
                        lost()
                    return

        thread = threading.Thread(target=beat, name=f"heartbeat-{run_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        if failed:
            raise failed[0]

    def finish_run(
        self,
        run_id: str,
        status: RunStatus,
        reason: str,
        champion: str | None = None,
        searched: float | None = None,
    ) -> None:
        """Record how a run ended; a champion and the seconds recorded before stay where none are given."""
        if status is RunStatus.RUNNING:
            raise ArchiveError(f"run {run_id} cannot end with status {status.value}")
        changes: dict[str, str | float]
        changes = {"status": status.value, "reason": said(reason), "heartbeat": now()}
        if searched is not None:
            changes["searched"] = searched
        if champion is not None:
            changes["champion"] = champion
        self._change_run(run_id, changes, paid=True)

    def reopen_run(self, run_id: str) -> None:
        """Take a stopped run over and record that it goes on. Raises ArchiveError while another process runs it."""
        with self._database.write(paid=True) as connection:
            self._leases.take(connection, run_id, status=RunStatus.RUNNING.value, reason="")

    def claim_run(self, run_id: str) -> None:
        """Take a stopped run over without going on with it. Raises ArchiveError while another process runs it."""
        with self._database.write(paid=True) as connection:
            self._leases.take(connection, run_id)

    def crown_run(self, run_id: str, champion: str) -> None:
        """Record the champion of a run that has been claimed."""
        self._change_run(run_id, {"champion": champion}, paid=True)

    def extend_run(self, extension: Extension) -> None:
        """Record what a resume changes of a run that was taken over."""
        row = extension_row(extension)
        with self._database.write(paid=True) as connection:
            self._leases.check(connection, extension.run)
            count = select(func.count()).where(EXTENSIONS.c.run == extension.run)
            row["position"] = connection.execute(count.select_from(EXTENSIONS)).scalar_one()
            connection.execute(insert(EXTENSIONS).values(row | {"recorded": now()}))

    def extensions(self, run_id: str) -> list[Extension]:
        """What resumes changed of a run, in that order."""
        wanted = select(EXTENSIONS).where(EXTENSIONS.c.run == run_id).order_by(EXTENSIONS.c.position)
        with self._database.read() as connection:
            return [to_extension(row) for row in connection.execute(wanted).mappings()]

    def run(self, id_prefix: str) -> Run:
        """The run of this id, or of this unique beginning of one, with or without `r_`."""
        with self._database.read() as connection:
            identity = unique(connection, RUNS, "run", "r_", id_prefix)
            return to_run(connection.execute(select(RUNS).where(RUNS.c.id == identity)).mappings().one())

    def runs(self) -> list[RunSummary]:
        """All runs, newest first."""
        e, searched = EVALUATIONS.c, EVALUATIONS.c.split == "search"
        with self._database.read() as connection:
            proposals = grouped(connection, select(PROPOSALS.c.run, func.count()).group_by(PROPOSALS.c.run))
            counted = select(e.run, func.count()).where(searched, e.number.is_not(None)).group_by(e.run)
            evaluations = grouped(connection, counted)
            best = best_by_run(connection)
            usd = costs(connection)
            rows = connection.execute(select(RUNS).order_by(RUNS.c.created.desc(), RUNS.c.id)).mappings().all()
            found = [(to_run(row), row["owner"]) for row in rows]
        return [
            RunSummary(
                run=r,
                evaluations=evaluations.get(r.id, 0),
                proposals=proposals.get(r.id, 0),
                best=best.get(r.id),
                usd=usd.get(r.id, 0.0),
                dead=r.status is RunStatus.RUNNING and is_dead(owner),
            )
            for r, owner in found
        ]

    def _change_run(self, run_id: str, changes: dict[str, str | float], *, paid: bool) -> None:
        with self._database.write(paid=paid) as connection:
            self._leases.change(connection, run_id, changes)
