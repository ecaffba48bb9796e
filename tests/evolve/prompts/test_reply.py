"""Programs out of replies, as models really write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_parts import ATC, CONTRACT, EDD, MDD, SIGNATURE

from heuresis.evolve.prompts.reply import ReplyError, parse_reply


def parse(text: str, parent: str | None = None, *, truncated: bool = False) -> str:
    return parse_reply(text, CONTRACT, parent, truncated=truncated)


def block(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"


@pytest.mark.parametrize(
    "fence", ["```python\n{}```", "```\n{}\n```", "~~~py\n{}~~~", "Sure:\n\n```Python\n{}```\nThat is it."]
)
def test_a_fenced_block(fence: str) -> None:
    assert parse(fence.format(MDD)) == MDD


def test_the_last_block_with_the_function_counts() -> None:
    text = f"First I thought\n```python\n{EDD}```\nbut better:\n```python\n{MDD}```\nUse it so:\n```python\nprint(priority(1, 2))\n```"
    assert parse(text) == MDD


def test_a_bare_function_between_prose() -> None:
    assert parse(f"Here it is:\n\n{ATC}\nThis rule favours urgent jobs.") == ATC


def test_a_bare_function_keeps_its_helpers_and_constants() -> None:
    source = f"K = 2.0\n\ndef late(c, d):\n    return max(c - d, 0.0)\n\n{SIGNATURE}\n    return late(t + p, d) * K\n"
    assert parse("def is a keyword.\n" + source + "\nDone.").strip().endswith("return late(t + p, d) * K")
    assert "def late" in parse(source)
    assert "K = 2.0" in parse(f"```python\n{source}```")


def test_indented_code_tabs_and_windows_line_ends() -> None:
    assert parse("\n".join("    " + line for line in MDD.splitlines())) == MDD
    assert parse(MDD.replace("    ", "\t").replace("\n", "\r\n")) == MDD


def test_thoughts_are_not_code() -> None:
    assert parse(f"<think>\n```python\n{EDD}```\n</think>\n```python\n{MDD}```") == MDD


def test_example_usage_is_dropped() -> None:
    extra = MDD + '\nprint(priority(1.0, 2.0, 3.0, 4.0, 5.0))\nif __name__ == "__main__":\n    pass\n'
    assert parse(f"```python\n{extra}```") == MDD


def test_code_that_does_not_parse_is_left_to_the_screen() -> None:
    broken = f"{SIGNATURE}\n    return max(t + p, d\n"
    assert parse(f"```python\n{broken}```") == broken


def test_a_fence_left_open_is_fine_where_the_code_is_whole() -> None:
    assert parse(f"```python\n{MDD}") == MDD


def test_a_program_cut_off_says_so() -> None:
    with pytest.raises(ReplyError, match="cut off"):
        parse(f"```python\n{SIGNATURE}\n    return max(t +")
    with pytest.raises(ReplyError, match="cut off"):
        parse("Let me think about this at length", truncated=True)


@pytest.mark.parametrize(
    "text", ["", "   \n", "I cannot help with that.", "```python\nx = 1\n```", "def other(a):\n    return a"]
)
def test_a_reply_without_the_function_says_so(text: str) -> None:
    with pytest.raises(ReplyError, match=r"empty|holds no code"):
        parse(text)


def test_a_block_is_applied() -> None:
    changed = parse(block("    return max(t + p, d)", "    return max(t + p, d) + 0.1 * p"), MDD)
    assert changed == f"{SIGNATURE}\n    return max(t + p, d) + 0.1 * p\n"


def test_several_blocks_are_applied_in_order() -> None:
    text = "I change two places.\n" + block("    slack = max(d - p - t, 0.0)", "    slack = max(d - t, 0.0)")
    text += (
        "and\n```python\n"
        + block("    return -math.exp(-slack / (2.0 * p_mean)) / p", "    return slack / p")
        + "```\n"
    )
    assert parse(text, ATC) == f"{SIGNATURE}\n    slack = max(d - t, 0.0)\n    return slack / p\n"


def test_spacing_within_lines_does_not_matter_and_indentation_follows_the_program() -> None:
    changed = parse(block("return max( t+p,d )", "late = t + p\nreturn max(late, d)"), MDD)
    assert changed == f"{SIGNATURE}\n    late = t + p\n    return max(late, d)\n"


def test_an_empty_replacement_deletes() -> None:
    source = f"{SIGNATURE}\n    x = p\n    return d\n"
    assert parse("<<<<<<< SEARCH\n    x = p\n=======\n>>>>>>> REPLACE", source) == EDD


@pytest.mark.parametrize(
    ("text", "parent", "words"),
    [
        (block("    return d", "    return p"), None, "in full"),
        (block("    return p", "    return d"), MDD, "block 1 does not match"),
        (
            block("    return max(t + p, d)", "    return d") + block("    nothing", "    x"),
            MDD,
            "block 2 does not match",
        ),
        (block("", "    return d"), MDD, "empty SEARCH"),
        (block("    return max(t + p, d)", "    return max(t + p, d)"), MDD, "change nothing"),
        ("<<<<<<< SEARCH\n    return max(t + p, d)\n=======\n    return d", MDD, "block 1 is not closed"),
        ("<<<<<<< SEARCH\n    return", MDD, "block 1"),
    ],
)
def test_blocks_that_fail_are_named(text: str, parent: str | None, words: str) -> None:
    with pytest.raises(ReplyError, match=words):
        parse(text, parent)


PIECES = [
    "```", "```python\n", "\n", "def priority(", SIGNATURE, MDD, "<<<<<<< SEARCH\n", "=======\n", ">>>>>>> REPLACE\n", "    return max(t + p, d)\n",
    "<think>", "</think>", "\t", "((((", "\x00", "é", "lambda", "'", '"""', "\\", "\ud800",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.text(), st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join)),
    st.sampled_from([None, MDD, "", "garbage ("]),
    st.booleans(),
)
def test_no_text_raises_anything_but_reply_error(text: str, parent: str | None, truncated: bool) -> None:
    try:
        source = parse(text, parent, truncated=truncated)
    except ReplyError as error:
        assert str(error)  # noqa: PT017 - any other exception shall end the test
    else:
        assert source.endswith("\n")
