"""The spread of a value that comes from one instance alone: over blocks of its time, where the problem has time."""

import numpy as np
from numpy.typing import NDArray

from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.results.compare import DRAWS
from heuresis.problems.abilities import Timed
from heuresis.problems.problem import InstanceSet


def over_time(
    assessor: Assessor, source: str, instances: InstanceSet, draws: int = DRAWS, seed: int = 0
) -> NDArray[np.float64] | None:
    """The value of a program on the one instance of a set in `draws` resamples, paired over programs.

    None where there are several instances, which are resampled themselves, or the problem cannot tell.
    """
    scoring = assessor.problem.scoring
    if len(instances.instances) != 1 or not isinstance(scoring, Timed):
        return None
    [schedule] = assessor.schedule(source, instances, 0).schedules
    if schedule is None:
        return None
    return scoring.over_time(instances.instances[0], schedule, draws, np.random.default_rng(seed))
