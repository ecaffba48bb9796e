"""Where problems are found: built-in ones, those of installed packages, and Python files that register one."""

import importlib
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from heuresis.problems.problem import Problem, ProblemError
from heuresis.problems.scoring import Scoring
from heuresis.sandbox.names import listed
from heuresis.sandbox.process.zygote import execute

ENTRY_POINTS = "heuresis.problems"
"""The entry-point group under which a package names a module that registers a problem when it is imported."""

_BUILT_IN = {
    "bin-packing": "heuresis.problems.bin_packing.levels.problem",
    "bin-packing-array": "heuresis.problems.bin_packing.single_bins.problem",
    "bin-packing-array-fresh": "heuresis.problems.bin_packing.single_bins.problem",
    "bin-packing-n": "heuresis.problems.bin_packing.levels.problem",
    "bin-packing-stateless": "heuresis.problems.bin_packing.levels.problem",
    "serving": "heuresis.problems.serving.problem",
    "serving-router": "heuresis.problems.routing.problem",
    "smtt": "heuresis.problems.tardiness.problem",
    "vector-packing": "heuresis.problems.vector_packing.problem",
    "vector-packing-fleet": "heuresis.problems.vector_packing.problem",
}
REQUIRED = (
    "pack", "replay", "value", "cut", "audited", "score", "resample", "groups", "explain", "decisions_in",
)  # fmt: skip
"""What every scoring has to have; the other methods have defaults."""

_registered: dict[str, Problem] = {}
_files: dict[Path, str] = {}  # a problem file that was loaded, and the name of its problem


_loaded: set[Path] = set()


class UnknownProblem(ValueError):
    """A name that no problem has, or a file that registers none; the message says what is known."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Definition(Protocol):
    """What makes a problem of what its author wrote, such as a `SequentialProblem`."""

    def problem(self) -> Problem:
        """The problem. Raises ProblemError where a part is missing or does not fit."""


def register(problem: Problem | Definition) -> Problem:
    """Make a problem known under its name, and return it.

    Raises ValueError where another one has that name, and ProblemError where a definition is not complete.
    """
    if not isinstance(problem, Problem):
        problem = _defined(problem)
    _check_scoring(problem)
    if problem.name in _registered:
        raise ValueError(f"a problem named {problem.name!r} is already registered; give this one another name")
    if problem.name in _BUILT_IN and sys.modules.get(_BUILT_IN[problem.name]) is None:
        raise ValueError(f"{problem.name!r} is the name of a built-in problem; give this one another name")
    _registered[problem.name] = problem
    return problem


def _check_scoring(problem: Problem) -> None:
    """Raise ProblemError where a method is missing that a search would miss only at its end."""
    kind = type(problem.scoring)
    for name in REQUIRED:
        method = getattr(kind, name, None)
        if method is None or method is getattr(Scoring, name):
            raise ProblemError(
                f"{kind.__name__} has no method `{name}`; what it has to do: {getattr(Scoring, name).__doc__}".strip()
            )


def _defined(definition: Definition) -> Problem:
    if isinstance(definition, type) or not callable(getattr(definition, "problem", None)):
        hint = f"write register({definition.__name__}())" if isinstance(definition, type) else f"got {definition!r:.60}"
        raise ProblemError(f"register(...) takes a Problem, or an object of a SequentialProblem's subclass; {hint}")
    return definition.problem()


def built_in(name: str) -> bool:
    """Whether a problem of that name comes with Heuresis."""
    return name in _BUILT_IN


def files() -> frozenset[Path]:
    """The problem files of users that were loaded, or are being loaded, by their full paths."""
    return frozenset(_loaded)


def names() -> tuple[str, ...]:
    """All known names, sorted. Imports no problem."""
    return tuple(sorted({*_BUILT_IN, *_registered, *(point.name for point in entry_points(group=ENTRY_POINTS))}))


def get(name: str) -> Problem:
    """Return a problem by name, or load the Python file of that path and return the one it registers.

    A path is told from a name by its suffix `.py`. Raises UnknownProblem with a message that lists the known names.
    """
    if name.endswith(".py"):
        return _from_file(Path(name))
    if name not in _registered:
        _import(name)
    if name not in _registered:
        raise UnknownProblem(
            name, f"unknown problem {name!r}; expected the path of a .py file, or one of {listed(names(), name)}"
        )
    return _registered[name]


def _import(name: str) -> None:
    """Import the module that registers the problem, if one is known."""
    if name in _BUILT_IN:
        importlib.import_module(_BUILT_IN[name])
        return
    for point in entry_points(group=ENTRY_POINTS, name=name):
        point.load()


def _from_file(path: Path) -> Problem:
    path = path.resolve()
    if path in _files:
        return _registered[_files[path]]
    if not path.is_file():
        raise UnknownProblem(
            str(path), f"no such problem file: {path}; problems with names are {listed(names(), path.stem)}"
        )
    before = set(names())  # a file may well build on a problem that was known but not loaded
    _loaded.add(path)
    execute(path)  # what the file raises is its author's to see, unchanged
    new = sorted(set(_registered) - before)
    if len(new) != 1:
        found = ", ".join(new) or "none"
        raise UnknownProblem(
            str(path), f"{path} must call register(Problem(...)) once for one problem; it registered: {found}"
        )
    _files[path] = new[0]
    return _registered[new[0]]
