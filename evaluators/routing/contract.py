"""What the router of several replicas may see and decide: where requests go, who waits, moves or is refused."""

from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit


def _date(name: str, meaning: str, *, varies: bool = False) -> Parameter:
    return Parameter(name, Unit.DATE, meaning, varies=varies, low=0.0)


def _tokens(name: str, meaning: str, *, varies: bool = False, low: float = 0.0) -> Parameter:
    return Parameter(name, Unit.SIZE, meaning, varies=varies, low=low)


def _count(name: str, meaning: str, *, varies: bool = False, low: float = 0.0) -> Parameter:
    return Parameter(name, Unit.COUNT, meaning, varies=varies, low=low)


def _one(name: str, meaning: str, *, varies: bool = False, low: float = 0.0) -> Parameter:
    return Parameter(name, Unit.ONE, meaning, varies=varies, low=low)


MOST_MOVES = 8
"""A request migrates at most so many times, so that two replicas do not pass it to and fro."""

_NOW = _date("now", "the time in seconds")
_TO_BE_SENT = "; above 0 where a replica for prefill has done its prompt, and its KV moves"


def _request(*, varies: bool, generated: str = _TO_BE_SENT) -> tuple[Parameter, ...]:
    """What is known of a request."""
    return (
        _date("arrival", "when the request arrived", varies=varies),
        _date(
            "deadline",
            "arrival + time to first token + estimate × time per token that its class is promised",
            varies=varies,
        ),
        _tokens("prompt", "tokens of its prompt", varies=varies, low=1.0),
        _tokens("estimate", "estimated tokens of its output, which may be wrong", varies=varies, low=1e-9),
        _tokens("generated", f"tokens of output that it has{generated}", varies=varies),
    )


_REPLICAS = _count("n_replicas", "number of replicas, those that are off included", low=1.0)


def _numbers() -> tuple[Parameter, ...]:
    """What tells requests apart, and the router's own state."""
    return (
        _count("session", "number of the program that it is a call of"),
        _count(
            "prefix", "number of the first block of its prompt, equal where prompts begin alike; -1: none", low=-1.0
        ),
        _count("routed", "how many requests have been sent to replicas so far"),
        _count("n_held", "number of requests that are held, this one included", low=1.0),
        _REPLICAS,
    )


def _replica(*, varies: bool) -> tuple[Parameter, ...]:
    """What is known of a replica, and of the request there."""
    return (
        _count("replica", "number of the replica, from 0", varies=varies),
        _count("queued", "requests that wait there, or whose KV is on its way there", varies=varies),
        _count("running", "requests that run there", varies=varies),
        _tokens("free", "tokens that its free KV blocks hold", varies=varies),
        _tokens("total", "tokens that all its KV blocks hold", varies=varies, low=1.0),
        _tokens("pending", "tokens that requests there have yet to prefill", varies=varies),
        _tokens("committed", "prompt and output so far of all requests there, in sum", varies=varies),
        _tokens("projected", "prompt and estimate (rounded up) of all requests there, in sum", varies=varies),
        _tokens("cached", "tokens at the start of the prompt that are in its prefix cache", varies=varies),
        _one("speed", "tokens per second that it decodes for one request, relative to the fastest", varies=varies),
        _tokens(
            "deficit",
            "tokens (prompt + 2 × output) that the client got there beyond the mean of all clients served there",
            varies=varies,
            low=float("-inf"),
        ),
        _one("here", "1 where the last call of its program went there, else 0", varies=varies),
    )


def _source() -> tuple[Parameter, ...]:
    """What is known of the replica where a request is that may move."""
    return (
        _count("from_queued", "requests that wait where it is, or whose KV is on its way there"),
        _count("from_running", "requests that run where it is"),
        _tokens("from_free", "tokens that the free KV blocks hold where it is"),
        _tokens("from_total", "tokens that all KV blocks hold where it is", low=1.0),
        _tokens("from_pending", "tokens that requests have yet to prefill where it is"),
        _tokens("from_committed", "prompt and output so far of all requests where it is, in sum"),
        _tokens("from_projected", "prompt and estimate (rounded up) of all requests where it is, in sum"),
        _one("from_speed", "tokens per second that are decoded for one request where it is, relative to the fastest"),
        _one("from_drains", "1 where the replica where it is takes no more requests and goes off once it is empty"),
    )


SCORE = Function(
    name="score",
    parameters=(_NOW, *_request(varies=False), *_numbers(), *_replica(varies=True)),
    returns=("the score of one replica for one request, smaller is better (ties: the lower number); it must be finite"),
)

ORDER = Function(
    name="order",
    parameters=(_NOW, *_request(varies=True)),
    returns=(
        "the place of a held request among those that are held, smaller is sooner (ties: the earlier in the trace); "
        "it must be finite"
    ),
    default="return arrival",
)

HOLD = Function(
    name="hold",
    parameters=(_NOW, *_request(varies=False), *_numbers(), *_replica(varies=False)),
    returns=(
        "above 0 where the first of the held requests shall wait rather than go to this replica, which has its "
        "smallest score; all after it wait too, until the next arrival, completion or start of a replica; where "
        "nothing is under way any more it goes there all the same"
    ),
    default="return 0.0",
)

SCALE = Function(
    name="scale",
    parameters=(
        _NOW,
        _count("replicas", "replicas that take requests"),
        _count("starting", "replicas that are starting"),
        _count("n_replicas", "the most replicas that there may be", low=1.0),
        _count("held", "requests that are held"),
        _count("queued", "requests that wait at replicas"),
        _count("running", "requests that run"),
        _one("free", "the share of the KV blocks of the replicas that take requests that are free"),
        _one("rate", "requests that arrived in the last 60 seconds, per second"),
    ),
    returns=(
        "the number of replicas that shall take requests, rounded down and clipped to 1..n_replicas; one more takes "
        "its start-up time, one that is no longer wanted finishes what it has; asked at every arrival and completion, "
        "where replicas may be switched"
    ),
    default="return replicas + starting",
)

MIGRATE = Function(
    name="migrate",
    parameters=(
        _NOW,
        *_request(varies=False, generated=""),
        _tokens("kv", "tokens of KV that it has; 0 where it waits and has none, and moves at once"),
        _count("moves", "how often it has migrated"),
        _count("n_held", "number of requests that are held"),
        _REPLICAS,
        *_source(),
        *_replica(varies=True),
        Parameter("transfer", Unit.TIME, "seconds for which its KV is on its way there", varies=True, low=0.0),
    ),
    returns=(
        "above 0 where a request shall migrate from its replica to another one: to that of the largest value (ties: "
        "the lower number), where none is above 0 it stays; it must be finite; asked at the end of each call of the "
        "router, replica after replica, for the request that was sent there last of those that wait, and where nobody "
        "waits for the one that was sent there last of those that decode, and for each other replica that takes such "
        "requests; who waits goes at once, who decodes at the end of the iteration, one at a time, and waits there for "
        f"its KV; nobody migrates twice in one call, or more than {MOST_MOVES} times"
    ),
    default="return 0.0",
)

SATURATED_QUEUE, SATURATED_MEMORY = 5.0, 0.8
"""Waiting requests, and the share of KV blocks in use, at which a replica counts as saturated: those of the Gateway API
Inference Extension, on which llm-d is built."""
MOST_DELAYS = 8
"""A request is put off at most so many times."""
SHORTEST_DELAY, LONGEST_DELAY = 1.0, 1e6
"""Seconds; what a program asks for is brought into these limits and rounded up to milliseconds."""

ADMIT = Function(
    name="admit",
    parameters=(
        _NOW,
        *_request(varies=False)[:-1],
        _count("level", "classes of the trace that are promised an earlier first token than its own", low=1.0),
        _count("levels", "classes of the trace by that promise", low=2.0),
        _count("delays", "how often it has been put off"),
        _count("arrived", "requests that have arrived so far, this one included", low=1.0),
        _count("n_held", "number of requests that are held"),
        _count("replicas", "replicas that take requests"),
        _count("queued", "requests that wait at replicas"),
        _count("running", "requests that run"),
        _one("free", "the share of the KV blocks of the replicas that take requests that are free"),
        _tokens("pending", "tokens that requests at replicas have yet to prefill"),
        _one(
            "load",
            f"the larger one of waiting requests / {SATURATED_QUEUE:g} and the share of KV blocks in use / "
            f"{SATURATED_MEMORY:g}, in the mean over the replicas that take requests; 1: saturated",
        ),
        _one("rate", "requests that arrived in the last 60 seconds, per second"),
    ),
    returns=(
        "0 where a request that arrives is let in; below 0 where it is refused; above 0 the seconds for which it is "
        f"put off ({SHORTEST_DELAY:g} or more, rounded up to milliseconds), after which it arrives once more, at most "
        f"{MOST_DELAYS} times; it must be finite; not asked of requests of the most urgent class, which are all let in"
    ),
    default="return 0.0",
)

CONTRACT = Contract(functions=(SCORE, ORDER, HOLD, SCALE, MIGRATE, ADMIT))
"""Times are seconds, lengths tokens; all numbers are float64."""

CHANGES = frozenset({"now"})
"""What may change while a request is held; an order that reads none of it is computed once and kept in a heap."""

JUDGEMENTS = 8
"""A request counts as so many decisions where a search bounds its effort: it takes part in many iterations."""
