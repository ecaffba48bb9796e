"""How strong the sandbox is: what `doctor` says of it, and that a search in a weak one has to be asked for."""

import pytest

from heuresis.evolve import run as runs
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


@pytest.mark.slow
@pytest.mark.usefixtures("weak")
def test_a_weak_sandbox_can_be_allowed_and_is_shown(cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "crown", lambda *_: None)
    assert cli("evolve", "smtt", "--evaluations", 1, "--allow-weak-sandbox").code == 0
    [run] = cli("runs", "--json").json["runs"]
    assert run["sandbox"] == "process"
    assert "process" in cli("runs").out
    assert cli("resume", run["id"]).code == 1
    monkeypatch.setenv("HEURESIS_ALLOW_WEAK_SANDBOX", "1")
    assert cli("resume", run["id"]).code == 0
