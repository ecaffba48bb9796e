"""Addresses as people copy them, keys that go nowhere in the clear, and proxies that see nothing of this machine."""

import pytest
from scripted_server import Answer, ScriptedServer, completion

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.model_settings import ModelSettings
from heuresis.evolve.models.address import address_of, is_loopback
from heuresis.evolve.models.client import Message
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.errors import CallError
from heuresis.evolve.models.factory import client_for
from heuresis.evolve.models.secrecy import redact

ASK = (Message("user", "hello"),)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
KEY = "sk-a-real-key-0123456789"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", *PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(name, raising=False)


def call(model: str, base: str | None = None, **settings: object):
    return client_for(model, base, settings=ModelSettings(**settings)).complete(ASK, seed=1, temperature=0.5)


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("  http://127.0.0.1:8080/v1/ ", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1"),
        ("https://host/v1/chat/completions", "https://host/v1"),
        ("https://host/v1/chat/completions/", "https://host/v1"),
        ("https://host/openai/v1/models", "https://host/openai/v1"),
        ("https://host/chat/completions", "https://host/v1"),
    ],
)
def test_an_address_is_put_in_order_and_that_is_told(given: str, base: str) -> None:
    address = address_of(given)
    assert address.base == base
    assert bool(address.notes) == (given.strip().rstrip("/") != base)
    assert all("--api-base" in note for note in address.notes)


def test_an_address_of_azure_keeps_its_version_and_its_own_header(monkeypatch: pytest.MonkeyPatch) -> None:
    given = "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-06-01"
    address = address_of(given)
    assert address.base == "https://x.openai.azure.com/openai/deployments/d"
    assert address.query == (("api-version", "2024-06-01"),)
    assert any("Azure" in note for note in address.notes)
    with pytest.raises(ProposerUnavailable, match="api-version"):
        address_of("https://x.openai.azure.com/openai/deployments/d")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ScriptedServer(completion("hi")) as server:
        call("openai/x", server.url + "/chat/completions?api-version=2024-06-01")
        assert server.paths == ["/v1/chat/completions?api-version=2024-06-01"]
        assert (server.headers[0]["api-key"], server.headers[0]["Authorization"]) == (KEY, None)


@pytest.mark.parametrize(
    "given",
    ["localhost:8000", "ftp://host/v1", "http://", "http://host:port/v1", "http://a b/v1", "http://evil\\@localhost/"],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ProposerUnavailable, match="--api-base"):
        address_of(given)


@pytest.mark.parametrize("given", ["https://user:hunter22@host/v1", "https://host/v1?api_key=0123456789abc"])
def test_an_address_with_a_secret_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(ProposerUnavailable, match="--api-key-env") as caught:
        address_of(given)
    assert "hunter22" not in str(caught.value)
    assert "0123456789abc" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.1", "127.9.9.9", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]"]
)  # fmt: skip
def test_this_machine_is_known_however_it_is_written(host: str) -> None:
    assert is_loopback(f"http://{host}:8080/v1")


@pytest.mark.parametrize(
    "host", ["localhost.example.com", "127.0.0.1.example.com", "localhost@example.com", "10.0.0.1", "vllm", "[2001:db8::1]", "notlocalhost", ""]
)  # fmt: skip
def test_other_machines_are_no_loopback(host: str) -> None:
    assert not is_loopback(f"http://{host}/v1")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nothing_of_this_machine_goes_through_a_proxy(
    variable: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(completion("from a proxy")) as proxy, ScriptedServer(completion("straight")) as server:
        monkeypatch.setenv(variable, proxy.url.removesuffix("/v1"))
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert call("openai/x", server.url.replace("127.0.0.1", host)).text == "straight"
        assert (proxy.seen, proxy.looked_at) == ([], [])


def test_other_machines_are_asked_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(completion("from a proxy")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        assert call("openai/x", "http://vllm.invalid/v1", api_key_env="none").text == "from a proxy"


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:1080", "nonsense://x", "http://[::1"])
def test_a_proxy_that_cannot_be_used_is_named_and_hinders_nothing_on_this_machine(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(ProposerUnavailable, match="ALL_PROXY"):
        call("openai/x", "https://host.invalid/v1")
    with ScriptedServer(completion("straight")) as server:
        assert call("openai/x", server.url).text == "straight"


def test_a_key_goes_nowhere_in_the_clear_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(ProposerUnavailable, match=r"not encrypted.*--api-key-env none.*--api-key-env OPENAI_API_KEY"):
        client_for("openai/x", "http://vllm.internal:8000/v1")
    with ScriptedServer(completion("hi")) as proxy:  # stands for a machine beyond this one
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        call("openai/x", "http://vllm.invalid/v1", api_key_env="none")
        call("openai/x", "http://vllm.invalid/v1", api_key_env="OPENAI_API_KEY")
        assert [headers["Authorization"] for headers in proxy.headers] == [None, f"Bearer {KEY}"]


def test_without_a_key_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    with ScriptedServer(completion("hi")) as server:
        call("openai/x", server.url)
        call("openai/x", server.url, api_key_env="MY_KEY")
        call("openai/x", server.url, api_key_env="none")
        assert [headers["Authorization"] for headers in server.headers] == [None, f"Bearer {KEY}", None]
        assert "org-of-mine" not in str([list(headers.items()) for headers in server.headers])


def test_a_key_of_any_name_is_taken_out_of_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "unusual-value-4711")
    answer = Answer(400, b"what is unusual-value-4711?")
    with ScriptedServer(answer) as server, pytest.raises(CallError) as caught:
        call("openai/x", server.url, api_key_env="MINE")
    assert "unusual-value-4711" not in str(caught.value)
    assert redact("unusual-value-4711") == "[redacted]"


@pytest.mark.parametrize("key", [f" {KEY}", f"{KEY}\n", f"{KEY}\r\n", f"\t{KEY} "])
def test_blanks_around_a_key_are_no_part_of_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with ScriptedServer(completion("hi")) as server:
        call("openai/x", server.url)
        assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "sk-…"])
def test_a_key_that_cannot_be_sent_is_refused_before_any_call(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ProposerUnavailable, match="OPENAI_API_KEY holds no key") as caught:
        client_for("openai/x", "https://host.invalid/v1")
    assert key not in str(caught.value)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ProposerUnavailable, match="variable MINE of --api-key-env"):
        client_for("openai/x", "https://host.invalid/v1", settings=ModelSettings(api_key_env="MINE"))


@pytest.mark.parametrize("model", ["openai/x", "gpt-4o-mini", "some-name"])
def test_the_address_of_the_environment_counts_for_bare_names_too(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(completion("hi")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f" {server.url} ")
        assert call(model).text == "hi"
        assert server.seen[0]["model"] == model.removeprefix("openai/")


def test_an_empty_address_of_the_environment_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", " ")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    made = client_for("openai/gpt-4o-mini")
    assert isinstance(made, OpenAIClient)
    assert made._transport.address.base == "https://api.openai.com/v1"


def test_programs_on_ones_own_machine_have_their_default_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    made = client_for("ollama/qwen3:8b")
    assert isinstance(made, OpenAIClient)
    assert (made._transport.address.base, made.model) == ("http://127.0.0.1:11434/v1", "qwen3:8b")
    with ScriptedServer(completion("hi")) as server:
        monkeypatch.setenv("OLLAMA_API_BASE", server.url.removesuffix("/v1"))
        assert call("ollama/qwen3:8b").text == "hi"
        assert (server.paths, server.headers[0]["Authorization"]) == (["/v1/chat/completions"], None)


def moved(to: str) -> Answer:
    return Answer(307, b"", {"Location": to})


def test_nobody_is_sent_on_to_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with (
        ScriptedServer(completion("elsewhere")) as other,
        ScriptedServer(moved(other.url + "/chat/completions")) as server,
    ):
        with pytest.raises(ProposerUnavailable, match="sends on to http://127"):
            call("openai/x", server.url)
        assert other.seen == []


def looked_at(server: ScriptedServer, base: str | None = None) -> list[str]:
    """What is told when an endpoint is looked at."""
    told: list[str] = []
    made = client_for("openai/x", base or server.url, tell=told.append)
    assert isinstance(made, OpenAIClient)
    made.probe()
    made.complete(ASK, seed=1, temperature=0.5)
    return told


@pytest.mark.parametrize(
    "listing", [Answer(200, b'{"data": []}'), Answer(501, b""), Answer(404), Answer(403, b"no"), Answer(500)]
)
def test_whatever_a_list_of_models_is_answered_by_the_call_decides(listing: Answer) -> None:
    with ScriptedServer(completion("hi"), listing=listing) as server:
        assert looked_at(server) == []
        assert server.looked_at == ["/v1/models"]


def test_an_answer_that_breaks_off_is_an_answer() -> None:
    with ScriptedServer(completion("hi"), listing=Answer(200, b'{"data": []}', drop=3)) as server:
        assert looked_at(server) == []


def test_a_key_that_is_refused_is_told_before_any_call() -> None:
    with ScriptedServer(completion("hi"), listing=Answer(401, b'{"error": "bad key"}')) as server:
        with pytest.raises(ProposerUnavailable, match=r"401: bad key.*API key"):
            looked_at(server)
        assert server.seen == []


def test_a_missing_version_in_the_path_is_found() -> None:
    with ScriptedServer(completion("hi"), listing={"/api/v1/models": Answer(200, b"{}")}) as server:
        told = looked_at(server, server.url.replace("/v1", "/api"))
        assert server.paths == ["/api/v1/chat/completions"]
    assert len(told) == 1
    assert told[0].endswith("/api/v1")


def test_nothing_there_is_told_before_any_call() -> None:
    with ScriptedServer() as server:
        base = server.url
    with pytest.raises(ProposerUnavailable, match="Nothing answers there"):
        looked_at(ScriptedServer(), base)
