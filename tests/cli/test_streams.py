"""Closed pipes, closed terminals and encodings that cannot say everything: the command goes on and ends as it should."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heuresis.cli import console, render, terminal
from heuresis.cli.main import run


class Gone(io.StringIO):
    """A stream whose reader has gone after so many writes."""

    def __init__(self, code: int = 32, after: int = 0) -> None:
        super().__init__()
        self.code, self.left = code, after

    def write(self, text: str) -> int:
        if self.left == 0:
            raise OSError(self.code, os.strerror(self.code))
        self.left -= 1
        return super().write(text)


class Ascii(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii")

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", [32, 5], ids=["a pipe", "a terminal"])
def test_what_nobody_reads_is_dropped(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    out, err = io.StringIO(), Gone(code, after=1)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with terminal.guarded():
        for text in ("one", "two", "three"):
            render.say(text)
            terminal.message(text)
        render.out().print("the champion")
    assert err.getvalue() == "one\n"
    assert out.getvalue() == "the champion\n"


def test_a_full_disk_is_no_closed_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Gone(28))
    with terminal.guarded(), pytest.raises(OSError, match="No space left"):
        render.out().print("text")


@pytest.mark.parametrize("words", [("show", "nothing"), ("problems", "--nonsense")])
def test_the_exit_code_is_right_though_nobody_reads(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, Gone())
    assert run(words) == 2


def test_what_must_be_seen_goes_to_the_terminal_where_standard_error_has_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = tmp_path / "tty"
    shown.write_text("")
    monkeypatch.setattr(sys, "stderr", Gone())
    monkeypatch.setattr(terminal, "TERMINAL", shown)
    with terminal.guarded():
        terminal.insist("interrupted; go on with: heuresis resume r_1")
    assert shown.read_text() == "interrupted; go on with: heuresis resume r_1\n"


def test_signs_of_ours_have_plain_stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Ascii(), Ascii()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with terminal.guarded():
        made = render.table("what", "range", right=("range",))
        made.add_row("mean – or so", "1.0 … 2.0")
        render.print_table(made)
        render.say(render.sparkline([1.0, 2.0, 3.0]) + " 3 × 4 ≤ 12 → done")
        terminal.message("a – b")
        terminal.write("café")
    lines = out.text().splitlines()
    assert [line for line in lines if "1.0" in line] == [" mean - or so   1.0 ... 2.0"]
    assert lines[-1] == r"caf\xe9"
    assert "\\u" not in out.text() + err.text()
    assert "3 x 4 <= 12 -> done" in err.text()


@pytest.mark.parametrize("text", ["é", "–", "😀", "\x1b", "a\nb"])
def test_json_stays_json(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    out = Ascii()
    monkeypatch.setattr(sys, "stdout", out)
    with terminal.guarded():
        render.emit({"text": text})
    assert json.loads(out.text()) == {"text": text}


def test_a_pipe_has_as_many_columns_as_it_is_told_and_no_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, width in (("60", 60), ("", 200), ("x", 200), ("0", 200), ("1", console.NARROWEST)):
        out = io.StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setenv("COLUMNS", columns)
        assert render.out().width == width
    monkeypatch.setenv("COLUMNS", "60")
    render.out().print(console.markdown("# Title\n\n" + "word " * 40))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    assert [line for line in lines if line != line.rstrip()] == []


def test_source_is_never_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def priority(p):\n    return " + " + ".join(["p"] * 100) + "\n"

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    from heuresis.cli.browse import print_source

    print_source(code)
    assert out.getvalue() == code


def test_homes_are_known_in_every_path(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "rule.py").write_text("def priority(p, d):\n    return p\n")
    for words in (("~/rule.py",), ("spt", "--instances=~/none.json"), ("spt", "--instances", "~/none.json")):
        answer = cli("explain", *words, "--problem", "smtt", "--split=nowhere")
        assert "~" not in answer.err
    assert "/none.json" in cli("explain", "spt", "--instances=~/none.json").err
    assert cli("show", "~/rule.py").code == 0
    answer = cli("show", "~nobody-of-that-name/rule.py")
    assert answer.code == 2
    assert "no user 'nobody-of-that-name'" in answer.err


def test_files_whose_names_are_not_utf8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.py"
    with open(path, "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):\n    return p\n")
    variables = os.environ | {"LC_ALL": "C"}
    for words in ((b"show", path), (b"import", path, b"--problem", b"smtt"), (b"show", path + b"x.py")):
        command = [os.fsencode(sys.executable), b"-m", b"heuresis", *words]
        done = subprocess.run(command, capture_output=True, env=variables, check=False)
        assert b"defect" not in done.stderr
        assert done.returncode == (2 if words[-1].endswith(b"x.py") else 0), done.stderr
