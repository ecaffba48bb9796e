"""Telling people what they should know while a run goes on."""

from collections.abc import Callable
from typing import TypeAlias

Tell: TypeAlias = Callable[[str], None]
"""Says one line; may be called from any thread."""


def silent(text: str) -> None:
    """Tell nobody."""
    del text
