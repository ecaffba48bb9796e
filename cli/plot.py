"""The command that draws what programs do on one instance: `plot`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    ProblemArgument,
    RateOption,
    ReplicasOption,
    RunOption,
    SelectSplitOption,
    SloOption,
)
from heuresis.cli.programs import check_reading, find_instances, find_problem, find_program
from heuresis.sandbox.plain_text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heuresis.evolve.assessment.assess import Assessor
    from heuresis.problems.figures import Figure
    from heuresis.problems.problem import InstanceSet

FORMATS = (".png", ".svg", ".pdf")


def plot(
    problem: ProblemArgument,
    programs: Annotated[list[str], typer.Argument(metavar="PROGRAM...", help="What is drawn side by side.")],
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
    run: RunOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Draw what programs do on one instance, as a picture or in the terminal.

    Pictures need matplotlib: pip install 'heuresis\[plot]'.
    """
    from heuresis.cli import render
    from heuresis.evolve.assessment.assess import Assessor
    from heuresis.problems.problem import Choice
    from heuresis.problems.scoring import Drawn

    if output is not None and output.suffix not in FORMATS:
        raise UserError(f"-o {output}: expected a file that ends in {', '.join(FORMATS)}", USAGE)
    given = Choice(family, None, engine, rate, limit, load=load, replicas=replicas, noise=noise, slo=slo)
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
    if output is not None:
        draw(found, output, title)
    if as_json:
        written = None if output is None else str(output)
        render.emit(
            {"problem": wanted.name, "instance": one.name, "written": written, "figures": [_plain(f) for f in found]}
        )
    elif output is not None:
        render.say(f"wrote {output}")
    else:
        _print(found, title)


def draw(figures: "Sequence[Figure]", output: Path, title: str) -> None:
    """Draw figures below each other into one file. Raises UserError where matplotlib is not installed.

    All texts are plain: no controls, and a dollar sign begins no formula.
    """
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
    canvas.savefig(output, dpi=120, metadata={"Date": None} if output.suffix == ".svg" else None)


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


def _print(figures: "Sequence[Figure]", title: str) -> None:
    from heuresis.cli import render
    from heuresis.cli.chart import chart

    console = render.out()
    width = min(100, (console.width if console.is_terminal else 84) - 12)
    console.print(title, style="bold")
    for figure in figures:
        console.print()
        for line in chart(figure, width):
            console.print(line, soft_wrap=True)


def _plain(figure: "Figure") -> dict[str, Any]:
    curves = [{"name": curve.name, "x": curve.x.tolist(), "y": curve.y.tolist()} for curve in figure.curves]
    return {"title": figure.title, "x": figure.x_label, "y": figure.y_label, "curves": curves}
