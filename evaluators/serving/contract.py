"""What the scheduler of one replica may see and decide: which request, how much memory for it, how much prefill.

The functions from `revise` on were added later and are optional, so that programs written before mean what they meant.
"""

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
        _tokens("cached", "tokens at its start that are in the prefix cache (if running: at admission)"),
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
        _tokens("cached", "tokens at its start that are in the prefix cache", varies=False),
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

REVISE = Function(
    name="revise",
    parameters=(
        _NOW,
        Parameter("value", Unit.ONE, "what `priority` returned for the request", varies=True),
        _date("arrival", "when the request arrived"),
        _date("deadline", "arrival + time to first token + estimate × time per token that its class is promised"),
        _tokens("prompt", "tokens of its prompt", low=1.0),
        _tokens("estimate", "estimated tokens of its output, which may be wrong", low=1.0),
        _tokens("computed", "tokens that it has in the KV cache now"),
        _tokens("generated", "tokens of output that it has generated"),
        Parameter("running", Unit.ONE, "1 if it runs, 0 if it waits", varies=True, low=0.0),
        Parameter("best_effort", Unit.ONE, "1 if nothing is promised to its class, else 0", varies=True, low=0.0),
        _tokens("path_service", "tokens (prompt + 2 × output) of the calls of its program that led to this one"),
        _count("stages", "calls of its program that are still to come after it, on the longest path", varies=True),
        _tokens("stages_prompt", "tokens of the prompts of these"),
        _tokens("stages_estimate", "estimated tokens of the outputs of these"),
        Parameter(
            "stages_time",
            Unit.TIME,
            "what these may take: the gaps before them and what their classes promise, in seconds",
            varies=True,
            low=0.0,
        ),
    ),
    returns=(
        "the priority of the request in the place of what `priority` returned, which stays where it is left out; it "
        "must be finite"
    ),
    default="return value",
)

LENGTH = Function(
    name="length",
    parameters=(
        _tokens(
            "drawn",
            "an output length drawn from those of the last 200 requests that ended, of those that are longer than "
            "what this one has generated",
        ),
        _tokens("prompt", "tokens of its prompt", low=1.0),
        _tokens("estimate", "estimated tokens of its output", low=1.0),
        _tokens("generated", "tokens of output that it has generated"),
    ),
    returns=(
        "the tokens of output that `peak` of `admit` expects of a request, in the place of its estimate; where it "
        "reads `drawn`, lengths are drawn up to five times and `peak` is the largest; NaN where one is not finite"
    ),
    default="return estimate",
)

DISPLACE = Function(
    name="displace",
    parameters=(
        _NOW,
        Parameter("first", Unit.ONE, "the priority of the first waiting request", varies=False),
        Parameter("last", Unit.ONE, "the priority of the running request of largest priority", varies=False),
        _count("lacking", "blocks that the waiting one lacks; 0 where it lacks a place only"),
        _count("held", "blocks that the running one holds"),
        _tokens("computed", "tokens that the running one has in the KV cache", varies=False),
        _RUNNING,
        _WAITING,
    ),
    returns=(
        "above 0 where the running request of largest priority shall be evicted for the first waiting one, which has "
        "a smaller priority and cannot be admitted for want of memory or of a place; asked again until it can; in such "
        "an iteration nobody is admitted; it must be finite"
    ),
    default="return 0.0",
)

PAUSE = Function(
    name="pause",
    parameters=(
        _NOW,
        Parameter(
            "waited", Unit.TIME, "seconds since the first of the waiting requests arrived", varies=False, low=0.0
        ),
        _WAITING,
        _tokens("pending", "tokens that waiting requests have yet to prefill", varies=False),
        _tokens("budget", "tokens that an iteration has room for", varies=False),
    ),
    returns=(
        "the seconds for which the replica stands still before it begins, or until the next arrival, which asks again; "
        "asked where nobody runs and somebody waits; rounded down to microseconds, below 0 as 0; it must be finite"
    ),
    default="return 0.0",
)

CONTRACT = Contract(functions=(PRIORITY, ADMIT, PREFILL_BUDGET, REVISE, LENGTH, DISPLACE, PAUSE))
"""Times are seconds, lengths tokens; all numbers are float64."""

CHANGES = frozenset({"now", "program_service", "client_service", "cached", "free", "n_running", "n_waiting"})
"""What may change while a request waits; a priority that reads none of it is computed once and kept in a heap."""

JUDGEMENTS = 10
"""A request counts as so many decisions where a search bounds its effort: it takes part in many iterations."""

LONGEST_PAUSE = 2e9
"""Microseconds of the longest `pause`, which fit into a decision (int32)."""
