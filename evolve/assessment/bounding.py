"""Where the bounds of constraints lie on some instances, and evaluations judged by them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from heuresis.archive.records import Evaluation
from heuresis.problems.constraints import Bounds, ConstraintError, Metrics, check_names, judged
from heuresis.problems.problem import InstanceError, InstanceSet, Problem, UnknownChoice


class Bounding:
    """The bounds of one problem's constraints, computed once for each set of instances. Thread-safe."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._known: dict[str, Bounds] = {}
        self._computing = threading.Lock()

    def on(self, instances: InstanceSet, evaluate: Callable[[str], Evaluation]) -> Bounds:
        """The bounds on these instances, from what the baselines that they name reach there.

        `evaluate` runs a program on them and knows nothing of constraints. Raises InstanceError where a baseline
        reaches nothing, and UnknownChoice where there is no such metric.
        """
        if not self._problem.constraints:
            return {}
        with self._computing:
            if instances.fingerprint not in self._known:
                self._known[instances.fingerprint] = self._computed(instances, evaluate)
            return self._known[instances.fingerprint]

    def _computed(self, instances: InstanceSet, evaluate: Callable[[str], Evaluation]) -> Bounds:
        problem = self._problem
        names = {one.baseline for one in problem.constraints}
        if not problem.metrics:  # then any evaluation tells what metrics there are
            names.add(problem.baselines[0].name if problem.baselines else None)
        reached: dict[str, Metrics] = {}
        for baseline in problem.baselines:
            if baseline.name in names:
                found = evaluate(baseline.source)
                if not found.ok:
                    raise InstanceError(
                        f"the constraints need the baseline {baseline.name}, which has no value on {instances.name}: "
                        f"{found.status}: {found.message}"
                    )
                reached[baseline.name] = found.metrics
        if not problem.metrics and reached:
            self._check_names(reached)
        return {one: one.bound(reached) for one in problem.constraints}

    def _check_names(self, reached: Mapping[str, Metrics]) -> None:
        known = list(dict.fromkeys(name for metrics in reached.values() for name in metrics))
        try:
            check_names(self._problem.constraints, known, list(reached))
        except ConstraintError as error:
            raise UnknownChoice(f"{self._problem.name}: {error}") from error


def under(evaluation: Evaluation, bounds: Bounds) -> Evaluation:
    """The evaluation as it is under constraints (`constraints.judged`); one that failed stays as it is."""
    if evaluation.aggregate is None:
        return evaluation
    aggregate, metrics = judged(evaluation.aggregate, evaluation.metrics, bounds)
    return replace(evaluation, aggregate=aggregate, metrics=metrics)
