"""What the reference algorithms reach on an instance set, measured once and kept in the cache folder.

The slowest of them take a minute on the instances of a test, so every comparison would. The cached values belong to one
fingerprint and to the exact code that computed them; a file that does not fit is removed, told, and written anew.
"""

import functools
import hashlib
import math
from collections.abc import Collection
from pathlib import Path

from heuresis.evaluators.cache import CacheError, cache_dir, digest_of_code, discard, read_checked, write_checked
from heuresis.evolve.results.compare import Entry
from heuresis.evolve.results.steps import Silent, Steps
from heuresis.problems.problem import Algorithm, InstanceSet, Problem

Values = tuple[float | None, ...]
_SILENT = Silent()


def reference_entries(
    problem: Problem, instance_set: InstanceSet, names: Collection[str] | None = None, steps: Steps = _SILENT
) -> tuple[Entry, ...]:
    """Measure the problem's reference algorithms (None: all); those with a size limit have no value beyond it.

    The size of an instance is the number of decisions that it asks for.
    """
    entries = []
    for algorithm in problem.algorithms:
        if names is not None and algorithm.name not in names:
            continue
        values = _remembered(problem, instance_set, algorithm, steps)
        partial = None in values
        measured = algorithm.measure(instance_set.instances) if algorithm.measure and not partial else {}
        entries.append(
            Entry(
                name=algorithm.name,
                values=values,
                status="partial" if partial else "ok",
                message=_limits(algorithm) if partial else "",
                evolvable=False,
                exact=algorithm.exact,
                metrics=measured,
            )
        )
    return tuple(entries)


def _limits(algorithm: Algorithm) -> str:
    """Why there is no value of some instances."""
    if algorithm.max_size is None:
        return "no aggregate, for it is not run on all of these instances"
    return f"no aggregate, for it is run up to {algorithm.max_size} decisions only"


def unmeasured(problem: Problem, instance_set: InstanceSet) -> int:
    """How many of the problem's reference algorithms were never measured here on these instances."""
    places = [_place(problem, instance_set, algorithm) for algorithm in problem.algorithms]
    return sum(place is None or _read(*place, len(instance_set.instances)) is None for place in places)


def _remembered(problem: Problem, instance_set: InstanceSet, algorithm: Algorithm, steps: Steps) -> Values:
    place = _place(problem, instance_set, algorithm)
    known = None if place is None else _read(*place, len(instance_set.instances))
    if known is not None:
        return known
    values = _measured(problem, instance_set, algorithm, steps)
    if place is not None:
        write_checked(place[0], {"key": place[1], "values": values})
    return values


def _place(problem: Problem, instance_set: InstanceSet, algorithm: Algorithm) -> tuple[Path, str] | None:
    """The file of what an algorithm reached, and what it depends on; None where there is no folder for caches."""
    try:
        folder = cache_dir() / "references"
    except CacheError:
        return None
    kind = f"{problem.name}@{problem.version}/{problem.choice.objective or ''}/{algorithm.name}"
    key = f"{kind}/{instance_set.fingerprint}/{code_digest(_file_of(algorithm))}"
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json", key


def _measured(problem: Problem, instance_set: InstanceSet, algorithm: Algorithm, steps: Steps) -> Values:
    limit, size = algorithm.max_size, problem.scoring.decisions_in
    steps.begin(f"measuring the reference algorithm {algorithm.name}", len(instance_set.instances))
    values = list[float | None]()
    for instance in instance_set.instances:
        small = limit is None or size([instance]) <= limit
        values.append(_float(algorithm.solve(instance)) if small else None)
        steps.step()
    return tuple(values)


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _read(path: Path, key: str, count: int) -> Values | None:
    stored = read_checked(path)
    if stored is None:
        return None
    if stored.get("key") == key and isinstance(stored.get("values"), list):
        values = tuple(stored["values"])
        if len(values) == count and all(v is None or _finite(v) for v in values):
            return values
    discard(path)
    return None


def _finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _file_of(algorithm: Algorithm) -> str:
    code = getattr(algorithm.solve, "__code__", None)
    return "" if code is None else str(code.co_filename)


@functools.cache
def code_digest(file: str = "") -> str:
    """A digest of the code that may compute values: the layers below this one, and the file of a user's problem."""
    import heuresis.evaluators
    import heuresis.problems

    own = [Path(file)] if Path(file).is_file() else []
    packages = (heuresis.evaluators, heuresis.problems)
    return digest_of_code(*own, *(Path(folder) for package in packages for folder in package.__path__))
