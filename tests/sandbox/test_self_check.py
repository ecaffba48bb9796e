"""The self-check reports what it found by trying, and a layer that does not work is not claimed."""

import dataclasses
from collections.abc import Iterator

import pytest

from heuresis.sandbox import self_check
from heuresis.sandbox.engine import Task
from heuresis.sandbox.outcome import Outcome, SandboxError, Status
from heuresis.sandbox.pool import Pool
from heuresis.sandbox.self_check import Layer


@pytest.fixture(scope="module")
def layers() -> dict[str, Layer]:
    return {layer.name: layer for layer in self_check.report()}


@pytest.fixture
def fresh_level() -> Iterator[None]:
    self_check.sandbox_level.cache_clear()
    yield
    self_check.sandbox_level.cache_clear()


def test_what_works_here(layers: dict[str, Layer]) -> None:
    essential = {name: layer for name, layer in layers.items() if layer.essential}
    assert set(essential) >= {"deadline", "crash", "environment", "descriptors", "syntax screen"}
    assert all(layer.works for layer in essential.values()), essential
    assert layers["descendants"].works
    assert layers["deadline"].effect == "a hanging program is killed"


def test_what_is_not_confined_is_not_claimed(layers: dict[str, Layer]) -> None:
    """There is no confinement by the operating system yet, and the report says so."""
    for name, effect in (
        ("files", "could open a file"),
        ("network", "could open a socket"),
        ("executable memory", "could map executable memory"),
    ):
        assert not layers[name].works
        assert effect in layers[name].effect


def test_level(fresh_level: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "report", lambda: [Layer("files", False, "open", essential=False)])
    assert self_check.sandbox_level() == "process"


def test_no_level_without_an_essential_layer(fresh_level: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "report", lambda: [Layer("deadline", False, "the probe ended as ok")])
    with pytest.raises(SandboxError, match="the sandbox does not work here: deadline: the probe ended as ok"):
        self_check.sandbox_level()


def test_broken_layers_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the deadline not enforced, the environment not scrubbed or the screen open, the report would tell."""
    honest = Pool.run

    def broken(pool: Pool, task: Task) -> Outcome:
        outcome = honest(pool, task)
        if task.kind == "environment":
            keys = outcome.arrays[0].tobytes() + b"\nOPENAI_API_KEY"
            return dataclasses.replace(outcome, arrays=(outcome.arrays[0].__class__((len(keys),), "u1", keys),))
        if task.kind == "hang" or task.source:
            return Outcome(Status.OK)
        return outcome

    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr(Pool, "run", broken)
    layers = {layer.name: layer for layer in self_check.report()}
    assert not layers["deadline"].works
    assert not layers["syntax screen"].works
    assert layers["environment"] == Layer("environment", False, "visible: ['OPENAI_API_KEY']")
