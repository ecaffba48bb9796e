"""What classical rules reach on the splits that come with Heuresis, measured once per machine and kept in the cache.

An entry is the row that the archive has of the evaluation, under everything that it depends on: program, problem,
objective, instances, the code that computed it, and what that runs on. Whoever can write the cache folder can write the
archive too; an entry is believed as a row of an archive is (each cell by its type, the id by all others), and only
where the aggregate follows from the values. Whatever else is found there is removed, told, and measured anew.
"""

import functools
import hashlib
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heuresis.archive.records import ArchiveError, Evaluation, candidate_id
from heuresis.archive.rows import evaluation_row, to_evaluation
from heuresis.evaluators.cache import CacheError, cache_dir, digest_of_code, discard, read_checked, write_checked
from heuresis.evolve.results.algorithms import code_digest
from heuresis.problems import registry
from heuresis.problems.problem import InstanceSet, Problem


def kept(problem: Problem, instances: InstanceSet, source: str) -> Evaluation | None:
    """The evaluation of a classical rule on a split, where this machine has made it before."""
    place = _place(problem, instances, source)
    if place is None:
        return None
    path, key = place
    stored = read_checked(path)
    if stored is None:
        return None
    evaluation = _evaluation(stored, key)
    if evaluation is not None and _belongs(evaluation, problem, instances, source):
        return evaluation
    discard(path)
    return None


def _evaluation(stored: Mapping[str, Any], key: str) -> Evaluation | None:
    """The row in an entry with that key; None where there is none."""
    if stored.get("key") != key:
        return None
    try:
        return to_evaluation(stored["row"])
    except (ValueError, KeyError, TypeError, ArchiveError):
        return None


def keep(problem: Problem, instances: InstanceSet, source: str, evaluation: Evaluation) -> None:
    """Keep the evaluation of a classical rule on a split; of other programs, and of failures, nothing is kept."""
    place = _place(problem, instances, source)
    if place is not None and _belongs(evaluation, problem, instances, source):
        path, key = place
        write_checked(path, {"key": key, "row": evaluation_row(evaluation)})


def _belongs(evaluation: Evaluation, problem: Problem, instances: InstanceSet, source: str) -> bool:
    """Whether an evaluation is of this program on these instances, and its aggregate follows from its values."""
    e = evaluation
    said = e.candidate, e.problem, e.problem_version, e.objective, e.split, e.fingerprint, e.run, e.number
    asked = candidate_id(source), problem.name, problem.version, problem.chosen, instances.name, instances.fingerprint
    if said != (*asked, None, None) or not e.ok or len(e.values) != len(instances.instances):
        return False
    return problem.scoring.score(instances.instances, [v for v in e.values if v is not None]).aggregate == e.aggregate


def _place(problem: Problem, instances: InstanceSet, source: str) -> tuple[Path, str] | None:
    """Where an evaluation is kept, and all that it depends on; None for what is not kept."""
    identity = candidate_id(source)
    if not _shipped(problem, instances) or all(candidate_id(b.source) != identity for b in problem.baselines):
        return None
    try:
        folder = cache_dir() / "rules"
    except CacheError:
        return None
    asked = f"{problem.name}@{problem.version}/{problem.chosen}/{instances.name}/{instances.fingerprint}/{identity}"
    key = f"{asked}/{_machinery()}"
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json", key


def _shipped(problem: Problem, instances: InstanceSet) -> bool:
    """Whether this is a split of a problem that comes with Heuresis; files of engines may be anybody's."""
    if not registry.built_in(problem.name) or (problem.choice.engine or "").endswith(".toml"):
        return False
    same = registry.get(problem.name)
    return (same.simulator, same.version) == (problem.simulator, problem.version) and instances.name in problem.splits


@functools.cache
def _machinery() -> str:
    """The code behind an evaluation and what it runs on: rounding may differ between versions and processors."""
    from importlib.metadata import version

    import heuresis.evolve
    import heuresis.sandbox

    packages = (heuresis.sandbox, heuresis.evolve)
    above = digest_of_code(*(Path(folder) for package in packages for folder in package.__path__))
    under = (platform.python_version(), platform.machine(), *(version(name) for name in ("numpy", "numba", "llvmlite")))
    return "/".join((code_digest(), above, *under))
