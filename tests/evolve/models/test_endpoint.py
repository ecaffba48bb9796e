"""Model clients over real HTTP, against a scripted server on loopback."""

import threading

import pytest
from scripted_server import Answer, ScriptedServer, completion, failure

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models import transport
from heuresis.evolve.models.address import is_loopback
from heuresis.evolve.models.client import Message, tokens_at_most
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.errors import CallError, PriceUnknown
from heuresis.evolve.models.factory import client_for
from heuresis.evolve.models.prices import FREE, is_openai, per_million, price_of
from heuresis.evolve.models.secrecy import redact

ASK = (Message("system", "be brief"), Message("user", "hello"))


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def client(server: ScriptedServer, **settings: object) -> OpenAIClient:
    chosen = {"price": FREE, "timeout": 5.0} | settings
    return OpenAIClient("scripted", "scripted", base_url=server.url, api_key="key-of-test", **chosen)


def ask(server: ScriptedServer, grammar: str | None = None, **settings: object):
    return client(server, **settings).complete(ASK, seed=3, temperature=0.5, grammar=grammar)


def test_a_normal_reply_has_text_tokens_and_cost() -> None:
    with ScriptedServer(completion("hi there", tokens=(1_000, 50))) as server:
        reply = ask(server, price=per_million(2.0, 10.0))
    assert (reply.text, reply.tokens_in, reply.tokens_out, reply.finish_reason) == ("hi there", 1_000, 50, "stop")
    assert reply.usd == pytest.approx(0.002 + 0.0005)
    assert reply.seconds > 0


def test_the_request_says_what_was_asked_for() -> None:
    with ScriptedServer(completion("x")) as server:
        ask(server, grammar='root ::= "x"', max_tokens=77)
        body, headers = server.seen[0], server.headers[0]
    assert body["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
    assert (body["seed"], body["temperature"], body["max_tokens"], body["grammar"]) == (3, 0.5, 77, 'root ::= "x"')
    assert headers["Authorization"] == "Bearer key-of-test"


def test_without_a_grammar_none_is_sent() -> None:
    with ScriptedServer(completion("x")) as server:
        ask(server)
        assert "grammar" not in server.seen[0]


def test_missing_usage_costs_the_most_it_can_have_cost() -> None:
    with ScriptedServer(completion("x", tokens=None)) as server:
        made = client(server, price=per_million(1.0, 1.0), max_tokens=100)
        reply = made.complete(ASK, seed=1, temperature=1.0)
    assert reply.usd == made.max_usd(ASK) == pytest.approx((tokens_at_most(ASK) + 100) / 1e6)


def test_a_refusal_is_kept_as_text() -> None:
    with ScriptedServer(completion(None, refusal="I cannot help with that")) as server:
        assert ask(server).text == "I cannot help with that"


def test_an_empty_reply_is_a_reply() -> None:
    with ScriptedServer(completion(None, finish="length")) as server:
        reply = ask(server)
    assert (reply.text, reply.finish_reason) == ("", "length")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": 3}]}',
        b"\xff\xfe",
    ],
)
def test_a_body_that_is_no_completion_is_a_call_error(body: bytes) -> None:
    with ScriptedServer(Answer(body=body)) as server, pytest.raises(CallError) as caught:
        ask(server)
    assert caught.value.billed
    assert not caught.value.retryable


def test_html_instead_of_json_is_a_call_error() -> None:
    page = Answer(body=b"<html>login</html>", headers={"Content-Type": "text/html"})
    with ScriptedServer(page) as server, pytest.raises(CallError, match=r"not JSON.*an HTML page: login") as caught:
        ask(server)
    assert not caught.value.billed
    assert not caught.value.retryable


def test_a_body_cut_off_is_retryable_and_may_have_been_billed() -> None:
    whole = completion("x" * 5_000)
    whole.drop = 100
    with ScriptedServer(whole) as server, pytest.raises(CallError) as caught:
        ask(server)
    assert caught.value.retryable
    assert caught.value.billed


def test_a_slow_reply_is_given_up_after_the_time_limit() -> None:
    slow = completion("late")
    slow.delay = threading.Event()
    with ScriptedServer(slow) as server:
        with pytest.raises(CallError, match="time limit") as caught:
            ask(server, timeout=0.2)
        slow.delay.set()
    assert caught.value.retryable
    assert caught.value.billed


def test_a_server_that_only_keeps_the_connection_alive_is_given_up_too() -> None:
    dripping = completion("x" * 200)
    dripping.drip = 0.02
    with ScriptedServer(dripping) as server, pytest.raises(CallError, match="time limit") as caught:
        ask(server, timeout=0.4)
    assert caught.value.slow


def test_a_reply_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LONGEST_BODY", 1 << 20)
    with ScriptedServer(completion("x" * (3 << 20))) as server, pytest.raises(CallError, match="longer than 1 MiB"):
        ask(server)


def test_more_fields_and_the_effort_are_sent_as_they_are() -> None:
    with ScriptedServer(completion("x")) as server:
        ask(server, extra={"top_p": 0.5}, reasoning_effort="low")
        assert (server.seen[0]["top_p"], server.seen[0]["reasoning_effort"]) == (0.5, "low")
        assert server.seen[0]["stream"] is False


def test_a_prompt_that_its_server_has_cut_is_told_once() -> None:
    told: list[str] = []
    long = (Message("user", "word " * 2_000),)
    with ScriptedServer(completion("x", tokens=(512, 5))) as server:
        made = client(server, tell=told.append)
        for _ in range(2):
            made.complete(long, seed=1, temperature=0.5)
            made.complete(ASK, seed=1, temperature=0.5)
    assert len(told) == 1
    assert "512 tokens for a prompt of 10,000 characters" in told[0]


@pytest.mark.parametrize(
    ("header", "seconds"), [("0.25", 0.25), ("7", 7.0), ("soon", None), ("-1", None), ("inf", None)]
)
def test_rate_limits_say_how_long_to_wait(header: str, seconds: float | None) -> None:
    limited = failure(429, "slow down", headers={"Retry-After": header})
    with ScriptedServer(limited) as server, pytest.raises(CallError) as caught:
        ask(server)
    assert caught.value.retryable
    assert caught.value.retry_after == seconds
    assert not caught.value.billed


@pytest.mark.parametrize("status", [500, 502, 503, 529, 408])
def test_server_errors_are_retryable_and_the_sdk_does_not_retry(status: int) -> None:
    with ScriptedServer(failure(status)) as server:
        with pytest.raises(CallError) as caught:
            ask(server)
        assert len(server.seen) == 1
    assert caught.value.retryable


@pytest.mark.parametrize(("status", "words"), [(401, "key"), (403, "key"), (404, "--model")])
def test_what_can_never_succeed_makes_the_proposer_unavailable(status: int, words: str) -> None:
    with ScriptedServer(failure(status, "denied")) as server, pytest.raises(ProposerUnavailable, match=words):
        ask(server)


def test_a_quota_used_up_is_not_a_rate_limit() -> None:
    with (
        ScriptedServer(failure(429, "pay", code="insufficient_quota")) as server,
        pytest.raises(ProposerUnavailable, match="quota"),
    ):
        ask(server)


def test_a_bad_request_is_an_ordinary_failure() -> None:
    with ScriptedServer(failure(400, "context length exceeded")) as server, pytest.raises(CallError) as caught:
        ask(server)
    assert not caught.value.retryable


def test_parameters_that_a_model_refuses_are_left_out_from_then_on() -> None:
    refused = [failure(400, "Unsupported value: 'temperature'"), failure(400, "unknown parameter seed")]
    with ScriptedServer(*refused, completion("fine")) as server:
        made = client(server)
        assert made.complete(ASK, seed=1, temperature=0.3).text == "fine"
        assert made.complete(ASK, seed=1, temperature=0.3).text == "fine"
        sent = [("temperature" in body, "seed" in body) for body in server.seen]
    assert sent == [(True, True), (False, True), (False, False), (False, False)]


def test_an_endpoint_that_is_not_there_is_unreachable() -> None:
    with ScriptedServer(completion("x")) as server:
        made = client(server)
    with pytest.raises(CallError) as caught:
        made.complete(ASK, seed=1, temperature=0.3)
    assert caught.value.unreachable
    assert not caught.value.billed


def test_secrets_in_an_error_body_do_not_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "a-very-private-value")
    leaky = failure(400, "bad key sk-abcdefghijkl1234 and a-very-private-value, Authorization: Bearer qwertyuiop12")
    with ScriptedServer(leaky) as server, pytest.raises(CallError) as caught:
        ask(server)
    text = str(caught.value)
    assert "[redacted]" in text
    assert not any(secret in text for secret in ("abcdefghijkl", "a-very-private-value", "qwertyuiop"))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://user:hunter22@host/v1", "hunter22"),
        ("GET https://host/v1?api_key=0123456789&x=1", "0123456789"),
        ("GET https://host/v1?key=0123456789", "0123456789"),
        ('{"api_key": "0123456789"}', "0123456789"),
        ("x-api-key: 0123456789", "0123456789"),
        ("sk-proj-AbC_dEf-0123456789", "0123456789"),
        ("Incorrect API key provided: sk-ab****************wxyz.", "wxyz"),
    ],
)
def test_redact_knows_the_usual_shapes(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "[redacted]" in redact(text)


def test_redact_leaves_ordinary_text_alone() -> None:
    text = "line 3: unknown name `p_maxx`; the risk is small (https://host/v1/chat?x=1)"
    assert redact(text) == text


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ProposerUnavailable, match="OPENAI_API_KEY"):
        client_for("openai/gpt-4o-mini")
    with pytest.raises(ProposerUnavailable, match="OPENAI_API_KEY"):
        client_for("whatever", "https://example.invalid/v1")


def test_loopback_needs_no_key_and_costs_nothing() -> None:
    with ScriptedServer(completion("x")) as server:
        made = client_for("gpt-4o-mini", server.url, budget_usd=1.0)
        assert made.complete(ASK, seed=1, temperature=1.0).usd == 0
        assert server.seen[0]["model"] == "gpt-4o-mini"
        assert made.max_usd(ASK) == 0
    assert is_loopback("http://localhost:8080/v1")
    assert is_loopback("http://[::1]:8080/v1")
    assert not is_loopback("https://api.openai.com/v1")


def test_prices_come_from_the_table_and_bound_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    price = price_of("openai/gpt-4o-mini")
    assert price is not None
    assert 0 < price.per_token_in < price.per_token_out < 1e-3
    made = client_for("openai/gpt-4o-mini", budget_usd=1.0)
    assert made.max_usd(ASK) >= price.usd(30, 8_192)
    assert is_openai("gpt-4o-mini")
    assert not is_openai("claude-haiku-4-5")


def test_an_unknown_price_with_a_budget_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    with pytest.raises(
        PriceUnknown, match=r"--price-in and --price-out, or limit --evaluations or --minutes instead of --budget-usd$"
    ):
        client_for("no-such-model", "https://example.invalid/v1", budget_usd=1.0)
    made = client_for("no-such-model", "https://example.invalid/v1", price=per_million(1.0, 2.0), budget_usd=1.0)
    assert made.max_usd(ASK) > 0


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ProposerUnavailable, match="http"):
        client_for("m", "localhost:8000")


def test_other_providers_go_through_litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProposerUnavailable, match="ANTHROPIC_API_KEY"):
        client_for("anthropic/claude-haiku-4-5")
    with pytest.raises(ProposerUnavailable, match="knows no provider"):
        client_for("no-such-provider/at-all")
    client_for("bedrock/anthropic.claude-3-haiku-20240307-v1:0")  # roles and profiles are no variable
    client_for("vertex_ai/gemini-1.5-pro")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key of\ntwo lines")
    with pytest.raises(ProposerUnavailable, match="ANTHROPIC_API_KEY holds no key"):
        client_for("anthropic/claude-haiku-4-5")
    with ScriptedServer(
        completion("through litellm", tokens=(10, 5)), failure(401, "wrong sk-abcdefghijkl1234")
    ) as server:
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.url)
        monkeypatch.setenv("HOSTED_VLLM_API_KEY", "key-of-test")
        made = client_for("hosted_vllm/toy", price=per_million(1.0, 1.0), timeout=10.0)
        reply = made.complete(ASK, seed=1, temperature=0.5)
        assert (reply.text, reply.tokens_in, reply.tokens_out) == ("through litellm", 10, 5)
        assert reply.usd == pytest.approx(15e-6)
        with pytest.raises(ProposerUnavailable) as caught:
            made.complete(ASK, seed=1, temperature=0.5)
        assert "abcdefghijkl" not in str(caught.value)
        assert len(server.seen) == 2
