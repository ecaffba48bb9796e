"""Archives of each kind, and records to put into them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heuresis.archive.records import Call, Evaluation, Proposal, Run, RunStatus, candidate_id
from heuresis.archive.store import Archive


class Make:
    """Records with sensible values, overridden by keywords."""

    @staticmethod
    def source(number: int) -> str:
        """A program that differs from every other number's."""
        return f"def priority(p):\n    return p * {number}.0\n"

    @staticmethod
    def run(identity: str = "r_ab12", /, **changes: object) -> Run:
        """A run that has just started."""
        now = datetime.now(UTC)
        made = Run(identity, "smtt", 1, "{}", 7, "{}", "abc", "process", RunStatus.RUNNING, "", now, now)
        return replace(made, **changes)  # type: ignore[arg-type]

    def proposal(self, number: int, /, **changes: object) -> Proposal:
        """A proposal of the program of that number."""
        source = self.source(number)
        made = Proposal("r_ab12", number, max(0, number - 2), "offline", "mutate", (), source, candidate_id(source))
        return replace(made, **changes)  # type: ignore[arg-type]

    def evaluation(self, number: int, /, **changes: object) -> Evaluation:
        """A valid evaluation of that proposal's program on `search`."""
        made = Evaluation(
            candidate_id(self.source(number)), "smtt", 1, "search", "f0", "ok", "", (1.0, 2.5 + number), 1.75 + number,
            {"agg_gap": 0.1, "avg_gap": None}, 12, 1e5, 0.25, "r_ab12", number,
        )  # fmt: skip
        return replace(made, **changes)  # type: ignore[arg-type]

    @staticmethod
    def call(number: int = 0, /, **changes: object) -> Call:
        """An intent."""
        return replace(Call("r_ab12", number, 0, 0, "some/model", "Write a rule.", 0.5), **changes)  # type: ignore[arg-type]


@pytest.fixture
def make() -> Make:
    """Makes records."""
    return Make()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where an archive may be created."""
    return tmp_path / "data" / "archive.db"


@pytest.fixture(params=["file", "url", "memory"])
def archive(request: pytest.FixtureRequest, file: Path) -> Iterator[Archive]:
    """An empty archive of each backend."""
    names: dict[str, Callable[[], str]] = {
        "file": lambda: str(file),
        "url": lambda: f"sqlite:///{file}",
        "memory": lambda: ":memory:",
    }
    with Archive.open(names[request.param]()) as opened:
        yield opened
