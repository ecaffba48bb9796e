"""From exceptions to one clear message and an exit code."""

import errno
import sys
from typing import Any, Final, Protocol, runtime_checkable

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


class UserError(Exception):
    """Something that the user can put right; the message says what was expected, what came and what to do."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


_KNOWN: Final = {
    "heuresis.archive.export.subject.ExportError": FAILED,
    "heuresis.archive.records.ArchiveError": FAILED,
    "heuresis.evaluators.serving.engine.EngineError": FAILED,
    "heuresis.evaluators.cache.CacheError": FAILED,
    "heuresis.evaluators.sequential.choosing.SimulateError": FAILED,
    "heuresis.evolve.config.ConfigError": USAGE,
    "heuresis.evolve.model_settings.ModelSettingError": USAGE,
    "heuresis.evolve.errors.BudgetExhausted": FAILED,
    "heuresis.evolve.errors.ProposerFault": FAILED,
    "heuresis.evolve.errors.ProposerUnavailable": FAILED,
    "heuresis.evolve.programs.ProgramError": USAGE,
    "heuresis.problems.engines.files.UnknownEngine": USAGE,
    "heuresis.problems.problem.InstanceError": FAILED,
    "heuresis.problems.problem.MachineryError": FAILED,
    "heuresis.problems.problem.ProblemError": FAILED,
    "heuresis.problems.problem.UnknownChoice": USAGE,
    "heuresis.problems.registry.UnknownProblem": USAGE,
    "heuresis.sandbox.screen.allow.ScreenError": FAILED,
    "heuresis.sandbox.task.CompileError": FAILED,
    "heuresis.sandbox.outcome.SandboxError": FAILED,
}
"""Exceptions of the other layers that are meant for people, by name: looking them up must not import their layer."""


@runtime_checkable
class WrongUsage(Protocol):
    """What typer raises about words on the command line; where its classes are defined depends on its version."""

    exit_code: int
    ctx: Any  # typer's context, or None

    def format_message(self) -> str:
        """What is wrong; empty where help has been printed instead."""
        ...


def explain(error: BaseException) -> tuple[str, int] | None:
    """The message and exit code of an error that is meant for people; None for one that is a defect of ours."""
    if isinstance(error, UserError):
        return str(error), error.code
    for kind in type(error).__mro__:
        code = _KNOWN.get(f"{kind.__module__}.{kind.__qualname__}")
        if code is not None:
            return str(error) + _otherwise(error), code
    if isinstance(error, RuntimeError) and "home directory" in str(error):  # of pathlib, for `~nobody`
        return f"a path begins with ~ and the name of nobody here: {error}", USAGE
    if isinstance(error, OSError):
        return _system(error), FAILED
    return None


def _otherwise(error: BaseException) -> str:
    """What the id that an archive does not have is instead, where it is anything."""
    noun, name = getattr(error, "noun", None), getattr(error, "name", None)
    if not isinstance(noun, str) or not isinstance(name, str):
        return ""
    from heuresis.cli.kinds import otherwise

    return otherwise(name, noun)


def of_a_problem_file(error: Exception) -> tuple[str, int] | None:
    """The message, file and line first, and exit code of a mistake in a user's problem file; None for any other."""
    if "heuresis.problems.registry" not in sys.modules:
        return None
    from heuresis.problems.blame import fault_in_file

    found = fault_in_file(error)
    return None if found is None else (found, FAILED)


def _system(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    hint = {
        errno.ENOSPC: "; free some space, nothing that was recorded is lost, and `heuresis resume` goes on",
        errno.EROFS: "; choose another place with --archive or HEURESIS_CACHE",
        errno.EACCES: "; choose another place or change the permissions",
    }.get(error.errno or 0, "")
    return f"{place}{error.strerror or error}{hint}"
