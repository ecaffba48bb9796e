"""Prefixes of prompts that requests share, as ids of an engine's KV blocks."""

from collections.abc import Sequence

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.serving.instances import chained


def engine_blocks(
    hashes: Sequence[Sequence[int]] | None, hash_size: int | None, prompt: Ints, block_size: int
) -> tuple[Ints, Ints]:
    """Offsets and ids of the engine's full blocks of each prompt, from ids of blocks of `hash_size` tokens.

    Equal ids after equal ids mean equal content; the last block of a prompt may be shorter than `hash_size`, and ends
    where the prompt does. A block of the engine is named for the hashed block that holds its last token, so that it is
    shared exactly where all up to there is. None: nothing is shared, and there are no ids.
    """
    if hashes is None:
        return np.zeros(len(prompt) + 1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    size = hash_size or block_size
    hash_offsets, hashed = chained(hashes)
    counts = np.diff(hash_offsets)
    place = np.arange(len(hashed)) - np.repeat(hash_offsets[:-1], counts)
    place_of = np.zeros(int(hashed.max()) + 1 if len(hashed) else 0, dtype=np.int64)
    place_of[hashed] = place  # an id stands always at the same place of its chain
    first = place_of * size // block_size  # blocks of the engine that end before the hashed block does
    ends = (place_of + 1) * size // block_size
    base = np.cumsum(ends - first) - ends  # of a hashed block: id of the engine's block j is base + j
    full = np.minimum(prompt // block_size, counts * size // block_size)
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(full)])
    number = np.arange(offsets[-1]) - np.repeat(offsets[:-1], full)
    holder = ((number + 1) * block_size - 1) // size + np.repeat(hash_offsets[:-1], full)
    return offsets, _dense(base[hashed[holder]] + number)


def _dense(ids: Ints) -> Ints:
    """The same ids as 0..K-1, in their order."""
    used = np.zeros(int(ids.max()) + 1 if len(ids) else 0, dtype=bool)
    used[ids] = True
    result: Ints = (np.cumsum(used) - 1)[ids]
    return result


def grown_blocks(root: Ints, root_tokens: Ints, branch: Ints, prompt: Ints, block_size: int) -> tuple[Ints, Ints]:
    """Offsets and ids of the full blocks of prompts that begin alike and grow.

    Prompt i begins with the `root_tokens[root[i]]` tokens of text `root[i]` and goes on with the text of `branch[i]`,
    as long as the prompt is: prompts of one branch (all with one root) begin alike as far as the shorter one goes.
    """
    roots, full = root_tokens // block_size, prompt // block_size
    trunk = np.minimum(roots[root], full)
    own = np.zeros(int(branch.max()) + 1, dtype=np.int64)
    np.maximum.at(own, branch, full - trunk)
    root_base = np.cumsum(roots) - roots
    branch_base = int(roots.sum()) + np.cumsum(own) - own
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(full)])
    number = np.arange(offsets[-1]) - np.repeat(offsets[:-1], full)
    from_root = number < np.repeat(trunk, full)
    in_branch = np.repeat(branch_base[branch] - trunk, full) + number
    return offsets, _dense(np.where(from_root, np.repeat(root_base[root], full) + number, in_branch))
