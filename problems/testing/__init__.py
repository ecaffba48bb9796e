"""For authors of problems: the checks that every problem passes, and a comparison of own loops with `simulate`.

In a test file of one's own, run by pytest::

    from heuresis.problems.testing import ProblemSuite, agree

    class TestMine(ProblemSuite):
        problem = "my_problem.py"

    def test_loops():
        agree("my_problem.py")

Without pytest, `check("my_problem.py")` runs the same checks.
"""

from heuresis.problems.testing.agreement import agree
from heuresis.problems.testing.expect import Violation
from heuresis.problems.testing.suite import ProblemSuite, check

__all__ = ["ProblemSuite", "Violation", "agree", "check"]
