"""Records to rows and back. Whatever comes out of a row is typed here, and what may never be stored is refused."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from heuresis.archive.cells import ADVICE, LONGEST_JSON, LONGEST_SOURCE, LONGEST_TALK, LONGEST_TEXT, Cells
from heuresis.archive.identity import is_id_of
from heuresis.archive.records import (
    STATUSES,
    ArchiveError,
    Call,
    Evaluation,
    Extension,
    Proposal,
    Run,
    RunStatus,
    candidate_id,
    storable,
)
from heuresis.problems.problem import SPLITS

Row = Mapping[Any, Any]
"""A row by the names of its columns. SQLAlchemy's rows know other keys as well."""


def now() -> str:
    """The present as ISO 8601 text in UTC, of fixed width, so that texts sort as times do."""
    return date_text(datetime.now(UTC))


def date_text(when: datetime) -> str:
    """ISO 8601 in UTC. Raises ArchiveError for a date without a time zone."""
    if when.tzinfo is None:
        raise ArchiveError(f"expected a date with a time zone, got {when.isoformat()}; use datetime.now(UTC)")
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def _finite(name: str, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise ArchiveError(f"{name} must be finite or None, got {value}: a failure is never a number")
    return value


def _json(name: str, value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=True)
    except ValueError as error:
        raise ArchiveError(f"{name} must be finite or None: a failure is never a number") from error


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    """Texts as they can be kept: what is said to people is shortened, all else must be short enough."""
    made = {key: storable(value) if isinstance(value, str) else value for key, value in row.items()}
    return made | {name: said(made[name]) for name in ("reason", "message", "error") if made.get(name)}


def said(text: str) -> str:
    """What is said to people as it is kept: its beginning, where it is longer than any reader wants."""
    text = storable(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def run_row(run: Run, owner: str) -> dict[str, Any]:
    """The row of a run that nobody has taken over yet."""
    row = _texts(
        {
            **{name: getattr(run, name) for name in ("id", "problem", "problem_version", "config", "seed", "versions")},
            "revision": run.commit,
            "sandbox_level": run.sandbox_level,
            "status": run.status.value,
            "reason": run.reason,
            "created": date_text(run.created),
            "heartbeat": date_text(run.heartbeat),
            "searched": _finite("searched", run.searched),
            "owner": owner,
            "champion": run.champion,
            "lease": 1,
        }
    )
    to_run(row, advice="")
    return row


def to_run(row: Row, advice: str = ADVICE) -> Run:
    """A run from its row. Raises FaultyRow."""
    cells = Cells("runs", row, "id", advice=advice)
    cells.owner("owner")
    cells.whole("lease")
    for name in ("config", "versions"):
        cells.json_object(name)
    return Run(
        id=cells.text("id"),
        problem=cells.text("problem"),
        problem_version=cells.whole("problem_version"),
        config=cells.text("config", LONGEST_JSON),
        seed=cells.whole("seed"),
        versions=cells.text("versions", LONGEST_JSON),
        commit=cells.text("revision"),
        sandbox_level=cells.text("sandbox_level"),
        status=RunStatus(cells.choice("status", [status.value for status in RunStatus])),
        reason=cells.text("reason", LONGEST_TEXT),
        created=cells.date("created"),
        heartbeat=cells.date("heartbeat"),
        champion=cells.optional_candidate("champion"),
        searched=cells.number("searched", 0.0),
    )


def extension_row(extension: Extension) -> dict[str, Any]:
    """The row of an extension, without its position."""
    row = _texts({name: getattr(extension, name) for name in ("run", "number", "changes")})
    to_extension(row | {"position": 0}, advice="")
    return row


def to_extension(row: Row, advice: str = ADVICE) -> Extension:
    """An extension from its row. Raises FaultyRow."""
    cells = Cells("extensions", row, "run", "position", advice=advice)
    cells.whole("position")
    cells.json_object("changes")
    return Extension(cells.text("run"), cells.whole("number"), cells.text("changes", LONGEST_JSON))


def to_source(row: Row, advice: str = ADVICE) -> str:
    """The text of a program from its row: the one way out. Raises FaultyRow where it is another program's."""
    cells = Cells("candidates", row, "id", advice=advice)
    return _source_of(cells, cells.candidate("id"), "source")


def _source_of(cells: Cells, identity: str, column: str) -> str:
    """A text that has this id."""
    source = cells.text(column, LONGEST_SOURCE)
    if not is_id_of(identity, source):
        found = candidate_id(source)[:12]
        raise cells.fault(f"the text of the program {identity[:12]}", column, f"got one whose id is {found}")
    return source


_PROPOSAL = (
    "run", "number", "prefix", "proposer", "operator", "source", "candidate", "reason", "work", "seconds",
)  # fmt: skip


def proposal_row(proposal: Proposal) -> dict[str, Any]:
    """The row of a proposal, without its parents."""
    if proposal.candidate is not None and proposal.source is None:
        raise ArchiveError(f"proposal {proposal.number} names the candidate {proposal.candidate} but has no source")
    _finite("seconds", proposal.seconds)
    row = _texts({name: getattr(proposal, name) for name in _PROPOSAL})
    to_proposal(row, proposal.parents, advice="")
    return row


def to_proposal(row: Row, parents: Sequence[str], advice: str = ADVICE) -> Proposal:
    """A proposal from its row and its parents in order. Raises FaultyRow, also where its text is another program's."""
    cells = Cells("proposals", row, "run", "number", advice=advice)
    number, candidate = cells.whole("number"), cells.optional_candidate("candidate")
    source = (
        cells.optional_text("source", LONGEST_SOURCE) if candidate is None else _source_of(cells, candidate, "source")
    )
    return Proposal(
        run=cells.text("run"),
        number=number,
        prefix=cells.whole("prefix"),
        proposer=cells.text("proposer"),
        operator=cells.text("operator"),
        parents=tuple(parents),
        source=source,
        candidate=candidate,
        reason=cells.text("reason", LONGEST_TEXT),
        work=cells.whole("work"),
        seconds=cells.number("seconds"),
    )


def to_parent(row: Row, advice: str = ADVICE) -> str:
    """The id of a parent from its row. Raises FaultyRow."""
    cells = Cells("parents", row, "run", "number", "position", advice=advice)
    for name in ("number", "position"):
        cells.whole(name)
    return cells.candidate("candidate")


_CALL = (
    "run", "number", "turn", "attempt", "model", "prompt", "max_usd", "reply", "finish_reason", "error", "tokens_in",
    "tokens_out", "usd", "seconds",
)  # fmt: skip


def call_row(call: Call) -> dict[str, Any]:
    """The row of a model call."""
    for name in ("max_usd", "usd", "seconds"):
        _finite(name, getattr(call, name))
    if call.max_usd < 0 or call.usd < 0:
        raise ArchiveError(f"a call cannot cost less than nothing, got max_usd={call.max_usd}, usd={call.usd}")
    row = _texts({name: getattr(call, name) for name in _CALL})
    to_call(row, advice="")
    return row


def to_call(row: Row, advice: str = ADVICE) -> Call:
    """A model call from its row. Raises FaultyRow."""
    cells = Cells("calls", row, "run", "number", "turn", "attempt", advice=advice)
    return Call(
        run=cells.text("run"),
        number=cells.whole("number"),
        turn=cells.whole("turn"),
        attempt=cells.whole("attempt"),
        model=cells.text("model"),
        prompt=cells.text("prompt", LONGEST_TALK),
        max_usd=cells.number("max_usd", 0.0),
        reply=cells.optional_text("reply", LONGEST_TALK),
        finish_reason=cells.text("finish_reason"),
        error=cells.optional_text("error", LONGEST_TEXT),
        tokens_in=cells.whole("tokens_in"),
        tokens_out=cells.whole("tokens_out"),
        usd=cells.number("usd", 0.0),
        seconds=cells.number("seconds"),
    )


def to_cost(row: Row) -> float:
    """What one call counts, in USD: its cost once answered, before that its reservation. Raises FaultyRow."""
    cells = Cells("calls", row, "run", "number", "turn", "attempt")
    answered = cells.whole("answered", 0, 1)
    cost, reserved = cells.number("usd", 0.0), cells.number("max_usd", 0.0)
    return cost if answered else reserved


_PLAIN = (
    "candidate", "problem", "problem_version", "split", "fingerprint", "status", "message", "aggregate", "code_size",
    "decisions_per_second", "seconds", "run", "number", "objective",
)  # fmt: skip
_MEASURED = ("decisions_per_second", "seconds")
_HASHED = (*(name for name in _PLAIN if name not in _MEASURED), "instance_values", "metrics")


def evaluation_row(evaluation: Evaluation) -> dict[str, Any]:
    """The row of an evaluation; its id is the SHA-256 (hex) of all that is not measured.

    Raises ArchiveError for an aggregate beside a missing value, and for numbers that are not finite.
    """
    values = evaluation.values
    for name in ("aggregate", *_MEASURED):
        _finite(name, getattr(evaluation, name))
    if evaluation.aggregate is not None and (not values or None in values):
        raise ArchiveError(
            f"evaluation of {evaluation.candidate}: an aggregate needs every value, "
            f"{sum(v is None for v in values)} of {len(values)} are missing; use None"
        )
    row = _texts({name: getattr(evaluation, name) for name in _PLAIN})
    row["instance_values"] = _json("values", list(values))
    row["metrics"] = _json("metrics", dict(evaluation.metrics))
    row["id"] = evaluation_id(row)
    to_evaluation(row, advice="")
    return row


def evaluation_id(row: Row) -> str:
    """The id of an evaluation by the cells of its row."""
    kept = {name: row[name] for name in _HASHED}
    if not kept["objective"]:
        del kept["objective"]  # so that rows from before there was a choice keep their ids
    return "e_" + hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _as_recorded(row: Row) -> Iterator[Row]:
    """The cells as they may have been when the id was made: SQLite keeps 3 as 3.0 in a column of floats, -0.0 as 0."""
    yield row
    aggregate = row["aggregate"]
    if isinstance(aggregate, float) and aggregate.is_integer():
        yield {**row, "aggregate": int(aggregate)}
    if aggregate == 0:
        yield {**row, "aggregate": -0.0}


def to_evaluation(row: Row, advice: str = ADVICE) -> Evaluation:
    """An evaluation from its row. Raises FaultyRow, also where its id does not follow from it."""
    cells = Cells("evaluations", row, "id", advice=advice)
    cells.text("id")
    evaluation = Evaluation(
        candidate=cells.candidate("candidate"),
        problem=cells.text("problem"),
        problem_version=cells.whole("problem_version"),
        split=cells.choice("split", SPLITS),
        fingerprint=cells.text("fingerprint"),
        status=cells.choice("status", STATUSES),
        message=cells.text("message", LONGEST_TEXT),
        values=cells.json_numbers("instance_values"),
        aggregate=cells.optional_number("aggregate"),
        metrics=cells.json_metrics("metrics"),
        code_size=cells.whole("code_size"),
        decisions_per_second=cells.optional_number("decisions_per_second"),
        seconds=cells.number("seconds"),
        run=cells.optional_text("run"),
        number=cells.optional_whole("number"),
        objective=cells.text("objective"),
    )
    whole = bool(evaluation.values) and None not in evaluation.values
    if evaluation.aggregate is not None and (not whole or evaluation.status != "ok"):
        raise cells.fault("NULL, because values are missing or the status is not ok", "aggregate")
    if evaluation.aggregate is None and whole and evaluation.status == "ok":
        raise cells.fault("a number, because every value is there", "aggregate")
    if all(evaluation_id(one) != row["id"] for one in _as_recorded(row)):
        expected = f"{evaluation_id(row)[:14]}…, which follows from its other columns"
        raise cells.fault(expected, "id")
    return evaluation
