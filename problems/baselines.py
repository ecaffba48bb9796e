"""The classical rules that come with a problem: program files in `baselines/` of its room."""

from collections.abc import Iterable
from importlib.resources import files

from heuresis.problems.problem import Baseline


def source_of(room: str, rule: str) -> str:
    """The source of one rule of a room, such as `tardiness` or `bin_packing.levels`."""
    return (files(f"heuresis.problems.{room}") / "baselines" / f"{rule}.py").read_text(encoding="utf-8")


def baselines(room: str, rules: Iterable[tuple[str, str, str]]) -> tuple[Baseline, ...]:
    """The rules of a room, each given as name, title and citation."""
    return tuple(Baseline(name, title, source_of(room, name), citation) for name, title, citation in rules)
