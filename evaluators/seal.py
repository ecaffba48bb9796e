"""Seals on the files of Numba's cache: machine code that was cut off or damaged is compiled anew, and never run.

Numba unpickles what it finds: an empty file stops every later start, and a changed byte may become a wrong number. So
each file ends with a checksum of its name and contents, which `pickle` does not look at. A data file belongs to one
index; where that is lost, its data files go too, or their numbers would be given out twice.
"""

import hashlib
import io
import logging
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

LOG = logging.getLogger("heuresis")
"""What people should know of caches; the command line shows it as messages."""

INDEX, DATA = ".nbi", ".nbc"
"""The endings of Numba's files: signatures and the numbers of their data files; machine code."""

_MARK = b"sealed\n"
_MODULE = "numba.core.caching"


def sealed(name: str, content: bytes) -> bytes:
    """The content of a file of that name with its seal."""
    return content + _MARK + hashlib.sha256(name.encode() + content).digest()


def is_whole(path: Path) -> bool:
    """Whether a file can be read and ends with the seal of its name and contents."""
    try:
        found = path.read_bytes()
    except OSError:
        return False
    content = found[: -len(_MARK) - hashlib.sha256().digest_size]
    return found == sealed(path.name, content)


def ends_sealed(path: Path) -> bool:
    """Whether a file can be read and has a seal at its end, whatever that says: as a file that was cut off has none."""
    with suppress(OSError), path.open("rb") as file:
        length = len(_MARK) + hashlib.sha256().digest_size
        if file.seek(0, io.SEEK_END) >= length:
            file.seek(-length, io.SEEK_END)
            return file.read(len(_MARK)) == _MARK
    return False


def broken(folder: Path, good: Callable[[Path], bool] = is_whole) -> list[Path]:
    """The files of machine code in a folder of caches, at any depth, that are not whole, or not `good` otherwise."""
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in (INDEX, DATA))
    return [path for path in found if not good(path) and path.exists()]


def remove(path: Path) -> bool:
    """Remove whatever stands there; whether that worked."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def remove_code(path: Path) -> None:
    """Remove a file of machine code; with an index all data files that it numbered."""
    remove(path)
    if path.suffix == INDEX:
        for data in path.parent.glob("*" + DATA):
            if data.name.startswith(path.stem + "."):
                remove(data)


def _reject(path: Path) -> None:
    remove_code(path)
    LOG.warning("%s is cut off or damaged: removed and compiled anew", path)


def install() -> None:
    """Have Numba seal what it writes and check what it reads, now or as soon as it is imported."""
    module = sys.modules.get(_MODULE)
    if module is not None:
        _apply(module)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds one module, and hands it to `_apply` once it is loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's usual place, with a loader of ours; None for all others."""
        if fullname != _MODULE or (found := PathFinder.find_spec(fullname, path, target)) is None or not found.origin:
            return None
        return spec_from_file_location(fullname, found.origin, loader=_Loader(fullname, found.origin))


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _apply(module)


def _apply(module: ModuleType) -> None:
    """Put sealed files in the place of Numba's files of caches; done once."""
    numbas: Any = module.IndexDataCacheFile
    if not hasattr(numbas, "is_sealed"):
        vars(module)["IndexDataCacheFile"] = _sealed_files(numbas)


def _sealed_files(numbas: Any) -> Any:
    """Numba's class for an index and its data files, with seals; what cannot be kept is compiled again next time."""

    class Sealed(numbas):
        is_sealed = True

        def save(self, key: object, data: object) -> None:
            try:
                super().save(key, data)
            except OSError:  # no room: without its data an index must not stay
                remove_code(Path(self._index_path))

        def _load_index(self) -> Any:
            path = Path(self._index_path)
            if path.exists() and not is_whole(path):
                _reject(path)
            with suppress(OSError):
                return super()._load_index()
            return {}

        def _load_data(self, name: str) -> Any:
            path = Path(self._data_path(name))
            if not is_whole(path):
                if path.exists():
                    _reject(path)
                raise FileNotFoundError(path)  # for Numba it was never there
            return super()._load_data(name)

        @contextmanager
        def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
            content = io.BytesIO()
            yield content
            with super()._open_for_write(filepath) as file:
                file.write(sealed(Path(filepath).name, content.getvalue()))

    return Sealed
