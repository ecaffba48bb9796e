"""What people and tables are told of a schedule of LLM requests, beside the objective."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.fairness import jain, largest_gap
from heuresis.evaluators.serving.limits import POINTS
from heuresis.evaluators.serving.objectives import met_in_time
from heuresis.evaluators.serving.results import Results, mean, percentile
from heuresis.problems.metrics import Better, Metric

_TIMES = {
    "ttft": "time to the first token",
    "tpot": "time per output token after the first",
    "e2e": "time from arrival to the last token",
}
_SHOWN = ("ttft_mean", "ttft_p99", "tpot_mean", "tpot_p99", "e2e_mean", "e2e_p99")

METRICS = (
    *(
        Metric(
            f"{short}_{point}",
            f"{'mean' if point == 'mean' else point} {name}",
            "s",
            shown=f"{short}_{point}" in _SHOWN,
        )
        for short, name in _TIMES.items()
        for point in ("mean", *(f"p{p}" for p in POINTS))
    ),
    Metric(
        "throughput", "requests served, from the first arrival to the last finish", "1/s", Better.LARGER, shown=True
    ),
    Metric("goodput", "requests that met their SLO, over the same time", "1/s", Better.LARGER, shown=True),
    Metric("goodput_in_time", "requests that met their SLO by the last arrival, until then", "1/s", Better.LARGER),
    Metric("slo_attainment", "share of requests that met their SLO", "", Better.LARGER, shown=True),
    Metric("preemptions", "evictions", shown=True),
    Metric("recomputed", "tokens computed more than once", "tokens", shown=True),
    Metric("rejected", "requests whose prompt can never fit", shown=True),
    Metric("refused", "requests that a router refused"),
    Metric("critical_ttft_p90", "p90 time to the first token of the class that is promised the earliest", "s"),
    Metric("prefix_hit_rate", "share of prompt tokens found in the cache", "", Better.LARGER),
    Metric("service_gap", "largest difference of the service of two backlogged clients", "tokens"),
    Metric("jain", "Jain's index of the clients' shares", "", Better.LARGER),
)
"""What `metrics` tells, in its order."""

SUMMED = ("preemptions", "recomputed", "rejected", "refused")
"""Metrics that are summed over scenarios; of all others the mean is taken, over those scenarios that have them."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario as it went: the times of its requests, and what they cost."""

    results: Results
    restarts: Ints  # how often each request was evicted
    cached: Ints  # tokens of each prompt that were found in the prefix cache
    recomputed: Ints  # tokens of each request that were computed more than once


def metrics(scenarios: Sequence[Scenario]) -> Mapping[str, float | None]:
    """All metrics over some scenarios; None where no scenario has the metric (TPOT, where every output is one token).

    Times are in seconds, rates in requests per second, `prefix_hit_rate` and `slo_attainment` are fractions, the
    service gap is in tokens of service. Percentiles are linear. A rejected request has no times and misses its SLO;
    those that a router refused are among them. `critical_ttft_p90` is that of the class that is promised the earliest
    first token.
    """
    each = [_of_one(scenario) for scenario in scenarios]
    return {name: _combined(name, [one[name] for one in each]) for name in each[0]} if each else {}


def _combined(name: str, values: Sequence[float]) -> float | None:
    there = [value for value in values if not math.isnan(value)]
    if not there:
        return None
    return math.fsum(there) / (1 if name in SUMMED else len(there))


def _of_one(scenario: Scenario) -> dict[str, float]:
    results = scenario.results
    found: dict[str, float] = {}
    for name, times in (("ttft", results.ttft), ("tpot", results.tpot), ("e2e", results.e2e)):
        found |= _summary(name, times)
    served = ~np.isnan(results.finish)
    span = _span(results)
    met = int(np.count_nonzero(results.met))
    prompts = int(results.prompt[served].sum())
    return found | {
        "throughput": int(np.count_nonzero(served)) / span,
        "goodput": met / span,
        "goodput_in_time": met_in_time(results) / results.horizon if results.horizon > 0 else math.nan,
        "slo_attainment": met / len(results.met),
        "preemptions": float(scenario.restarts.sum()),
        "recomputed": float(scenario.recomputed.sum()),
        "rejected": float(np.count_nonzero(~served)),
        "refused": float(np.count_nonzero(results.refused)),
        "critical_ttft_p90": percentile(results.ttft[results.critical], 90.0),
        "prefix_hit_rate": float(scenario.cached[served].sum() / prompts) if prompts else math.nan,
        "service_gap": largest_gap(results),
        "jain": jain(results),
    }


def _summary(name: str, times: Floats) -> dict[str, float]:
    there = times[~np.isnan(times)]
    points = np.percentile(there, POINTS).tolist() if len(there) else [math.nan] * len(POINTS)
    return {f"{name}_mean": mean(times)} | {f"{name}_p{p}": found for p, found in zip(POINTS, points, strict=True)}


def _span(results: Results) -> float:
    """From the first arrival to the last finish (s); NaN where nothing was served."""
    if np.isnan(results.finish).all():
        return math.nan
    return float(np.nanmax(results.finish) - results.arrived.min())
