"""The bootstrap within cells: instances that are alike are drawn among themselves, with replacement."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints

Key = TypeVar("Key", bound=Hashable)


def cells(keys: Iterable[Key]) -> dict[Key, Ints]:
    """The numbers of the instances of each key, in the order in which the keys are first seen."""
    found: dict[Key, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        found[key].append(index)
    return {key: np.array(members, dtype=np.int64) for key, members in found.items()}


def drawn(members_of: Iterable[Sequence[int] | Ints], instances: int, draws: int, rng: np.random.Generator) -> Floats:
    """How often each instance is in each draw (draws × instances), as many of each cell as it has members."""
    counts = np.zeros((draws, instances))
    for members in members_of:
        share = np.full(len(members), 1.0 / len(members))
        counts[:, members] = rng.multinomial(len(members), share, size=draws)
    return counts
