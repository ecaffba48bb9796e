"""The classical rules that come with a problem: program files in `problems/baselines/`."""

from collections.abc import Iterable
from importlib.resources import files

from heuresis.problems.problem import Baseline


def source_of(folder: str, rule: str) -> str:
    """The source of one rule of a folder."""
    return (files("heuresis.problems") / "baselines" / folder / f"{rule}.py").read_text(encoding="utf-8")


def baselines(folder: str, rules: Iterable[tuple[str, str, str]]) -> tuple[Baseline, ...]:
    """The rules of a folder, each given as name, title and citation."""
    return tuple(Baseline(name, title, source_of(folder, name), citation) for name, title, citation in rules)
