"""Where an archive lies: a path, a URL, and how it is told to people without the passwords in it."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from heuresis.archive import masking
from heuresis.archive.records import ArchiveError


@dataclass(frozen=True, slots=True)
class Place:
    """Where an archive lies. `where` is for people, `secrets` what no message may repeat."""

    url: str
    where: str
    file: Path | None  # None: another database server; `:memory:` is a path like that
    secrets: tuple[str, ...] = ()

    @property
    def in_memory(self) -> bool:
        """Whether it lies in no file."""
        return str(self.file) == ":memory:"

    def without_secrets(self, text: str) -> str:
        """A text of ours or of a driver, without the passwords of the URL."""
        return masking.without(self.secrets, text)


def default_location() -> str:
    """`HEURESIS_ARCHIVE`, or `archive.db` in the user's data directory."""
    return os.environ.get("HEURESIS_ARCHIVE") or str(platformdirs.user_data_path("heuresis") / "archive.db")


def place_of(url: str) -> Place:
    """What a URL or a bare path names. Raises ArchiveError where it is no URL that can be."""
    secrets = masking.secrets_of(url)
    where, file = masking.shown(url), Path(url).expanduser()
    if "://" not in url:
        return Place(url, where if secrets else str(file), file, secrets)
    scheme, _, rest = url.partition("://")
    if not masking.is_file(scheme):
        return Place(url, where, None, secrets)
    if rest and not rest.startswith("/"):
        raise ArchiveError(f"archive {where}: expected sqlite:///FILE, with three strokes, or a path")
    file = Path(rest.removeprefix("/") or ":memory:").expanduser()
    return Place(url, where if secrets else str(file), file, secrets)
