"""What people and tables are told of a schedule of LLM requests, beside the objective."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.fairness import jain, largest_gap
from heuresis.evaluators.serving.objectives import met_in_time
from heuresis.evaluators.serving.results import Results, mean, percentile

POINTS = (50, 90, 95, 99)
"""The percentiles that are told of each kind of time."""

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
