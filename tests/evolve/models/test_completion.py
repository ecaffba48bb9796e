"""Completions as servers really send them."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heuresis.evolve.models.completion import Completion, read_completion
from heuresis.evolve.models.errors import CallError, Refusal
from heuresis.evolve.models.words import words_of


def body(message: dict[str, Any], finish: str | None = "stop") -> str:
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], "usage": usage})


def read(text: str) -> Completion:
    found = read_completion(text)
    assert isinstance(found, Completion)
    return found


@pytest.mark.parametrize(
    ("message", "text", "thoughts"),
    [
        ({"content": "hi"}, "hi", ""),
        ({"content": "hi", "reasoning_content": "hm"}, "hi", "hm"),
        ({"content": "hi", "reasoning": "hm"}, "hi", "hm"),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab", ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "hm"}]}, "a", "hm"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"text": "a"}]}, "a", "hm"),
        ({"content": [{"type": "reasoning", "content": "hm"}, {"type": "output_text", "text": "a"}]}, "a", "hm"),
        ({"content": ["a", "b"]}, "ab", ""),
        ({"content": None, "refusal": "No."}, "No.", ""),
        ({"content": None}, "", ""),
    ],
)
def test_text_and_thoughts_are_kept_apart(message: dict[str, Any], text: str, thoughts: str) -> None:
    found = read(body(message))
    assert (found.text, found.thoughts) == (text, thoughts)
    assert (found.tokens_in, found.tokens_out, found.finish_reason) == (100, 20, "stop")


def test_a_reply_that_is_all_thoughts_counts_where_it_is_complete() -> None:
    message = {"content": "", "reasoning_content": "the program"}
    assert read(body(message)).reply == "the program"
    assert read(body(message, "length")).reply == ""


@pytest.mark.parametrize("finish", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
def test_replies_that_were_cut_off_are_known_under_all_names(finish: str) -> None:
    assert read(body({"content": "x"}, finish)).finish_reason == "length"


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ({"error": {"message": "rate limited upstream", "code": 429}}, 429, "rate limited upstream"),
        ({"error": "plain"}, 500, "plain"),
        ({"error": {"message": "no such parameter", "code": "invalid_request"}}, 422, "no such parameter"),
        ({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, 429, "slow down"),
        ({"choices": [{"error": {"message": "upstream died", "code": 502}, "message": {"content": ""}}]}, 502, "upstream died"),
        ({"choices": [{"finish_reason": "error", "message": {"content": ""}}]}, 500, ""),
        ({"detail": "not ready"}, 500, "not ready"),
    ],
)  # fmt: skip
def test_an_error_inside_a_200_is_an_error(answer: dict[str, Any], status: int, words: str) -> None:
    found = read_completion(json.dumps(answer))
    assert isinstance(found, Refusal)
    assert (found.status, words in found.said) == (status, True)


def test_an_error_that_is_null_is_none() -> None:
    answer = json.loads(body({"content": "hi"})) | {"error": None}
    assert read(json.dumps(answer)).text == "hi"


def stream(*chunks: dict[str, Any], end: str = "data: [DONE]\n\n") -> str:
    return ": comment\n\n" + "".join(f"event: x\ndata: {json.dumps(chunk)}\n\n" for chunk in chunks) + end


def delta(text: str, finish: str | None = None, **more: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text, **more}, "finish_reason": finish}]}


def test_a_stream_is_put_together() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    found = read(stream(delta("", reasoning_content="hm"), delta("de"), delta("f", "length"), usage))
    assert found == Completion("def", "hm", "length", 7, 3)


def test_lines_of_json_are_a_stream_too() -> None:
    lines = [{"message": {"content": "a"}}, {"message": {"content": "b"}, "done_reason": "stop"}]
    assert read("\n".join(map(json.dumps, lines))).text == "ab"


def test_an_error_within_a_stream_is_an_error() -> None:
    found = read_completion(stream(delta("a"), {"error": {"message": "died", "code": 503}}))
    assert isinstance(found, Refusal)
    assert found.status == 503


def test_a_stream_that_breaks_off_is_tried_again_and_may_have_been_billed() -> None:
    with pytest.raises(CallError, match="breaks off") as caught:
        read_completion(stream(delta("a"), end=""))
    assert caught.value.retryable
    assert caught.value.billed


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "data: {", "data: [DONE]\n\n", '{"choices": []}', "3", "\ufffd"]
)
def test_what_is_neither_is_a_call_error(text: str) -> None:
    with pytest.raises(CallError):
        read_completion(text)


NAMES = (
    "choices", "message", "content", "error", "code", "usage", "prompt_tokens", "finish_reason", "delta", "type", "text", "detail",
    "loc", "msg", "param", "metadata", "raw", "reasoning_content", "refusal", "index", "retryDelay", "thinking", "errors",
)  # fmt: skip
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*NAMES, "429", "{}"])
)
documents = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)
choices = documents.map(lambda one: {"choices": [one]}) | documents.map(lambda one: {"choices": [{"message": one}]})


@settings(max_examples=400)
@given(st.lists(documents | choices, min_size=1, max_size=3), st.booleans())
def test_no_answer_of_a_server_is_a_defect(found: list[Any], streamed: bool) -> None:
    texts = [json.dumps(one) for one in found]
    text = "".join(f"data: {one}\n\n" for one in texts) + "data: [DONE]\n" if streamed else texts[0]
    assert isinstance(words_of(text).text, str)
    try:
        answer = read_completion(text)
    except CallError:
        return
    if isinstance(answer, Refusal):
        assert isinstance(answer.error("m"), Exception)
    else:
        assert isinstance(answer.reply, str)
        assert answer.tokens_in >= 0


@settings(max_examples=200)
@given(st.text() | st.text(alphabet="<>/!-abdeh{}[]\"':,\n", max_size=200))
def test_no_text_of_a_server_is_a_defect(text: str) -> None:
    assert isinstance(words_of(text).text, str)
    with contextlib.suppress(CallError):
        read_completion(text)
