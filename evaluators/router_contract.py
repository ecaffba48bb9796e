"""What the router of several replicas may see and decide: where a request goes, in which order, whether it waits."""

from heuresis.evaluators.contract import Contract, Function, Parameter, Unit


def _date(name: str, meaning: str, *, varies: bool = False) -> Parameter:
    return Parameter(name, Unit.DATE, meaning, varies=varies, low=0.0)


def _tokens(name: str, meaning: str, *, varies: bool = False, low: float = 0.0) -> Parameter:
    return Parameter(name, Unit.SIZE, meaning, varies=varies, low=low)


def _count(name: str, meaning: str, *, varies: bool = False, low: float = 0.0) -> Parameter:
    return Parameter(name, Unit.COUNT, meaning, varies=varies, low=low)


def _one(name: str, meaning: str, *, varies: bool = False, low: float = 0.0) -> Parameter:
    return Parameter(name, Unit.ONE, meaning, varies=varies, low=low)


_NOW = _date("now", "the time in seconds")


def _request(*, varies: bool) -> tuple[Parameter, ...]:
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
        _tokens(
            "generated",
            "tokens of output that it has; above 0 where a replica for prefill has done its prompt, and its KV moves",
            varies=varies,
        ),
    )


def _numbers() -> tuple[Parameter, ...]:
    """What tells requests apart, and the router's own state."""
    return (
        _count("session", "number of the program that it is a call of"),
        _count(
            "prefix", "number of the first block of its prompt, equal where prompts begin alike; -1: none", low=-1.0
        ),
        _count("routed", "how many requests have been sent to replicas so far"),
        _count("n_held", "number of requests that are held, this one included", low=1.0),
        _count("n_replicas", "number of replicas, those that are off included", low=1.0),
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

CONTRACT = Contract(functions=(SCORE, ORDER, HOLD, SCALE))
"""Times are seconds, lengths tokens; all numbers are float64."""

CHANGES = frozenset({"now"})
"""What may change while a request is held; an order that reads none of it is computed once and kept in a heap."""
