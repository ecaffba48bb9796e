"""How evenly clients of one replica are served: service over time, its largest gap, and Jain's index.

Service is counted as in VTC (Sheng et al. 2024, arXiv 2401.00588): a token of input weighs 1, one of output 2. The
prompt counts when its prefill ends, at the first token; the output evenly from there until the request finishes.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.results import Results

INPUT, OUTPUT = 1.0, 2.0
"""Weights of a token of input and of output."""

CLIENTS = 24
"""Gaps are sought among so many clients, those who ask for most."""


def service_weight(prompt: Ints, output: Ints) -> Floats:
    """The service that requests ask for: input + 2 · output (tokens)."""
    weights: Floats = INPUT * prompt + OUTPUT * output
    return weights


def largest_gap(results: Results) -> float:
    """The largest difference of what two clients got in a time in which both were backlogged all along (tokens).

    A client is backlogged while a request of it waits for its first token. 0 where no two clients ever are.
    """
    kept = ~np.isnan(results.finish)
    clients, number = np.unique(results.client[kept], return_inverse=True)
    if len(clients) < 2:
        return 0.0
    asked = np.bincount(number, service_weight(results.prompt, results.output)[kept])
    most = np.sort(np.argsort(-asked, kind="stable")[:CLIENTS])
    times = np.unique(np.concatenate([results.arrived[kept], results.first_token[kept], results.finish[kept]]))
    curves = [_curve(results, np.flatnonzero(kept)[number == c], times) for c in most]
    return max(_gap(one, other) for one, other in combinations(curves, 2))


def jain(results: Results) -> float:
    """Jain's index of the clients' shares: what each got by the horizon of what it had asked for until then.

    1 where all get the same share, 1/clients where one gets everything (Jain et al. 1984, DEC-TR-301), and where all
    arrive at once, so that there is no horizon.
    """
    asked_by = (results.arrived <= results.horizon) & ~np.isnan(results.finish)
    if not asked_by.any():
        return 1.0
    clients, number = np.unique(results.client[asked_by], return_inverse=True)
    asked = np.bincount(number, service_weight(results.prompt, results.output)[asked_by], len(clients))
    got = np.bincount(number, _received(results, np.flatnonzero(asked_by), results.horizon), len(clients))
    shares = got / asked
    return float(shares.sum() ** 2 / (len(shares) * (shares**2).sum())) if shares.any() else 1.0


def _received(results: Results, which: Ints, now: float) -> Floats:
    """What requests have got by a time."""
    first, finish = results.first_token[which], results.finish[which]
    span = np.maximum(finish - first, 1e-12)
    done = np.clip((now - first) / span, 0.0, 1.0)
    got: Floats = np.where(first <= now, INPUT * results.prompt[which] + OUTPUT * results.output[which] * done, 0.0)
    return got


def _curve(results: Results, which: Ints, times: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The service of one client just before and at each time, and whether it is backlogged from there to the next."""
    first, finish = results.first_token[which], results.finish[which]
    prompts = INPUT * results.prompt[which]
    output = OUTPUT * results.output[which]
    begin, end = np.searchsorted(times, first), np.searchsorted(times, finish)
    jumps = np.bincount(begin, prompts, len(times))
    rate = output / np.maximum(finish - first, 1e-12)
    flowing = end > begin
    slope = np.bincount(begin[flowing], rate[flowing], len(times)) - np.bincount(
        end[flowing], rate[flowing], len(times)
    )
    jumps += np.bincount(begin[~flowing], output[~flowing], len(times))
    flow = np.concatenate([[0.0], np.cumsum(np.cumsum(slope)[:-1] * np.diff(times))])
    after = np.cumsum(jumps) + flow
    waiting = np.bincount(np.searchsorted(times, results.arrived[which]), minlength=len(times))
    backlog = np.cumsum(waiting - np.bincount(begin, minlength=len(times)))
    return after - jumps, after, backlog > 0


def _gap(one: tuple[Floats, Floats, NDArray[np.bool_]], other: tuple[Floats, Floats, NDArray[np.bool_]]) -> float:
    """The widest swing of the difference of two curves within the times in which both are backlogged."""
    both = one[2] & other[2]
    if not both.any():
        return 0.0
    before, after = one[0] - other[0], one[1] - other[1]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], both, [False]]).astype(np.int8)))
    widest = 0.0
    for low, high in zip(edges[::2], edges[1::2], strict=True):  # backlogged from times[low] to times[high]
        swing = np.concatenate([after[low:high], before[low + 1 : high + 1]])
        widest = max(widest, float(swing.max() - swing.min()))
    return widest
