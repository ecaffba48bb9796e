"""What every registered problem must satisfy, and those that the manual explains."""

from pathlib import Path

import pytest

from heuresis.problems import registry
from heuresis.problems.testing import ProblemSuite

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


class TestEveryProblem(ProblemSuite):
    @pytest.fixture(
        autouse=True,
        params=[*registry.names(), *map(str, sorted(EXAMPLES.glob("*.py")))],
        ids=lambda name: Path(name).stem,
    )
    def _of(self, request: pytest.FixtureRequest) -> None:
        self.problem = registry.get(request.param)

    # measured, it takes three times as long
    test_the_reference_interpreter_decides_as_every_rule_does = pytest.mark.no_cover(
        ProblemSuite.test_the_reference_interpreter_decides_as_every_rule_does
    )
