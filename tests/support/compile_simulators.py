"""Compile all simulators into the cache that the tests use, with two processes.

One goes through the modules forwards and one backwards; each finds in the cache what the other has done, until they meet.
"""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

from heuresis import evaluators
from heuresis.evaluators.numba_cache import use_numba_cache


def compile_simulators(step: int) -> None:
    """Import every module of `heuresis.evaluators`, which compiles what it holds; backwards where `step` is -1."""
    for name in sorted(module.name for module in iter_modules(evaluators.__path__))[::step]:
        import_module(f"{evaluators.__name__}.{name}")


if __name__ == "__main__":
    use_numba_cache()
    if len(sys.argv) > 1:
        compile_simulators(-1)
    else:
        with subprocess.Popen([sys.executable, __file__, "backwards"]) as other:
            compile_simulators(1)
        sys.exit(other.returncode)
