"""Finding problems."""

import subprocess
import sys
from pathlib import Path

import pytest

from heuresis.problems import registry
from heuresis.problems.registry import UnknownProblem

PROBLEM_FILE = """
from dataclasses import replace
from heuresis.problems import registry
registry.register(replace(registry.get("smtt"), name={name!r}))
"""


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownProblem, match=r"'no-such'; expected the path of a .py file, or one of bin-packing"):
        registry.get("no-such")


def test_a_python_file_registers_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PROBLEM_FILE.format(name="test-mine"))
    try:
        problem = registry.get(str(path))
        assert problem.name == "test-mine"
        assert registry.get(str(path)) is problem
        assert registry.get("test-mine") is problem
        assert "test-mine" in registry.names()
    finally:
        registry._registered.pop("test-mine", None)
        registry._files.pop(path.resolve(), None)


@pytest.mark.parametrize(("text", "message"), [("x = 1\n", "registered: none"), (None, "no such problem file")])
def test_a_file_that_registers_none_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "empty.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UnknownProblem, match=message):
        registry.get(str(path))


def test_what_a_file_raises_is_not_hidden(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        registry.get(str(path))


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="already registered"):
        registry.register(registry.get("smtt"))


def test_listing_and_describing_problems_imports_no_compiler() -> None:
    program = (
        "import sys; from heuresis.problems import registry; registry.names(); "
        "assert 'heuresis.problems.tardiness.problem' not in sys.modules; "
        "registry.get('smtt').contract.describe(); assert 'numba' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
