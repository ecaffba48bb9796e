"""What a schedule of LLM requests is judged by: one number a scenario, smaller is better, for each objective.

Everything here is made of times of requests: when each arrived, yielded its first token and finished. A request that
was rejected, because its prompt can never fit the KV memory, has NaN for both; it has no latency and misses its SLO.
One that a router refused misses its SLO too, and is charged for (`charged`): refusing must not hide what it costs.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.serving.fairness import largest_gap, service_weight
from heuresis.evaluators.serving.results import Results, mean, percentile

SMALLEST = 1e-9
"""Values are at least this, so that the ratio to another schedule's always exists."""


def met_in_time(results: Results) -> int:
    """How many requests met their SLO and finished by the horizon, which is the same for every schedule.

    Where all arrive at once there is no horizon, and every request counts that met its SLO.
    """
    in_time = results.finish <= (results.horizon if results.horizon > 0 else np.inf)
    return int(np.count_nonzero(results.met & in_time))


def charged(results: Results) -> Results:
    """The same with times of those who were refused: taken up once all others are done, then served as promised.

    All others are done after the last arrival at the earliest. Keeping a request for the end would do as much.
    """
    if not results.refused.any():
        return results
    end = max(results.horizon, *results.finish[~np.isnan(results.finish)], 0.0)
    first = np.where(results.refused, end + results.ttft_slo, results.first_token)
    finish = np.where(results.refused, first + results.tpot_slo * (results.output - 1), results.finish)
    return replace(results, first_token=first, finish=finish)


def _tpot(results: Results) -> float:
    """Of those who were refused the time per token counts from their arrival."""
    return percentile(np.where(results.refused, results.e2e / results.output, results.tpot), 99.0)


def _critical(results: Results) -> float:
    """Divided by the share of the others that were let in: who refuses them all is charged most."""
    others = ~results.critical
    share = (1 + int(np.count_nonzero(others & ~results.refused))) / (1 + int(np.count_nonzero(others)))
    return percentile(results.ttft[results.critical], 90.0) / share


def _goodput(results: Results) -> float:
    return (results.horizon if results.horizon > 0 else 1.0) / (1 + met_in_time(results))


def _slo(results: Results) -> float:
    return (1 + int(np.count_nonzero(~results.met))) / (1 + len(results.met))


def _fairness(results: Results) -> float:
    return largest_gap(results) + float(service_weight(results.prompt, results.output).mean())


OBJECTIVES: Mapping[str, Callable[[Results], float]] = {
    "e2e_mean": lambda results: mean(results.e2e),
    "e2e_p99": lambda results: percentile(results.e2e, 99.0),
    "ttft_mean": lambda results: mean(results.ttft),
    "ttft_p99": lambda results: percentile(results.ttft, 99.0),
    "tpot_p99": _tpot,
    "goodput": _goodput,
    "slo": _slo,
    "fairness": _fairness,
    "critical_ttft_p90": _critical,
}
"""By name, in the order of their numbers (`OBJECTIVE_NAMES`): the value of one scenario, positive, smaller is better.

`goodput`: seconds of the horizon per (1 + request that met its SLO in time); `slo`: (1 + requests that missed it) per
(1 + request); `fairness`: the largest service gap of two backlogged clients plus the mean service of a request
(tokens); `critical_ttft_p90`: the 90th percentile of TTFT of the class that is promised the earliest one, times (1 +
others) per (1 + other that was not refused). The ones in them keep ratios finite. The first is the default.
"""

OBJECTIVE_NAMES = tuple(OBJECTIVES)


def value(name: str, results: Results) -> float:
    """What one scenario comes to by the objective of that name; at least `SMALLEST`, also where nothing was served."""
    found = OBJECTIVES[name](charged(results))
    return found if found > SMALLEST else SMALLEST


def aggregate(ratios: Floats) -> float:
    """The geometric mean over scenarios of each one's value divided by that of FCFS on it."""
    return float(np.exp(np.mean(np.log(ratios))))
