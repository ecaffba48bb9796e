"""Which Python files a user has named as problems: only these are executed where an archive names them.

The file of a problem runs with all that the user may do, unlike programs, and an archive from elsewhere can name any
file. So a run of the user's own goes on without a word, and any other file is executed when the user has said so.
"""

import json
from pathlib import Path

from heuresis.cli.errors import UserError
from heuresis.evaluators.cache import CacheError, cache_dir, discard, write_cache


def remember(name: str) -> None:
    """Note that the user has named a problem; registered names need no note."""
    file, place = _resolved(name), _place()
    if file is None or place is None or file in (known := _known(place)):
        return
    write_cache(place, json.dumps([*known, file]))


def check_named(name: str) -> None:
    """Raise UserError where an archive names a file as its problem that the user has never named."""
    file, place = _resolved(name), _place()
    if file is not None and (place is None or file not in _known(place)):
        raise UserError(
            f"the archive names {name} as its problem, and that file would be executed; where you trust it, "
            f"say `heuresis problems {name}` first"
        )


def _resolved(name: str) -> str | None:
    return str(Path(name).expanduser().resolve()) if name.endswith(".py") else None


def _place() -> Path | None:
    try:
        return cache_dir() / "problem-files.json"
    except CacheError:
        return None


def _known(place: Path) -> list[str]:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        return [one for one in found if isinstance(one, str)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, RecursionError):
        discard(place)
        return []
