"""What endpoints refuse, in their own words, and how they are asked from then on."""

import pytest

from heuresis.evolve.models.client import Message
from heuresis.evolve.models.dialect import Dialect, Manner, Request
from heuresis.evolve.models.errors import Refusal
from heuresis.evolve.models.words import words_of

ASK = (Message("system", "be brief"), Message("user", "hello"))
REQUEST = Request(ASK, 3, 0.9, "root ::= x", "low", 16_384)

ROOM_OF_OPENAI = (
    "This model's maximum context length is 8192 tokens. However, you requested 17284 tokens (900 in the messages, 16384 "
    "in the completion). Please reduce the length"
)
ROOM_OF_VLLM = (
    "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 8192 tokens and "
    "your request has 900 input tokens (16384 > 8192 - 900)."
)


def after(status: int, body: str, request: Request = REQUEST) -> tuple[Manner, list[str]]:
    """What is known after one refusal, and what was told."""
    told: list[str] = []
    dialect = Dialect("m", told.append)
    manner = dialect.manner
    dialect.learn(Refusal(status, words_of(body)), manner.fields(request), manner)
    return dialect.manner, told


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (400, "Unsupported value: 'temperature' does not support 0.9", "temperature"),
        (400, "Unrecognized request argument supplied: seed", "seed"),
        (422, '{"detail": [{"loc": ["body", "seed"], "msg": "extra fields not permitted"}]}', "seed"),
        (400, '{"error": {"message": "bad", "param": "reasoning_effort"}}', "reasoning_effort"),
        (400, "unknown field: grammar", "grammar"),
        (400, '{"error": "stream=false is not supported: stream"}', "stream"),
        (500, "create() got an unexpected keyword argument 'seed'", "seed"),
        (400, "Extra inputs are not permitted", "seed"),
    ],
)
def test_a_refused_parameter_is_left_out(status: int, body: str, refused: str) -> None:
    manner, told = after(status, body)
    assert manner.refused == {refused}
    assert refused not in manner.fields(REQUEST)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, "wrong key; seed"),
        (429, "too many requests with temperature"),
        (400, "content filter"),
        (500, "out of memory while sampling with temperature"),
        (400, "seeds and temperatures_x"),
    ],
)
def test_other_errors_teach_nothing(status: int, body: str) -> None:
    assert after(status, body) == (Manner(), [])


@pytest.mark.parametrize(
    "body",
    [
        "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        '{"error": {"message": "unsupported", "param": "max_tokens"}}',
        '{"detail": [{"loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}]}',
    ],
)
def test_the_limit_of_a_reply_has_two_names(body: str) -> None:
    manner, _ = after(400, body)
    fields = manner.fields(REQUEST)
    assert (fields.get("max_completion_tokens"), "max_tokens" in fields) == (16_384, False)


def test_an_endpoint_may_take_neither_name() -> None:
    dialect = Dialect("m", lambda _: None)
    for name in ("max_tokens", "max_completion_tokens"):
        manner = dialect.manner
        assert dialect.learn(Refusal(400, words_of(f"{name} is not permitted")), manner.fields(REQUEST), manner)
    assert not {"max_tokens", "max_completion_tokens"} & dialect.manner.fields(REQUEST).keys()


@pytest.mark.parametrize(
    ("body", "longest"),
    [
        ("max_tokens is too large: 16384. This model supports at most 4096 completion tokens", 4_096),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8_192),
        ("max_tokens: 16384 > 8,192, which is the maximum allowed number of output tokens", 8_192),
        ("max_tokens is too large", 8_192),
        (ROOM_OF_OPENAI, 8_192 - 900 - 32),
        (ROOM_OF_VLLM, 8_192 - 900 - 32),
    ],
)
def test_a_limit_that_is_too_large_becomes_what_fits(body: str, longest: int) -> None:
    manner, _ = after(400, body)
    assert manner.longest == longest
    assert manner.fields(REQUEST)["max_tokens"] == longest


@pytest.mark.parametrize(
    "body",
    [
        "the request exceeds the available context size (4096 tokens)",
        "request (9000 tokens) exceeds the available context size (4096 tokens)",
        "This model's maximum context length is 4096 tokens, your prompt has 4000 tokens",
    ],
)
def test_a_prompt_without_room_for_a_reply_is_no_matter_of_parameters(body: str) -> None:
    assert after(400, body) == (Manner(), [])


@pytest.mark.parametrize(
    "body",
    [
        "System role not supported",
        '{"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "Input should be \'user\' or \'assistant\'"}]}',
        "messages[0].role: unknown variant `system`",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Developer instruction is not enabled for models/gemma",
    ],
)
def test_without_the_role_system_its_text_goes_before_the_first_question(body: str) -> None:
    manner, _ = after(400, body)
    assert manner.fields(REQUEST)["messages"] == [{"role": "user", "content": "be brief\n\nhello"}]


def test_what_another_thread_has_learnt_is_tried_first_and_told_once() -> None:
    told: list[str] = []
    dialect = Dialect("m", told.append)
    manner = dialect.manner
    sent = manner.fields(REQUEST)
    refusal = Refusal(400, words_of("seed is not permitted"))
    assert [dialect.learn(refusal, sent, manner) for _ in range(3)] == [True, True, True]
    assert len(told) == 1
    assert "400: seed is not permitted" in told[0]


def test_what_is_not_said_is_not_sent() -> None:
    fields = Manner().fields(Request(ASK, 1, 0.5))
    assert set(fields) == {"messages", "stream", "temperature", "seed"}
    assert fields["stream"] is False
