"""Replicas before which a router stands: several of one engine, or unequal ones from a file (`docs/engines.md`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving.engine import Engine, EngineError
from heuresis.problems.engines.files import load, parsed

MOST_REPLICAS: Final = 64
ROLES: Final = {"mixed": MIXED, "prefill": PREFILLS_ONLY, "decode": DECODES_ONLY}
_KEYS: Final = ("engine", "count", "role")


@dataclass(frozen=True, slots=True)
class Fleet:
    """Replicas in their order, each an engine with what it does (`evaluators.routing.roles`)."""

    engines: tuple[Engine, ...]
    roles: tuple[int, ...]

    @property
    def equal(self) -> bool:
        """Whether all replicas are the same."""
        return len(set(self.roles)) == 1 and all(one == self.engines[0] for one in self.engines)


def fleet_of(name_or_path: str | Path, replicas: int | None = None) -> Fleet:
    """As many replicas of an engine as it says or as are wanted; or those that a file lists.

    Such a file has `replicas = [{engine, count, role}]` and nothing else: an engine by name or the path of its file
    (relative to this one), how many of it (1), and what they do (`mixed`). Raises UnknownEngine, or EngineError that
    names the file and the key.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" and isinstance(listed := (table := parsed(path)).get("replicas"), list):
        if replicas is not None:
            raise EngineError(f"{path}: the file lists its replicas, so their number cannot be chosen as well")
        return _listed(path, table, listed)
    engine = load(name_or_path)
    return equal(engine, engine.replicas if replicas is None else replicas)


def equal(engine: Engine, count: int) -> Fleet:
    """So many replicas of one engine. Raises EngineError where they are too few or too many."""
    if not 1 <= count <= MOST_REPLICAS:
        raise EngineError(f"{engine.name}: replicas must be 1 to {MOST_REPLICAS}, got {count}")
    return Fleet((engine,) * count, (MIXED,) * count)


def _listed(path: Path, table: Mapping[str, Any], rows: list[Any]) -> Fleet:
    if unknown := sorted(set(table) - {"replicas"}):
        raise EngineError(f"{path}: unknown keys beside a list of replicas: {', '.join(unknown)}")
    engines: list[Engine] = []
    roles: list[int] = []
    for i, row in enumerate(rows):
        where = f"{path}: replicas[{i}]"
        engine, count, role = _row(row, where)
        engines += [load(path.parent / engine if engine.endswith(".toml") else engine)] * count
        roles += [ROLES[role]] * count
    if not 1 <= len(engines) <= MOST_REPLICAS:
        raise EngineError(f"{path}: replicas: expected 1 to {MOST_REPLICAS} in all, got {len(engines)}")
    if len({(one.block_size, one.prefix_caching) for one in engines}) > 1:
        raise EngineError(f"{path}: replicas must have one block size, and all a prefix cache or none")
    if set(roles) not in ({MIXED}, {PREFILLS_ONLY, DECODES_ONLY}):
        raise EngineError(f"{path}: roles must be mixed everywhere, or prefill and decode, each somewhere")
    return Fleet(tuple(engines), tuple(roles))


def _row(row: Any, where: str) -> tuple[str, int, str]:
    """Engine, count and role of one entry."""
    if not isinstance(row, Mapping) or not isinstance(row.get("engine"), str):
        raise EngineError(f"{where}: expected {{engine = NAME or FILE.toml, count = N, role = ROLE}}, got {row!r:.60}")
    if unknown := sorted(set(row) - set(_KEYS)):
        raise EngineError(f"{where}: unknown keys: {', '.join(unknown)}; known: {', '.join(_KEYS)}")
    count, role = row.get("count", 1), row.get("role", "mixed")
    if type(count) is not int or not 1 <= count <= MOST_REPLICAS:
        raise EngineError(f"{where}.count: expected an integer of 1 to {MOST_REPLICAS}, got {count!r:.60}")
    if not isinstance(role, str) or role not in ROLES:
        raise EngineError(f"{where}.role: expected one of {', '.join(ROLES)}, got {role!r:.60}")
    return row["engine"], count, role
