"""Replies as mixtures of thoughts, prose, code and changes: the program is found, and what is no program never is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_parts import CONTRACT, EDD, MDD, SIGNATURE

from heuresis.evolve.prompts.reply import ReplyError, parse_reply

WRONG = f"{SIGNATURE}\n    return wrong\n"
GOOD = f"{SIGNATURE}\n    slack = d - t\n    return slack / p\n"
UNFIT = "<<<<<<< SEARCH\n    return q\n=======\n    return d\n>>>>>>> REPLACE\n"

MARKS = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<THOUGHT>", "</THOUGHT>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("<chain_of_thought>", "</chain_of_thought>"),
    ("<thinking_process step=1>", "</thinking_process>"),
    ("<antThinking>", "</antThinking>"),
    ("[THINK]", "[/THINK]"),
    ("<｜begin▁of▁thinking｜>", "<｜end▁of▁thinking｜>"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|end|>"),
]

prose = st.sampled_from(
    ["Let me see.\n", "This rule favours urgent jobs.\n", "\n", "1. *idea*: less `slack`\n", "No def here.\n"]
)
wrong_code = st.sampled_from(
    [f"```python\n{WRONG}```\n", WRONG, UNFIT, f"```\n{WRONG}", json.dumps({"code": WRONG}) + "\n"]
)
inside = st.lists(prose | wrong_code, max_size=4).map("".join)


@st.composite
def thoughts(draw: st.DrawFn, depth: int = 0) -> str:
    """A thought, others within it."""
    opening, closing = draw(st.sampled_from(MARKS))
    inner = draw(thoughts(depth + 1)) if depth < 2 and draw(st.booleans()) else ""
    return f"{opening}{draw(inside)}{inner}{draw(inside)}{closing}\n"


@st.composite
def presented(draw: st.DrawFn, source: str = GOOD) -> str:
    """A program as models present it."""
    quoted = "".join(f"> {line}\n" for line in f"```python\n{source}```".split("\n"))
    one_line = f"```python {SIGNATURE} return d```\n"
    ways = [
        f"```python\n{source}```\n",
        f"```\n{source}\n```\n",
        f"~~~py\n{source}~~~\n",
        f"   ```python\n{source}   ```\n",
        f"```python\n{source.rstrip()}```\n",
        f"````markdown\nSo:\n```python\n{source}```\n````\n",
        quoted,
        json.dumps({"thought": "less slack", "code": source}) + "\n",
        json.dumps(source) + "\n",
        f"```json\n{json.dumps({'program': source}, indent=2)}\n```\n",
        json.dumps({"code": f"```python\n{source}```"}) + "\n",
        f"```python\n{source}print(priority(1, 2, 3, 4, 5))\n```\n",
        source.replace("\n", "\r\n"),
    ]
    return draw(st.sampled_from(ways if source == GOOD else [*ways, one_line]))


@st.composite
def replies(draw: st.DrawFn) -> str:
    """A whole reply: thoughts and prose around a program, perhaps with changes that do not apply."""
    before = draw(st.lists(prose | thoughts(), max_size=3).map("".join))
    if draw(st.booleans()):  # the server has swallowed the first mark
        before = (
            draw(inside) + draw(st.sampled_from([closing for _, closing in MARKS if closing != "<|end|>"])) + before
        )
    unfit = draw(st.sampled_from(["", UNFIT]))
    program = "\n" + draw(presented())
    if unfit and not ("```" in program or "~~~" in program):
        unfit = ""
    middle = [unfit, program] if draw(st.booleans()) else [program, unfit]
    after = draw(st.lists(prose | thoughts(), max_size=2).map("".join))
    cut = draw(st.sampled_from(["", draw(st.sampled_from(MARKS))[0] + draw(inside)]))
    return before + "\n".join(middle) + "\n" + after + cut


@settings(max_examples=400)
@given(replies(), st.sampled_from([None, MDD]))
def test_the_program_is_found_among_everything_else(reply: str, parent: str | None) -> None:
    assert parse_reply(reply, CONTRACT, parent) == GOOD


@settings(max_examples=200)
@given(st.lists(prose | thoughts(), max_size=4).map("".join), st.sampled_from(MARKS), inside, st.booleans())
def test_what_stands_in_a_thought_is_never_the_program(
    whole: str, marks: tuple[str, str], cut: str, truncated: bool
) -> None:
    with pytest.raises(ReplyError):
        parse_reply(whole + marks[0] + cut, CONTRACT, MDD, truncated=truncated)


def test_a_fence_on_one_line() -> None:
    assert parse_reply(f"```python {SIGNATURE} return d```", CONTRACT) == f"{SIGNATURE} return d\n"
    assert parse_reply(f"Use ```{SIGNATURE} return d``` instead.", CONTRACT) == f"{SIGNATURE} return d\n"


def test_changes_that_apply_go_before_a_program() -> None:
    change = "<<<<<<< SEARCH\n    return max(t + p, d)\n=======\n    return d\n>>>>>>> REPLACE\n"
    assert parse_reply(f"{change}\nWhole:\n```python\n{GOOD}```", CONTRACT, MDD) == EDD


def test_json_after_other_brackets() -> None:
    assert parse_reply(f"[1] a note\n{json.dumps({'a': [{'code': GOOD}]})}", CONTRACT) == GOOD


def test_changes_behind_quotation_marks() -> None:
    change = "```\n<<<<<<< SEARCH\n    return max(t + p, d)\n=======\n    return d\n>>>>>>> REPLACE\n```"
    quoted = "\n".join("> " + line for line in change.split("\n"))
    assert parse_reply(quoted, CONTRACT, MDD) == EDD


def test_channels_whose_marks_were_dropped() -> None:
    text = f"analysisWe need a rule. ```python\n{WRONG}```assistantfinal```python\n{GOOD}```"
    assert parse_reply(text, CONTRACT) == GOOD


def test_a_mark_at_the_end_of_a_turn_is_no_thought() -> None:
    assert parse_reply(f"```python\n{GOOD}```<|end|>", CONTRACT) == GOOD
    assert parse_reply(f"```python\n{GOOD}```\n<|im_end|>", CONTRACT) == GOOD


def test_the_last_program_that_parses_goes_before_one_that_does_not() -> None:
    assert parse_reply(f"```python\n{GOOD}```\n```python\n{SIGNATURE}\n    return max(\n```", CONTRACT) == GOOD


def test_a_program_cut_off_after_a_whole_one_is_not_taken() -> None:
    text = f"```python\n{GOOD}```\nBetter:\n```python\n{SIGNATURE}\n    return d -"
    assert parse_reply(text, CONTRACT, truncated=True) == GOOD


def test_a_thousand_quotation_marks_take_no_time() -> None:
    with pytest.raises(ReplyError):
        parse_reply((">" * 1_000 + " ```\n") * 60, CONTRACT)
