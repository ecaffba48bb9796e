"""The root folders, the links under the import name, and what importing costs."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("archive", "cli", "evaluators", "evolve", "problems", "sandbox")
HEAVY = ("numba", "llvmlite", "litellm", "openai", "httpx", "sqlmodel", "sqlalchemy", "cmaes", "xllamacpp", "scipy")


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_is_a_root_folder_behind_a_relative_link(root: Path, name: str):
    link = root / "src" / "heuresis" / name
    assert link.is_symlink()
    assert link.readlink() == Path(f"../../{name}")
    assert (link / "__init__.py").is_file()


def test_links_and_root_folders_are_the_same_set(root: Path):
    links = {path.name for path in (root / "src" / "heuresis").iterdir() if path.is_symlink()}
    assert links == set(PACKAGES)


def test_the_command_line_starts_without_heavy_libraries():
    code = (
        "import sys\n"
        "from heuresis.cli.main import run\n"
        "assert run(['--help']) == 0\n"
        f"print('HEAVY', sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "evolve" in done.stdout
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_python_dash_m_is_the_command():
    done = subprocess.run([sys.executable, "-m", "heuresis", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("heuresis ")
