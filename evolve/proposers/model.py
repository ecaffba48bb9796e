"""The proposers that ask a language model: whole programs from able models, one expression from small ones."""

from collections.abc import Callable

import numpy as np

from heuresis.archive.records import Trial
from heuresis.evaluators.language.contract import Unit
from heuresis.evolve.models.calls import Caller
from heuresis.evolve.models.client import Message, Reply
from heuresis.evolve.models.errors import CallError
from heuresis.evolve.prompts import prompt
from heuresis.evolve.prompts.gbnf import contract_grammar
from heuresis.evolve.prompts.reply import ReplyError, parse_reply
from heuresis.evolve.prompts.sketch import Sketch, blank_sketch, make_sketch
from heuresis.evolve.prompts.sketch_gbnf import sketch_grammar
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.problems.problem import Problem

Check = Callable[[str], str | None]
"""Screens and compiles a program in the sandbox: a message for people and models, or None where it is fine."""

Explain = Callable[[Trial], str]
"""A small Markdown table of where a parent loses; may be empty."""

SHOWN_FAILURES = 3
SHOWN_RULES = 1
REPAIR_TEMPERATURE = 0.2
_SHARES = {"improve": 0.45, "combine": 0.25, "simplify": 0.1, "explore": 0.2}


class ModelProposer:
    """Asks for whole programs, with one repair turn. Everything random comes from the request's generator."""

    def __init__(
        self,
        caller: Caller,
        problem: Problem,
        *,
        check: Check,
        explain: Explain,
        grammar: bool = False,
        temperature: float = 0.9,
        name: str | None = None,
    ) -> None:
        self.name = name or caller.client.name
        self._caller, self._problem, self._check, self._explain = caller, problem, check, explain
        self._grammar = contract_grammar(problem.contract) if grammar else None
        self._temperature = temperature

    def propose(self, request: Request) -> Draft:
        """Make one program; a failed attempt is a Draft with a reason. Raises BudgetExhausted, ProposerUnavailable."""
        operator = choose_operator(request)
        seed = int(request.rng.integers(1, 2**31))
        chosen = tuple(_usable(request.parents))[: 3 if operator in ("combine", "explore") else 1]
        ids = tuple(trial.proposal.candidate for trial in chosen if trial.proposal.candidate is not None)
        parents = [
            prompt.Scored(trial.proposal.source or "", _aggregate(trial), self._explain(trial)) for trial in chosen
        ]
        failures = [_failed(trial) for trial in request.failures[:SHOWN_FAILURES]]
        messages = prompt.propose(self._problem, operator, parents, failures)
        source, reason = None, ""
        try:
            reply = self._ask(request.number, 0, messages, seed, self._temperature)
            source, reason = self._read(reply, parents[0].source if parents else None)
            if reason:
                again = prompt.repair(messages, reply.text, reason, self._problem.contract)
                reply = self._ask(request.number, 1, again, seed, REPAIR_TEMPERATURE)
                repaired, reason = self._read(reply, source or (parents[0].source if parents else None))
                source = repaired or source
        except CallError as error:
            reason = str(error)
        return Draft(operator, source, ids, "" if source is not None else reason)

    def _ask(self, number: int, turn: int, messages: tuple[Message, ...], seed: int, temperature: float) -> Reply:
        return self._caller.ask(
            number, turn, messages, seed=seed + turn, temperature=temperature, grammar=self._grammar
        )  # fmt: skip

    def _read(self, reply: Reply, parent: str | None) -> tuple[str | None, str]:
        """The program in a reply, and what is wrong with it (empty where nothing is)."""
        truncated = reply.finish_reason == "length" or reply.tokens_out >= self._caller.client.max_tokens
        try:
            source = parse_reply(reply.text, self._problem.contract, parent, truncated=truncated)
        except ReplyError as error:
            return None, str(error)
        return source, self._check(source) or ""


class SketchProposer:
    """Asks a small model for one expression of a program, in a grammar that fits it (`prompts/sketch.py`).

    There is no repair turn: a small model does not understand what a compiler says.
    """

    def __init__(self, caller: Caller, problem: Problem, *, temperature: float = 1.2, name: str | None = None) -> None:
        self.name = name or caller.client.name
        self._caller, self._problem, self._temperature = caller, problem, temperature
        units = [p.unit for p in problem.contract.main.parameters if p.varies]
        self._unit = next((unit for unit in units if unit not in (Unit.ONE, Unit.COUNT)), Unit.ONE)

    def propose(self, request: Request) -> Draft:
        """Make one program; a failed attempt is a Draft with a reason. Raises BudgetExhausted, ProposerUnavailable."""
        contract = self._problem.contract
        trials = _usable(request.parents)
        operator, trial, sketch = self._sketch(trials, request.rng)
        seed = int(request.rng.integers(1, 2**31))
        others = [t for t in trials if t is not trial][:SHOWN_RULES]
        known = [t.proposal.source or "" for t in reversed(others)]
        messages = prompt.small(contract, known, sketch.shown)
        ids = (trial.proposal.candidate,) if trial is not None and trial.proposal.candidate is not None else ()
        try:
            reply = self._caller.ask(
                request.number,
                0,
                messages,
                seed=seed,
                temperature=self._temperature,
                grammar=sketch_grammar(contract, sketch),
            )
        except CallError as error:
            return Draft(operator, None, ids, str(error))
        if not reply.text.strip().removeprefix(sketch.shown.strip()).strip():
            return Draft(operator, None, ids, "the reply is empty")
        return Draft(operator, sketch.fill(reply.text), ids)

    def _sketch(self, trials: list[Trial], rng: np.random.Generator) -> tuple[str, Trial | None, Sketch]:
        """What to ask for: mostly a change to a parent, now and then a rule from nothing."""
        function = self._problem.contract.main
        draw, which = float(rng.random()), float(rng.random())
        if trials and draw > 0.15:
            trial = trials[int(which * len(trials))]
            extend = draw > 0.55
            sketch = make_sketch(trial.proposal.source or "", function, rng, extend=extend)
            if sketch is not None:
                return "extend" if extend else "replace", trial, sketch
        return "explore", None, blank_sketch(function, self._unit)


def choose_operator(request: Request) -> str:
    """Draw an operator that the number of parents allows."""
    draw = float(request.rng.random())
    usable = len(_usable(request.parents))
    if not usable:
        return "explore"
    allowed = {name: share for name, share in _SHARES.items() if name != "combine" or usable > 1}
    draw *= sum(allowed.values())
    for name, share in allowed.items():
        draw -= share
        if draw < 0:
            return name
    return "improve"


def _usable(trials: tuple[Trial, ...]) -> list[Trial]:
    """Trials that have a program."""
    return [trial for trial in trials if trial.proposal.source]


def _aggregate(trial: Trial) -> float | None:
    return trial.evaluation.aggregate if trial.evaluation is not None else None


def _failed(trial: Trial) -> prompt.Failed:
    message = trial.evaluation.message if trial.evaluation is not None else trial.proposal.reason
    status = trial.evaluation.status if trial.evaluation is not None else "no program"
    return prompt.Failed(trial.proposal.source, f"{status}: {message}" if message else status)
