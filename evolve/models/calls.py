"""Paying for model calls: an intent before each attempt, its answer after, retries in between, replies never twice."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Protocol

import tenacity

from heuresis.archive.records import Call
from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.client import Message, ModelClient, Reply
from heuresis.evolve.models.errors import CallError

ATTEMPTS = 4
"""Attempts per turn, the first included."""

LONGEST_WAIT = 60.0
"""Seconds between two attempts, whatever a provider asks for."""


class Ledger(Protocol):
    """Where calls of one run are written down, and its budget. Thread-safe."""

    run: str  # the run's id

    def reserve(self, usd: float) -> None:
        """Raise BudgetExhausted where spending this much more would exceed the run's budget."""
        ...

    def intend(self, call: Call) -> Call:
        """Commit an intent and return it with its attempt number."""
        ...

    def answer(self, call: Call) -> None:
        """Commit what became of an intent: a reply or an error."""
        ...

    def calls(self, number: int) -> Sequence[Call]:
        """The calls of one proposal so far, in order."""
        ...


class Caller:
    """Asks one model on behalf of one run."""

    def __init__(
        self,
        client: ModelClient,
        ledger: Ledger,
        *,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client, self._ledger, self._attempts, self._sleep = client, ledger, attempts, sleep

    def ask(
        self,
        number: int,
        turn: int,
        messages: Sequence[Message],
        *,
        seed: int,
        temperature: float,
        grammar: str | None = None,
    ) -> Reply:
        """The reply to a turn of a proposal: the recorded one where there is one, else from the model.

        Raises CallError after the last attempt, ProposerUnavailable and BudgetExhausted.
        """
        recorded = next((c for c in self._ledger.calls(number) if c.turn == turn and c.reply is not None), None)
        if recorded is not None and recorded.reply is not None:
            counts = recorded.tokens_in, recorded.tokens_out, recorded.usd, recorded.seconds
            return Reply(recorded.reply, *counts, recorded.finish_reason)

        def attempt() -> Reply:
            return self._pay(number, turn, messages, seed, temperature, grammar)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, CallError) and e.retryable),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except CallError as error:
            if error.unreachable:
                raise ProposerUnavailable(
                    f"{error}. Nothing answers there: is the server up, and --api-base right?"
                ) from None
            raise

    def _pay(
        self, number: int, turn: int, messages: Sequence[Message], seed: int, temperature: float, grammar: str | None
    ) -> Reply:
        """One attempt: reserve, intend, call, answer."""
        most = self.client.max_usd(messages)
        prompt = json.dumps([asdict(m) for m in messages], ensure_ascii=False)
        self._ledger.reserve(most)
        call = self._ledger.intend(Call(self._ledger.run, number, turn, 0, self.client.name, prompt, most))
        started = time.monotonic()
        try:
            reply = self.client.complete(messages, seed=seed, temperature=temperature, grammar=grammar)
        except (CallError, ProposerUnavailable) as error:
            cost = most if isinstance(error, CallError) and error.billed else 0.0
            self._ledger.answer(replace(call, error=str(error), usd=cost, seconds=time.monotonic() - started))
            raise
        self._ledger.answer(
            replace(
                call,
                reply=reply.text,
                finish_reason=reply.finish_reason,
                tokens_in=reply.tokens_in,
                tokens_out=reply.tokens_out,
                usd=reply.usd,
                seconds=reply.seconds,
            )
        )
        return reply


_backoff = tenacity.wait_random_exponential(multiplier=1.0, max=20.0)


def _wait(state: tenacity.RetryCallState) -> float:
    """As long as the provider asked for, else exponentially longer."""
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, CallError) and error.retry_after is not None:
        return min(error.retry_after, LONGEST_WAIT)
    return _backoff(state)
