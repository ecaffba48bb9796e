"""What an author imports from `heuresis.problems`."""

import subprocess
import sys

import pytest

import heuresis.problems


@pytest.mark.parametrize("name", heuresis.problems.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(heuresis.problems, name) is not None
    assert name in heuresis.problems._HOMES


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'items'"):
        _ = heuresis.problems.items
    assert set(heuresis.problems._HOMES) == set(heuresis.problems.__all__)


def test_a_problem_is_written_and_described_without_a_compiler() -> None:
    program = (
        "import sys; from heuresis.problems import ONE, SequentialProblem, item, register, rule; "
        "from heuresis.problems.sequential.skeleton import skeleton; "
        "rule('key', item('p', ONE, 'a number'), returns='a key').describe(); assert 'numba' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
