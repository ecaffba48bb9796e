"""Lengths, indices and bounds, whoever computes them: compiled in the sandbox, interpreted and exported code agree to the
bit, and no child crashes.

`make test-long FUZZ_SECONDS=300` goes on for so long and says what it ran.
"""

import ast
import itertools
import math
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import bound_engine
import numpy as np
import pytest
from bound_engine import CONTRACTS, ERRORS, ROWS, Answer, answer
from bound_programs import program
from long_run import SECONDS

from heuresis.evaluators.language.reference.interpreter import Interpreter, TooLong
from heuresis.evaluators.language.reference.rewrite import Untranslatable, helper_source, helpers_of, rewrite
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Status
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.screen.screen import ScreenError, screen
from heuresis.sandbox.task import Task

pytestmark = pytest.mark.timeout(900)  # the machine may be busy

LIMITS = Limits(seconds=60.0, memory_bytes=512 << 20)  # the machine may be busy
SHORT = replace(LIMITS, seconds=0.5)
STEPS = 20_000
"""What takes more of the reference's steps may take seconds compiled: it is run once, and only asked not to crash."""

PROGRAMS = 20
"""Of each contract, in the normal run."""


@pytest.fixture(scope="module")
def pools() -> Iterator[dict[str, Pool]]:
    """One pool for each contract, without what needs no test here: half of a child's time."""
    engine = f"{Path(bound_engine.__file__)}:Bounds"
    with (
        Pool(engine, {}, CONTRACTS["numbers"].allow_list(), workers=2, limits=LIMITS) as numbers,
        Pool(engine, {}, CONTRACTS["arrays"].allow_list(), workers=2, limits=LIMITS) as arrays,
    ):
        yield {"numbers": numbers, "arrays": arrays}


def exported(tree: ast.Module) -> Any:
    """The function as an exported file has it: the text of helpers and program, executed as plain Python."""
    text = "\n\n".join(["import math", *map(helper_source, helpers_of(tree).values()), ast.unparse(tree)])
    names: dict[str, Any] = {}
    exec(text, names)
    return names["rule"]


def rewritten(screened: str, kind: str) -> ast.Module | str:
    """What is interpreted and exported, or why nothing is."""
    try:
        return rewrite(screened, CONTRACTS[kind])
    except Untranslatable as error:
        return str(error)


def interpreted(reference: Interpreter, row: tuple[float, list[float]]) -> Answer | None:
    """What the reference answers; None where it takes too many steps."""
    try:
        return answer(reference, *row)
    except TooLong:
        return None


def same(one: Answer, other: Answer) -> bool:
    """The same error, or values equal to the bit; NaN has none."""

    def bits(values: list[float]) -> bytes:
        return np.where(np.isnan(values), math.nan, values).tobytes()

    return one[0] == other[0] and len(one[1]) == len(other[1]) and bits(one[1]) == bits(other[1])


def answers_of(arrays: tuple[np.ndarray, ...], rows: list[int], kind: str) -> list[Answer]:
    values = iter(arrays[1].tolist())
    found = []
    for code, row in zip(arrays[0].tolist(), rows, strict=True):
        many = 0 if code else len(ROWS[row][1]) if kind == "arrays" else 1
        found.append((ERRORS[code], list(itertools.islice(values, many))))
    return found


def check(pool: Pool, kind: str, source: str) -> Counter[str]:
    """How the rows of one program end. Raises AssertionError at a disagreement, and where the child crashes."""
    contract = CONTRACTS[kind]
    try:
        screened = screen(source, contract.allow_list())
    except ScreenError:
        return Counter({"rejected": 1})
    tree = rewritten(screened, kind)
    if isinstance(tree, str):
        outcome = pool.run(Task(kind, screened, (np.arange(1),)))
        assert outcome.status is Status.COMPILE_ERROR, f"{outcome.status} {outcome.message}; exported: {tree}\n{source}"
        assert "must be an integer" in outcome.message, f"{outcome.message}\n{source}"
        return Counter({"compile_error": 1})
    reference, plain = Interpreter(tree, contract, STEPS), exported(tree)
    given = [interpreted(reference, row) for row in ROWS]
    rows = [i for i, one in enumerate(given) if one is not None]
    ended = Counter(one[0] or "value" for one in given if one is not None)
    outcome = pool.run(Task(kind, screened, (np.array(rows, dtype=np.int64),)))
    assert outcome.status is Status.OK, f"{outcome.status} {outcome.message}\n{source}"
    for i, compiled in zip(rows, answers_of(outcome.arrays, rows, kind), strict=True):
        wanted = given[i]
        assert wanted is not None
        assert same(wanted, compiled), f"{ROWS[i]}: interpreted {wanted}, compiled {compiled}\n{source}"
        assert same(wanted, found := answer(plain, *ROWS[i])), (
            f"{ROWS[i]}: interpreted {wanted}, exported {found}\n{source}"
        )
    long = [i for i, one in enumerate(given) if one is None]
    if long:
        outcome = pool.run(Task(kind, screened, (np.array(long[:1], dtype=np.int64),), limits=SHORT))
        assert outcome.status in {Status.OK, Status.TIMEOUT, Status.MEMORY}, (
            f"{outcome.status} {outcome.message}\n{source}"
        )
        ended[f"too long: {outcome.status}"] += 1
    return ended


def test_random_programs_about_bounds_agree_and_crash_nothing(pools: dict[str, Pool]) -> None:
    ended = fuzz(pools, range(PROGRAMS))
    assert {"value", "IndexError", "ValueError", "OverflowError", "compile_error"} <= set(
        ended
    )  # else they are too tame


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 600.0)
def test_random_programs_about_bounds_for_long(pools: dict[str, Pool]) -> None:
    began, seed, ended = time.monotonic(), 1_000_000, Counter[str]()
    while time.monotonic() - began < SECONDS:
        ended += fuzz(pools, range(seed, seed + 50))
        seed += 50
    print(f"{2 * (seed - 1_000_000)} programs in {time.monotonic() - began:.0f} s: {dict(ended.most_common())}")


def fuzz(pools: dict[str, Pool], seeds: range) -> Counter[str]:
    """How the rows of all programs of these numbers end."""
    kinds = {"numbers": False, "arrays": True}
    with ThreadPoolExecutor(2) as threads:
        jobs = [
            threads.submit(check, pools[kind], kind, program(seed, whole=whole))
            for seed in seeds
            for kind, whole in kinds.items()
        ]
        return sum((job.result() for job in jobs), Counter())
