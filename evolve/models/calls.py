"""Paying for model calls: an intent before each attempt, its answer after, retries in between, replies never twice."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Protocol

import tenacity

from heuresis.archive.records import Call
from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.client import Message, ModelClient, Reply
from heuresis.evolve.models.errors import NOTHING_THERE, CallError
from heuresis.evolve.models.gate import Gate
from heuresis.evolve.telling import Tell, silent

ATTEMPTS = 4
"""Attempts per turn, the first included; those that only had to wait for a rate limit do not count."""

LONGEST_WAIT = 300.0
"""Seconds between two attempts, whatever a provider asks for."""

BELIEVED = 5
"""Attempts per turn after which a wait that was told is no longer believed to be long enough."""

LIMITED_ATTEMPTS = 50
"""Attempts per turn that had to wait for a rate limit, after which the turn has failed all the same."""

NOTEWORTHY = 10.0
"""Seconds of a wait from which on it is told."""

SILENCE = 20
"""Calls in a row without an answer, after which a model is taken not to work."""


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
    """Asks one model on behalf of one run. Thread-safe.

    `temperature` replaces the one that a proposer asks for. All threads go through one `gate`, and wait there together.
    """

    def __init__(
        self,
        client: ModelClient,
        ledger: Ledger,
        *,
        attempts: int = ATTEMPTS,
        temperature: float | None = None,
        gate: Gate | None = None,
        tell: Tell = silent,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client, self._ledger, self._attempts, self._sleep = client, ledger, attempts, sleep
        self._temperature, self.gate, self._tell = temperature, gate or Gate(), tell
        self._unanswered, self._counting = 0, threading.Lock()

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

        Raises CallError after the last attempt, BudgetExhausted, and ProposerUnavailable where the model does not work:
        nothing is there, its account is empty, or it has not answered for SILENCE calls.
        """
        recorded = next((c for c in self._ledger.calls(number) if c.turn == turn and c.reply is not None), None)
        if recorded is not None and recorded.reply is not None:
            counts = recorded.tokens_in, recorded.tokens_out, recorded.usd, recorded.seconds
            return Reply(recorded.reply, *counts, recorded.finish_reason)
        heat = temperature if self._temperature is None else self._temperature
        failed: list[CallError] = []

        def attempt() -> Reply:
            try:
                return self._pay(number, turn, messages, seed, heat, grammar)
            except CallError as error:
                failed.append(error)
                raise

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, CallError) and e.retryable),
            stop=lambda _: self._given_up(failed),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except CallError as error:
            if error.unreachable:
                raise ProposerUnavailable(f"{error}. {NOTHING_THERE}") from None
            if error.limited:
                self._count_silence(error)
            raise

    def _given_up(self, failed: Sequence[CallError]) -> bool:
        """Whether a turn has been tried often enough."""
        limited = sum(error.limited for error in failed)
        return len(failed) - limited >= self._attempts or limited >= LIMITED_ATTEMPTS

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """As long as the provider asked for, else exponentially longer; a rate limit is waited for with all others."""
        error = state.outcome.exception() if state.outcome is not None else None
        seconds = _backoff(state)
        if isinstance(error, CallError) and error.retry_after:
            told = min(error.retry_after, LONGEST_WAIT)
            seconds = told if state.attempt_number <= BELIEVED else max(told, seconds)
        if isinstance(error, CallError) and error.limited:
            if self.gate.hold(seconds) and seconds >= NOTEWORTHY:
                self._tell(f"{self.client.name}: waiting {seconds:.0f} s for its rate limit")
            return 0.0
        return seconds

    def _pay(
        self, number: int, turn: int, messages: Sequence[Message], seed: int, temperature: float, grammar: str | None
    ) -> Reply:
        """One attempt, when it is its turn: reserve, intend, call, answer."""
        prompt = json.dumps([asdict(m) for m in messages], ensure_ascii=False)
        with self.gate.turn():
            most = self.client.max_usd(messages)
            self._ledger.reserve(most)
            call = self._ledger.intend(Call(self._ledger.run, number, turn, 0, self.client.name, prompt, most))
            started = time.monotonic()
            try:
                reply = self.client.complete(messages, seed=seed, temperature=temperature, grammar=grammar)
            except (CallError, ProposerUnavailable) as error:
                cost = most if isinstance(error, CallError) and error.billed else 0.0
                self._ledger.answer(replace(call, error=str(error), usd=cost, seconds=time.monotonic() - started))
                self._note_failure(error)
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
            self.gate.answered(reply.seconds)
            self._unanswered = 0
            return reply

    def _note_failure(self, error: CallError | ProposerUnavailable) -> None:
        """Slow down where the server was too slow. Raises ProposerUnavailable where it has been silent for too long."""
        if isinstance(error, CallError) and error.slow:
            self.gate.too_slow()
        if isinstance(error, CallError) and not (error.limited or error.unreachable):
            self._count_silence(error)

    def _count_silence(self, error: CallError) -> None:
        with self._counting:
            self._unanswered += 1
            count = self._unanswered
        if count >= SILENCE:
            raise ProposerUnavailable(
                f"{self.client.name} has not answered {count} times in a row; the last time: {error}"
            ) from error


_backoff = tenacity.wait_random_exponential(multiplier=1.0, max=20.0)
