"""What readers of instance files share: text of files, JSON documents of instances, and words for wrong values."""

import gzip
import json
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from heuresis.problems.problem import InstanceError

_LARGEST_FILE = 1 << 29


def read_text(path: Path) -> str:
    """The file's text, unpacked where its name ends in .gz. Raises InstanceError where it cannot be read."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                data = file.read(_LARGEST_FILE + 1)
        else:
            with path.open("rb") as file:
                data = file.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise InstanceError(f"{path}: larger than {_LARGEST_FILE >> 20} MiB")
        return data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise InstanceError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except UnicodeDecodeError as error:
        raise InstanceError(f"{path}: not a text file: byte {error.start} is not UTF-8") from error


def json_rows(text: str, path: Path) -> list[Any]:
    """The entries of `{"instances": [...]}`, one or more. Raises InstanceError for any other text."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InstanceError(f"{path}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from error
    except ValueError as error:  # Python reads no integer of more than 4300 digits
        raise InstanceError(f"{path}: a number with too many digits: {error}") from error
    except RecursionError as error:
        raise InstanceError(f"{path}: nested too deeply") from error
    rows = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows:
        raise InstanceError(f'{path}: expected {{"instances": [...]}} with one or more instances')
    return rows


def shown(value: Any) -> str:
    """A value as it stood in the file, shortened."""
    text = json.dumps(value, ensure_ascii=True, default=repr)
    return text if len(text) <= 40 else text[:37] + "..."


def labels(row: Mapping[str, Any], taken: Collection[str]) -> dict[str, str | int | float]:
    """All scalar fields of an instance but those taken, for tables by cell."""
    return {key: value for key, value in row.items() if key not in taken and isinstance(value, str | int | float)}
