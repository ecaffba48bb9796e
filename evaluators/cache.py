"""Where Numba keeps compiled simulators between processes, chosen before Numba is imported.

Numba's own choice is `__pycache__` beside the source, which may be read-only, then a folder below the home directory,
which may not exist; with neither it refuses to compile. Machine code must also never be loaded from a folder that
somebody else can write, so a fallback in the shared temporary directory belongs to one user and has mode 0700.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from heuresis.evaluators import seal

VARIABLE = "HEURESIS_CACHE"
"""The environment variable that names the folder for everything that can be computed again."""

_SUM = "sha256"

UNUSED = 30 * 86_400.0
"""Seconds after which machine code that nobody used is removed."""


class CacheError(RuntimeError):
    """No folder for caches can be written; the message says what to set."""


def cache_dir() -> Path:
    """The folder for caches, created if need be.

    `HEURESIS_CACHE` where it is set, else the user's cache folder, else one in the temporary directory that belongs
    to this user alone. Raises CacheError where none of them can be written.
    """
    named = os.environ.get(VARIABLE)
    if named:
        folder = Path(named).expanduser()
        if not _usable(folder):
            raise CacheError(f"{VARIABLE}={named}: the folder cannot be created or written; name another one")
        return folder
    for folder in (user_cache_path("heuresis", appauthor=False), _private_temporary()):
        if _usable(folder):
            return folder
    raise CacheError(
        f"neither the home nor the temporary directory can be written; set {VARIABLE} to a folder that can"
    )


def write_cache(path: Path, text: str) -> bool:
    """Write a file of a cache, with its folder, so that a reader sees all of it or nothing; whether that worked.

    Where there is no room or no right to write, nothing is left behind: it is computed again next time.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    except OSError:
        return False
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def write_checked(path: Path, content: Mapping[str, object]) -> bool:
    """Write a JSON object to a file of a cache as `write_cache` does, with its checksum as one more key."""
    return write_cache(path, json.dumps({**content, _SUM: _sum(content)}))


def read_checked(path: Path) -> dict[str, Any] | None:
    """What `write_checked` wrote there; None where there is nothing. What is damaged is removed, told, and nothing."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored.pop(_SUM) == _sum(stored):
            return dict(stored)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    discard(path)
    return None


def discard(path: Path) -> None:
    """Remove a file of a cache that does not hold what it should, and tell people."""
    removed = seal.remove(path)
    what = "removed and computed anew" if removed else "it cannot be removed; computed anew"
    seal.LOG.warning("%s is cut off, damaged or of another version: %s", path, what)


def _sum(content: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def use_numba_cache() -> Path:
    """Point Numba's on-disk cache at a folder of `cache_dir()/numba`, unless `NUMBA_CACHE_DIR` says otherwise.

    Numba looks at the file of a function, but not at those of the functions and constants that went into its machine
    code. So the folder belongs to the text of all evaluators; those that none has used for a month are removed. Has an
    effect only before the first `import numba` of a process; child processes inherit the variable. Returns the folder.

    From here on the files that Numba writes are sealed, and one that is damaged is as good as none (`seal`).
    """
    seal.install()
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    folder = cache_dir() / "numba" / digest_of_code(Path(__file__).parent)[:16]
    folder.mkdir(parents=True, exist_ok=True)
    mend_numba_cache(folder)
    os.utime(folder)
    for other in folder.parent.iterdir():
        if other.stat().st_mtime < time.time() - UNUSED:
            shutil.rmtree(other, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder


def mend_numba_cache(folder: Path) -> int:
    """Remove the files of machine code in a folder that were cut off, and tell people; how many there were.

    Only their ends are looked at, for every command does that when it starts; the rest is when a file is loaded.
    """
    broken = seal.broken(folder, seal.ends_sealed)
    for path in broken:
        seal.remove_code(path)
    if broken:
        count = "1 file" if len(broken) == 1 else f"{len(broken)} files"
        seal.LOG.warning("%s of machine code in %s, cut off: removed and compiled anew", count, folder)
    return len(broken)


def digest_of_code(*places: Path) -> str:
    """SHA-256 (hex) of the Python files that these are, or that stand below these folders: names and contents."""
    digest = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            text = path.read_bytes()
            digest.update(f"{path.relative_to(place)} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _private_temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"heuresis-{os.getuid()}"


def _usable(folder: Path) -> bool:
    """Whether the folder exists or can be made, can be written, and is no one else's."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.lstat()
        if folder == _private_temporary() and (
            state.st_uid != os.getuid() or state.st_mode & 0o077 or folder.is_symlink()
        ):
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
