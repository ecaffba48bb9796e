"""Compile all simulators into the cache that the tests use, with two processes.

One goes through the modules forwards and one backwards; each finds in the cache what the other has done, until they meet.
"""

import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

from heuresis import evaluators
from heuresis.evaluators.cache import use_numba_cache


def compile_simulators(step: int) -> None:
    """Import every module of `heuresis.evaluators`, which compiles what it holds; backwards where `step` is -1."""
    found = walk_packages(evaluators.__path__, f"{evaluators.__name__}.")
    for name in sorted(module.name for module in found)[::step]:
        import_module(name)


if __name__ == "__main__":
    use_numba_cache()
    if len(sys.argv) > 1:
        compile_simulators(-1)
    else:
        with subprocess.Popen([sys.executable, __file__, "backwards"]) as other:
            compile_simulators(1)
        sys.exit(other.returncode)
