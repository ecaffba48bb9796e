"""Parsing from several threads, and that nothing parses in another way."""

import ast
import gc
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from heuresis.sandbox.parsing import parse

LAYERS = ("archive", "cli", "evaluators", "evolve", "problems", "sandbox")
PROGRAM = "def f(x):\n    return " + " + ".join(f"max(x, {i} * (x - {i}))" for i in range(60)) + "\n"


class Collected:
    """A cycle with a finalizer: the collector, which runs while nodes are made, lets other threads go on."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.sleep(0)


def parsed(_number: int) -> str:
    for _ in range(20):
        Collected()
    return ast.dump(parse(PROGRAM))


def test_threads_that_parse_at_once_do_not_upset_each_other():
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = set(threads.map(parsed, range(200)))
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
    assert found == {ast.dump(ast.parse(PROGRAM))}


def test_nothing_else_calls_the_parser(root: Path):
    files = [file for layer in LAYERS for file in (root / layer).rglob("*.py") if "baselines" not in file.parts]
    others = [str(file) for file in files if re.search(r"\bast\.(parse|literal_eval)\(", file.read_text())]
    assert others == [str(root / "sandbox" / "parsing.py")]
