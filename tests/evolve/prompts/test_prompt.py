"""Every prompt against its stored text; `HEURESIS_GOLDEN=write` stores what comes out, to be read before it is kept."""

import os
from pathlib import Path

import pytest
from model_parts import ATC, CONTRACT, EDD, MDD, PROBLEM

from heuresis.evolve.models.client import Message
from heuresis.evolve.prompts import prompt

GOLDEN = Path(__file__).parent / "golden"
PARENTS = (
    prompt.Scored(MDD, 0.0145, "| job | late by |\n|---|---|\n| 3 | 17 |"),
    prompt.Scored(ATC, 0.0312),
)
FAILURES = (
    prompt.Failed(
        "def priority(p):\n    return p\n", "rejected: line 1: expected the parameters p, d, t, n_left, p_mean"
    ),
    prompt.Failed(None, "no program: the reply is empty"),
)


def text_of(messages: tuple[Message, ...]) -> str:
    return "\n".join(f"=== {m.role}\n{m.content}" for m in messages) + "\n"


CASES = {
    "improve": prompt.propose(PROBLEM, "improve", PARENTS[:1], FAILURES),
    "combine": prompt.propose(PROBLEM, "combine", PARENTS),
    "simplify": prompt.propose(PROBLEM, "simplify", PARENTS[1:]),
    "explore": prompt.propose(PROBLEM, "explore", ()),
    "repair": prompt.repair((Message("user", "task"),), "bad code", "line 2, column 5: unknown name `q`", CONTRACT),
    "small": prompt.small(CONTRACT, (EDD, ATC, MDD), "return max(t + p, d) + "),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    path = GOLDEN / f"prompt_{name}.md"
    if os.environ.get("HEURESIS_GOLDEN") == "write":
        path.write_text(text_of(CASES[name]), encoding="utf-8")
    assert text_of(CASES[name]) == path.read_text(encoding="utf-8")


def test_every_operator_has_a_golden_prompt_and_no_other_is_known() -> None:
    assert set(prompt.OPERATORS) <= set(CASES)
    with pytest.raises(ValueError, match="improve"):
        prompt.propose(PROBLEM, "invent", ())


def test_the_system_prompt_is_the_same_for_all_operators() -> None:
    assert len({CASES[name][0] for name in prompt.OPERATORS}) == 1


def test_without_a_parent_changes_are_not_offered() -> None:
    assert "SEARCH" not in CASES["explore"][1].content
    assert "SEARCH" in CASES["improve"][1].content


def test_dollar_signs_and_braces_in_programs_survive() -> None:
    odd = MDD + "# costs $5 ${x} {y}\n"
    assert "$5 ${x} {y}" in prompt.propose(PROBLEM, "improve", [prompt.Scored(odd, 0.1)])[1].content


def test_long_parts_are_cut() -> None:
    long = prompt.Scored(MDD + "# x\n" * 10_000, 0.1, "| row |\n" * 10_000)
    messages = prompt.propose(PROBLEM, "improve", [long], [prompt.Failed("y\n" * 9_000, "m" * 9_000)] * 3)
    assert sum(len(m.content) for m in messages) < 20_000


def test_the_small_prompt_is_short_and_says_each_rule_once() -> None:
    system, user, start = prompt.small(CONTRACT, (MDD, MDD, "not a program ("), "return ")
    assert user.content.split("\n").count("return max(t + p, d)") == 1
    assert len(system.content) + len(user.content) + len(start.content) < 300
    assert start.role == "assistant"
