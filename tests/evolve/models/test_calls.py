"""The ledger: intents before calls, answers after, retries as further attempts, recorded replies never asked again."""

import threading
from datetime import UTC, datetime

import pytest
from model_parts import MemoryLedger
from scripted_server import ScriptedServer, completion, failure

from heuresis.archive.records import Call, Run, RunStatus
from heuresis.archive.store import Archive
from heuresis.evolve.config import Config
from heuresis.evolve.errors import BudgetExhausted, ProposerUnavailable
from heuresis.evolve.models.calls import ATTEMPTS, BELIEVED, LONGEST_WAIT, SILENCE, Caller
from heuresis.evolve.models.client import Message
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.errors import CallError
from heuresis.evolve.models.gate import Gate
from heuresis.evolve.models.prices import FREE, Price, per_million
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.ledger import RunLedger

ASK = (Message("user", "hello"),)


def caller(server: ScriptedServer, ledger: MemoryLedger, *, price: Price = FREE, timeout: float = 5.0) -> Caller:
    made = OpenAIClient("scripted", "m", base_url=server.url, api_key="k", price=price, max_tokens=100, timeout=timeout)
    return Caller(made, ledger, sleep=lambda _: None)


class Counting(Gate):
    """Writes down how long it would hold."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def hold(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return True


def ask(made: Caller, number: int = 1, turn: int = 0):
    return made.ask(number, turn, ASK, seed=1, temperature=0.5)


def test_the_intent_is_there_before_the_request_arrives_and_the_answer_after() -> None:
    ledger = MemoryLedger()

    def look(_: object) -> None:
        assert ledger.events == ["intend"]
        assert ledger.rows[0].reply is None
        ledger.events.append("request")

    with ScriptedServer(completion("hi", tokens=(10, 2)), on_request=look) as server:
        reply = ask(caller(server, ledger, price=per_million(1.0, 1.0)))
    assert ledger.events == ["intend", "request", "answer"]
    row = ledger.rows[0]
    assert (row.run, row.number, row.turn, row.attempt, row.model) == ("r_1", 1, 0, 0, "scripted")
    assert (row.reply, row.tokens_in, row.tokens_out) == ("hi", 10, 2)
    assert row.usd == reply.usd == pytest.approx(12e-6)
    assert row.max_usd > row.usd
    assert "hello" in row.prompt


def test_a_rate_limit_waits_as_long_as_asked_then_succeeds() -> None:
    ledger, gate = MemoryLedger(), Counting()
    with ScriptedServer(
        failure(429, headers={"Retry-After": "0.01"}), failure(429, headers={"Retry-After": "86400"}), completion("ok")
    ) as server:
        made, told = caller(server, ledger), []
        made.gate, made._tell = gate, told.append
        assert ask(made).text == "ok"
    assert gate.waits == [0.01, LONGEST_WAIT]
    assert told == ["scripted: waiting 300 s for its rate limit"]
    assert [(c.attempt, c.reply is not None, c.error is not None) for c in ledger.rows] == [
        (0, False, True),
        (1, False, True),
        (2, True, False),
    ]
    assert ledger.events == ["intend", "answer"] * 3


def test_having_waited_is_no_failure() -> None:
    limited = [failure(429, headers={"Retry-After": "1"}) for _ in range(10)]
    with ScriptedServer(*limited, completion("ok")) as server:
        made = caller(server, MemoryLedger())
        made.gate = gate = Counting()
        made._attempts = 1
        assert ask(made).text == "ok"
    assert gate.waits[:BELIEVED] == [1.0] * BELIEVED
    assert len(gate.waits) == 10
    assert min(gate.waits) >= 1.0


def test_a_model_that_never_answers_is_given_up() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(failure(500, "broken")) as server:
        made = caller(server, ledger)
        for number in range(SILENCE // ATTEMPTS - 1):
            with pytest.raises(CallError):
                ask(made, number)
        with pytest.raises(ProposerUnavailable, match=rf"has not answered {SILENCE} times in a row.*500: broken"):
            ask(made, SILENCE)
    assert len(ledger.rows) == SILENCE
    assert all(call.error for call in ledger.rows)


def test_an_answer_ends_a_silence() -> None:
    with ScriptedServer(*[failure(500)] * 3, completion("ok"), *[failure(500)] * 3, completion("ok")) as server:
        made = caller(server, MemoryLedger())
        assert [ask(made, number).text for number in range(2)] == ["ok", "ok"]
        assert made._unanswered == 0


def test_a_server_error_is_tried_again_and_costs_nothing() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(failure(500), completion("ok")) as server:
        assert ask(caller(server, ledger, price=per_million(1.0, 1.0))).text == "ok"
    assert ledger.rows[0].usd == 0.0


def test_retries_are_bounded() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(failure(503)) as server:
        with pytest.raises(CallError):
            ask(caller(server, ledger))
        assert len(server.seen) == len(ledger.rows) == 4


def test_a_timeout_counts_as_paid() -> None:
    ledger, slow = MemoryLedger(), completion("late")
    slow.delay = threading.Event()
    with ScriptedServer(slow, completion("ok")) as server:
        assert ask(caller(server, ledger, price=per_million(1.0, 1.0), timeout=0.3)).text == "ok"
        slow.delay.set()
    assert ledger.rows[0].error is not None
    assert ledger.rows[0].usd == ledger.rows[0].max_usd > 0


def test_nothing_there_ends_in_a_clear_message() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(completion("x")) as server:
        made = caller(server, ledger)
    with pytest.raises(ProposerUnavailable, match="--api-base"):
        ask(made)
    assert all(c.error for c in ledger.rows)


def test_a_wrong_key_is_written_down_and_not_tried_again() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(failure(401, "Incorrect API key: sk-abcdefgh12345678")) as server:
        with pytest.raises(ProposerUnavailable):
            ask(caller(server, ledger))
        assert len(server.seen) == 1
    assert ledger.rows[0].error is not None
    assert "abcdefgh" not in ledger.rows[0].error


def test_a_budget_that_would_be_exceeded_stops_before_the_intent_and_the_call() -> None:
    ledger = MemoryLedger(budget=1e-6)
    with ScriptedServer(completion("x")) as server:
        with pytest.raises(BudgetExhausted):
            ask(caller(server, ledger, price=per_million(1.0, 1.0)))
        assert server.seen == []
    assert ledger.rows == []


def test_each_attempt_is_checked_against_the_budget() -> None:
    slow = completion("late")
    slow.delay = threading.Event()
    with ScriptedServer(slow) as server:
        made = caller(server, MemoryLedger(), price=per_million(1.0, 1.0), timeout=0.2)
        made._ledger = ledger = MemoryLedger(budget=1.5 * made.client.max_usd(ASK))
        with pytest.raises(BudgetExhausted):
            ask(made)
        slow.delay.set()
        assert len(server.seen) == 1
    assert len(ledger.rows) == 1


def test_a_recorded_reply_is_used_instead_of_a_call() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(completion("first"), completion("second")) as server:
        assert ask(caller(server, ledger)).text == "first"
        assert ask(caller(server, ledger)).text == "first"
        assert len(server.seen) == 1
        assert ask(caller(server, ledger), turn=1).text == "second"
        assert ask(caller(server, ledger), number=2).text == "second"


def test_a_recorded_reply_keeps_its_finish_reason() -> None:
    with Archive.open(":memory:") as archive:
        now = datetime.now(UTC)
        archive.start_run(Run("r_1", "tiny", 1, "{}", 0, "{}", "", "none", RunStatus.RUNNING, "", now, now))
        ledger = RunLedger("r_1", archive, Budget(Config("tiny"), lambda: 0.0))
        with ScriptedServer(completion("cut", finish="length", tokens=None), completion("x")) as server:
            made = OpenAIClient("scripted", "m", base_url=server.url, api_key="k", price=FREE)
            replies = [ask(Caller(made, ledger)) for _ in range(2)]
            assert len(server.seen) == 1
    assert [(reply.text, reply.finish_reason) for reply in replies] == [("cut", "length")] * 2
    assert replies[0] == replies[1]


def test_an_intent_without_an_answer_is_issued_again_and_stays_reserved() -> None:
    ledger = MemoryLedger(budget=1.0)
    lost = ledger.intend(Call("r_1", 1, 0, 0, "scripted", "[]", 0.25))
    with ScriptedServer(completion("again")) as server:
        assert ask(caller(server, ledger)).text == "again"
    assert [c.attempt for c in ledger.rows] == [0, 1]
    assert ledger.rows[0] == lost
    with pytest.raises(BudgetExhausted):
        ledger.reserve(0.8)
