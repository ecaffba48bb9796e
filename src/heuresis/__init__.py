"""Heuresis discovers scheduling heuristics by evolving their source code.

What is offered from Python is imported when it is first used (`docs/python.md`).
"""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heuresis.archive.store import Archive
    from heuresis.evolve.config import Config
    from heuresis.evolve.library import compare, evaluate, load, resume, run
    from heuresis.evolve.proposers.proposer import Draft, Proposer, Request

__all__ = ["Archive", "Config", "Draft", "Proposer", "Request", "compare", "evaluate", "load", "resume", "run"]

__version__ = version("heuresis")

_HOMES = {
    "Archive": "archive.store",
    "Config": "evolve.config",
    **dict.fromkeys(("Draft", "Proposer", "Request"), "evolve.proposers.proposer"),
    **dict.fromkeys(("compare", "evaluate", "load", "resume", "run"), "evolve.library"),
}
"""Where each name lives."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    cache = importlib.import_module(f"{__name__}.evaluators.cache")
    cache.use_numba_cache()  # before anything imports Numba
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
