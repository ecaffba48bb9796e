"""What leaves by the SDK's client and what comes back, with everything in the environment that it would listen to."""

import gzip
import os

import pytest
from scripted_server import Answer, ScriptedServer, completion

from heuresis.evolve.model_settings import ModelSettings
from heuresis.evolve.models import transport
from heuresis.evolve.models.address import address_of
from heuresis.evolve.models.client import Message, ReplyLimit
from heuresis.evolve.models.errors import CallError
from heuresis.evolve.models.providers import LiteLLMClient
from heuresis.evolve.models.transport import Transport

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
OF_THE_SDK = {
    "OPENAI_API_KEY": "sk-of-the-environment",
    "OPENAI_ADMIN_KEY": "sk-of-an-administrator",
    "OPENAI_BASE_URL": "http://elsewhere.invalid/v1",
    "OPENAI_ORG_ID": "org-of-mine",
    "OPENAI_PROJECT_ID": "project-of-mine",
    "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer sk-custom\nauthorization: x\nHost: elsewhere.invalid\nX-Mine: schlüssel",
}
HEADERS = {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("key", "query", "header"),
    [("", "", {}), ("mine", "", {"authorization": "Bearer mine"}), ("mine", "?api-version=1", {"api-key": "mine"})],
)
def test_what_leaves_is_what_was_meant(
    key: str, query: str, header: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in OF_THE_SDK.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer(completion("hi")) as server:
        made = Transport("x", address_of(server.url + query), key)
        made.post("/chat/completions", {"model": "m"}, 5.0)
        sent = {name.lower(): value for name, value in server.headers[0].items()}
        assert server.paths == ["/v1/chat/completions" + query]
        assert sent["host"] in server.url
    assert sent["user-agent"] == "heuresis"
    assert set(sent) == HEADERS | set(header)
    assert header.items() <= sent.items()
    assert len(server.headers[0]) == len(sent)


@pytest.mark.parametrize("status", [200, 301, 401, 404, 429, 500])
@pytest.mark.parametrize("body", [b"data: {}\n\ndata: [DONE]\n\n", b"<html>\xff</html>", b"{", b"\x00", b""])
def test_every_body_comes_back_as_it_is_under_every_status(status: int, body: bytes) -> None:
    answer = Answer(status, body, {"Content-Type": "text/event-stream; charset=nonsense", "Retry-After": "3"})
    with ScriptedServer(answer, listing=answer) as server:
        made = Transport("x", address_of(server.url), "")
        for found in (made.post("/chat/completions", {}, 5.0), made.get(server.url + "/models", 5.0)):
            assert (found.status, found.body) == (status, body.decode("utf-8", "replace"))
            assert found.headers["retry-after"] == "3"
        assert len(server.seen) == len(server.looked_at) == 1


@pytest.mark.parametrize("status", [200, 500])
def test_a_packed_body_is_unpacked_and_its_whole_length_counts(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LONGEST_BODY", 1_000)
    packed = [Answer(status, gzip.compress(b"x" * size), {"Content-Encoding": "gzip"}) for size in (1_000, 1_001)]
    with ScriptedServer(*packed) as server:
        made = Transport("x", address_of(server.url), "")
        assert made.post("/chat/completions", {}, 5.0).body == "x" * 1_000
        with pytest.raises(CallError, match="the reply is longer"):
            made.post("/chat/completions", {}, 5.0)


@pytest.mark.parametrize("status", [200, 500])
def test_the_time_limit_is_for_all_of_an_answer_whatever_its_status(status: int) -> None:
    with ScriptedServer(Answer(status, b"x" * 200, drip=0.02)) as server, pytest.raises(CallError) as caught:
        Transport("x", address_of(server.url), "").post("/chat/completions", {}, 0.4)
    assert caught.value.slow


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_that_breaks_off_is_a_call_error_whatever_its_status(status: int) -> None:
    with ScriptedServer(Answer(status, b"x" * 200, drop=100)) as server, pytest.raises(CallError) as caught:
        Transport("x", address_of(server.url), "").post("/chat/completions", {}, 5.0)
    assert (caught.value.retryable, caught.value.billed, caught.value.slow) == (True, True, False)


def test_other_providers_ask_this_machine_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(completion("from a proxy")) as proxy, ScriptedServer(completion("straight")) as server:
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        monkeypatch.setenv("NO_PROXY", "intranet.example")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.url)
        made = LiteLLMClient("hosted_vllm/toy", None, ModelSettings(), limit=ReplyLimit.fixed(9), timeout=20.0)
        assert made.complete((Message("user", "hello"),), seed=1, temperature=0.5).text == "straight"
        assert (proxy.seen, proxy.looked_at) == ([], [])
    assert os.environ["NO_PROXY"] == "intranet.example,localhost,127.0.0.1,::1"
