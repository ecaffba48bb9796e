"""The command `heuresis`: collects the commands and turns errors into messages and exit codes."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from heuresis.cli import (
    archive,
    browse,
    calls,
    doctor,
    engine,
    errors,
    evaluate,
    evolve,
    export,
    models,
    plot,
    problems,
    terminal,
)

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

        terminal.write(f"heuresis {__version__}")
        raise typer.Exit


@app.callback()
def entry(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Discovers scheduling heuristics by evolving their source code, and tells the truth about them."""
    from heuresis.evaluators.cache import use_numba_cache

    use_numba_cache()


app.command("problems")(problems.problems)
app.command("evolve")(evolve.evolve)
app.command("resume")(evolve.resume)
app.command("crown")(evolve.crown)
app.command("runs")(browse.runs)
app.command("top")(browse.top)
app.command("show")(browse.show)
app.command("lineage")(browse.lineage)
app.command("calls")(calls.calls)
app.command("failures")(calls.failures)
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
    words = sys.argv[1:] if arguments is None else list(arguments)
    terminal.given([*words, os.environ.get("HEURESIS_ARCHIVE", "")])
    with terminal.guarded():
        try:
            code = app(args=[_at_home(word) for word in words], prog_name="heuresis", standalone_mode=False)
        except SystemExit as stop:
            return _stopped(stop)
        except KeyboardInterrupt:
            return errors.INTERRUPTED
        except Exception as error:  # noqa: BLE001 - this is where every error ends, as a message and an exit code
            return _failed(error)
    return code if isinstance(code, int) else errors.DONE


def _at_home(word: str) -> str:
    """A word in which `~` and `~user` at the beginning of a path are homes, also behind `--option=`.

    Shells see to the former alone, and whoever calls without a shell has neither. Raises UserError where there is no
    such user.
    """
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if not value.startswith("~"):
        return word
    path = os.path.expanduser(value)  # noqa: PTH111 - pathlib raises no error of its own where there is no such user
    if path == value:
        raise errors.UserError(f"{value}: there is no user {value[1:].partition('/')[0]!r} here", errors.USAGE)
    return option + equals + path


def _failed(error: Exception) -> int:
    """Say what went wrong; the exit code that it deserves."""
    if isinstance(error, errors.WrongUsage):
        said = error.format_message().removesuffix(".")
        if said and error.ctx is not None:
            terminal.note(error.ctx.get_usage())
            said += f" (`{error.ctx.command_path} --help` says what there is)"
        if said:
            terminal.message(said)
        return error.exit_code
    if os.environ.get("HEURESIS_DEBUG"):
        terminal.note("".join(traceback.format_exception(error)))
        return errors.FAILED
    known = errors.explain(error) or errors.of_a_problem_file(error)
    if known is None:
        terminal.message(f"unexpected {type(error).__name__}: {error}")
        terminal.note("This is a defect. Set HEURESIS_DEBUG=1 to see the traceback, and please report it.")
        return errors.FAILED
    message, code = known
    terminal.message(message)
    return code


def _stopped(stop: SystemExit) -> int:
    """The exit code of whoever left the command; a text is a message."""
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or errors.DONE
    terminal.message(str(stop.code))
    return errors.FAILED


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
    terminal.Lasting(sys.stdout).flush()
    terminal.Lasting(sys.stderr).flush()
    if code == errors.INTERRUPTED:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End the process at once: who interrupts does not wait until Python has taken apart what Numba has loaded.

    That takes seconds, and threads that were left alone may be in the middle of compiling. Archive and processes are
    closed by now.
    """
    sys.stderr.flush()
    os._exit(code)
