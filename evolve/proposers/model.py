"""The proposers that ask a language model: whole programs from able models, one expression from small ones."""

from collections.abc import Callable
from dataclasses import dataclass, replace

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
from heuresis.evolve.telling import Tell, silent
from heuresis.problems.problem import Problem

Check = Callable[[str], str | None]
"""Screens and compiles a program in the sandbox: a message for people and models, or None where it is fine."""

Explain = Callable[[Trial], str]
"""A small Markdown table of where a parent loses; may be empty."""

SHOWN_FAILURES = 3
SHOWN_RULES = 1
REPAIR_TEMPERATURE = 0.2
LAST_TURN = 3
"""Turns of a conversation after its first: in short, with more room, repaired."""

_SHARES = {"improve": 0.45, "combine": 0.25, "simplify": 0.1, "explore": 0.2}


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one proposal asks a model: the next messages, and how they came about."""

    number: int  # of the proposal
    seed: int
    operator: str
    parents: tuple[prompt.Scored, ...]
    failures: tuple[prompt.Failed, ...]
    messages: tuple[Message, ...]
    brief: bool = False
    turn: int = 0
    repairing: bool = False

    @property
    def first_parent(self) -> str | None:
        """The program that SEARCH/REPLACE blocks refer to."""
        return self.parents[0].source if self.parents else None


class ModelProposer:
    """Asks for whole programs. Everything random comes from the request's generator.

    A program that cannot be used goes back once with the reason. A reply that was cut off before its program is asked
    for again with more room, and a prompt that does not fit the context is asked again in short.
    """

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
        tell: Tell = silent,
    ) -> None:
        self.name = name or caller.client.name
        self._caller, self._problem, self._check, self._explain = caller, problem, check, explain
        self._grammar = contract_grammar(problem.contract) if grammar else None
        self._temperature, self._tell = temperature, tell
        self._brief = False  # learnt: the whole prompt does not fit
        self._said = set[str]()

    def propose(self, request: Request) -> Draft:
        """Make one program; a failed attempt is a Draft with a reason. Raises BudgetExhausted, ProposerUnavailable."""
        operator = choose_operator(request)
        seed = int(request.rng.integers(1, 2**31))
        chosen = tuple(_usable(request.parents))[: 3 if operator in ("combine", "explore") else 1]
        ids = tuple(trial.proposal.candidate for trial in chosen if trial.proposal.candidate is not None)
        parents = tuple(
            prompt.Scored(trial.proposal.source or "", _aggregate(trial), self._explain(trial)) for trial in chosen
        )
        failures = tuple(_failed(trial) for trial in request.failures[:SHOWN_FAILURES])
        messages = prompt.propose(self._problem, operator, parents, failures, brief=self._brief)
        talk = Conversation(request.number, seed, operator, parents, failures, messages, self._brief)
        source, reason = self._talk(talk)
        return Draft(operator, source, ids, "" if source is not None else reason)

    def _talk(self, talk: Conversation | None) -> tuple[str | None, str]:
        """The last program of a conversation, and what is wrong with it (empty where nothing is)."""
        source, reason = None, ""
        while talk is not None:
            try:
                reply = self._ask(talk)
            except CallError as error:
                reason, talk = str(error), self._shorter(talk) if error.too_long else None
                continue
            found, reason = self._read(reply, source if talk.repairing and source else talk.first_parent)
            source = found or source
            talk = self._next(talk, reply, found, reason)
        return source, reason

    def _next(self, talk: Conversation, reply: Reply, found: str | None, reason: str) -> Conversation | None:
        """What is asked after a reply; None where nothing more is."""
        if not reason or talk.repairing or talk.turn >= LAST_TURN:
            return None
        if reply.cut_off and found is None:
            if self._caller.client.ask_for_more(reply):
                return replace(talk, turn=talk.turn + 1)
            self._say_once(f"{self.name}: replies reach their limit before the program; raise --max-tokens")
            if not reply.text.strip():  # all of it were thoughts, and so it would be again
                return None
        again = prompt.repair(talk.messages, reply.text, reason, self._problem.contract)
        return replace(talk, messages=again, turn=talk.turn + 1, repairing=True)

    def _shorter(self, talk: Conversation) -> Conversation | None:
        """The same in short, after a prompt that did not fit; None where it is in short already."""
        if talk.brief or talk.repairing:
            return None
        self._brief = True
        self._say_once(f"{self.name}: prompt and reply do not fit its context; asked in short from now on")
        messages = prompt.propose(self._problem, talk.operator, talk.parents, talk.failures, brief=True)
        return replace(talk, messages=messages, brief=True, turn=talk.turn + 1)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._tell(text)

    def _ask(self, talk: Conversation) -> Reply:
        temperature = REPAIR_TEMPERATURE if talk.repairing else self._temperature
        seed = talk.seed + talk.turn
        return self._caller.ask(
            talk.number, talk.turn, talk.messages, seed=seed, temperature=temperature, grammar=self._grammar
        )

    def _read(self, reply: Reply, parent: str | None) -> tuple[str | None, str]:
        """The program in a reply, and what is wrong with it (empty where nothing is)."""
        try:
            source = parse_reply(reply.text, self._problem.contract, parent, truncated=reply.cut_off)
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
