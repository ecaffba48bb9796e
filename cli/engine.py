"""`heuresis engine`: the engines that serving is simulated on, and coefficients for one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heuresis.cli.errors import UserError
from heuresis.cli.options import ArchiveOption, JsonOption

if TYPE_CHECKING:
    from heuresis.evaluators.serving.engine import IterationTime
    from heuresis.problems.engines.fit import FitError

app = typer.Typer(help="Engines that serve language models: list and show them, fit one's own.", no_args_is_help=True)


@app.command("list")
def list_(archive: ArchiveOption = None, as_json: JsonOption = False) -> None:
    """List the engines that come with Heuresis."""
    from heuresis.cli import render
    from heuresis.problems.engines import files as engines

    del archive  # every command takes it; this one needs none
    found = [engines.load(name) for name in engines.names()]
    if as_json:
        render.emit({"engines": [asdict(engine) for engine in found]})
        return
    numbers = ("sequences", "tokens", "blocks", "replicas")
    made = render.table("engine", *numbers, "title", right=numbers, firm=("engine",))
    for one in found:
        counts = (one.max_num_seqs, one.max_num_batched_tokens, one.blocks, one.replicas)
        made.add_row(one.name, *(f"{count:,}" for count in counts), one.title)
    render.print_table(made, spare=("replicas", "sequences"))


@app.command()
def show(
    engine: Annotated[str, typer.Argument(metavar="ENGINE", help="An engine's name, or a file FILE.toml.")],
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one engine: where its numbers come from, limits, iteration times, service levels."""
    from heuresis.cli import render, terminal
    from heuresis.problems.engines import files as engines
    from heuresis.problems.engines.writer import to_toml

    del archive  # every command takes it; this one needs none
    found = engines.load(engine)
    if as_json:
        render.emit(asdict(found))
        return
    terminal.write(to_toml(found))


@app.command()
def fit(
    profile: Annotated[
        list[Path], typer.Argument(metavar="PROFILE...", help="Tables of kernel times: attention, dense, per_sequence.")
    ],
    layers: Annotated[
        int, typer.Option("--layers", metavar="N", min=1, help="Decoder layers of the model. Default: 32.")
    ] = 32,
    engine: Annotated[
        str | None,
        typer.Option("--engine", metavar="ENGINE", help="Engine (name or FILE.toml) that gives all but the times."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.toml", help="Engine file to write; needs --engine.")
    ] = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit the coefficients of iteration times to measured kernel times, and say how well they fit."""
    from heuresis.cli import render
    from heuresis.problems.engines import files as engines
    from heuresis.problems.engines.fit import fit as fitted
    from heuresis.problems.engines.levels import service_levels
    from heuresis.problems.engines.profiles import read_profile
    from heuresis.problems.engines.writer import to_toml

    del archive  # every command takes it; this one needs none
    if output is not None and engine is None:
        raise UserError("-o needs --engine ENGINE, whose memory and limits the file takes", code=2)
    if output is not None and output.suffix != ".toml":
        raise UserError(f"{output}: an engine file must end in .toml", code=2)
    base = None if engine is None else engines.load(engine)
    found = fitted(read_profile(profile), layers)
    errors = {"all": found.errors}
    if base is not None:
        tables = ", ".join(path.name for path in profile)
        errors["engine"] = found.errors_within(base)
        made = replace(
            base,
            title=f"{base.title}, fitted",
            origin=f"Coefficients: `heuresis engine fit --layers {layers}` of {tables}. The rest: {base.name}.",
            mixed=_rounded(found.mixed),
            decode=_rounded(found.decode),
        )
        made = replace(made, slo=service_levels(made))
        if output is not None:
            output.write_text(to_toml(made), encoding="utf-8")
    if as_json:
        document: dict[str, Any] = {"layers": layers, "mixed": asdict(found.mixed), "decode": asdict(found.decode)}
        document["errors"] = {scope: [asdict(one) for one in some] for scope, some in errors.items()}
        render.emit(document | {"written": None if output is None else str(output)})
        return
    _print_fit({"mixed": found.mixed, "decode": found.decode}, errors, layers)
    if output is not None:
        render.say(f"written: {output}")


def _rounded(time: "IterationTime") -> "IterationTime":
    """To six significant digits, far more than a measurement has."""
    return replace(time, **{name: float(f"{value:.6g}") for name, value in asdict(time).items()})


def _print_fit(regimes: Mapping[str, "IterationTime"], errors: Mapping[str, Sequence["FitError"]], layers: int) -> None:
    from heuresis.cli import render

    names = tuple(asdict(regimes["mixed"]))
    made = render.table("ms", *names, right=names, title=f"Iteration times of {layers} layers")
    for regime, time in regimes.items():
        made.add_row(regime, *(f"{value:.6g}" for value in asdict(time).values()))
    render.print_table(made)
    columns = ("iterations", "mean error", "worst", "where it is worst")
    told = render.table("regime", "of", *columns, right=columns[:3], title="Fitted against composed")
    scopes = {"all": "all that were measured", "engine": "the engine's limits"}
    for scope, some in errors.items():
        for one in some:
            place = ", ".join(f"{name} {value:,}" for name, value in one.worst_at.items() if value)
            told.add_row(one.regime, scopes[scope], f"{one.points:,}", f"{one.mean:.1%}", f"{one.worst:+.1%}", place)
    render.print_table(told)
