"""The generator, the splits and the cache of their optima."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heuresis.problems.problem import InstanceError
from heuresis.problems.tardiness import instances as module
from heuresis.problems.tardiness.instances import (
    SEARCH,
    SELECT,
    TEST,
    Split,
    TardinessInstance,
    build,
    fingerprint,
    generate,
    seeds,
)

GOLDEN = ([51, 77, 72, 34, 56], [191, 146, 201, 216, 229])
GOLDEN_MARK = "aa1d1749946d6c82"
TINY = Split("tiny", 99, {5: 1, 8: 2})


def instance(p: list[int], d: list[int], name: str = "i") -> TardinessInstance:
    return TardinessInstance(name, np.array(p, dtype=np.int64), np.array(d, dtype=np.int64))


def test_sizes_of_the_splits() -> None:
    assert [len(list(seeds(split))) for split in (SEARCH, SELECT, TEST)] == [240, 660, 1_700]


def test_no_instance_is_in_two_splits() -> None:
    contents = [{tuple(map(bytes, generate(*seed[1:4], seed))) for seed in seeds(s)} for s in (SEARCH, SELECT, TEST)]
    assert [len(c) for c in contents] == [240, 660, 1_700]
    assert not contents[0] & contents[1]
    assert not contents[0] & contents[2]
    assert not contents[1] & contents[2]


def test_the_generator_is_the_fields() -> None:
    p, d = generate(2_000, 6, 4, (5, 1))
    total = int(p.sum())
    assert (p.min(), p.max()) == (1, 100)
    assert abs(p.mean() - 50.5) < 2
    assert total * 0.2 - 1 <= d.min() < total * 0.21
    assert total * 0.59 < d.max() <= total * 0.6
    assert generate(50, 8, 10, (5, 2))[1].min() == 0  # the range reaches below 0 and is clamped


def test_instances_never_change() -> None:
    p, d = generate(5, 4, 4, (1, 5, 4, 4, 0))
    assert (p.tolist(), d.tolist()) == GOLDEN
    assert fingerprint([TardinessInstance("a", p, d)])[:16] == GOLDEN_MARK


def test_fingerprints_depend_on_content_and_order_only() -> None:
    a, b = instance([1, 2], [3, 4]), instance([1, 2], [3, 5])
    assert fingerprint([a, b]) == fingerprint([replace(a, name="x", optimum=7), b])
    assert len({fingerprint(s) for s in ([a], [b], [a, b], [b, a], [instance([1], [3]), instance([2], [4])])}) == 5


@pytest.mark.parametrize(
    ("p", "d", "message"),
    [
        ([], [], "1 to 5000 jobs"),
        ([1] * 5001, [1] * 5001, "1 to 5000 jobs"),
        ([0], [1], "positive"),
        ([1], [-1], "not negative"),
        ([1, 2], [1], "one length"),
        ([1 << 40, 1], [1, 1], "2\\*\\*40"),
        ([1], [1 << 41], "2\\*\\*40"),
    ],
)
def test_malformed_instances_are_refused(p: list[int], d: list[int], message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        instance(p, d)


def test_instances_are_immutable() -> None:
    with pytest.raises(ValueError, match="read-only"):
        instance([1, 2], [3, 4]).p[0] = 5


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEURESIS_CACHE", str(tmp_path))
    return tmp_path


def test_optima_are_computed_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(TINY)
    assert len(first.instances) == 60
    assert all(i.optimum is not None for i in first.instances)
    assert [f.name for f in (cache / "optima").iterdir()] == [f"{first.fingerprint}.json"]
    monkeypatch.setattr(module, "_solver", lambda: pytest.fail("solved again"))
    assert [i.optimum for i in build(TINY).instances] == [i.optimum for i in first.instances]


@pytest.mark.parametrize(
    "damage", ["garbage", "empty", "nested", "truncated", "too few", "too low", "too high", "text", "checksum"]
)
def test_a_damaged_cache_is_solved_again(cache: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    first = build(TINY)
    path = cache / "optima" / f"{first.fingerprint}.json"
    stored = json.loads(path.read_text())
    optima = stored["optima"]
    late = next(i for i, value in enumerate(optima) if value > 0)
    match damage:
        case "too few":
            optima.pop()
        case "too low":
            optima[late] = 0
        case "too high":
            optima[late] = 10**9
        case "text":
            optima[late] = "5"
        case "checksum":
            stored["checksum"] = "0"
    if damage != "checksum":
        stored["checksum"] = module._checksum(first.fingerprint, optima)
    text = json.dumps(stored)
    path.write_text(
        {"garbage": "\x00{", "empty": "", "nested": "[" * 100_000, "truncated": text[: len(text) // 2]}.get(
            damage, text
        )
    )
    assert [i.optimum for i in build(TINY).instances] == [i.optimum for i in first.instances]
    assert json.loads(path.read_text())["optima"] == [i.optimum for i in first.instances]
    assert [str(path) in message for message in caplog.messages] == [True]


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("HEURESIS_CACHE", str(blocked / "below"))
    assert all(i.optimum is not None for i in build(TINY).instances)
