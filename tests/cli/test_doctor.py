"""What `doctor` tells of machine, streams and network; the network only where it is asked."""

import socket
from pathlib import Path

import pytest
from model_servers import NoSeed
from scripted_server import ScriptedServer, completion, failure

from heuresis.cli import doctor, doctor_model
from heuresis.evaluators import seal


def found(name: str, answer) -> dict[str, object]:
    """One finding of `doctor --json`."""
    (one,) = [finding for finding in answer.json["findings"] if finding["name"] == name]
    return one


@pytest.fixture(autouse=True)
def without_slow_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox is looked at elsewhere."""
    monkeypatch.setattr(doctor, "_sandbox", list)


def test_the_machine_and_the_streams_are_told(cli) -> None:
    answer = cli("doctor", "--json")
    assert "workers by default" in str(found("quota", answer)["detail"])
    assert found("encoding", answer)["good"] is True
    assert "all whole" in str(found("cache", answer)["detail"])
    assert "endpoint" not in {finding["name"] for finding in answer.json["findings"]}


def test_nothing_is_asked_of_the_network_unasked(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda *where: asked.append(where))
    assert cli("doctor", "--json").json["findings"]
    assert asked == []


def test_damaged_machine_code_is_told(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    (tmp_path / f"loops{seal.INDEX}").write_bytes(b"")
    assert "1 of 1 files of machine code are damaged" in doctor._cache()[1]


def test_proxies_are_told_without_their_logins() -> None:
    good, text = doctor_model.proxies({"https_proxy": "http://me:secret@proxy:3128", "NO_PROXY": "here,there"})
    assert good
    assert "HTTPS_PROXY=http://proxy:3128" in text
    assert "secret" not in text
    assert "NO_PROXY=here,there" in text
    assert doctor_model.proxies({"NO_PROXY": "here"}) == (True, "none")


def test_a_proxy_that_cannot_be_used_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://proxy:1")
    good, text = doctor_model.proxies({"ALL_PROXY": "nonsense://proxy:1"})
    assert good is False
    assert "cannot be used" in text


def test_one_call_shows_that_an_endpoint_answers(cli) -> None:
    with ScriptedServer(completion("yes", tokens=(12, 3))) as server:
        one = found("endpoint", cli("doctor", "--model", "openai/x", "--api-base", server.url, "--json"))
        assert len(server.seen) == 1
    assert one["good"] is True
    assert "with 12 + 3 tokens" in str(one["detail"])
    assert "takes all that runs send" in str(one["detail"])


def test_what_an_endpoint_does_not_take_is_told(cli) -> None:
    with NoSeed() as server:
        one = found("endpoint", cli("doctor", "--model", "openai/x", "--api-base", server.url, "--json"))
    assert one["good"] is True
    assert "seed" in str(one["detail"])
    assert "takes all" not in str(one["detail"])


def test_an_endpoint_that_refuses_fails_with_the_words_of_the_server(cli) -> None:
    with ScriptedServer(failure(402, "no credits left")) as server:
        answer = cli("doctor", "--model", "openai/x", "--api-base", server.url, "--json")
    assert answer.code == 1
    assert "no credits left" in str(found("endpoint", answer)["detail"])


def test_an_address_without_a_model_is_wrong_usage(cli) -> None:
    answer = cli("doctor", "--api-base", "http://127.0.0.1:1/v1")
    assert (answer.code, "--model" in answer.err) == (2, True)
