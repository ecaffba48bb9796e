"""What the tests of the model proposers share: a small problem, a ledger in memory, trials."""

import threading
from dataclasses import replace

import numpy as np

from heuresis.archive.records import Call, Evaluation, Proposal, Trial, candidate_id
from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit
from heuresis.evolve.errors import BudgetExhausted
from heuresis.evolve.proposers.proposer import Request
from heuresis.problems.problem import InstanceSet, Problem
from heuresis.problems.scoring import Objective

CONTRACT = Contract(
    (
        Function(
            "priority",
            (
                Parameter("p", Unit.TIME, "processing time of the job", varies=True, low=1.0),
                Parameter("d", Unit.DATE, "due date of the job", varies=True),
                Parameter("t", Unit.DATE, "time now", varies=False),
                Parameter("n_left", Unit.COUNT, "number of jobs left", varies=False),
                Parameter("p_mean", Unit.TIME, "mean processing time of the jobs left", varies=False, low=1.0),
            ),
            "a number; the job of smallest priority is scheduled next",
        ),
    ),
    calls=("abs", "min", "max", "math.exp", "math.sqrt"),
)

SIGNATURE = "def priority(p, d, t, n_left, p_mean):"
MDD = f"{SIGNATURE}\n    return max(t + p, d)\n"
ATC = f"{SIGNATURE}\n    slack = max(d - p - t, 0.0)\n    return -math.exp(-slack / (2.0 * p_mean)) / p\n"
EDD = f"{SIGNATURE}\n    return d\n"


def _none() -> InstanceSet:
    return InstanceSet("search", (), "0" * 64)


PROBLEM = Problem(
    name="toy",
    version=1,
    title="total tardiness on one machine",
    statement="Sequence jobs on one machine so that the sum of their tardiness is small.\n",
    contract=CONTRACT,
    simulator="nowhere:Nothing",
    scoring=None,  # type: ignore[arg-type]
    objective=Objective("gap", "mean gap to the optimum, a fraction"),
    splits={"search": _none, "select": _none, "test": _none},
    baselines=(),
)


def trial(number: int, source: str | None, aggregate: float | None = None, message: str = "") -> Trial:
    candidate = candidate_id(source) if source else None
    proposal = Proposal("r_1", number, 0, "offline", "mutate", source=source, candidate=candidate, reason=message)
    if source is None:
        return Trial(proposal, None)
    status = "ok" if aggregate is not None else "rejected"
    return Trial(
        proposal, Evaluation(candidate or "", "toy", 1, "search", "f", status, message, (aggregate,), aggregate)
    )


def request(number: int = 7, *parents: Trial, failures: tuple[Trial, ...] = (), seed: int = 0) -> Request:
    return Request(number, np.random.default_rng((seed, number)), parents, failures)


class MemoryLedger:
    """Writes calls to a list; `budget` in USD."""

    run = "r_1"

    def __init__(self, budget: float | None = None) -> None:
        self.budget, self.rows, self.lock = budget, [], threading.Lock()
        self.events: list[str] = []

    def reserve(self, usd: float) -> None:
        spent = sum(c.usd if c.reply is not None or c.error is not None else c.max_usd for c in self.rows)
        if self.budget is not None and spent + usd > self.budget:
            raise BudgetExhausted(f"{spent + usd:.4f} USD would exceed {self.budget:.4f}")

    def intend(self, call: Call) -> Call:
        with self.lock:
            earlier = [c for c in self.rows if (c.number, c.turn) == (call.number, call.turn)]
            call = replace(call, attempt=len(earlier))
            self.rows.append(call)
            self.events.append("intend")
            return call

    def answer(self, call: Call) -> None:
        with self.lock:
            key = (call.number, call.turn, call.attempt)
            at = next(i for i, c in enumerate(self.rows) if (c.number, c.turn, c.attempt) == key)
            self.rows[at] = call
            self.events.append("answer")

    def calls(self, number: int) -> list[Call]:
        return [c for c in self.rows if c.number == number]
