"""The rooms of Heuresis and what imports what, read from the code itself.

A layer is a root folder, a room a folder in it. Files that stand beside the rooms of a layer share boxes: those that
need a room stand above it, together where they import one another; all others stand together below.
"""

import ast
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("cli", "evolve", "archive", "problems", "evaluators", "sandbox")


@dataclass(frozen=True, slots=True)
class Box:
    """A room with what it is for, or files by their names."""

    layer: str
    room: str = ""
    note: str = ""
    files: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[int, str, tuple[str, ...]]:
        """For a stable order: the layer's, then by name."""
        return LAYERS.index(self.layer), self.room, self.files


Arrows = dict[Box, list[Box]]


def arrows() -> Arrows:
    """What each box imports, without arrows that follow from others: what can be reached may be imported as well.

    Raises ValueError where boxes import each other in a circle.
    """
    graph = grimp.build_graph("heuresis", cache_dir=None)
    box_of = _boxes(graph)
    direct: dict[Box, set[Box]] = {box: set() for box in box_of.values()}
    for module, box in box_of.items():
        imported = graph.find_modules_directly_imported_by(module)
        direct[box] |= {box_of[other] for other in imported if other in box_of} - {box}
    return without_detours(direct)


def without_detours(direct: Mapping[Box, set[Box]]) -> Arrows:
    """The arrows that no path of others stands for, in a stable order. Raises ValueError for a circle."""
    reached: dict[Box, set[Box]] = {}

    def reach(box: Box, path: tuple[Box, ...] = ()) -> set[Box]:
        if box in path:
            circle = " → ".join(f"{one.layer}/{one.room or ', '.join(one.files)}" for one in (*path, box))
            raise ValueError(f"expected no circle of imports, got {circle}; `lint-imports` says where")
        if box not in reached:
            reached[box] = direct[box].union(
                *(reach(other, (*path, box)) for other in sorted(direct[box], key=lambda other: other.rank))
            )
        return reached[box]

    return {
        box: sorted(direct[box] - set().union(*(reach(other) for other in direct[box])), key=lambda other: other.rank)
        for box in sorted(direct, key=lambda box: box.rank)
    }


def _boxes(graph: grimp.ImportGraph) -> dict[str, Box]:
    """The box of every module but the layers' own `__init__`."""
    found: dict[str, Box] = {}
    for layer in LAYERS:
        children = sorted(graph.find_children(f"heuresis.{layer}"))
        rooms = [child for child in children if graph.find_children(child)]
        for room in rooms:
            name = room.rpartition(".")[2]
            box = Box(layer, name, note=_note(ROOT / layer / name / "__init__.py"))
            found |= dict.fromkeys((room, *graph.find_descendants(room)), box)
        for files in _together(graph, [child for child in children if child not in rooms], set(found)):
            box = Box(layer, files=tuple(file.rpartition(".")[2] for file in files))
            found |= dict.fromkeys(files, box)
    return found


def _note(file: Path) -> str:
    """What a room is for: its docstring up to the first colon or full stop."""
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    if not said:
        raise ValueError(f"expected a docstring that says what the room is for in {file}, got none")
    return said.splitlines()[0].partition(":")[0].partition(" (`")[0].rstrip(".")


def _together(graph: grimp.ImportGraph, files: Sequence[str], rooms: set[str]) -> Iterable[list[str]]:
    """Files of one box each: above the rooms those that import one another, below them all."""
    above: list[list[str]] = []
    for file in files:
        if graph.find_upstream_modules(file) & rooms:
            near = [group for group in above if any(_linked(graph, file, other) for other in group)]
            above = [group for group in above if group not in near]
            above.append(sorted([file, *itertools.chain.from_iterable(near)]))
    below = [file for file in files if not any(file in group for group in above)]
    return filter(None, (*above, below))


def _linked(graph: grimp.ImportGraph, one: str, other: str) -> bool:
    pairs = ((one, other), (other, one))
    return any(graph.direct_import_exists(importer=importer, imported=imported) for importer, imported in pairs)
