"""Where the time of requests goes under a router, as small Markdown tables for prompts, agents and people."""

import numpy as np

from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving.fairness import service_weight
from heuresis.evaluators.serving.results import mean, percentile
from heuresis.problems.routing.instances import RouterInstance

CLASSES = 4
"""Classes of size, of equally many requests each."""

_ROLES = {MIXED: "all", PREFILLS_ONLY: "prefill", DECODES_ONLY: "decode"}


def explanation(instance: RouterInstance, found: Routed) -> str:
    """The tables of one instance."""
    results = found.results
    refused = int(results.refused.sum())
    rejected = int(np.isnan(results.finish).sum()) - refused
    head = (
        f"{instance.size} requests, {int((~results.met).sum())} missed their SLO, {int(found.restarts.sum())} "
        f"evictions, {int(found.moves.sum())} migrations, {rejected} rejected, {refused} refused, "
        f"{found.replica_seconds:.0f} replica-seconds. Mean times in seconds by size (prompt + 2 × output, tokens):"
    )
    return "\n".join([head, "", *_by_size(found), "", *_by_replica(instance, found)])


def _by_size(found: Routed) -> list[str]:
    results = found.results
    size = service_weight(results.prompt, results.output)
    lines = ["| size up to | requests | to first token | p99 of it | decode | e2e | evicted | tokens again |"]
    lines.append("|--:" * 8 + "|")
    order = np.argsort(size, kind="stable")
    for members in np.array_split(order, min(CLASSES, len(order))):
        ttft, e2e = results.ttft[members], results.e2e[members]
        times = (mean(ttft), percentile(ttft, 99.0), mean(e2e - ttft), mean(e2e))
        cells = [f"{size[members].max():.0f}", str(len(members)), *(f"{time:.2f}" for time in times)]
        cells += [str(int(found.restarts[members].sum())), str(int(found.recomputed[members].sum()))]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _by_replica(instance: RouterInstance, found: Routed) -> list[str]:
    """What ended on each replica."""
    results = found.results
    lines = ["| replica | serves | requests | prompt tokens | output tokens | to first token | e2e | evicted |"]
    lines.append("|--:|:--" + "|--:" * 6 + "|")
    for number, role in enumerate(instance.roles):
        here = found.replica == number
        cells = [
            str(number),
            _ROLES[role],
            str(int(here.sum())),
            str(int(results.prompt[here].sum())),
            str(int(results.output[here].sum())),
            f"{mean(results.ttft[here]):.2f}",
            f"{mean(results.e2e[here]):.2f}",
            str(int(found.restarts[here].sum())),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
