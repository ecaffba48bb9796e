"""What became of each request, as rows of a table."""

import math
from collections.abc import Iterator

import numpy as np

from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.metrics import Scenario

COLUMNS = (
    "request", "arrival", "first_token", "finish", "ttft", "tpot", "e2e", "prompt", "output", "class", "evictions",
    "recomputed", "cached", "rejected", "slo_met",
)  # fmt: skip
"""Times are seconds on the instance's clock, `prompt`, `output`, `recomputed` and `cached` tokens; flags are 0 or 1."""


def records(instance: ServingInstance, scenario: Scenario) -> Iterator[tuple[str | int | float | None, ...]]:
    """A row of `COLUMNS` for each request, in the order of arrival; a rejected one has no times but its arrival."""
    results = scenario.results
    times = (results.arrived, results.first_token, results.finish, results.ttft, results.tpot, results.e2e)
    names = [level.name for level in instance.engine.slo]
    columns = (
        np.arange(instance.size).tolist(),
        *([None if math.isnan(time) else time for time in column.tolist()] for column in times),
        results.prompt.tolist(),
        results.output.tolist(),
        [names[number] for number in instance.slo.tolist()],
        scenario.restarts.tolist(),
        scenario.recomputed.tolist(),
        scenario.cached.tolist(),
        np.isnan(results.finish).astype(int).tolist(),
        results.met.astype(int).tolist(),
    )
    return zip(*columns, strict=True)
