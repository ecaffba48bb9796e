"""`make demo`: an evolution of tardiness rules by the offline search and a small local language model together."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from heuresis.cli import errors, terminal

if TYPE_CHECKING:
    from heuresis.archive.store import Archive
    from heuresis.evolve.config import Config

MINUTES = 2.0
"""Time to search; compiling, choosing the champion and its test table take another minute on two cores."""

FOLDER = Path("build") / "demo"


def main() -> int:
    """Run the demonstration and return an exit code."""
    from heuresis.evaluators.cache import use_numba_cache

    use_numba_cache()
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with terminal.guarded():
            return _demonstrate(FOLDER / "archive.db", FOLDER / "rule.py")
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except Exception as error:
        known = errors.explain(error)
        if known is None:
            raise
        terminal.message(known[0], "demo")
        return known[1]


def settings() -> "Config":
    """The settings of the run: with the local model where it is at hand, else offline only, and a word about it."""
    from heuresis.cli import render
    from heuresis.evolve.config import Config
    from heuresis.evolve.models import local
    from heuresis.sandbox.machine import default_workers

    missing = None
    if importlib.util.find_spec("xllamacpp") is None:
        missing = "xllamacpp is not installed"
    elif local.default_model_path() is None:
        missing = "its weights are not here"
    if missing is not None:
        render.say(f"without the local model ({missing}): offline search only")
        return Config(problem="smtt", minutes=MINUTES, seed=1, workers=default_workers())
    mix = (("offline", 0.85), ("local", 0.15))
    cores = default_workers()
    return Config(problem="smtt", minutes=MINUTES, seed=1, workers=cores, models=("local",), mix=mix, grammar=True)


def _demonstrate(database: Path, rule: Path) -> int:
    from heuresis.cli import render
    from heuresis.cli.export import write_export
    from heuresis.cli.live import View
    from heuresis.cli.outcome import report
    from heuresis.cli.programs import Named, find_problem, open_archive
    from heuresis.evolve.run import start
    from heuresis.sandbox.self_check import Level, sandbox_level

    weak = sandbox_level() is Level.PROCESS
    if weak:
        render.say("this machine confines programs by limits only (`heuresis doctor`); the demonstration goes on so")
    config = settings()
    problem = find_problem(config.problem)
    with open_archive(str(database)) as archive:
        with View(percent=problem.objective.fraction) as view:
            result = start(config, archive, view, allow_weak_sandbox=weak)
        code = report(result, problem, as_json=False, archive=str(database))
        champion = result.champion
        if champion is not None:
            console = render.out()
            console.print(f"found by {champion.proposer}; its ancestors by {_ancestors(archive, champion.id)}")
            written = write_export(
                Named(champion.id, champion.id, champion.source), problem, "python", rule, str(database), force=True
            )
            console.print(f"exported to {' and '.join(map(str, written))}; the archive is {database}")
    return code


def _ancestors(archive: "Archive", candidate: str) -> str:
    """Who made the ancestors of a program, and how many."""
    from heuresis.archive.queries import lineage

    makers = Counter(one.program.origin or "baseline" for one in lineage(archive, candidate) if one.depth > 0)
    return ", ".join(f"{name} ({count})" for name, count in makers.most_common()) or "nobody"


if __name__ == "__main__":
    sys.exit(main())
