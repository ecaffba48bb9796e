"""The script that draws what is reported of serving: the same file for the same values, on light and dark pages."""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra `plot`")

LABELS = [{"workload": "a", "load": 0.8, "number": n} for n in range(4)]


@dataclass
class Split:
    """Instances, of which only labels matter here."""

    instances: list[object]


@dataclass
class Labelled:
    labels: dict[str, object]


@dataclass
class Times:
    e2e: np.ndarray


@pytest.fixture(scope="module")
def script(root: Path) -> ModuleType:
    folder = str(root / "benchmarks")
    sys.path.insert(0, folder)  # as for a script that is run: it imports its neighbour
    try:
        spec = importlib.util.spec_from_file_location("serving_pictures", root / "benchmarks" / "serving_pictures.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    module.dress()
    return module


def drawn(script: ModuleType) -> object:
    """Two programs, of which the second takes twice as long; one request was rejected."""
    results = {
        name: [Times(np.array([np.nan, *(factor * np.arange(1.0, 50.0))])) for _ in LABELS]
        for name, factor in (("mine", 1.0), ("fcfs", 2.0))
    }
    return script.Drawn(Split([Labelled(one) for one in LABELS]), results)


def text_of(script: ModuleType, path: Path) -> str:
    """The picture of distributions."""
    canvas = script.distributions(drawn(script), ("workload", "load"), [{"a, load 0.8": "a 0.8"}], "e2e")
    script.written(canvas, path)
    return path.read_text()


def test_the_same_values_make_the_same_file(script: ModuleType, tmp_path: Path) -> None:
    one, other = (text_of(script, tmp_path / name) for name in ("one.svg", "other.svg"))
    assert one == other
    assert "<dc:date>" not in one
    assert all(word in one for word in ("mine", "fcfs", "a, load 0.8", "seconds"))


def test_colours_follow_the_page(script: ModuleType, tmp_path: Path) -> None:
    text = text_of(script, tmp_path / "one.svg")
    assert text.count("prefers-color-scheme: dark") == 1
    style, picture = text.split("</style>", 1)
    for light, dark in script.DARK.items():
        assert f"{light}" in picture
        assert f"{dark} !important" in style


def test_a_distribution_is_that_of_all_requests_of_a_cell_that_were_served(script: ModuleType) -> None:
    times = drawn(script).times("fcfs", ("workload", "load"), "a 0.8", "e2e")
    assert len(times) == 4 * 50
    canvas = script.distributions(drawn(script), ("workload", "load"), [{"a": "a 0.8"}], "e2e")
    mine, base = canvas.axes[0].lines
    assert mine.get_xdata()[-1] == 49.0
    assert np.allclose(base.get_xdata(), 2.0 * mine.get_xdata())


def test_ratios_stand_where_they_are_with_their_cells(script: ModuleType) -> None:
    size = np.arange(1.0, 5.0)
    made = {name: script.Figures({"e2e_mean": factor * size}) for name, factor in (("mine", 0.5), ("fcfs", 1.0))}
    cells = {"a 0.8": np.ones(4, dtype=np.bool_)}
    canvas = script.ratios(made, "fcfs", cells, script.weights(LABELS), ["e2e_mean"])
    [points] = [line for line in canvas.axes[0].lines if line.get_label() == "mine"]
    assert points.get_xdata() == pytest.approx([0.5])
    assert [label.get_text() for label in canvas.axes[0].get_yticklabels()] == ["a 0.8"]
