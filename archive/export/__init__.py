"""Exporters: a program of the archive as a file that runs without Heuresis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from heuresis.archive.export.python import export_python
from heuresis.archive.export.subject import Export, ExportError, Subject

__all__ = ["TARGETS", "Export", "ExportError", "Exporter", "Subject", "Target"]


class Exporter(Protocol):
    """Turns a subject into files. Pure: the same subject gives the same bytes. Raises ExportError."""

    def __call__(self, subject: Subject) -> Export:
        """The files."""


@dataclass(frozen=True, slots=True)
class Target:
    """One value of `heuresis export --to`."""

    name: str
    title: str
    export: Exporter


TARGETS: Mapping[str, Target] = {
    "python": Target("python", "one Python file with the standard library only, and a manifest", export_python),
}
"""All targets by name."""
