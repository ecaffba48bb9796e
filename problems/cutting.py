"""Instance files of a user cut into `search`, `select` and `test`: repeatable, and nothing stands in two parts.

Instances that lie in an order, such as the requests of a trace, are cut in it (`ranges`); others by their names and
contents (`by_name`).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.problem import SPLITS, InstanceError, InstanceSet, Parts

SHARES: Mapping[str, float] = {"search": 0.5, "select": 0.2, "test": 0.3}
"""How much of what there is goes into each part."""

SEED = 0
"""Of the order in which instances are dealt out. One for all: runs on the same files can be compared."""

_DEAL = ("search", "test", "select", "search", "test", "search", "select", "search", "test", "search")
"""The part of every tenth instance from the first, the second, … on: the shares, and each part among the first."""


def by_name(
    fingerprint: Callable[[Sequence[Any]], str],
    groups: Callable[[Sequence[Any]], Mapping[str, Ints]],
    found: InstanceSet,
) -> Parts:
    """Deal instances out, group by group, in the order of a hash of name and content; equal contents go together.

    `fingerprint` is that of the problem's instances, `groups` are those of its scoring. Raises InstanceError where
    there are fewer than three different instances.
    """
    contents = [fingerprint([one]) for one in found.instances]
    dealt = _in_order(found.instances, contents, groups(found.instances))
    if len(dealt) < len(SPLITS):
        raise InstanceError(
            f"{found.name}: {len(dealt)} different instances cannot be cut into {', '.join(SPLITS)}; expected "
            f"{len(SPLITS)} or more (10 are cut 5 : 2 : 3), so give more or larger files"
        )
    split_of = {content: _DEAL[place % len(_DEAL)] for place, content in enumerate(dealt)}
    kept = {split: [i for i, content in enumerate(contents) if split_of[content] == split] for split in SPLITS}
    return {split: _part(split, [found.instances[i] for i in kept[split]], fingerprint) for split in SPLITS}


def _in_order(instances: Sequence[Any], contents: Sequence[str], groups: Mapping[str, Ints]) -> list[str]:
    """The different contents, group by group, within each by a hash of the smallest name and the content."""
    group_of = {contents[i]: name for name in sorted(groups) for i in groups[name].tolist()}
    names: dict[str, str] = {}
    for one, content in zip(instances, contents, strict=True):
        names[content] = min(one.name, names.get(content, one.name))

    def place(content: str) -> tuple[str, str]:
        digest = hashlib.sha256(f"{SEED}/{names[content]}/{content}".encode(errors="surrogatepass"))
        return group_of.get(content, ""), digest.hexdigest()

    return sorted(names, key=place)


def _part(split: str, instances: Sequence[Any], fingerprint: Callable[[Sequence[Any]], str]) -> InstanceSet:
    some = ", ".join(one.name for one in instances[:3]) + (", …" if len(instances) > 3 else "")
    found = InstanceSet(split, tuple(instances), fingerprint(instances))
    return replace(found, notes=(f"{split}: {len(instances):,} instances by name ({some}), {stamp(found)}",))


def stamp(part: InstanceSet) -> str:
    """The fingerprint of a part, as short as tables show it, for notes."""
    return f"fingerprint {part.fingerprint[:12]}"


def ranges(count: int) -> Mapping[str, range]:
    """The numbers 0 to `count` - 1 in three ranges, in the order of SPLITS."""
    ends = np.rint(np.cumsum([SHARES[split] for split in SPLITS]) * count).astype(np.int64).tolist()
    return {split: range(begin, end) for split, begin, end in zip(SPLITS, [0, *ends[:-1]], ends, strict=True)}
