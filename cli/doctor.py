"""`heuresis doctor`: what works here, and what to do about what does not."""

import importlib.util
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass

import typer

from heuresis.cli.errors import FAILED, explain
from heuresis.cli.models import KEYS
from heuresis.cli.options import ArchiveOption, JsonOption
from heuresis.cli.programs import archive_file, read_archive, shown_archive


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `good` None: not needed for everything, and absent."""

    name: str
    good: bool | None
    detail: str


def doctor(archive: ArchiveOption = None, as_json: JsonOption = False) -> None:
    """Check compiler, cache, sandbox, archive and models; exit code 1 where something essential fails."""
    from heuresis.cli import render

    findings = [
        _look("python", _python),
        _look("compiler", _compiler),
        _look("cache", _cache),
        *_sandbox(),
        _look("archive", lambda: _archive(archive)),
        _look("journal", lambda: _journal(archive)),
        _look("local model", _local_model),
        _look("keys", _keys),
    ]
    failed = any(finding.good is False for finding in findings)
    if as_json:
        rows = [{"name": f.name, "good": f.good, "detail": f.detail} for f in findings]
        render.emit({"ok": not failed, "findings": rows})
    else:
        from heuresis.cli.console import styled

        marks = {True: styled("ok", "green"), False: styled("FAILS", "bold red"), None: styled("no", "yellow")}
        made = render.table("", "what", "found")
        for finding in findings:
            made.add_row(marks[finding.good], finding.name, finding.detail)
        render.out().print(made)
    if failed:
        raise typer.Exit(FAILED)


def _look(name: str, check: Callable[[], tuple[bool | None, str]]) -> Finding:
    """Make one check; an error that is meant for people is what it found, any other is a defect and goes up."""
    try:
        return Finding(name, *check())
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        return Finding(name, good=False, detail=known[0])


def _python() -> tuple[bool, str]:
    from heuresis import __version__
    from heuresis.evolve.config import available_cores

    system = f"Python {platform.python_version()}, {platform.system()}, {available_cores()} cores"
    return True, f"heuresis {__version__}, {system}"


def _compiler() -> tuple[bool, str]:
    from importlib.metadata import version

    import numba

    twice = numba.njit("float64(float64)")(lambda x: 2.0 * x)
    return twice(1.5) == 3.0, f"Numba {version('numba')} compiles"


def _cache() -> tuple[bool, str]:
    return True, os.environ["NUMBA_CACHE_DIR"]


def _sandbox() -> list[Finding]:
    from heuresis.sandbox.outcome import SandboxError
    from heuresis.sandbox.self_check import Level, WeakSandboxError, report, require

    try:
        found = report()
        level = found.level
        require(level, allow_weak=False)
    except WeakSandboxError as error:
        summary = Finding("sandbox", good=False, detail=str(error))
    except SandboxError as error:
        return [Finding("sandbox", good=False, detail=str(error))]
    else:
        how = "seccomp and Landlock" if level is Level.STRONG else "seccomp, without Landlock"
        summary = Finding("sandbox", good=True, detail=f"level {level}: {how}")
    good = {(True, True): True, (True, False): True, (False, True): False, (False, False): None}
    return [
        summary,
        *(Finding(f"sandbox: {c.name}", good[c.holds, c.essential], c.effect) for c in found.checks),
    ]


def _archive(url: str | None) -> tuple[bool | None, str]:
    from heuresis.archive.connect import writable
    from heuresis.archive.location import default_location

    file = archive_file(url)
    if file is not None and not file.exists():
        return None, f"none at {shown_archive(url or default_location())} yet; the first run makes it"
    with read_archive(url) as opened:
        unwritable = file is not None and not writable(file)
        return True, f"{opened.where}{' (read-only)' if unwritable else ''}, {len(opened.runs())} runs"


def _journal(url: str | None) -> tuple[bool | None, str]:
    """How transactions are kept safe where the archive lies, or will lie."""
    from heuresis.archive.connect import writable
    from heuresis.archive.journal import has_log, why_no_log

    file = archive_file(url)
    if file is None:
        return True, "is for the database's server"
    place = next(folder for folder in file.absolute().parents if folder.exists())
    if has_log(file):
        return True, "write-ahead log"
    why = why_no_log(place / file.name) if writable(place / file.name) else None
    if why is not None:
        return None, f"no write-ahead log here ({why}), so a rollback journal: commands and a run wait for each other"
    return (None, "rollback journal") if file.exists() else (True, "write-ahead log, once there is an archive")


def _local_model() -> tuple[bool | None, str]:
    from heuresis.evolve.models import local

    if importlib.util.find_spec("xllamacpp") is None:
        return None, "xllamacpp is not installed: pip install 'heuresis[local]'"
    path = local.default_model_path()
    if path is None:
        return None, "no weights: heuresis models install"
    return True, str(path)


def _keys() -> tuple[bool | None, str]:
    found = [name for name in KEYS if os.environ.get(name)]
    return (True, ", ".join(found)) if found else (None, "none set; needed for hosted models only")
