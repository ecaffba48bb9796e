"""Records to rows and back: JSON texts, dates in UTC, and what may never be stored."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from heuresis.archive.records import ArchiveError, Call, Evaluation, Proposal, Run, RunStatus

Row = Mapping[str, Any]


def now() -> str:
    """The present as ISO 8601 text in UTC, of fixed width, so that texts sort as times do."""
    return date_text(datetime.now(UTC))


def date_text(when: datetime) -> str:
    """ISO 8601 in UTC. Raises ArchiveError for a date without a time zone."""
    if when.tzinfo is None:
        raise ArchiveError(f"expected a date with a time zone, got {when.isoformat()}; use datetime.now(UTC)")
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def storable(text: str) -> str:
    """Text as UTF-8 can hold it: lone surrogates, which a broken reply may contain, become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


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
    return {key: storable(value) if isinstance(value, str) else value for key, value in row.items()}


def run_row(run: Run, owner: str) -> dict[str, Any]:
    """The row of a run."""
    row = {
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
    }
    return _texts(row)


def to_run(row: Row) -> Run:
    """A run from its row."""
    values = {name: row[name] for name in ("id", "problem", "problem_version", "config", "seed", "versions")}
    return Run(
        **values,
        commit=row["revision"],
        sandbox_level=row["sandbox_level"],
        status=RunStatus(row["status"]),
        reason=row["reason"],
        created=datetime.fromisoformat(row["created"]),
        heartbeat=datetime.fromisoformat(row["heartbeat"]),
        champion=row["champion"],
        searched=row["searched"],
    )


_PROPOSAL = (
    "run", "number", "prefix", "proposer", "operator", "source", "candidate", "reason", "work", "seconds",
)  # fmt: skip


def proposal_row(proposal: Proposal) -> dict[str, Any]:
    """The row of a proposal, without its parents."""
    if proposal.candidate is not None and proposal.source is None:
        raise ArchiveError(f"proposal {proposal.number} names the candidate {proposal.candidate} but has no source")
    _finite("seconds", proposal.seconds)
    return _texts({name: getattr(proposal, name) for name in _PROPOSAL})


def to_proposal(row: Row, parents: Sequence[str]) -> Proposal:
    """A proposal from its row and its parents in order."""
    return Proposal(**{name: row[name] for name in _PROPOSAL}, parents=tuple(parents))


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
    return _texts({name: getattr(call, name) for name in _CALL})


def to_call(row: Row) -> Call:
    """A model call from its row."""
    return Call(**{name: row[name] for name in _CALL})


_PLAIN = (
    "candidate", "problem", "problem_version", "split", "fingerprint", "status", "message", "aggregate", "code_size",
    "decisions_per_second", "seconds", "run", "number", "objective",
)  # fmt: skip
_MEASURED = ("decisions_per_second", "seconds")


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
    kept = {key: value for key, value in row.items() if key not in _MEASURED}
    if not row["objective"]:
        del kept["objective"]  # so that rows from before there was a choice keep their ids
    row["id"] = "e_" + hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
    return row


def to_evaluation(row: Row) -> Evaluation:
    """An evaluation from its row."""
    return Evaluation(
        **{name: row[name] for name in _PLAIN},
        values=tuple(None if v is None else float(v) for v in json.loads(row["instance_values"])),
        metrics=json.loads(row["metrics"]),
    )
