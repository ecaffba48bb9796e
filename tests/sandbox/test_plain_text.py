"""What acts on a terminal or hides in it is spelled out; all other text stays as it is."""

import json
import sys
import unicodedata

import pytest

from heuresis.sandbox.plain_text import plain, plain_json, plain_lines

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
ACTS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_no_character_that_acts_or_hides_comes_through():
    for character in EVERY:
        shown = plain(character)
        if unicodedata.category(character) in ACTS:
            assert shown.isascii(), hex(ord(character))
            assert shown.startswith("\\")
        assert all(unicodedata.category(one) not in ACTS for one in shown), hex(ord(character))


def test_all_others_stay_but_for_those_that_are_drawn_as_nothing():
    changed = [c for c in EVERY if plain(c) != c and unicodedata.category(c) not in ACTS]
    assert len(changed) < 300
    assert {unicodedata.category(c) for c in changed} == {"Lo", "Mn"}
    names = {unicodedata.name(c) for c in changed}
    assert {"HANGUL FILLER", "VARIATION SELECTOR-16", "VARIATION SELECTOR-256", "COMBINING GRAPHEME JOINER"} <= names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain words [red]&<b>",
        "é Σ × ≤ µ …",
        "調度 スケジュール 스케줄",
        "планирование",
        "لغة עברית",
        "🙂",
        "a\u00a0b\u3000c",
        "C:\\x1b",
    ],
)
def test_words_of_any_language_stay(text: str):
    assert plain(text) == text
    assert plain_lines(text) == text
    assert plain_json(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("a\tb", "a\\tb"),
        ("a\rb", "a\\rb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b2J", "\\x9b2J"),
        ("\x7f\x00", "\\x7f\\x00"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\ufeff\u200b\u00ad", "\\ufeff\\u200b\\xad"),
    ],
)
def test_how_it_is_spelled(text: str, shown: str):
    assert plain(text) == shown


def test_source_keeps_its_lines_and_gets_spaces_for_tabs():
    assert plain_lines("def f():\r\n\treturn 1\n") == "def f():\n        return 1\n"
    assert plain_lines("a = 1  # good\rb = 2\n") == "a = 1  # good\\rb = 2\n"
    assert plain_lines("x\x0b\x0c\x85\u2028y") == "x\\x0b\\x0c\\x85\\u2028y"


def test_json_parses_to_the_same_strings():
    strings = [f"a{character}b" for character in EVERY if plain(character) != character]
    strings += ["é\x1b", "\ud800\u202e", "\U000e0041", "\\u202e", '"\x9b"', "🙂"]
    document = {"strings": strings, "\u202ekey\x1b": 1}
    for indent in (None, 1):
        text = plain_json(json.dumps(document, ensure_ascii=False, indent=indent))
        assert json.loads(text) == document
        assert all(unicodedata.category(one) not in ACTS for one in text.replace("\n", ""))
    assert "é" in text
    assert "🙂" in text
