"""How strong the sandbox is: what `doctor` says of it, and that a search in a weak one has to be asked for."""

import subprocess
import sys

import pytest
from here_pool import HerePool

from heuresis.evolve import run as runs
from heuresis.sandbox.layers import Layer
from heuresis.sandbox.self_check import ATTEMPTS, Level, sandbox_level


@pytest.fixture
def weak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that confines by limits only."""
    monkeypatch.setattr(runs, "sandbox_level", lambda: Level.PROCESS)
    monkeypatch.delenv("HEURESIS_ALLOW_WEAK_SANDBOX", raising=False)


def test_doctor_tells_every_layer_and_the_level(cli):
    answer = cli("doctor", "--json")
    found = {finding["name"]: finding for finding in answer.json["findings"]}
    level = sandbox_level()
    assert answer.code == (0 if level is not Level.PROCESS else 1)
    assert f"`{level}`" in found["sandbox"]["detail"] or f"level {level}" in found["sandbox"]["detail"]
    for name in ("deadline", "landlock", "seccomp", "namespaces", *ATTEMPTS.values()):
        assert found[f"sandbox: {name}"]["detail"]
    shown = cli("doctor")
    assert "sandbox: map executable memory" in shown.out


def test_doctor_makes_no_archive(cli, tmp_path):
    place = tmp_path / "not-there.db"
    found = {f["name"]: f for f in cli("doctor", "--archive", place, "--json").json["findings"]}
    assert found["archive"]["good"] is None
    assert not place.exists()


@pytest.mark.usefixtures("weak")
def test_a_weak_sandbox_is_refused_before_anything_is_recorded(cli):
    answer = cli("evolve", "smtt", "--evaluations", 1)
    assert answer.code == 1
    assert "--allow-weak-sandbox" in answer.err
    assert cli("runs", "--json").json == {"runs": []}


@pytest.mark.usefixtures("weak", "unconfined")
def test_a_weak_sandbox_can_be_allowed_and_is_shown(cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "crown", lambda *_: None)
    assert cli("evolve", "smtt", "--evaluations", 1, "--allow-weak-sandbox").code == 0
    [run] = cli("runs", "--json").json["runs"]
    assert run["sandbox"] == "process"
    assert "process" in cli("runs").out
    assert cli("resume", run["id"]).code == 1
    monkeypatch.setenv("HEURESIS_ALLOW_WEAK_SANDBOX", "1")
    assert cli("resume", run["id"]).code == 0


@pytest.mark.usefixtures("weak", "unconfined")
def test_a_run_goes_on_only_where_the_sandbox_is_as_strong(cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "crown", lambda *_: None)
    monkeypatch.setattr(runs, "sandbox_level", lambda: Level.STRONG)
    assert cli("evolve", "smtt", "--evaluations", 1).code == 0
    [run] = cli("runs", "--json").json["runs"]
    monkeypatch.setattr(runs, "sandbox_level", lambda: Level.MEDIUM)
    answer = cli("resume", run["id"])
    assert answer.code == 1
    assert "`strong`" in answer.err
    assert "`medium`" in answer.err


@pytest.mark.usefixtures("unconfined")
@pytest.mark.parametrize("words", [("evaluate", "smtt", "mdd"), ("explain", "mdd"), ("compare", "smtt", "mdd", "edd")])
def test_programs_are_never_run_in_a_weak_sandbox_without_a_word(cli, instances, monkeypatch, words: tuple[str, ...]):
    assert "limits only" not in cli(*words, "--instances", instances).err
    monkeypatch.setattr(HerePool, "missing", frozenset({Layer.SECCOMP, Layer.LANDLOCK}))
    assert "limits only" in cli(*words, "--instances", instances).err


@pytest.mark.parametrize("closed", [(0, 2), (1,), (0, 1, 2)])
def test_closed_standard_streams_do_no_harm(closed: tuple[int, ...], tmp_path):
    """As a service manager or `heuresis … 2>&-` may leave them."""
    code = f"import os, sys; [os.close(n) for n in {closed}]; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    words = [sys.executable, "-c", code, "-m", "heuresis", "evaluate", "smtt", "mdd", "--split", "search"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0
    assert ("mdd" in done.stdout) == (1 not in closed)
    assert "Traceback" not in done.stderr
