"""Files that commands write: nothing that is there already is lost without being asked for."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from heuresis.cli.errors import USAGE, UserError

ForceOption: TypeAlias = Annotated[bool, typer.Option("--force", help="Write over files that are there already.")]


def check_free(places: Iterable[Path], *, force: bool) -> None:
    """Raise UserError where one of these files exists and nobody asked to write over it."""
    taken = [str(place) for place in places if place.exists() and not place.is_dir()]
    if taken and not force:
        raise UserError(
            f"-o: {', '.join(taken)} exists already; say --force to write over it, or give another path", USAGE
        )
