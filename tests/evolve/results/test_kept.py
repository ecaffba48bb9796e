"""Results of classical rules are measured once per machine, and nothing else is ever taken for one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from search_parts import PlainPool, rule
from tiny_problem import TINY

from heuresis.archive.store import Archive
from heuresis.evolve.assessment import pools
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.results import kept
from heuresis.evolve.results.measured import baselines_on, evaluations_of
from heuresis.problems import registry

runs: list[str] = []
"""What was run, in order."""


class CountingPool(PlainPool):
    """Remembers what it runs."""

    def run(self, task):
        runs.append(task.source)
        return super().run(task)


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tiny problem, as if it came with Heuresis, and a cache of this test's own."""
    monkeypatch.setenv("HEURESIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pools, "Pool", CountingPool)
    monkeypatch.setattr(registry, "_BUILT_IN", {"tiny": "tiny_problem"})
    runs.clear()
    yield
    runs.clear()


def measured() -> list[float | None]:
    """The classical rules on `select`, for an archive that knows nothing yet."""
    with Archive.open(":memory:") as archive, Assessor(TINY, workers=1) as assessor:
        found = baselines_on(archive, assessor, "select")
        assert archive.evaluations(next(iter(found.values())).candidate, "select")
        return [evaluation.aggregate for evaluation in found.values()]


def entries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "rules").iterdir())


def test_another_archive_takes_them_over(tmp_path: Path) -> None:
    first = measured()
    assert len(runs) == len(TINY.baselines) == len(entries(tmp_path))
    assert measured() == first
    assert len(runs) == len(TINY.baselines)


def test_nothing_is_kept_of_other_programs_and_other_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive.open(":memory:") as archive, Assessor(TINY, workers=1) as assessor:
        evaluations_of(archive, assessor, [rule("p * 3.0")], "select")
    assert not (tmp_path / "cache" / "rules").exists()
    monkeypatch.setattr(registry, "_BUILT_IN", {})
    measured()
    assert not (tmp_path / "cache" / "rules").exists()


def test_other_code_measures_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    measured()
    monkeypatch.setattr(kept, "_machinery", lambda: "other")
    measured()
    assert len(runs) == 2 * len(TINY.baselines)


def forged(text: str, other: str) -> list[str]:
    """An entry as somebody may leave it: cut, of another shape, of another program, with another score."""
    entry, foreign = json.loads(text), json.loads(other)
    better = entry["row"] | {"aggregate": 0.0}
    values = json.dumps([0.0] * len(json.loads(entry["row"]["instance_values"])))
    return [
        text[: len(text) // 2],
        "",
        "[]",
        "[" * 100_000,
        json.dumps({"key": entry["key"]}),
        json.dumps({"key": entry["key"], "row": better}),
        json.dumps({"key": entry["key"], "row": better | {"instance_values": values}}),
        json.dumps({"key": entry["key"], "row": foreign["row"]}),
        json.dumps(entry | {"key": "other"}),
    ]


def test_a_damaged_or_foreign_entry_is_never_a_score(tmp_path: Path) -> None:
    first = measured()
    one, two, *_ = entries(tmp_path)
    for count, text in enumerate(forged(one.read_text(), two.read_text()), 1):
        one.write_text(text)
        assert measured() == first
        assert len(runs) == len(TINY.baselines) + count, text[:80]


def test_a_score_that_does_not_follow_from_its_values_is_none(tmp_path: Path) -> None:
    """Even where somebody has made the id that goes with it."""
    from heuresis.archive.rows import evaluation_row, to_evaluation

    first = measured()
    path = entries(tmp_path)[0]
    entry = json.loads(path.read_text())
    better = evaluation_row(replace(to_evaluation(entry["row"]), aggregate=0.0))
    path.write_text(json.dumps(entry | {"row": better}))
    assert measured() == first
    assert len(runs) == len(TINY.baselines) + 1
