"""What a run was made with, for its record: versions of what computes, and the commit of the code."""

import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("heuresis", "numpy", "numba", "cmaes")
_SECONDS = 5.0


def versions() -> str:
    """Versions by name as a JSON object."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return json.dumps(found, sort_keys=True)


def commit() -> str:
    """The commit of the checkout that this code lies in; empty where it lies in none, or git is not there."""
    code = Path(__file__).resolve()
    if not _git(code, "ls-files", "--error-unmatch", code.name):
        return ""  # installed inside somebody else's repository
    return _git(code, "rev-parse", "HEAD")


def _git(code: Path, *arguments: str) -> str:
    command = ["git", "-C", str(code.parent), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - git with fixed arguments
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
