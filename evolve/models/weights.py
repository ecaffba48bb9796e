"""Whether a file of weights is whole: a download that broke off or a full disk leaves one that is too short."""

import base64
import csv
import hashlib
import os
import struct
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final

_MAGIC: Final = b"GGUF"
_SIZES: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of GGUF's plain types of values, by number; strings are 8, arrays 9."""
_STRING, _ARRAY, _ALIGNMENT = 8, 9, 32
_VERSIONS: Final = (2, 3)


def damage(path: Path) -> str | None:
    """What is wrong with a GGUF file; None where nothing is. Raises OSError where it cannot be read.

    Where a package has brought it, size and SHA-256 are those that the package names. Of any other file its own list of
    tensors says how long it is at least (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(4)
        if magic != _MAGIC[: len(magic)]:
            return f"is not a GGUF file (it begins with {magic!r})"
        known = _recorded(path)
        if known is not None:
            return _unlike(file, size, *known)
        try:
            least = _least_size(file)
        except (struct.error, KeyError, OverflowError, ValueError):
            return f"is cut off or damaged: its {size:,} bytes end before its list of tensors does"
    return None if size > least else f"is cut off: {size:,} bytes, and its last tensor begins at {least:,}"


def _unlike(file: BufferedReader, size: int, digest: str, expected: int) -> str | None:
    """How a file differs from what its package says of it."""
    if size != expected:
        return f"is {size:,} bytes long and should be {expected:,}"
    file.seek(0)
    found = base64.urlsafe_b64encode(hashlib.file_digest(file, "sha256").digest()).rstrip(b"=").decode()
    return None if found == digest else f"is damaged: its SHA-256 is {found} and should be {digest} (base64)"


def _recorded(path: Path) -> tuple[str, int] | None:
    """SHA-256 (base64) and size (bytes) of a file as its package's RECORD names them; None where none does."""
    for root in list(path.absolute().parents)[:3]:
        for record in sorted(root.glob("*.dist-info/RECORD")):
            for row in _rows(record):
                if len(row) == 3 and root / row[0] == path.absolute() and row[1].startswith("sha256=") and row[2]:
                    return row[1].removeprefix("sha256="), int(row[2])
    return None


def _rows(record: Path) -> Iterator[list[str]]:
    with record.open(encoding="utf-8", errors="replace", newline="") as file:
        yield from csv.reader(file)


def _least_size(file: BufferedReader) -> int:
    """Where the last tensor begins (bytes), 0 for an unknown version. Raises struct.error, KeyError and ValueError."""
    file.seek(4)
    version, tensors, values = _unpack(file, "<IQQ")
    if version not in _VERSIONS:
        return 0
    for _ in range(values):
        _skip_string(file)
        _skip_value(file, *_unpack(file, "<I"))
    last = 0
    for _ in range(tensors):
        _skip_string(file)
        (dimensions,) = _unpack(file, "<I")
        *_, offset = _unpack(file, f"<{dimensions}QIQ")
        last = max(last, offset)
    return -(-file.tell() // _ALIGNMENT) * _ALIGNMENT + last if tensors else file.tell() - 1


def _unpack(file: BufferedReader, form: str) -> tuple[int, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _skip_string(file: BufferedReader) -> None:
    _skip(file, *_unpack(file, "<Q"))


def _skip(file: BufferedReader, count: int) -> None:
    file.seek(count, os.SEEK_CUR)  # beyond the end the next reading fails


def _skip_value(file: BufferedReader, kind: int) -> None:
    if kind == _STRING:
        _skip_string(file)
    elif kind == _ARRAY:
        inner, count = _unpack(file, "<IQ")
        if inner in _SIZES:
            _skip(file, count * _SIZES[inner])
        else:
            for _ in range(count):
                _skip_value(file, inner)
    else:
        _skip(file, _SIZES[kind])
