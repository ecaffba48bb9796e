"""Workloads of LLM serving: families of requests that are generated.

Parameters are fits to published traces where there are such; docs/workloads.md says which. Tokens throughout.
"""

from dataclasses import dataclass, replace

from heuresis.problems.serving.workloads.lengths import Gaps, Lengths, Mode, lognormal

LEVELS = (0.6, 0.3, 0.1)
"""Shares of requests (or of clients, or of programs) in an engine's service levels, the first ones."""


@dataclass(frozen=True, slots=True)
class Tenants:
    """Clients with Zipf rates who come and go, each of whose prompts begins with one of the client's texts (Zipf)."""

    clients: int
    on: float  # mean time on, in units of the mean gap of all arrivals
    off: float
    texts: int  # of each client
    shared: Lengths


@dataclass(frozen=True, slots=True)
class Calls:
    """Programs of several calls: each prompt is the one before with its output and a tool's result.

    A program begins with the text of its kind, which all of that kind share, and a task (the workload's prompt).
    """

    mean: float  # calls of a program, geometric
    kinds: int
    clients: int
    shared: Lengths
    result: Lengths
    pause_median: float  # seconds a tool takes, lognormal
    pause_sigma: float


@dataclass(frozen=True, slots=True)
class Workload:
    """A family of workloads; `number` separates its seeds from those of others."""

    name: str
    number: int
    prompt: Lengths
    output: Lengths
    gaps: Gaps = Gaps.POISSON
    tenants: Tenants | None = None
    calls: Calls | None = None


_CHAT_PROMPT = lognormal(6.63, 0.99, 4_142)
_CHAT_OUTPUT = Lengths((Mode(0.62, 4.50, 0.45), Mode(0.38, 6.03, 0.18)), 1_000)
CHAT = Workload("chat", 1, _CHAT_PROMPT, _CHAT_OUTPUT)
CODE = Workload("code", 2, lognormal(7.00, 1.36, 7_437), lognormal(2.79, 0.85, 1_899), Gaps.GAMMA)
LONG_CONTEXT = Workload("long_context", 3, lognormal(8.74, 1.20, 126_195), lognormal(5.34, 1.36, 2_000))
HEAVY_TAIL = Workload(
    "heavy_tail", 4, replace(_CHAT_PROMPT, tail=0.05), replace(_CHAT_OUTPUT, tail=0.05), Gaps.LOGNORMAL
)
AGENTS = Workload(
    "agents",
    5,
    lognormal(5.5, 0.8, 4_000),
    lognormal(4.6, 0.8, 1_000),
    calls=Calls(8.0, 4, 8, lognormal(7.3, 0.4, 4_000), lognormal(5.3, 1.0, 4_000), 2.0, 1.0),
)
TENANTS = Workload(
    "tenants", 6, _CHAT_PROMPT, _CHAT_OUTPUT, tenants=Tenants(16, 50.0, 100.0, 1, lognormal(6.2, 0.7, 4_000))
)
CODING_AGENTS = Workload(
    "coding_agents",
    7,
    lognormal(6.0, 1.0, 4_000),
    lognormal(5.0, 0.9, 2_000),
    calls=Calls(12.0, 3, 6, lognormal(7.6, 0.3, 4_000), lognormal(5.3, 1.2, 4_000), 4.0, 1.5),
)
DOCUMENTS = Workload(
    "documents",
    8,
    lognormal(4.0, 0.8, 1_000),
    lognormal(4.8, 0.8, 1_000),
    tenants=Tenants(8, 100.0, 100.0, 5, lognormal(7.8, 0.6, 16_000)),
)
ROUTED = Workload("routed", 9, lognormal(5.907, 1.2, 2_048, 0.05), lognormal(4.893, 0.9, 2_048, 0.05), Gaps.LOGNORMAL)
"""The setting of Glia (arXiv:2510.27176), at 7.5 requests per second: chat, 5 % of prompts and 5 % of outputs ten times
as long, lognormal gaps of sigma 2. Its lengths are not published; these are those that the A10 engine was fixed for."""
ROUTED_RATE = 7.5

WORKLOADS = (CHAT, CODE, LONG_CONTEXT, HEAVY_TAIL, AGENTS, TENANTS, CODING_AGENTS, DOCUMENTS, ROUTED)
