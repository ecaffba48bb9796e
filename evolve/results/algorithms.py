"""What the reference algorithms reach on an instance set, measured once and kept in the cache folder.

The slowest of them take a minute on the instances of a test, so every comparison would. The cached values belong to one
fingerprint and to the exact code that computed them; a file that does not fit is ignored and written anew.
"""

import functools
import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from heuresis.evaluators.cache import CacheError, cache_dir, write_cache
from heuresis.evolve.results.compare import Entry
from heuresis.problems.problem import Algorithm, InstanceSet, Problem

Values = tuple[float | None, ...]


def reference_entries(
    problem: Problem, instance_set: InstanceSet, names: Collection[str] | None = None
) -> tuple[Entry, ...]:
    """Measure the problem's reference algorithms (None: all); those with a size limit have no value beyond it.

    The size of an instance is the number of decisions that it asks for.
    """
    entries = []
    for algorithm in problem.algorithms:
        if names is not None and algorithm.name not in names:
            continue
        values = _remembered(problem, instance_set, algorithm)
        partial = None in values
        measured = algorithm.measure(instance_set.instances) if algorithm.measure and not partial else {}
        entries.append(
            Entry(
                name=algorithm.name,
                values=values,
                status="partial" if partial else "ok",
                message=_limits(algorithm) if partial else "",
                evolvable=False,
                metrics=measured,
            )
        )
    return tuple(entries)


def _limits(algorithm: Algorithm) -> str:
    """Why there is no value of some instances."""
    if algorithm.max_size is None:
        return "not for all of these instances"
    return f"at most {algorithm.max_size} decisions"


def _remembered(problem: Problem, instance_set: InstanceSet, algorithm: Algorithm) -> Values:
    try:
        folder = cache_dir() / "references"
    except CacheError:
        return _measured(problem, instance_set, algorithm)
    kind = f"{problem.name}@{problem.version}/{problem.chosen}/{algorithm.name}"
    key = f"{kind}/{instance_set.fingerprint}/{_code(_file_of(algorithm))}"
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    known = _read(path, key, len(instance_set.instances))
    if known is not None:
        return known
    values = _measured(problem, instance_set, algorithm)
    write_cache(path, json.dumps({"key": key, "values": values}))
    return values


def _measured(problem: Problem, instance_set: InstanceSet, algorithm: Algorithm) -> Values:
    limit, size = algorithm.max_size, problem.scoring.decisions_in
    return tuple(
        _float(algorithm.solve(instance)) if limit is None or size([instance]) <= limit else None
        for instance in instance_set.instances
    )


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _read(path: Path, key: str, count: int) -> Values | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        values = tuple(stored["values"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    fits = stored.get("key") == key and len(values) == count and all(v is None or isinstance(v, float) for v in values)
    return values if fits else None


def _file_of(algorithm: Algorithm) -> str:
    code = getattr(algorithm.solve, "__code__", None)
    return "" if code is None else str(code.co_filename)


@functools.cache
def _code(file: str) -> str:
    """A digest of the code that may compute values: the layers below this one, and the file of a user's problem."""
    import heuresis.evaluators
    import heuresis.problems

    found = [Path(file)] if Path(file).is_file() else []
    for package in (heuresis.evaluators, heuresis.problems):
        for folder in package.__path__:
            found += sorted(Path(folder).rglob("*.py"))
    digest = hashlib.sha256()
    for path in found:
        digest.update(path.read_bytes())
    return digest.hexdigest()
