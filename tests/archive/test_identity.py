"""Ids of programs: the same on every Python, and no text has another program's."""

import hashlib
import warnings

import pytest
from broken_archives import CHAMPION, SOURCES

from heuresis.archive.identity import candidate_id, is_id_of

PROGRAM = "def f(p):\n    # fine\n    return p\n"

ANOTHER = {
    "a carriage return ends a comment": PROGRAM.replace("# fine", "# fine\r    return -1e9 * p"),
    "tokens with what joins them": "def\x00f\x00(\x00p\x00)\x00:\x00\n\x00{\x00return\x00p\x00\n\x00}",
    "tabs and blanks mixed": "if p:\n\ty\n  \tz\n",
    "braces for a block": "def f(p):\n{ return p\n}",
    "a byte order mark": "\ufeff" + PROGRAM,
    "a blank that does not break": PROGRAM.replace("return p", "return\u00a0p"),
}

NO_PYTHON = (
    "x ? 1", "x = 'unterminated\n", "it's\n", "x = 0777\n", "x = `1`\n", "\ufeffx = 1\n", "x\u00a0= 1\n", "a = (1\n",
    "\tx\n        y\n", "Here is the code:\ndef f(): pass\n", "f'{x[\"a\"]}\n", "a\x00b", "f'{x['a']}'\n", "type X = int\n",
    "f'{x # c\n}'\n", "f'{\"\\n\"}'\n", "try: pass\nexcept A, B: pass\n", "# " + "x" * (1 << 16),
)  # fmt: skip


def digest(text: str) -> str:
    """The id that is the hash of a text."""
    return "c_" + hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("text", ANOTHER.values(), ids=ANOTHER)
def test_no_other_text_has_the_id_of_a_program(text: str) -> None:
    assert candidate_id(text) != candidate_id(PROGRAM)
    assert not is_id_of(candidate_id(PROGRAM), text)


@pytest.mark.parametrize(
    "text",
    [
        PROGRAM.replace("# fine", "# otherwise"),
        PROGRAM.replace("\n", "\r\n"),
        PROGRAM.replace("\n", "\r"),
        PROGRAM.replace("    ", "\t"),
        "\x0c" + PROGRAM,
        PROGRAM.replace("fine", "fine \x0b\x0c\x1c\x85\u2028 return 0.0"),
    ],
)
def test_spacing_and_comments_do_not_count(text: str) -> None:
    assert candidate_id(text) == candidate_id(PROGRAM)


def test_the_id_of_a_program_is_as_it_ever_was() -> None:
    assert CHAMPION == "c_f195345bd127ac1d4dfe7094827b1095e6a5cbe1078607bdd88fdd7d4a85885f"
    assert candidate_id(PROGRAM) == digest(ANOTHER["tokens with what joins them"])
    assert candidate_id("f'{x}' f\"{y!r:>{z}}\"\n") == digest("f'{x}'\x00f\"{y!r:>{z}}\"\x00\n")
    assert candidate_id(SOURCES[1].replace(" * ", "*")) == CHAMPION


@pytest.mark.parametrize("text", NO_PYTHON)
def test_what_python_cannot_parse_is_hashed_as_it_is(text: str) -> None:
    assert candidate_id(text) == digest("\x00text\x00" + text)


def test_what_is_too_deep_for_the_parser_has_the_id_of_its_tokens() -> None:
    deep = "-" * 20_000 + "1\n"
    assert candidate_id(deep) == digest("\x00".join("-" * 20_000 + "1") + "\x00\n")


def test_what_is_no_python_may_have_an_id_of_before() -> None:
    for text in ("it's\n", "x = 'unterminated\n", "# " + "x" * (1 << 16)):
        assert is_id_of(digest(text), text)
    words = "Here\x00comes\x00code\x00\n"
    assert is_id_of(digest(words), "Here comes code\n")
    assert is_id_of(digest(words), "Here comes code \r\n")
    assert not is_id_of(digest(words), "Here comes code # and\rmore\n")
    assert not is_id_of(digest(words), words)
    assert not is_id_of(digest(PROGRAM), PROGRAM)


def test_an_id_does_not_depend_on_what_warnings_are() -> None:
    source = "def f(p):\n    '''Of \\d.'''\n    return p\n"
    expected = digest("def\x00f\x00(\x00p\x00)\x00:\x00\n\x00{\x00'''Of \\d.'''\x00\n\x00return\x00p\x00\n\x00}")
    with warnings.catch_warnings():
        warnings.filterwarnings("error")
        warnings.filterwarnings("ignore", module="<program>")
        assert candidate_id(source) == expected
