"""The table of `docs/semantics.md`, through the compiler and through the exporter."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from heuresis.archive.export.interpret import Interpreter
from heuresis.archive.export.rewrite import helpers_of, rewrite
from heuresis.evaluators.compile import compile_program
from heuresis.evaluators.contract import Contract, Function, Parameter, Unit
from heuresis.sandbox.screen import screen

PAGE = Path(__file__).resolve().parents[2] / "docs" / "semantics.md"
ROWS = re.findall(r"^\| `(.+?)` \| (\S+) \| (\S+) \| (\S+) \|$", PAGE.read_text(), re.MULTILINE)
BOTH = (Parameter("a", Unit.ONE, "first", varies=False), Parameter("b", Unit.ONE, "second", varies=False))
CONTRACT = Contract((Function("f", BOTH, "a value"),))


def test_the_table_is_found():
    assert len(ROWS) >= 25


@pytest.mark.parametrize(("expression", "a", "b", "value"), ROWS)
def test_compiled_and_exported_agree_with_the_page(expression: str, a: str, b: str, value: str):
    source = screen(f"def f(a, b):\n    return {expression}\n", CONTRACT.allow_list())
    compiled = compile_program(source, CONTRACT).main(float(a), float(b), np.zeros(0))
    tree = rewrite(source, CONTRACT)
    exported = float(Interpreter(tree, helpers_of(tree)).call("f", [float(a), float(b)]))
    wanted = float(value)
    for found in (compiled, exported):
        assert found == wanted or (math.isnan(found) and math.isnan(wanted))
