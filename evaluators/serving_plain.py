"""Requests and the KV memory of a replica in plain Python (`serving_reference.py` has the loop)."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Job:
    """A request and what has become of it. `chain` are the prefix blocks of its prompt."""

    number: int
    prompt: int
    output: int
    estimate: float
    client: int
    program: int
    ttft: float
    tpot: float
    after: int
    date: float  # s; by the clock, or the gap after the one that it follows
    chain: Sequence[int]
    arrived: float = math.nan
    deadline: float = math.nan
    first: float = math.nan
    finish: float = math.nan
    target: int = 0
    computed: int = 0
    generated: int = 0
    restarts: int = 0
    serial: int = 0
    chunk: int = 0
    cached: int = 0
    found: int = 0
    recomputed: int = 0
    lost: int = 0
    reserved: int = 0
    held: list[int] = field(default_factory=list)  # blocks of its chain
    own: int = 0  # further blocks
    rejected: bool = False

    @property
    def decodes(self) -> bool:
        """Whether its prompt is computed, so that it gets a token in each iteration in which it runs."""
        return self.computed >= self.target

    @property
    def blocks(self) -> int:
        """Blocks that it holds."""
        return len(self.held) + self.own


class Memory:
    """KV blocks: `untouched` ones, cached ones with their references, and cached ones that nobody refers to."""

    def __init__(self, blocks: int, size: int) -> None:
        self.size, self.untouched = size, blocks
        self.refs: dict[int, int] = {}
        self.unused: OrderedDict[int, None] = OrderedDict()  # the least recently used first

    @property
    def free(self) -> int:
        """Blocks that can be taken."""
        return self.untouched + len(self.unused)

    def match(self, job: Job) -> int:
        """How many tokens at the start of a prompt are cached; the last token is always computed."""
        count = 0
        for block in job.chain[: (job.target - 1) // self.size]:
            if block not in self.refs and block not in self.unused:
                break
            count += 1
        return count * self.size

    def lacking(self, job: Job, tokens: int) -> int:
        """Free blocks that it would take for a request to hold so many tokens."""
        full = job.chain[: tokens // self.size]
        others = sum(block in self.refs for block in full[len(job.held) :])
        return math.ceil(tokens / self.size) - others - job.blocks

    def hold(self, job: Job, tokens: int) -> None:
        """Let a request hold blocks for so many tokens; full blocks of its chain are shared."""
        full = job.chain[: tokens // self.size]
        if len(full) > len(job.held):
            self.untouched += job.own
            job.own = 0
        for block in full[len(job.held) :]:
            if block in self.unused:
                del self.unused[block]
            elif block not in self.refs:
                self._take()
            self.refs[block] = self.refs.get(block, 0) + 1
            job.held.append(block)
        while job.blocks < math.ceil(tokens / self.size):
            self._take()
            job.own += 1

    def leave(self, job: Job) -> None:
        """Let a request hold nothing; of its chain, what it has computed stays in the cache."""
        self.untouched += job.own
        while job.held:
            place, block = len(job.held), job.held.pop()
            self.refs[block] -= 1
            if not self.refs[block]:
                del self.refs[block]
                if place * self.size <= job.computed:
                    self.unused[block] = None
                else:
                    self.untouched += 1
        job.own = 0

    def _take(self) -> None:
        if self.untouched:
            self.untouched -= 1
        else:
            self.unused.popitem(last=False)
