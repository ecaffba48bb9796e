"""Where the time of LLM requests goes under a schedule, as small Markdown tables for prompts, agents and people."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.serving_fairness import service_weight
from heuresis.evaluators.serving_results import Floats, Ints, mean, percentile
from heuresis.problems.serving_instances import ServingInstance
from heuresis.problems.serving_metrics import Scenario
from heuresis.problems.serving_runs import replayed, timeline

Decisions = Sequence[NDArray[np.generic]]

CLASSES = 4
"""Classes of size, of equally many requests each."""

SLICES = 8
"""Slices of the time of the run."""


def explanation(instance: ServingInstance, decisions: Decisions) -> str:
    """The tables of one instance whose decisions are feasible."""
    scenario = replayed([instance], decisions)[0][0]
    if scenario is None:
        raise ValueError(f"{instance.name}: decisions that are not feasible have nothing to explain")
    results = scenario.results
    rejected = int(np.isnan(results.finish).sum())
    head = (
        f"{instance.size} requests, {int((~results.met).sum())} missed their SLO, {int(scenario.restarts.sum())} "
        f"evictions, {rejected} rejected. Mean times in seconds by size (prompt + 2 × output, tokens):"
    )
    return "\n".join([head, "", *_by_size(scenario), "", *_over_time(timeline(instance, decisions))])


def _by_size(scenario: Scenario) -> list[str]:
    results = scenario.results
    size = service_weight(results.prompt, results.output)
    lines = ["| size up to | requests | to first token | p99 of it | decode | e2e | evicted | tokens again |"]
    lines.append("|--:" * 8 + "|")
    order = np.argsort(size, kind="stable")
    for members in np.array_split(order, min(CLASSES, len(order))):
        cells = [
            f"{size[members].max():.0f}",
            str(len(members)),
            *(f"{time:.2f}" for time in _times(scenario, members)),
            str(int(scenario.restarts[members].sum())),
            str(int(scenario.recomputed[members].sum())),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _times(scenario: Scenario, members: Ints) -> tuple[float, float, float, float]:
    """Mean and 99th percentile of TTFT, means of decoding and of e2e."""
    results = scenario.results
    ttft, e2e = results.ttft[members], results.e2e[members]
    return mean(ttft), percentile(ttft, 99.0), mean(e2e - ttft), mean(e2e)


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
