"""Figures as text."""

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from heuresis.cli.chart import MARKS, bars, chart
from heuresis.cli.plot import draw
from heuresis.problems.figures import Bar, Curve, Figure, Gantt, cumulative


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_a_step_holds_until_the_next_one() -> None:
    curve = Curve("queue", floats(0, 5, 10), floats(0, 4, 2), steps=True)
    lines = chart(Figure("Waiting", "s", "requests", [curve]), width=11, height=5)
    assert lines == [
        "Waiting (requests)",
        "       4 ┤     •••••",
        "         │",
        "         │          •",
        "         │",
        "       0 ┤•••••",
        "         └───────────",
        "          0   s    10",
        "          • queue",
    ]


def test_curves_are_told_apart_and_the_axis_may_be_logarithmic() -> None:
    one, other = cumulative("one", floats(1, 10, 100)), cumulative("other", floats(100, np.nan, 100))
    assert other.y.tolist() == [1 / 3, 2 / 3]
    lines = chart(Figure("Times", "seconds", "share", [one, other], log_x=True), width=21, height=4)
    assert lines[1].startswith("       1 ┤")
    assert MARKS[0] in lines[1]
    assert lines[-1].split() == ["•", "one", "x", "other"]
    assert lines[3].count("•") == 10  # a third of the requests until 10 s, halfway on this axis


def test_what_cannot_be_drawn_is_said() -> None:
    assert chart(Figure("Empty", "x", "y", [Curve("none", floats(), floats())])) == ["Empty", "nothing to draw"]
    flat = chart(Figure("Flat", "x", "y", [Curve("zero", floats(0, 0), floats(0, 0))]), width=10, height=3)
    assert "•" in flat[3]
    with pytest.raises(ValueError, match="x and y must be 1-D"):
        Curve("odd", floats(1, 2), floats(1))


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_a_name_is_no_formula_and_no_control_in_a_picture(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    odd = "$\\frac{$ --> <script> \x1b]8;; \x00 \u202e"
    figure = Figure(odd, odd, odd, [Curve(odd, floats(0, 1), floats(0, 1))])
    place = tmp_path / f"odd{ending}"
    draw([figure], place, odd)
    assert place.stat().st_size > 1_000
    if ending == ".svg":
        assert not [one for one in ET.parse(place).iter() if one.tag.endswith("script")]
        assert "\u202e" not in place.read_text()


def test_a_gantt_chart_has_a_row_for_each_and_marks_what_is_late():
    rows = {"mdd": [Bar("0", 0.0, 5.0), Bar("1", 5.0, 10.0, late=True)], "longer": [Bar("1", 0.0, 10.0)]}
    title, first, second, *_, legend = bars(Gantt("jobs", "time", rows), width=10)
    assert (title, first, second) == ("jobs", "   mdd │░░░░░█████", "longer │░░░░░░░░░░")
    assert "late" in legend
