"""The command that draws what programs do on one instance: `plot`."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heuresis.cli import problem_files
from heuresis.cli.context import Source, asked_for
from heuresis.cli.errors import FAILED, USAGE, UserError
from heuresis.cli.options import (
    ArchiveOption,
    EngineOption,
    FamilyOption,
    InstancesOption,
    JsonOption,
    LimitOption,
    LoadOption,
    NoiseOption,
    RateOption,
    ReplicasOption,
    RunOption,
    SelectSplitOption,
    SloOption,
    SolveOption,
    TimeUnitOption,
)
from heuresis.cli.programs import (
    check_reading,
    existing_archive,
    find_instances,
    find_problem,
    find_program,
    recorded_settings,
)
from heuresis.cli.render import short
from heuresis.sandbox.plain_text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heuresis.evolve.assessment.assess import Assessor
    from heuresis.problems.figures import Figure, Gantt
    from heuresis.problems.problem import InstanceSet

FORMATS = (".png", ".svg", ".pdf")

LABELLED = 40
"""Bars of a row that have room for their names."""


def plot(
    problem: Annotated[
        str,
        typer.Argument(metavar="PROBLEM|RUN", help="A problem, or a run whose course is drawn."),
    ],
    programs: Annotated[
        list[str] | None, typer.Argument(metavar="[PROGRAM]...", help="What is drawn side by side.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="A .png, .svg or .pdf file. Default: text to standard output."
        ),
    ] = None,
    instances: InstancesOption = None,
    split: SelectSplitOption = None,
    instance: Annotated[
        str | None, typer.Option("--instance", metavar="NAME", help="Which one. Default: the first.")
    ] = None,
    family: FamilyOption = None,
    engine: EngineOption = None,
    rate: RateOption = None,
    load: LoadOption = None,
    limit: LimitOption = None,
    replicas: ReplicasOption = None,
    noise: NoiseOption = None,
    slo: SloOption = None,
    time_unit: TimeUnitOption = None,
    solve: SolveOption = False,
    run: RunOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Draw what programs do on one instance, or the course of a run, as a picture or in the terminal.

    Pictures need matplotlib: pip install 'heuresis\[plot]'.
    """
    from heuresis.evolve.assessment.assess import Assessor
    from heuresis.problems.problem import Choice
    from heuresis.problems.scoring import Drawn

    if output is not None and output.suffix not in FORMATS:
        raise UserError(f"-o {output}: expected a file that ends in {', '.join(FORMATS)}", USAGE)
    if re.fullmatch("r_[0-9a-f]+", problem):
        if programs:
            raise UserError(f"{problem} is a run, and its course is drawn without programs; leave them away", USAGE)
        _show([_course(problem, archive)], f"run {short(problem)}", output, {"run": problem}, as_json=as_json)
        return
    if not programs:
        raise UserError(f"plot {problem}: which programs? name one or more, such as a baseline or an id", USAGE)
    given = Choice(
        family, None, engine, rate, limit, load=load, replicas=replicas, noise=noise, slo=slo,
        time_unit=time_unit, solve=solve or None,
    )  # fmt: skip
    check_reading(given, instances)
    base = find_problem(problem)
    named = [find_program(text, base, archive) for text in programs]
    wanted = asked_for(base, named, given, Source(instances, split, run, archive))
    if not isinstance(wanted.scoring, Drawn):
        raise UserError(f"{wanted.name} has nothing to draw", USAGE)
    chosen = find_instances(wanted, split, instances, "select", family)
    index = _place(chosen, instance)
    with Assessor(wanted, workers=1) as assessor:
        schedules = {one.label: _scheduled(assessor, one.label, one.source, chosen, index) for one in named}
    one = chosen.instances[index]
    found = wanted.scoring.figures(one, schedules)
    title = f"{wanted.name}: {one.name}"
    _show(found, title, output, {"problem": wanted.name, "instance": one.name}, as_json=as_json)


def _course(run: str, archive: str | None) -> "Figure":
    """The figure of a run."""
    from heuresis.evolve.results.drawn import course_of

    with existing_archive(archive, run) as opened:
        found = opened.run(run)
        trials, config = opened.trials(found.id), recorded_settings(found, opened)
    if not any(trial.evaluation is not None and trial.evaluation.ok for trial in trials):
        raise UserError(f"run {short(found.id)} has no program with a value yet: there is nothing to draw", FAILED)
    problem_files.check_named(config.problem)
    wanted = find_problem(config.problem).asked(config.choice)
    return course_of(wanted, trials, wanted.objective_on(wanted.splits["search"]().instances))


def _show(
    figures: "Sequence[Figure | Gantt]", title: str, output: Path | None, what: dict[str, Any], *, as_json: bool
) -> None:
    """Draw figures into a file or as text, or print them as JSON behind what they are of."""
    from heuresis.cli import render

    if output is not None:
        draw(figures, output, title)
    if as_json:
        written = None if output is None else str(output)
        render.emit({**what, "written": written, "figures": [_plain(one) for one in figures]})
    elif output is not None:
        render.say(f"wrote {output}")
    else:
        _print(figures, title)


def draw(figures: "Sequence[Figure | Gantt]", output: Path, title: str) -> None:
    """Draw figures below each other into one file. Raises UserError where matplotlib is not installed.

    All texts are plain: no controls, and a dollar sign begins no formula.
    """
    from heuresis.problems.figures import Gantt

    try:
        from matplotlib.figure import Figure as Canvas
    except ImportError as error:
        raise UserError(
            "pictures need matplotlib: pip install 'heuresis[plot]'; without -o it is drawn as text"
        ) from error
    canvas = Canvas(figsize=(9.0, 2.6 * len(figures)), layout="constrained")
    canvas.suptitle(plain(title), parse_math=False)
    for place, figure in enumerate(figures, 1):
        axes = canvas.add_subplot(len(figures), 1, place)
        if isinstance(figure, Gantt):
            _draw_bars(axes, figure)
        else:
            _draw_curves(axes, figure)
    canvas.savefig(output, dpi=120, metadata={"Date": None} if output.suffix == ".svg" else None)


def _draw_curves(axes: Any, figure: "Figure") -> None:
    for curve in figure.curves:
        axes.plot(
            curve.x,
            curve.y,
            label=plain(curve.name),
            linewidth=1.0,
            drawstyle="steps-post" if curve.steps else None,
        )
    axes.set_title(plain(figure.title), parse_math=False)
    axes.set_xlabel(plain(figure.x_label), parse_math=False)
    axes.set_ylabel(plain(figure.y_label), parse_math=False)
    axes.set_ylim(bottom=0.0)
    if figure.log_x:
        axes.set_xscale("log")
    axes.grid(alpha=0.3)
    for label in axes.legend(fontsize="small").get_texts():
        label.set_parse_math(False)


def _draw_bars(axes: Any, figure: "Gantt") -> None:
    """A row of bars for each name, the first on top; late ones in another colour."""
    names = list(figure.rows)
    for row, name in enumerate(names):
        for late, colour in ((False, "tab:blue"), (True, "tab:red")):
            bars = [bar for bar in figure.rows[name] if bar.late is late]
            spans = [(bar.start, bar.end - bar.start) for bar in bars]
            axes.broken_barh(spans, (row - 0.4, 0.8), color=colour, edgecolor="white", linewidth=0.3)
        if len(figure.rows[name]) <= LABELLED:
            for bar in figure.rows[name]:
                axes.text((bar.start + bar.end) / 2, row, plain(bar.name), ha="center", va="center", fontsize=6)
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.invert_yaxis()
    axes.set_title(plain(figure.title) + " (red: late)", parse_math=False)
    axes.set_xlabel(plain(figure.x_label), parse_math=False)


def _place(chosen: "InstanceSet", name: str | None) -> int:
    names = [one.name for one in chosen.instances]
    if name is None:
        return 0
    if name not in names:
        raise UserError(f"no instance {name!r} in {chosen.name}; its {len(names)} are {', '.join(names[:3])}, …", USAGE)
    return names.index(name)


def _scheduled(assessor: "Assessor", label: str, source: str, chosen: "InstanceSet", index: int) -> Any:
    """What a program does on one instance. Raises UserError where that is nothing feasible."""
    found = assessor.schedule(source, chosen, index)
    if found.schedules[0] is None:
        raise UserError(f"{label}: {found.fault}", FAILED)
    return found.schedules[0]


def _print(figures: "Sequence[Figure | Gantt]", title: str) -> None:
    from heuresis.cli import render
    from heuresis.cli.chart import bars, chart
    from heuresis.problems.figures import Gantt

    console = render.out()
    width = min(100, (console.width if console.is_terminal else 84) - 12)
    console.print(title, style="bold")
    for figure in figures:
        console.print()
        for line in bars(figure, width) if isinstance(figure, Gantt) else chart(figure, width):
            console.print(line, soft_wrap=True)


def _plain(figure: "Figure | Gantt") -> dict[str, Any]:
    from heuresis.problems.figures import Gantt

    if isinstance(figure, Gantt):
        rows = [{"name": name, "bars": [asdict(bar) for bar in bars]} for name, bars in figure.rows.items()]
        return {"title": figure.title, "x": figure.x_label, "rows": rows}
    curves = [{"name": curve.name, "x": curve.x.tolist(), "y": curve.y.tolist()} for curve in figure.curves]
    return {"title": figure.title, "x": figure.x_label, "y": figure.y_label, "curves": curves}
