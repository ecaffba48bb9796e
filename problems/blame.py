"""Whose mistake an exception is: that of a problem file of a user's, or ours."""

import traceback
from pathlib import Path

from heuresis.problems import registry


def fault_in_file(error: BaseException) -> str | None:
    """What an exception says, behind file and line of a problem file; None where it comes from no such file."""
    files = registry.files()
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).resolve() in files]
    if not frames:
        return None
    last = frames[-1]
    return f"{Path(last.filename).name}, line {last.lineno}, in {last.name}: {type(error).__name__}: {error}"
