"""Random and mutated programs: the screen answers each with a normal form or an error, the sandbox with an outcome."""

import ast
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from attack_parts import ENGINES, load_attacks
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from long_run import SECONDS, examples
from tiny_problem import SIGNATURE, TINY

from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.verdict import INVALID
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Status
from heuresis.sandbox.process.zygote import load
from heuresis.sandbox.screen.allow import AllowList
from heuresis.sandbox.screen.screen import ScreenError, screen
from heuresis.sandbox.task import Task

pytestmark = pytest.mark.timeout(600 + 10 * SECONDS)  # the machine may be busy

SMTT = TINY.contract.allow_list()
ARRAYS: AllowList = load(f"{ENGINES}:BINS").allow_list()  # type: ignore[attr-defined]
ARRAY_SIGNATURE = "def choose(item, bins, counts):"

BASELINES = [
    path.read_text() for path in sorted((Path(__file__).parents[3] / "problems/tardiness/baselines").glob("*.py"))
]
ATTACKS = [attack.source for attack in load_attacks() if attack.contract in {"smtt", "array", "whole"}]
ACCEPTED = [attack.source for attack in load_attacks() if attack.expect & {"ok", "invalid", "runtime_error"}]

FORBIDDEN = (
    ast.Import | ast.ImportFrom | ast.Lambda | ast.JoinedStr | ast.Starred | ast.Global | ast.ClassDef | ast.With
)

MOST_CPU_SECONDS = 5.0
"""Of one program of at most 8,000 bytes, which takes some milliseconds: far above what any machine needs."""

SETTINGS = settings(
    derandomize=not SECONDS, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)

TOKEN = re.compile(r"\w+|[^\S\n]+|\n[ ]*|\*\*|//|[<>=!+*/-]=|.", re.DOTALL)
LOOP = re.compile(r"\b(for|while)\b")
NAMES = [
    "p",
    "d",
    "t",
    "n_left",
    "bins",
    "counts",
    "item",
    "x",
    "i",
    "a",
    "theta",
    "math",
    "np",
    "priority",
    "choose",
    "__class__",
]
CALLS = [
    "max(",
    "min(",
    "abs(",
    "float(",
    "math.exp(",
    "math.pow(",
    "np.zeros(",
    "np.full(",
    "len(",
    "range(",
    "print(",
]
NUMBERS = ["0", "1", "-1", "0.0", "-0.0", "1e308", "1e999", "5e-324", "2", "63", "64", "9223372036854775807", "10**18",
           "9" * 25, "1j", "0x10", "True", "None", "'x'", "..."]  # fmt: skip
SIGNS = ["(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "==", "+", "-", "*", "/", "//", "%", "**", "<", "<=", "!=", "~", "@",
         ":=", "->", ";", "\n", "\n    ", "\n        ", " ", "\\\n", "#", "'", '"""', "\t", "\0", "é", "\ud800"]  # fmt: skip
WORDS = [" if ", " else ", " and ", " or ", "not ", "for i in ", "while ", "return ", "def ", "lambda: ", "import ", "from ",
         "global ", "pass", "break", "continue", "in ", "is ", "yield ", "await ", "async ", "del ", "try:", "class "]  # fmt: skip
PIECES = st.sampled_from([*NAMES, *CALLS, *NUMBERS, *SIGNS, *WORDS])
TEMPLATES = [
    "{} + {}", "{} - {}", "{} * {}", "{} / {}", "{} // {}", "{} % {}", "{} ** {}", "{} < {} <= {}", "{} and {}", "not {}",
    "{} if {} else {}", "({})", "-{}", "max({}, {})", "math.exp({})", "float({})", "abs({})", "math.pow({}, {})",
    "pow({}, {})", "np.maximum({}, {})",
    "{}[{}]", "len({})", "np.zeros({})", "{}.real", "lambda q: {}", "[{} for q in {}]", "({}, {})", "[{}, {}]", "{{{}: {}}}",
    "f'{{{}}}'", "{}({})", "(q := {})", "{} @ {}", "{} is {}", "~{}", "*{}", "{}[{}:{}]",
]  # fmt: skip
ALLOWED_TEMPLATES = TEMPLATES.index("{}[{}]")
STATEMENTS = [
    "x = {}", "x += {}", "if {}:", "while {}:", "for i in range({}):", "x, t = {}, {}", "x: float = {}", "pass",
    "a[i] = {}", "break", "{} = {}", "{} += {}", "for {} in range({}):", "return {}", "{}", "{}[{}] = {}", "for i in {}:", "with {}:",
]  # fmt: skip
ALLOWED_STATEMENTS = STATEMENTS.index("a[i] = {}")


LEAVES = {
    SIGNATURE: ["p", "d", "t", "n_left", "p_mean", "x", "i", "a", "1", "2.5", "0.5"],
    ARRAY_SIGNATURE: ["item", "x", "i", "bins[i]", "counts[0]", "a[i]", "a[-1]", "len(bins)", "1", "2.5"],
}
"""The usual parts of expressions under each contract."""


def expression(random: Random, signature: str, leaves: int) -> str:
    """An expression of Python, more often allowed than not."""
    if leaves <= 1:
        return random.choice([*NUMBERS, *NAMES] if random.random() < 0.05 else LEAVES[signature])
    template = random.choice(TEMPLATES[:ALLOWED_TEMPLATES] if random.random() < 0.95 else TEMPLATES)
    return template.format(*(expression(random, signature, leaves // 2) for _ in range(template.count("{}"))))


def composed(seed: int, signature: str) -> str:
    """A program of random statements around random expressions; made from a number, because that is fast."""
    random = Random(seed)
    local = "x = i = a = 1.0" if signature == SIGNATURE else "x, i, a = 1.0, 2, np.zeros(4)"
    lines, depth = [signature, f"    {local}"], 1
    for _ in range(random.randint(0, 4)):
        text = random.choice(STATEMENTS[:ALLOWED_STATEMENTS] if random.random() < 0.9 else STATEMENTS)
        parts = [expression(random, signature, random.randint(1, 4)) for _ in range(text.count("{}"))]
        lines.append("    " * depth + text.format(*parts))
        depth += text.endswith(":")
    lines.append("    " * depth + f"return {expression(random, signature, random.randint(1, 6))}")
    return "\n".join([*lines, "    return 0.5"]) + "\n"


@st.composite
def mutated(draw: st.DrawFn, sources: list[str], most: int = 5) -> str:
    """A program that was cut, spliced, nested and sprinkled with other tokens."""
    source = draw(st.sampled_from(sources))
    for _ in range(draw(st.integers(1, most))):
        tokens = TOKEN.findall(source) or [""]
        at = draw(st.integers(0, len(tokens) - 1))
        end = min(len(tokens), at + draw(st.integers(1, 4)))
        match draw(
            st.sampled_from(["delete", "replace", "insert", "repeat", "swap", "splice", "nest", "number", "line"])
        ):
            case "delete":
                tokens[at:end] = []
            case "replace":
                tokens[at] = draw(PIECES)
            case "insert":
                tokens.insert(at, draw(PIECES))
            case "repeat":
                tokens[at:end] = tokens[at:end] * draw(st.sampled_from([2, 3, 50]))
            case "swap":
                other = draw(st.integers(0, len(tokens) - 1))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case "splice":
                others = TOKEN.findall(draw(st.sampled_from(sources)))
                tokens[at:] = others[draw(st.integers(0, len(others) - 1)) :]
            case "nest":
                around = draw(st.sampled_from(["({})", "-{}", "abs({})", "[{}]", "max({}, 1)", "({} if d else 1)"]))
                for _ in range(draw(st.sampled_from([1, 2, 30, 120]))):
                    tokens[at] = around.format(tokens[at])
            case "number":
                numbers = [k for k, token in enumerate(tokens) if token[:1].isdigit()]
                if numbers:
                    tokens[draw(st.sampled_from(numbers))] = draw(st.sampled_from(NUMBERS))
            case "line":
                lines = "".join(tokens).split("\n")
                k = draw(st.integers(0, len(lines) - 1))
                lines.insert(k, draw(st.sampled_from(lines)))
                tokens = ["\n".join(lines)]
        source = "".join(tokens)[:9_000]
    return source


def check_screen(source: str, allow: AllowList) -> bool:
    """Whatever the text, the screen returns what it would return again, or says why not, and takes no time.

    Returns whether the program was accepted.
    """
    started = time.process_time()
    checked, refusal = screened(source, allow)
    if refusal is not None:
        assert refusal.reason
        assert refusal.line >= 1
        assert refusal.column >= 1
        assert str(refusal) == f"line {refusal.line}, column {refusal.column}: {refusal.reason}"
    else:
        assert screened(checked, allow) == (checked, None)
        assert checked.isascii()
        assert len(checked) <= allow.max_bytes
        assert ast.unparse(ast.parse(checked)) == checked
        assert "__" not in checked
        assert not any(isinstance(node, FORBIDDEN) for node in ast.walk(ast.parse(checked)))
    assert time.process_time() - started < MOST_CPU_SECONDS
    return refusal is None


def screened(source: str, allow: AllowList) -> tuple[str, ScreenError | None]:
    """The normal form, or nothing and why; any other exception is a fault of the screen."""
    try:
        return screen(source, allow), None
    except ScreenError as error:
        return "", error


@pytest.mark.parametrize("allow", [SMTT, ARRAYS], ids=["scalars", "arrays"])
def test_the_screen_answers_random_text(allow: AllowList) -> None:
    @settings(SETTINGS, max_examples=examples(150))
    @given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200))
    @example("")
    def answers(source: str) -> None:
        check_screen(source, allow)

    answers()


@pytest.mark.parametrize("signature", [SIGNATURE, ARRAY_SIGNATURE], ids=["scalars", "arrays"])
def test_the_screen_answers_composed_programs(signature: str) -> None:
    allow = SMTT if signature == SIGNATURE else ARRAYS

    @settings(SETTINGS, max_examples=examples(500))
    @given(st.integers(0, 1 << 32).map(lambda seed: composed(seed, signature)))
    def answers(source: str) -> None:
        accepted.append(check_screen(source, allow))

    accepted: list[bool] = []
    answers()
    assert 0.1 < sum(accepted) / len(accepted) < 0.9  # else the programs are too tame or too wild


@pytest.mark.parametrize("allow", [SMTT, ARRAYS], ids=["scalars", "arrays"])
def test_the_screen_answers_mutated_programs(allow: AllowList) -> None:
    @settings(SETTINGS, max_examples=examples(400))
    @given(mutated(BASELINES * 8 + ATTACKS))
    def answers(source: str) -> None:
        check_screen(source, allow)

    answers()


@pytest.fixture(scope="module")
def assessor() -> Iterator[Assessor]:
    """The line that candidates go, over two small instances."""
    search = TINY.splits["search"]()
    few = replace(search, instances=search.instances[:2], fingerprint="of two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "ENGINE", f"{ENGINES}:Attacked")
        limits = Limits(seconds=60.0, memory_bytes=256 << 20)  # the machine may be busy
        with Assessor(TINY, workers=1, limits=limits, instance_sets={"search": few}) as made:
            yield made


def test_the_sandbox_answers_mutated_programs(assessor: Assessor) -> None:
    good = assessor.run(Task("good"))
    assert good.ok
    pids, ended = assessor.pids(), []

    programs = st.integers(0, 1 << 32).map(lambda seed: composed(seed, SIGNATURE))

    @settings(SETTINGS, max_examples=examples(80))
    @given(programs | mutated(BASELINES + [s for s in ACCEPTED if SIGNATURE in s], most=2))
    def answers(source: str) -> None:
        if LOOP.search(source):  # it may never end, and whether it ends in time is not asked
            outcome = assessor.run(
                replace(tasks.decide(source, np.arange(2)), limits=replace(assessor.limits, seconds=1.0))
            )
            status, message = str(outcome.status), outcome.message
        else:
            found = assessor.evaluate(source)
            status, message = found.status, found.message
            assert (found.aggregate is None) == (status != Status.OK)
            assert status != Status.TIMEOUT
        assert status in {str(s) for s in Status} | {INVALID}
        assert status != Status.CRASHED, message
        assert all(" " <= c <= "~" or c == "\n" for c in message)
        ended.append(status)

    answers()
    assert assessor.pids() == pids  # no zygote died
    assert [a.tobytes() for a in assessor.run(Task("good")).arrays] == [a.tobytes() for a in good.arrays]
    assert {"ok", "rejected"} <= set(ended)  # else the mutations are too strong or too weak
