"""Running the command line within the test process."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from broken_archives import make_good
from here_pool import HerePool

from heuresis.cli.main import run
from heuresis.evolve.assessment import pools
from heuresis.problems import registry

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "weighted_completion.py"


@dataclass(frozen=True)
class Answer:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


Cli = Callable[..., Answer]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run `heuresis WORDS…` on an archive of this test's own, with no problem registered but the built-in ones."""
    built_in = {name: registry.get(name) for name in registry._BUILT_IN}
    monkeypatch.setattr(registry, "_registered", built_in)
    monkeypatch.setattr(registry, "_files", {})
    monkeypatch.setenv("HEURESIS_ARCHIVE", str(tmp_path / "archive.db"))
    monkeypatch.setenv("HEURESIS_DEBUG", "")
    monkeypatch.setenv("COLUMNS", "200")  # whatever the processes of pytest-xdist say

    def call(*words: object) -> Answer:
        capsys.readouterr()
        code = run([str(word) for word in words])
        found = capsys.readouterr()
        assert "Traceback" not in found.err
        return Answer(code, found.out, found.err)

    return call


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs run in this process: for tests of what is shown, not of how it is computed."""
    monkeypatch.setattr(pools, "Pool", HerePool)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good archive, closed; tests copy it."""
    file = tmp_path_factory.mktemp("good") / "archive.db"
    make_good(file)
    return file


@pytest.fixture
def example() -> Path:
    """The problem file of `docs/adding-a-problem.md`: small, and in need of no compilation."""
    return EXAMPLE


@pytest.fixture
def instances(tmp_path: Path) -> Path:
    """Three tardiness instances with their optima (found by trying all sequences)."""
    from itertools import permutations

    def total(p: list[int], d: list[int], order: tuple[int, ...]) -> int:
        time = late = 0
        for job in order:
            time += p[job]
            late += max(0, time - d[job])
        return late

    rows = [([3, 5, 2, 7], [4, 6, 3, 9]), ([9, 1, 4, 4], [2, 12, 6, 5]), ([2, 2, 8, 3], [1, 1, 20, 4])]
    made = [
        {"name": f"i{k}", "p": p, "d": d, "optimum": min(total(p, d, order) for order in permutations(range(4)))}
        for k, (p, d) in enumerate(rows)
    ]
    path = tmp_path / "instances.json"
    path.write_text(json.dumps({"instances": made}))
    return path
