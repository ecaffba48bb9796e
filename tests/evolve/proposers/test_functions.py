"""Optional functions go from a parent to its child."""

from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit
from heuresis.evaluators.language.reference.interpreter import interpreter_of
from heuresis.evolve.proposers.functions import with_others
from heuresis.sandbox.screen.screen import screen

X = Parameter("x", Unit.ONE, "a number", varies=True)
Y = Parameter("y", Unit.ONE, "a number", varies=False)
CONTRACT = Contract(
    (
        Function("rank", (X,), "a rank"),
        Function("limit", (Y,), "a limit", default="return 1.0"),
        Function("share", (Y,), "a share", default="return 2.0"),
    )
)
CHILD = "def rank(x):\n    return 3.0 * x\n"
PARENT = '''"""A rule."""

import math

UNUSED = 7.0
HALF = 0.5


def root(z):
    return math.sqrt(z) * HALF


def rank(x):
    return UNUSED * x


def limit(y: float) -> float:
    return root(y)
'''


def calls(source: str) -> tuple[float, float, float]:
    program = interpreter_of(screen(source, CONTRACT.allow_list()), CONTRACT)
    return program.call("rank", [2.0]), program.call("limit", [16.0]), program.call("share", [1.0])


def test_a_child_keeps_what_its_parent_has_beside_the_main_function() -> None:
    assert calls(CHILD) == (6.0, 1.0, 2.0)
    made = with_others(CHILD, PARENT, CONTRACT)
    assert calls(made) == (6.0, 2.0, 2.0)
    assert "UNUSED" not in made
    assert with_others(made, PARENT, CONTRACT) == made


def test_a_child_stays_as_it_is_where_there_is_nothing_to_keep() -> None:
    assert with_others(CHILD, "def rank(x):\n    return x\n", CONTRACT) == CHILD
    assert with_others(CHILD, PARENT, Contract(CONTRACT.functions[:1])) == CHILD
    taken = "def root(z):\n    return z\n\n\ndef rank(x):\n    return root(x)\n"
    assert with_others(taken, PARENT, CONTRACT) == taken
