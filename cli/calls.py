"""Commands that look at what went wrong in a run: `calls failures`."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from heuresis.cli.options import ArchiveOption, JsonOption
from heuresis.cli.programs import read_archive

if TYPE_CHECKING:
    from heuresis.archive.calls import ModelCalls
    from heuresis.archive.records import Call, Trial

RunArgument: TypeAlias = Annotated[str, typer.Argument(metavar="RUN", help="A run id (a unique prefix).")]


def calls(
    run: RunArgument,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that brought no reply.")] = False,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the model calls of a run: tokens, cost, and what the server said where there was no reply."""
    from heuresis.archive.calls import calls_of, tally
    from heuresis.cli import render
    from heuresis.cli.live import calls_line

    with read_archive(archive) as opened:
        found = opened.run(run)
        rows, counts = calls_of(opened, found.id, failed=failed), tally(opened, found.id).rows()
    if as_json:
        models = {one.model: model_row(one) for one in counts}
        render.emit({"run": found.id, "models": models, "calls": [_call_row(one) for one in rows]})
        return
    if not counts:
        render.say(f"run {found.id} called no model")
        return
    columns = ("proposal", "turn", "attempt", "model", "seconds", "in", "out", "usd", "end")
    made = render.table(*columns, right=("proposal", "turn", "attempt", "seconds", "in", "out", "usd"))
    for call in rows:
        where = str(call.number), str(call.turn), str(call.attempt), call.model
        made.add_row(*where, f"{call.seconds:.1f}", *_counts(call), render.brief(_end(call)))
    render.print_table(made, ("turn", "attempt", "usd", "seconds", "model"))
    for one in counts:
        render.say(calls_line(one))


def failures(run: RunArgument, archive: ArchiveOption = None, as_json: JsonOption = False) -> None:
    """List the proposals of a run that made no program or one that failed, and the most frequent reasons."""
    from heuresis.cli import render

    with read_archive(archive) as opened:
        found = opened.run(run)
        rows = [row for trial in opened.trials(found.id) if (row := _failure(trial)) is not None]
    reasons = Counter((row["proposer"], row["status"], row["reason"]) for row in rows).most_common()
    if as_json:
        counted = [{"proposer": p, "status": s, "reason": r, "count": n} for (p, s, r), n in reasons]
        render.emit({"run": found.id, "reasons": counted, "failures": rows})
        return
    if not rows:
        render.say(f"nothing failed in run {found.id}")
        return
    made = render.table("count", "proposer", "status", "reason", right=("count",), firm=("status",))
    for (proposer, status, reason), count in reasons:
        made.add_row(str(count), proposer, status.replace("_", " "), render.brief(reason))
    render.print_table(made, ("proposer",))


def model_row(found: "ModelCalls") -> dict[str, Any]:
    """What became of the calls of one model, for JSON."""
    reason = found.reason or None
    return {"calls": found.calls, "answered": found.answered, "failed": found.failed, "reason": reason}


def _call_row(call: "Call") -> dict[str, Any]:
    return {
        "proposal": call.number,
        "turn": call.turn,
        "attempt": call.attempt,
        "model": call.model,
        "seconds": call.seconds,
        "tokens_in": call.tokens_in,
        "tokens_out": call.tokens_out,
        "usd": call.usd,
        "max_usd": call.max_usd,
        "finish_reason": call.finish_reason or None,
        "error": call.error,
        "reply": call.reply,
    }


def _counts(call: "Call") -> tuple[str, str, str]:
    return f"{call.tokens_in:,}", f"{call.tokens_out:,}", f"{call.usd:.4f}" if call.usd else "0"


def _end(call: "Call") -> str:
    """How a call ended."""
    if call.error is not None:
        return call.error
    return call.finish_reason if call.reply is not None else "never answered"


def _failure(trial: "Trial") -> dict[str, Any] | None:
    """A proposal that made nothing, or whose program failed; None for any other, duplicates included."""
    proposal, evaluation = trial.proposal, trial.evaluation
    if evaluation is None and proposal.source is None:
        status, reason = "no_program", proposal.reason
    elif evaluation is not None and not evaluation.ok:
        status, reason = evaluation.status, evaluation.message
    else:
        return None
    row = {"proposal": proposal.number, "proposer": proposal.proposer, "operator": proposal.operator}
    return row | {"status": status, "reason": reason, "program": proposal.candidate}
