"""A client of endpoints that speak OpenAI's protocol."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.address import Address, address_of
from heuresis.evolve.models.client import Message, PricedClient, Reply, ReplyLimit
from heuresis.evolve.models.completion import Completion, read_completion
from heuresis.evolve.models.dialect import LENGTH_KEYS, Dialect, Manner, Request
from heuresis.evolve.models.errors import NOTHING_THERE, CallError, Refusal
from heuresis.evolve.models.prices import Price
from heuresis.evolve.models.secrecy import redact
from heuresis.evolve.models.transport import Answer, Transport
from heuresis.evolve.models.waiting import delay_of
from heuresis.evolve.models.words import words_of
from heuresis.evolve.telling import Tell, silent

PROBE_SECONDS = 10.0
LESSONS = 8
"""How often one call is put otherwise because the endpoint refuses it."""

LONGEST_TOKEN, LONG_PROMPT = 10, 4_000
"""A prompt of so many characters that counts fewer tokens than one for every so many was cut by its server."""


class OpenAIClient(PricedClient):
    """Any endpoint that speaks OpenAI's chat completions. An empty `api_key` is not sent."""

    def __init__(
        self,
        name: str,
        model: str,
        *,
        base_url: str | Address,
        api_key: str,
        price: Price | None,
        max_tokens: int | ReplyLimit = 4_096,
        timeout: float = 180.0,
        extra: Mapping[str, Any] | None = None,
        reasoning_effort: str | None = None,
        tell: Tell = silent,
    ) -> None:
        limit = max_tokens if isinstance(max_tokens, ReplyLimit) else ReplyLimit.fixed(max_tokens)
        super().__init__(name, price, limit, timeout)
        address = base_url if isinstance(base_url, Address) else address_of(base_url)
        self.model, self._extra, self._effort, self._tell = model, dict(extra or {}), reasoning_effort, tell
        self._transport = Transport(name, address, api_key)
        # OpenAI's newer models refuse the old name, other servers do not know the new one; both are learnt.
        own = (urlsplit(address.base).hostname or "").endswith(".openai.com")
        self._dialect = Dialect(name, tell, Manner(length_key=LENGTH_KEYS[1] if own else LENGTH_KEYS[0]))
        self._cut_prompt = False

    def complete(
        self, messages: Sequence[Message], *, seed: int, temperature: float, grammar: str | None = None
    ) -> Reply:
        """Call the model once; what the endpoint refuses is put otherwise from then on."""
        request = Request(messages, seed, temperature, grammar, self._effort, self.limit)
        started = time.monotonic()
        found, limit = self._settled(request, LESSONS)
        return self._reply(found, messages, limit, time.monotonic() - started)

    def _settled(self, request: Request, lessons: int) -> tuple[Completion, int | None]:
        """The completion, and the limit of the reply under which it was made, after as many lessons at most."""
        manner = self._dialect.manner
        sent = manner.fields(request)
        found = self._ask(sent)
        if isinstance(found, Completion):
            return found, manner.limit(request.most)
        if lessons and self._dialect.learn(found, sent, manner):
            return self._settled(request, lessons - 1)
        raise found.error(self.name)

    @property
    def own(self) -> bool:
        """Whether the endpoint is a server of one's own."""
        return self._transport.address.own

    def sendable(self, limit: int | None) -> int | None:
        """The limit of a reply that is sent where this one is wanted; None where none is."""
        return self._dialect.manner.limit(limit)

    def probe(self) -> None:
        """Look whether anything answers at the address, by a request that costs nothing: the list of models.

        Raises ProposerUnavailable where nothing does, or where the key is refused; an address without its `/v1` is put
        in order. Whatever else is answered says nothing about calls.
        """
        base = self._transport.address.base
        try:
            listed = self._transport.get(base + "/models", PROBE_SECONDS)
        except CallError as error:
            if not error.unreachable:
                return
            raise ProposerUnavailable(f"{error}. {NOTHING_THERE}") from None
        if listed.status == 401:
            raise self._refusal(listed).error(self.name)
        if 300 <= listed.status < 400:
            raise self._moved(listed)
        if listed.status == 404 and not base.endswith("/v1"):
            self._try_version_1(base + "/v1")

    def _try_version_1(self, base: str) -> None:
        """Go to the `/v1` below an address where that is the endpoint."""
        try:
            listed = self._transport.get(base + "/models", PROBE_SECONDS)
        except CallError:
            return
        if listed.status == 200:
            note = f"{self.name}: nothing is at {self._transport.address.base}; using {base}"
            self._transport.address = self._transport.address.at(base, note)
            self._tell(note)

    def _ask(self, sent: Mapping[str, Any]) -> Completion | Refusal:
        body = {"model": self.model, **sent, **self._extra}
        answer = self._transport.post("/chat/completions", body, self.timeout)
        if 300 <= answer.status < 400:
            raise self._moved(answer)
        if answer.status >= 400:
            return self._refusal(answer)
        try:
            return read_completion(answer.body)
        except CallError as error:
            billed = error.billed
            raise CallError(f"{self.name}: {error}", billed=billed, retryable=error.retryable) from None

    def _refusal(self, answer: Answer) -> Refusal:
        return Refusal(answer.status, words_of(answer.body), delay_of(answer.headers))

    def _moved(self, answer: Answer) -> ProposerUnavailable:
        where = urlsplit(answer.headers.get("location", ""))
        place = f"{where.scheme}://{where.netloc}{where.path}" if where.netloc else where.path or "nowhere"
        return ProposerUnavailable(
            f"{self.name}: {self._transport.address.base} sends on to {redact(place)} ({answer.status}), which is not "
            "followed: give the right address by --api-base"
        )

    def _reply(self, found: Completion, messages: Sequence[Message], limit: int | None, seconds: float) -> Reply:
        self._look_at_prompt(messages, found.tokens_in)
        cut = limit is not None and found.tokens_out >= limit
        usd = self.cost(messages, found.tokens_in, found.tokens_out)
        reason = "length" if cut else found.finish_reason
        return Reply(found.reply, found.tokens_in, found.tokens_out, usd, seconds, reason, limit)

    def _look_at_prompt(self, messages: Sequence[Message], tokens: int) -> None:
        """Tell once where the server has read fewer tokens than the prompt can have."""
        characters = sum(len(m.content) for m in messages)
        if self._cut_prompt or characters < LONG_PROMPT or not 0 < tokens < characters / LONGEST_TOKEN:
            return
        self._cut_prompt = True
        self._tell(
            f"{self.name}: the server counts {tokens:,} tokens for a prompt of {characters:,} characters, so it has "
            "probably cut it: give it a larger context (Ollama: OLLAMA_CONTEXT_LENGTH, llama.cpp: --ctx-size)"
        )
