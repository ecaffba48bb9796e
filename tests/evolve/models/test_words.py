"""What servers say, whatever shape they say it in, and how long they ask to wait."""

import json

import pytest

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.errors import CallError, Refusal
from heuresis.evolve.models.waiting import delay_in, delay_of
from heuresis.evolve.models.words import LONGEST, words_of

NOW = 1_445_412_420.0  # 2015-10-21 07:27:00 UTC


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("bad request: temperature must be 1", "bad request: temperature must be 1"),
        ('{"error": {"message": "no", "type": "invalid"}}', "no"),
        ('{"error": "text"}', "text"),
        ('{"message": "from a proxy"}', "from a proxy"),
        ('{"detail": "Not Found"}', "Not Found"),
        ('{"detail": [{"loc": ["body", "seed"], "msg": "not permitted", "input": {"temperature": 1}}]}', "body.seed: not permitted"),
        ('{"title": "Bad", "detail": "why", "status": 400}', "why; Bad"),
        ('[{"error": {"message": "in a list"}}]', "in a list"),
        ('{"errors": ["a", "b"]}', "a; b"),
        ('{"errors": [{"code": 7003, "message": "No route"}]}', "No route"),
        ('"only a text"', "only a text"),
        ('{"error": {"message": "outer", "metadata": {"raw": "{\\"error\\": {\\"message\\": \\"inner\\"}}"}}}', "outer; inner"),
        ('{"foo": "bar"}', '{"foo": "bar"}'),
        ("<html><head><title>502 Bad Gateway</title><style>p{}</style></head><body><h1>502 Bad Gateway</h1></body></html>",
         "an HTML page: 502 Bad Gateway"),
        ("<p>Log in<br>first", "an HTML page: Log in first"),
        ("two\n  lines", "two lines"),
        ("", ""),
        ("null", ""),
    ],
)  # fmt: skip
def test_every_shape_is_read(body: str, text: str) -> None:
    assert words_of(body).text == text


def test_words_are_short_and_hold_no_secret() -> None:
    found = words_of(json.dumps({"error": {"message": "key sk-abcdefghijkl1234 " + "x" * 5_000}}))
    assert len(found.text) <= LONGEST
    assert "abcdefghijkl" not in found.text


def test_a_deep_body_is_read_to_some_depth() -> None:
    assert words_of('{"error":' * 40 + '"x"' + "}" * 40).text
    assert words_of("[" * 100_000)


def test_codes_and_parameters_are_kept_for_decisions() -> None:
    found = words_of('{"error": {"message": "no", "code": "unsupported_parameter", "param": "max_tokens"}}')
    assert (found.code, found.names) == ("unsupported_parameter", ("max_tokens",))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 60.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:20:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-requests": "1.5s", "x-ratelimit-remaining-requests": "0",
          "x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "9"}, 1.5),
        ({"X-RateLimit-Reset": "1445412490000", "X-RateLimit-Remaining": "0"}, 70.0),
        ({"X-RateLimit-Reset": "1445412490"}, 70.0),
        ({"anthropic-ratelimit-requests-reset": "2015-10-21T07:29:00Z"}, 120.0),
        ({"x-ratelimit-limit-requests": "60"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_headers_say_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert delay_of(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Rate limit reached. Please try again in 20s. Visit …", 20.0),
        ("Please retry after 1m2.5s", 62.5),
        ("retry in 250 ms", 0.25),
        ("Please wait 2 minutes and try", 120.0),
        ("34s", 34.0),
        ("limited to 30 requests", None),
    ],
)
def test_texts_say_how_long_to_wait(text: str, seconds: float | None) -> None:
    assert delay_in(text) == seconds


def refused(status: int, body: str) -> Exception:
    return Refusal(status, words_of(body)).error("m")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, "Insufficient Balance"),
        (429, '{"error": {"message": "pay", "code": "insufficient_quota"}}'),
        (400, '{"error": "Your credit balance is too low"}'),
        (403, "account suspended: balance overdue"),
        (401, ""),
        (404, '{"detail": "Not Found"}'),
    ],
)
def test_what_no_further_call_can_mend(status: int, body: str) -> None:
    assert isinstance(refused(status, body), ProposerUnavailable)


def test_a_quota_that_comes_back_is_a_rate_limit() -> None:
    details = [{"@type": "RetryInfo", "retryDelay": "34s"}]
    error = {"code": 429, "message": "You exceeded your current quota, check your billing", "details": details}
    found = refused(429, json.dumps([{"error": error}]))
    assert isinstance(found, CallError)
    assert (found.limited, found.retryable, found.retry_after) == (True, True, 34.0)


@pytest.mark.parametrize(
    "text",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "the request exceeds the available context size (4096 tokens)",
        '{"error": {"message": "x", "code": "context_length_exceeded"}}',
        "prompt is too long: 210000 tokens > 200000 maximum",
        "Input is too long for requested model.",
        "The input token count (1200000) exceeds the maximum number of tokens allowed",
    ],
)
def test_a_prompt_that_does_not_fit_is_told_from_other_refusals(text: str) -> None:
    found = refused(400, text)
    assert isinstance(found, CallError)
    assert found.too_long
    assert not found.retryable


@pytest.mark.parametrize(("status", "text"), [(413, "Payload"), (429, "Request too large for m on tokens per min")])
def test_a_request_that_is_too_large_is_not_waited_for(status: int, text: str) -> None:
    found = refused(status, text)
    assert isinstance(found, CallError)
    assert (found.too_long, found.retryable) == (True, False)


def test_other_refusals_are_no_matter_of_length() -> None:
    found = refused(400, "temperature must be 1")
    assert isinstance(found, CallError)
    assert not found.too_long
