"""What the scheduler of one replica may see and decide: which request, how much memory for it, how much prefill."""

from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit


def _date(name: str, meaning: str, *, varies: bool = True) -> Parameter:
    return Parameter(name, Unit.DATE, meaning, varies=varies, low=0.0)


def _tokens(name: str, meaning: str, *, varies: bool = True, low: float = 0.0) -> Parameter:
    return Parameter(name, Unit.SIZE, meaning, varies=varies, low=low)


def _count(name: str, meaning: str, *, varies: bool = False, low: float = 0.0) -> Parameter:
    return Parameter(name, Unit.COUNT, meaning, varies=varies, low=low)


_NOW = _date("now", "the time at which the iteration begins, in seconds", varies=False)
_FREE = Parameter("free", Unit.ONE, "the share of KV blocks that are free, from 0 to 1", varies=False, low=0.0)
_RUNNING = _count("n_running", "number of running requests")
_WAITING = _count("n_waiting", "number of waiting requests")

PRIORITY = Function(
    name="priority",
    parameters=(
        _NOW,
        _date("arrival", "when the request arrived"),
        _date("deadline", "arrival + time to first token + estimate × time per token that its class is promised"),
        _tokens("prompt", "tokens of its prompt", low=1.0),
        _tokens("estimate", "estimated tokens of its output, which may be wrong", low=1.0),
        _tokens("computed", "tokens that it has in the KV cache now"),
        _tokens("generated", "tokens of output that it has generated"),
        _count("restarts", "how often it was evicted", varies=True),
        _tokens("program_service", "tokens (prompt + 2 × output) that its program has got"),
        _tokens(
            "client_service",
            "tokens (prompt + 2 × output) that its client has got beyond the least served client with requests here",
        ),
        _tokens("cached", "tokens at the start of its prompt that are in the prefix cache (if running: at admission)"),
        Parameter("running", Unit.ONE, "1 if it runs, 0 if it waits", varies=True, low=0.0),
        _FREE,
        _RUNNING,
        _WAITING,
    ),
    returns=(
        "the priority of one request, smaller is sooner: waiting requests are admitted and prefill is given out in "
        "this order (ties by earlier arrival), and where memory is lacking the running request of largest priority is "
        "evicted (ties: the one admitted last); it must be finite"
    ),
)

ADMIT = Function(
    name="admit",
    parameters=(
        _NOW,
        _tokens("prompt", "tokens of the prompt of the first waiting request", varies=False, low=1.0),
        _tokens("estimate", "estimated tokens of its output", varies=False, low=1.0),
        _tokens("generated", "tokens of output that it generated before it was evicted", varies=False),
        _tokens("cached", "tokens at the start of its prompt that are in the prefix cache", varies=False),
        _count("need", "blocks that it takes from the free ones for its first chunk of prefill"),
        _count("free_blocks", "KV blocks that are free"),
        _count("total_blocks", "KV blocks in all", low=1.0),
        _count("promised", "blocks that running requests have reserved and not taken yet"),
        _count(
            "peak",
            "the most blocks that the running requests and this one would hold at any time if each ran until its "
            "estimate",
        ),
        _RUNNING,
        _WAITING,
    ),
    returns=(
        "the number of blocks to reserve for the waiting request of smallest priority, those that it takes at once "
        "included (0: none beyond its first chunk), or a negative number to let it and all others wait; asked only "
        "where the engine would admit it: all of its tokens so far, or on some engines its first chunk, fit; it is "
        "admitted where `promised` and what is reserved fit into the free blocks as well"
    ),
    default="return 0.0",
)

PREFILL_BUDGET = Function(
    name="prefill_budget",
    parameters=(
        _NOW,
        _RUNNING,
        _count("n_decoding", "number of running requests that get one token of output each in this iteration"),
        _WAITING,
        _tokens("pending", "tokens that running and waiting requests have yet to prefill", varies=False),
        _FREE,
        _tokens("budget", "tokens that the iteration has room for beside the decodes", varies=False),
    ),
    returns=(
        "the most tokens of prefill in this iteration, rounded down and clipped to 0..budget; where nothing decodes "
        "and it is less than 1, it is budget"
    ),
    default="return budget",
)

CONTRACT = Contract(functions=(PRIORITY, ADMIT, PREFILL_BUDGET))
"""Times are seconds, lengths tokens; all numbers are float64."""

CHANGES = frozenset({"now", "program_service", "client_service", "cached", "free", "n_running", "n_waiting"})
"""What may change while a request waits; a priority that reads none of it is computed once and kept in a heap."""

JUDGEMENTS = 10
"""A request counts as so many decisions where a search bounds its effort: it takes part in many iterations."""
