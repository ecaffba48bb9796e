"""Commands that look after the archive: `archive check`."""

from typing import TYPE_CHECKING, Any

import typer

from heuresis.cli.errors import FAILED, UserError
from heuresis.cli.options import ArchiveOption, JsonOption
from heuresis.cli.programs import archive_file, shown_archive

if TYPE_CHECKING:
    from heuresis.archive.check import Report

MOST_LINES = 100
"""Faults that are printed; `--json` has all of them."""

app = typer.Typer(help="Look after the archive.", no_args_is_help=True)


@app.callback()
def entry() -> None:
    """Look after the archive."""


@app.command("check")
def check(archive: ArchiveOption = None, as_json: JsonOption = False) -> None:
    """Check an archive for damage without changing anything; exit code 1 where there is some.

    The file, the schema, every row, the text of every program, the id of every evaluation, and what rows refer to.
    """
    from heuresis.archive.check import Report, check_at
    from heuresis.archive.location import default_location
    from heuresis.archive.migrations import LATEST
    from heuresis.cli import render

    file = archive_file(archive)
    missing = file is not None and not file.exists()
    if missing and archive is not None:
        raise UserError(f"there is no archive at {shown_archive(archive)}; check --archive")
    # the default one is empty until something is recorded
    report = Report(shown_archive(default_location()), LATEST, {}, ()) if missing else check_at(archive)
    if as_json:
        render.emit(_document(report))
    else:
        _print(report)
    if report.problems:
        raise typer.Exit(FAILED)


def _document(report: "Report") -> dict[str, Any]:
    return {
        "archive": report.where,
        "ok": not report.problems,
        "version": report.version,
        "older": report.older,
        "rows": dict(report.rows),
        "problems": list(report.problems),
    }


def _print(report: "Report") -> None:
    from heuresis.cli import render

    if report.rows:
        made = render.table("table", "rows", right=("rows",), firm=("table", "rows"))
        for name, count in report.rows.items():
            made.add_row(name, f"{count:,}")
        render.print_table(made, ())
    for line in report.problems[:MOST_LINES]:
        render.out().print(line, soft_wrap=True, markup=False, highlight=False)
    if (more := len(report.problems) - MOST_LINES) > 0:
        render.say(f"and {more:,} more; --json has all of them")
    if report.older:
        render.say(f"{report.where} has schema version {report.version}; it is brought up to date when it is opened")
    count = len(report.problems)
    found = f"has {count:,} {'fault' if count == 1 else 'faults'}; restore a copy" if count else "is in order"
    render.say(f"{report.where} {found}")
