"""Draw docs/house.svg: the rooms of Heuresis as boxes, and arrows from each to what it imports.

`make house` runs this file; a test insists that the picture is up to date.
"""

import sys
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

from layout import Joins, Passage, Place, Plan, plan
from rooms import LAYERS, ROOT, Box, arrows

PICTURE = ROOT / "docs" / "house.svg"
WIDTH, EDGE, NAMES = (
    960,
    10,
    100,
)  # of the picture, around it, and of the column with the names of the layers; in pixels
BOX, HEIGHT, BESIDE, BELOW, AROUND, APART = 136, 50, 12, 26, 12, 7  # of boxes, between them, of and between layers
FOOT = 34  # for the words below
LETTER, INSET = 6, 7  # the width of a small letter, and of what stays free beside text
STYLE = """
  text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 11px; fill: #3d4450 }
  .name { font-size: 13px; font-weight: 600; fill: #14181f }
  .layer { font-size: 15px; font-weight: 700; fill: #14181f }
  .paper { fill: #ffffff } .band { fill: #eef1f5 } .box { fill: #ffffff; stroke: #7d8796 }
  .inside, .across { fill: none; stroke: #4b5563; stroke-width: 1.3 } .across { stroke: #2f6fbd }
  .inside-head { fill: #4b5563 } .across-head { fill: #2f6fbd }
  @media (prefers-color-scheme: dark) {
    text { fill: #b9c0cb } .name, .layer { fill: #f0f3f7 }
    .paper { fill: #0f1318 } .band { fill: #1b2129 } .box { fill: #0f1318; stroke: #6b7686 }
    .inside { stroke: #aab3c0 } .across { stroke: #6ea8ef }
    .inside-head { fill: #aab3c0 } .across-head { fill: #6ea8ef }
  }
"""


def picture() -> str:
    """The whole picture as SVG, the same for the same imports."""
    drawn = plan(arrows(), width_of, EDGE + NAMES, WIDTH - EDGE - BESIDE, BESIDE)
    tops, bands, height = heights(drawn)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + FOOT}" role="img">',
        "<title>The rooms of Heuresis, and what each of them imports</title>",
        f"<style>{STYLE}</style>",
        "<defs>",
        *(head(kind) for kind in ("inside", "across")),
        "</defs>",
        f'<rect class="paper" width="{WIDTH}" height="{height + FOOT}" rx="8"/>',
        *bands,
        *lines(drawn, tops),
    ]
    for row, top in zip(drawn.rows, tops, strict=True):
        parts += [box(place, drawn.middle[place], top) for place in row if isinstance(place, Box)]
    return "\n".join([*parts, *legend(height), "</svg>", ""])


def text_of(box: Box) -> list[str]:
    """The lines of small letters in a box."""
    text, most = (box.note, 2) if box.room else (", ".join(box.files), 3)
    columns = (BOX - 2 * INSET) // LETTER
    while len(lines := textwrap.wrap(text, columns)) > most:
        columns += 1
    return lines


def width_of(box: Box) -> float:
    """The width of a box in pixels."""
    return max(BOX if box.room else 0, LETTER * max(map(len, text_of(box))) + 2 * INSET)


def heights(drawn: Plan) -> tuple[list[int], list[str], int]:
    """The upper edge of each row, the layers as SVG, and the height of all."""
    tops: list[int] = []
    bands: list[str] = []
    y = EDGE
    for layer in LAYERS:
        mine = [row for row in drawn.rows if any(isinstance(place, Box) and place.layer == layer for place in row)]
        tall = 2 * AROUND + len(mine) * (HEIGHT + BELOW) - BELOW
        tops += [y + AROUND + i * (HEIGHT + BELOW) for i in range(len(mine))]
        bands.append(
            f'<rect class="band" x="{EDGE}" y="{y}" width="{WIDTH - 2 * EDGE}" height="{tall}" rx="6"/>'
            f'<text class="layer" x="{EDGE + 10}" y="{y + 24}">{layer}</text>'
        )
        y += tall + APART
    return tops, bands, y - APART + EDGE


def head(kind: str) -> str:
    """The head of one kind of arrow."""
    shape = '<path d="M0 0 L8 4 L0 8 Z"'
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto">{shape} class="{kind}-head"/></marker>'
    )


def box(shown: Box, middle: float, top: int) -> str:
    """One box with its text."""
    width, lines = width_of(shown), text_of(shown)
    x = round(middle - width / 2)
    parts = [f'<rect class="box" x="{x}" y="{top}" width="{width}" height="{HEIGHT}" rx="4"/>']
    y = top + 16
    if shown.room:
        parts.append(f'<text class="name" x="{x + INSET}" y="{y}">{escape(shown.room)}</text>')
        y += 14
    else:
        y += 6 * (3 - len(lines))
    parts += [f'<text x="{x + INSET}" y="{y + 13 * i}">{escape(line)}</text>' for i, line in enumerate(lines)]
    return "".join(parts)


def lines(drawn: Plan, tops: list[int]) -> Iterator[str]:
    """All lines, each from the lower edge of one row to the upper edge of the next; an arrow where it arrives."""
    leaves, arrives = ports(drawn, drawn.down), ports(drawn, drawn.up)
    for number, row in enumerate(drawn.rows):
        for place in row:
            begin = f"V{tops[number] + HEIGHT}" if isinstance(place, Passage) else ""
            for other in drawn.down.get(place, ()):
                kind = "across" if is_across(place, other) else "inside"
                x, y = leaves[place, other], tops[number] + HEIGHT
                to_x, to_y = arrives[other, place], tops[number + 1]
                bend = (to_y - y) // 2
                curve = f"M{x} {tops[number] if begin else y}{begin}C{x} {y + bend} {to_x} {to_y - bend} {to_x} {to_y}"
                arrow = f' marker-end="url(#{kind})"' if isinstance(other, Box) else ""
                yield f'<path class="{kind}" d="{curve}"{arrow}/>'


def is_across(place: Place, other: Place) -> bool:
    """Whether a line between two places comes from another layer than it goes to."""
    if isinstance(place, Box) and isinstance(other, Box):
        return place.layer != other.layer
    return place.across if isinstance(place, Passage) else isinstance(other, Passage) and other.across


def legend(top: int) -> Iterator[str]:
    """What the arrows mean."""
    y = top + 12
    for x, kind, words in ((20, "inside", "imports, in one layer"), (200, "across", "imports, from another layer")):
        yield f'<path class="{kind}" d="M{x} {y}H{x + 26}" marker-end="url(#{kind})"/>'
        yield f'<text x="{x + 32}" y="{y + 4}">{words}</text>'
    rest = "Arrows that follow from others are left out: what can be reached may be imported."
    yield f'<text x="420" y="{y + 4}">{rest}</text>'


def ports(drawn: Plan, joins: Joins) -> dict[tuple[Place, Place], int]:
    """Where lines leave or reach a place: side by side along the edge of a box, in the order of their other ends."""
    found = {}
    for place, others in joins.items():
        width = width_of(place) if isinstance(place, Box) else 0
        for i, other in enumerate(sorted(others, key=lambda other: drawn.middle[other])):
            share = (i + 1) / (len(others) + 1) - 0.5
            found[place, other] = round(drawn.middle[place] + share * width)
    return found


if __name__ == "__main__":
    goal = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    goal.write_text(picture(), encoding="utf-8")
