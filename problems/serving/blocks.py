"""How sure a value is that comes from a single trace: its spread over resampled blocks of time.

Requests that come one after the other share a queue, so single requests cannot be drawn by themselves. Moving blocks of
about √n requests are drawn instead (Künsch 1989, doi:10.1214/aos/1176347265). The spread says how much the value
depends on the hours that the trace happens to have; it cannot know of days that are unlike all of them.
"""

from dataclasses import fields, replace

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.objectives import value
from heuresis.evaluators.serving.results import Results

FEWEST = 20
"""Requests that a trace needs for blocks to say anything."""

MOST_DRAWN = 20_000_000
"""Requests that all draws have together: of very long traces fewer are made, which vary the less."""

FEWEST_DRAWS = 100

_WHOLE = frozenset({"fairness"})
"""Objectives that depend on the order of all requests."""


def over_time(
    objective: str, results: Results, reference: Results, draws: int, rng: np.random.Generator
) -> Floats | None:
    """The objective over that of the reference in each of `draws` draws of blocks, the same requests for both.

    None where the objective has no such draws, or the trace is shorter than `FEWEST`.
    """
    n = len(results.arrived)
    if objective in _WHOLE or n < FEWEST:
        return None
    made = min(draws, max(FEWEST_DRAWS, MOST_DRAWN // n))
    ratios = np.empty(made)
    for k in range(made):
        drawn = _blocks(n, rng)
        ratios[k] = value(objective, _only(results, drawn)) / value(objective, _only(reference, drawn))
    return np.resize(ratios, draws)


def _blocks(n: int, rng: np.random.Generator) -> Ints:
    """The numbers of n requests in blocks that begin anywhere."""
    length = round(n**0.5)
    starts = rng.integers(0, n - length + 1, size=-(-n // length))
    drawn: Ints = (starts[:, None] + np.arange(length)).reshape(-1)[:n]
    return drawn


def _only(results: Results, drawn: Ints) -> Results:
    arrays = {one.name: getattr(results, one.name)[drawn] for one in fields(results) if one.name != "horizon"}
    return replace(results, **arrays)
