"""A copy without symbolic links is not built."""

import shutil
import subprocess
import sys
from pathlib import Path


def test_a_copy_that_lost_its_links_is_refused(root: Path, tmp_path: Path) -> None:
    package = tmp_path / "src" / "heuresis"
    package.mkdir(parents=True)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, tmp_path / name)
    for room in ("archive", "cli", "evaluators", "evolve", "sandbox"):
        (package / room).mkdir()
        (package / room / "__init__.py").touch()
    (package / "problems").write_text("../../problems")  # as some tools unpack a link
    build = [sys.executable, "setup.py", "--name"]
    refused = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("src/heuresis/problems: expected links to the folders")
    (package / "problems").unlink()
    (package / "problems").mkdir()
    (package / "problems" / "__init__.py").touch()
    assert subprocess.run(build, cwd=tmp_path, capture_output=True, check=False).returncode == 0
