"""The command that shows what can be solved, and begins a problem of one's own: `problems`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heuresis.cli.errors import FAILED, USAGE, UserError
from heuresis.cli.options import ArchiveOption, JsonOption
from heuresis.cli.programs import find_problem

if TYPE_CHECKING:
    from heuresis.problems.problem import Problem


def problems(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show one problem: contract, splits, rules.")
    ] = None,
    new: Annotated[
        str | None, typer.Option("--new", metavar="NAME", help="Write NAME.py, a problem of your own to begin with.")
    ] = None,
    check: Annotated[
        str | None,
        typer.Option("--check", metavar="FILE", help="Try a problem of your own from end to end on a few instances."),
    ] = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what can be solved, show one problem's contract, splits and baselines, or begin or check one of your own."""
    from heuresis.cli import render
    from heuresis.problems import registry

    del archive  # every command takes it; this one needs none
    if check is not None:
        if name is not None or new is not None:
            raise UserError("--check FILE shows and writes no problem: leave the other out", USAGE)
        _check(check, as_json=as_json)
        return
    if new is not None:
        if name is not None:
            raise UserError("--new NAME writes a file and shows no problem: leave one of the two out", USAGE)
        _begin(new, as_json=as_json)
        return
    if name is not None:
        _show_problem(find_problem(name), as_json=as_json)
        return
    found = [registry.get(one) for one in registry.names()]
    if as_json:
        render.emit({"problems": [_summary(problem) for problem in found]})
        return
    made = render.table("problem", "version", "title", "baselines", right=("version",))
    for problem in found:
        made.add_row(problem.name, str(problem.version), problem.title, " ".join(b.name for b in problem.baselines))
    render.out().print(made)


def _begin(name: str, *, as_json: bool) -> None:
    """Write the beginning of a problem into the working directory."""
    from heuresis.cli import render
    from heuresis.problems import registry
    from heuresis.problems.problem import ProblemError
    from heuresis.problems.sequential.skeleton import module_name, skeleton

    try:
        module = module_name(name)
    except ProblemError as error:
        raise UserError(f"--new: {error}", USAGE) from error
    if module.replace("_", "-") in registry.names():
        raise UserError(f"--new: there is a problem {module.replace('_', '-')!r} already; choose another name", USAGE)
    path = Path(f"{module}.py")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(skeleton(module))
    except FileExistsError:
        raise UserError(f"{path} exists, and nothing is overwritten; choose another name, or move it away") from None
    if as_json:
        render.emit({"file": str(path), "name": module.replace("_", "-")})
        return
    print_line = render.out().print
    print_line(f"{path} is written. It evolves as it is; its comments say what to change. Now type:", soft_wrap=True)
    for words in (f"problems {path}", f"evaluate {path}", f"evolve {path} --evaluations 200"):
        print_line(f"    heuresis {words}", soft_wrap=True, highlight=False)


def _check(name: str, *, as_json: bool) -> None:
    """Try a problem and print what became of each part; exit code 1 where something is wrong."""
    from heuresis.cli import render
    from heuresis.evolve.results.rehearsal import rehearse

    problem = find_problem(name)
    findings = []
    for one in rehearse(problem):
        findings.append(one)
        if not as_json:
            render.out().print(f"{one.what}: {one.fault or 'ok'}", soft_wrap=True, style="red" if one.fault else "")
    wrong = [one for one in findings if one.fault]
    if as_json:
        parts = [{"what": one.what, "ok": not one.fault, "fault": one.fault or None} for one in findings]
        render.emit({"problem": problem.name, "ok": not wrong, "parts": parts})
    elif not wrong:
        render.out().print(f"{problem.name} works. Now type: heuresis evolve {name} --evaluations 200", soft_wrap=True)
    if wrong:
        raise typer.Exit(FAILED)


def _show_problem(problem: "Problem", *, as_json: bool) -> None:
    from heuresis.cli import render
    from heuresis.cli.console import markdown

    sets = {name: make() for name, make in problem.splits.items()}
    splits = {name: {"instances": len(one.instances), "fingerprint": one.fingerprint} for name, one in sets.items()}
    if as_json:
        baselines = [
            {"name": b.name, "title": b.title, "citation": b.citation, "source": b.source} for b in problem.baselines
        ]
        references = [{"name": r.name, "title": r.title, "citation": r.citation} for r in problem.algorithms]
        extra: dict[str, Any] = {"statement": problem.statement, "contract": problem.contract.describe()}
        extra |= {"splits": splits, "families": list(problem.options.families)}
        extra["objectives"] = {name: one.definition for name, one in problem.options.objectives.items()}
        extra["guards"] = {name: list(texts) for name, texts in problem.options.guards.items()}
        extra["metrics"] = {one.name: one.meaning + (f" ({one.unit})" if one.unit else "") for one in problem.metrics}
        render.emit(_summary(problem) | extra | {"baselines": baselines, "references": references})
        return
    console = render.out()
    console.print(f"{problem.name}@{problem.version}: {problem.title}", style="bold")
    console.print(markdown(problem.statement))
    console.print()
    console.print(markdown(problem.contract.describe()))
    console.print()
    console.print(f"Objective (smaller is better): {problem.objective.definition}", soft_wrap=True)
    made = render.table("split", "instances", "fingerprint", right=("instances",))
    for name, one in splits.items():
        made.add_row(name, str(one["instances"]), str(one["fingerprint"])[:12])
    console.print(made)
    if problem.options.families:
        console.print(f"families to search on (--family): {', '.join(problem.options.families)}", soft_wrap=True)
    if problem.options.objectives:
        console.print(f"objectives (--objective): {', '.join(problem.options.objectives)}", soft_wrap=True)
    for name, texts in problem.options.guards.items():
        console.print(f"guards of {name} (--no-guards): {', '.join(texts)}", soft_wrap=True)
    if problem.metrics:
        names = ", ".join(one.name for one in problem.metrics)
        console.print(f"metrics (--subject-to): {names}", soft_wrap=True)
    if "engine" in problem.options.takes:
        console.print("engines (--engine): `heuresis engine list` shows them", soft_wrap=True)
    rules = render.table("rule", "", "source")
    for baseline in problem.baselines:
        rules.add_row(baseline.name, baseline.title, baseline.citation)
    for algorithm in problem.algorithms:
        rules.add_row(algorithm.name, f"{algorithm.title} (not evolvable)", algorithm.citation)
    console.print(rules)


def _summary(problem: "Problem") -> dict[str, Any]:
    return {
        "name": problem.name,
        "version": problem.version,
        "title": problem.title,
        "objective": problem.objective.definition,
        "baselines": [baseline.name for baseline in problem.baselines],
        "references": [reference.name for reference in problem.algorithms],
    }
