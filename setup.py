"""Refuses to build Heuresis from a copy whose links below src/heuresis are no folders; pyproject.toml says all else.

Some tools unpack a symbolic link as a small text file. A package built from such a copy would lack every module.
"""

from pathlib import Path

from setuptools import setup

ROOMS = ("archive", "cli", "evaluators", "evolve", "problems", "sandbox")

broken = [room for room in ROOMS if not (Path(__file__).parent / "src" / "heuresis" / room / "__init__.py").is_file()]
if broken:
    raise SystemExit(
        f"src/heuresis/{', src/heuresis/'.join(broken)}: expected links to the folders of the same names, which this "
        "copy of Heuresis has lost. Unpack it with a tool that keeps symbolic links (git, tar), or on Windows with "
        "git config --global core.symlinks true."
    )

setup()
