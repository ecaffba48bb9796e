"""Where the time of LLM requests goes under a schedule, as small Markdown tables for prompts, agents and people."""

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.serving.fairness import service_weight
from heuresis.evaluators.serving.results import mean, percentile
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.metrics import Scenario
from heuresis.problems.serving.schedules import Schedule, timeline

CLASSES = 4
"""Classes of size, of equally many requests each."""

SLICES = 8
"""Slices of the time of the run."""


def explanation(instance: ServingInstance, schedule: Schedule) -> str:
    """The tables of one instance."""
    scenario = schedule.scenario
    results, rows = scenario.results, timeline(instance, schedule)
    rejected = int(np.isnan(results.finish).sum())
    head = (
        f"{instance.size} requests, {int((~results.met).sum())} missed their SLO, {int(scenario.restarts.sum())} "
        f"evictions, {rejected} rejected. Mean times in seconds by size (prompt + 2 × output, tokens):"
    )
    waited = admitted(schedule.stream, rows[:, 0], instance.size) - results.arrived
    return "\n".join([head, "", *_by_size(scenario, np.maximum(waited, 0.0)), "", *_over_time(rows)])


def admitted(stream: NDArray[np.generic], ends: Floats, size: int) -> Floats:
    """When each request was first admitted (s): when the iteration began that gave it its first chunk; NaN: never.

    `stream` is what `Serving.decide` returns of one instance, `ends` the time at which each iteration ended.
    """
    found = np.full(size, np.nan)
    begins = np.concatenate([[0.0], ends])
    numbers, place, iteration = stream.tolist(), 0, 0
    while place < len(numbers):
        iteration += numbers[place]
        end = place + 2 + numbers[place + 1]
        place += 2
        while place < end:
            request = numbers[place]
            if request < 0:
                place += 1
                continue
            if np.isnan(found[request]):
                found[request] = begins[iteration]
            place += 2
        iteration += 1
    return found


def _by_size(scenario: Scenario, waited: Floats) -> list[str]:
    results = scenario.results
    size = service_weight(results.prompt, results.output)
    columns = ("size up to", "requests", "queue", "prefill", "decode", "e2e", "p99 of TTFT", "evicted", "tokens again")
    lines = [f"| {' | '.join(columns)} |", "|--:" * len(columns) + "|"]
    order = np.argsort(size, kind="stable")
    for members in np.array_split(order, min(CLASSES, len(order))):
        ttft, e2e, queue = results.ttft[members], results.e2e[members], waited[members]
        times = (mean(queue), mean(ttft - queue), mean(e2e - ttft), mean(e2e), percentile(ttft, 99.0))
        cells = [
            f"{size[members].max():.0f}",
            str(len(members)),
            *(f"{time:.2f}" for time in times),
            str(int(scenario.restarts[members].sum())),
            str(int(scenario.recomputed[members].sum())),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _over_time(rows: Floats) -> list[str]:
    """Means over iterations of each slice of the run; rows are those of `timeline`."""
    lines = ["| until (s) | waiting | running | KV memory in use |", "|--:|--:|--:|--:|"]
    edges = np.linspace(0.0, rows[-1, 0], SLICES + 1)[1:]
    place = np.minimum(np.searchsorted(edges, rows[:, 0]), SLICES - 1)
    for number, until in enumerate(edges):
        here = rows[place == number]
        cells = [f"{until:.0f}"]
        if len(here):
            _, waiting, running, used = here.mean(axis=0)
            cells += [f"{waiting:.1f}", f"{running:.1f}", f"{used:.0%}"]
        else:
            cells += ["–"] * 3
        lines.append(f"| {' | '.join(cells)} |")
    return lines
