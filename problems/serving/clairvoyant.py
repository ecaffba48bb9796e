"""What SRPT reaches if it is told the true length of every output: trusted references, no programs under the contract.

In two readings of "remaining time": tokens, as the rule `srpt` counts them, and milliseconds of the engine.
"""

import ast
import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from heuresis.evaluators.serving.contract import ADMIT, PRIORITY
from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.baselines import source_of
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.metrics import Scenario
from heuresis.problems.serving.schedules import compiled, run, scheduled
from heuresis.sandbox.parsing import parse

Instances = Sequence[ServingInstance]


def in_tokens(instances: Instances) -> list[Scenario]:
    """The rule `srpt`, which admits whatever fits now: where memory is short, evictions undo what it gains."""
    return run("srpt", told(instances))


def in_engine_time(instances: Instances) -> list[Scenario]:
    """Least remaining engine time first (`remaining_work`), admitted as in `past_future`: nobody is ever evicted."""
    found: dict[int, Scenario] = {}
    for engine in dict.fromkeys(one.engine for one in instances):
        places = [place for place, one in enumerate(instances) if one.engine == engine]
        some = [instances[place] for place in places]
        found.update(zip(places, scheduled(_program(engine), told(some)), strict=True))
    return [found[place] for place in range(len(instances))]


def told(instances: Instances) -> list[ServingInstance]:
    """The instances with the true lengths in place of the estimates."""
    return [replace(one, estimate=one.output.astype(np.float64)) for one in instances]


def remaining_work(engine: Engine) -> str:
    """The source of a `priority`: the milliseconds of the engine that a request still takes when the engine is full.

    An iteration's constant time is shared by those that run: each has the larger one of the shares that it takes of
    the places in the batch and of the memory, on average over the rest of its output. Its own decodes, its attention
    and its prefill (without what the prefix cache has now, the excess beyond a full batch included) are added.
    """
    time, prefill = engine.decode, engine.mixed
    return f"""{PRIORITY.signature}:
    output = max(estimate - generated, 1.0)
    context = prompt + generated
    mean_context = context + 0.5 * output
    share = max({1.0 / engine.max_num_seqs!r}, mean_context / {float(engine.kv_tokens)!r})
    each = {time.const!r} * share + {time.decode!r} + {time.kv!r} * mean_context
    known = computed if running > 0.5 else max(computed, cached)
    prefill = {prefill.prefill + prefill.excess!r} * max(context - known, 0.0)
    attention = {prefill.attention * 0.5e-6!r} * max(context * context - known * known, 0.0)
    return output * each + prefill + attention
"""


@functools.cache
def _program(engine: Engine) -> object:
    defined = parse(source_of("serving", "past_future")).body
    admit = next(one for one in defined if isinstance(one, ast.FunctionDef) and one.name == ADMIT.name)
    return compiled(f"{remaining_work(engine)}\n\n{ast.unparse(admit)}\n")
