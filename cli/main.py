"""The command `heuresis`: collects the commands and turns errors into messages and exit codes."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from heuresis.cli import archive, browse, doctor, engine, errors, evaluate, evolve, export, models, plot, problems

app = typer.Typer(
    name="heuresis",
    help="Discovers scheduling heuristics by evolving their source code, and tells the truth about them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from heuresis import __version__

        typer.echo(f"heuresis {__version__}")
        raise typer.Exit


@app.callback()
def entry(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Discovers scheduling heuristics by evolving their source code, and tells the truth about them."""
    from heuresis.evaluators.numba_cache import use_numba_cache

    use_numba_cache()


app.command("problems")(problems.problems)
app.command("evolve")(evolve.evolve)
app.command("resume")(evolve.resume)
app.command("runs")(browse.runs)
app.command("top")(browse.top)
app.command("show")(browse.show)
app.command("lineage")(browse.lineage)
app.command("compare")(evaluate.compare)
app.command("evaluate")(evaluate.evaluate)
app.command("explain")(evaluate.explain)
app.command("plot")(plot.plot)
app.command("export")(export.export)
app.command("import")(export.import_)
app.command("doctor")(doctor.doctor)
app.add_typer(archive.app, name="archive")
app.add_typer(models.app, name="models")
app.add_typer(engine.app, name="engine")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; no traceback unless HEURESIS_DEBUG is set."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="heuresis")
    except SystemExit as stop:
        return _stopped(stop)
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except Exception as error:
        if os.environ.get("HEURESIS_DEBUG"):
            raise
        known = errors.explain(error)
        if known is None:
            sys.stderr.write(
                f"heuresis: unexpected {type(error).__name__}: {error}\n"
                "This is a defect. Set HEURESIS_DEBUG=1 to see the traceback, and please report it.\n"
            )
            return errors.FAILED
        message, code = known
        sys.stderr.write(f"heuresis: {message}\n")
        return code
    return errors.DONE


def _stopped(stop: SystemExit) -> int:
    """The exit code of whoever left the command; a text is a message, and a reader that has gone wants no more."""
    if isinstance(stop.__context__, BrokenPipeError):
        _drop_output()
        return errors.DONE
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or errors.DONE
    sys.stderr.write(f"heuresis: {stop.code}\n")
    return errors.FAILED


def _drop_output() -> None:
    """Let what is still in the buffer of standard output go nowhere, or Python complains about it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _open_standard_streams() -> None:
    """Put /dev/null where a standard descriptor is closed, or the next file or socket would take its place."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
            setattr(sys, name, open(descriptor, "w" if descriptor else "r"))  # noqa: PTH123, SIM115 - a descriptor


def main() -> None:
    """Entry point of the command."""
    _open_standard_streams()
    code = run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    sys.exit(code)
