"""What else a name is that was given where something of another kind was expected."""

import re
from collections.abc import Iterator

_IDS = {"r_": ("run", "heuresis top PROBLEM --run RUN"), "c_": ("program", "heuresis show ID")}


def otherwise(name: str, expected: str) -> str:
    """A sentence's end that says what a name is if not an `expected`; empty where it is nothing that is known."""
    found = [text for kind, text in _kinds(name) if kind != expected]
    return f"; {name} is {found[0]}" if found else ""


def _kinds(name: str) -> Iterator[tuple[str, str]]:
    """Everything that a name is: its kind, and how to say it."""
    from heuresis.problems import registry
    from heuresis.problems.engines import files as engines
    from heuresis.problems.problem import SPLITS

    if re.fullmatch("[rc]_[0-9a-f]+", name):
        kind, command = _IDS[name[:2]]
        yield kind, f"the id of a {kind} (`{command}`)"
    if name in registry.names():
        yield "problem", f"a problem (`heuresis problems {name}`)"
    if name in engines.names():
        yield "engine", f"an engine (`heuresis engine show {name}`)"
    if name in SPLITS:
        yield "split", f"a split (--split {name})"
    for problem in map(registry.get, registry.names()):
        if problem.baseline(name) is not None:
            yield "program", f"a classical rule of {problem.name} (`heuresis show {name}`)"
        if any(algorithm.name == name for algorithm in problem.algorithms):
            yield "algorithm", f"a reference algorithm of {problem.name}, whose source is no program"
        if name in problem.options.families:
            yield "family", f"a family of instances of {problem.name} (--family {name})"
        if name in problem.options.objectives:
            yield "objective", f"an objective of {problem.name} (--objective {name})"
