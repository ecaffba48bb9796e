"""What a run ended in, for people and as JSON."""

import shlex
from typing import TYPE_CHECKING, Any

from heuresis.cli.errors import DONE, FAILED, INTERRUPTED

if TYPE_CHECKING:
    from heuresis.evolve.results.champion import Champion
    from heuresis.evolve.results.run_result import RunResult
    from heuresis.problems.problem import Problem


def report(result: "RunResult", problem: "Problem", *, as_json: bool, archive: str | None = None) -> int:
    """Print what the run found; return the exit code that it deserves. `archive` is named in the advice given."""
    from heuresis.archive.records import RunStatus
    from heuresis.cli import render, terminal

    print_result(result, problem, as_json=as_json, archive=archive)
    if result.run.status is RunStatus.INTERRUPTED:
        short = render.short(result.run.id)
        terminal.insist(f"interrupted; go on with: heuresis resume {short}{where(archive)}")
        return INTERRUPTED
    if result.run.status is RunStatus.FAILED:
        render.say(f"the run failed: {result.reason}")
        return FAILED
    return DONE


def print_result(result: "RunResult", problem: "Problem", *, as_json: bool, archive: str | None) -> None:
    """Print what the run found, and nothing about how it ended."""
    from heuresis.cli import render
    from heuresis.cli.calls import model_row

    champion = result.champion
    if as_json:
        document: dict[str, Any] = {"run": result.run.id, "status": result.run.status.value, "reason": result.reason}
        document |= {"models": {one.model: model_row(one) for one in result.models}}
        reasons = () if result.progress is None else result.progress.reasons
        document |= {
            "failures": [{"status": r.kind.replace(" ", "_"), "reason": r.text, "count": r.count} for r in reasons]
        }
        found = None if champion is None else _document(champion)
        render.emit(document | {"evaluations": result.evaluations, "champion": found})
    elif champion is not None:
        _print_champion(champion, problem, result.run.id, archive)


def _document(champion: "Champion") -> dict[str, Any]:
    """A champion as `--json` shows it; `rule` names the classical rule that it is, null for another program."""
    test = None if champion.test is None else champion.test.to_dict()
    made = {"id": champion.id, "select": champion.select, "test": test, "source": champion.source}
    return made | {"rule": champion.rule}


def _print_champion(champion: "Champion", problem: "Problem", run: str, archive: str | None) -> None:
    from heuresis.cli import render
    from heuresis.cli.browse import print_source

    console = render.out()
    percent = problem.objective.fraction
    value = render.score(champion.select, percent=percent)
    short = render.short(champion.id)
    console.print()
    what = f"champion {short} by {champion.proposer}"
    if champion.rule is not None:
        what = f"champion {short} is the classical rule {champion.rule}: the search found nothing better on select"
    console.print(f"{what}, {value} on select:")
    console.print()
    print_source(champion.source)
    console.print()
    option = where(archive)
    if champion.test is None:
        console.print(f"not compared on test yet: heuresis crown {render.short(run)}{option}", soft_wrap=True)
    else:
        render.print_comparison(champion.test)
    for words in (f"show {short}{option}", f"explain {short}{option}", f"export {short}{option} -o rule.py"):
        console.print(f"heuresis {words}", style="dim", soft_wrap=True)


def where(archive: str | None) -> str:
    """The option that names an archive in advice; empty for the default."""
    from heuresis.archive.masking import shown

    return f" --archive {shlex.quote(shown(archive))}" if archive else ""
