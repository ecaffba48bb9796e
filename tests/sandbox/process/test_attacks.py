"""A suite of hostile programs goes the way of every candidate: each ends as expected and costs only itself."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from attack_parts import ENGINES, Attack, Surroundings, load_attacks
from search_parts import rule
from tiny_problem import TINY

from heuresis.archive.export import ExportError, Subject
from heuresis.archive.export.python import export_python
from heuresis.evaluators.cache import use_numba_cache
from heuresis.evaluators.language.reference.rewrite import Untranslatable, rewrite
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.verdict import INVALID
from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.registry import get
from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.screen.screen import ScreenError, screen
from heuresis.sandbox.task import Task

pytestmark = pytest.mark.timeout(600)  # the machine may be busy

ATTACKS = load_attacks()
LIMITS = Limits(seconds=60.0, memory_bytes=256 << 20)  # the machine may be busy
HANGING = replace(LIMITS, seconds=1.5)
UNSCREENED = replace(LIMITS, seconds=0.8)
ORDER = np.arange(2)
MDD = rule("max(t + p, d)")
MESSAGE_CAP = 2_000

SCALAR = [a for a in ATTACKS if a.contract not in {"array", "whole"}]
ARRAY = [a for a in ATTACKS if a.contract == "array"]
WHOLE = [a for a in ATTACKS if a.contract == "whole"]


@pytest.fixture(scope="module")
def surroundings() -> Iterator[Surroundings]:
    with Surroundings() as made:
        yield made


@pytest.fixture(scope="module")
def assessor() -> Iterator[Assessor]:
    search = TINY.splits["search"]()
    few = replace(search, instances=search.instances[:2], fingerprint="of two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "ENGINE", f"{ENGINES}:Attacked")
        with Assessor(TINY, workers=1, limits=LIMITS, instance_sets={"search": few}) as made:
            yield made


@pytest.fixture(scope="module")
def bins() -> Iterator[Pool]:
    """A pool for array contracts; five bins, two items."""
    payload = {
        "items": np.array([0.25, 0.75]),
        "bins": np.array([1.0, 0.5, 0.875, 0.75, 0.25]),
        "counts": np.array([0, 3, 1, 2, 4]),
    }
    options = {tasks.SIMULATOR: f"{ENGINES}:Bins"}
    allow = _bins_allow()
    with Pool(f"{ENGINES}:Attacked", payload, allow, options=options, workers=1, limits=LIMITS) as made:
        yield made


@pytest.fixture(scope="module")
def packing() -> Iterator[Pool]:
    """A pool for programs of whole arrays: two instances of bin packing."""
    problem = get("bin-packing-array")
    instances = [PackingInstance(f"i{n}", np.array([3, 6, 2, 5, 4, 1][n:]), 10) for n in range(2)]
    with Pool(
        f"{ENGINES}:Attacked", problem.scoring.pack(instances), problem.contract.allow_list(),
        options={tasks.SIMULATOR: problem.simulator}, workers=1, limits=LIMITS,
    ) as made:  # fmt: skip
        yield made


def _bins_allow():
    from heuresis.sandbox.process.zygote import load

    return load(f"{ENGINES}:BINS").allow_list()  # type: ignore[attr-defined]


def limits_for(attack: Attack) -> Limits:
    """What must end as a timeout anyway need not wait long for it."""
    return HANGING if attack.expect == {"timeout"} else LIMITS


def check_message(message: str) -> None:
    assert len(message) <= MESSAGE_CAP
    assert all(" " <= c <= "~" or c == "\n" for c in message)


def decided(outcome: Outcome) -> str:
    """The status, `invalid` where a value was not finite."""
    return INVALID if outcome.ok and not outcome.arrays[0].all() else str(outcome.status)


def same(one: Outcome, other: Outcome) -> bool:
    return one.ok and other.ok and [a.tobytes() for a in one.arrays] == [a.tobytes() for a in other.arrays]


def assert_untouched(surroundings: Surroundings, pids: list[int], now: list[int]) -> None:
    assert surroundings.seen() == set()
    assert now == pids  # no zygote died


def test_the_suite_is_large_and_covers_every_kind_of_attack() -> None:
    assert len(ATTACKS) >= 150
    assert {a.contract for a in ATTACKS} == {"smtt", "array", "whole", "python", "nopython"}
    categories = {a.category for a in ATTACKS}
    assert {
        "network", "files", "keys", "processes", "memory", "time", "stack", "floods", "bombs", "escapes", "numba",
        "bounds", "state", "results", "tampering", "shapes", "numbers", "duplicates", "sizes", "whole",
    } <= categories  # fmt: skip
    statuses = {str(s) for s in Status} | {INVALID}
    assert all(a.expect <= statuses for a in ATTACKS)
    assert not any(Status.CRASHED in a.expect for a in ATTACKS)  # a child that dies is a fault of the layers before
    assert len({a.source for a in ATTACKS}) == len(ATTACKS)


@pytest.fixture(scope="module")
def good(assessor: Assessor) -> tuple[tuple[float | None, ...], Outcome]:
    """What the good candidate reached before any attack: its values, and its decisions compiled beforehand."""
    found, decisions = assessor.evaluate(MDD), assessor.run(Task("good"))
    assert found.ok
    assert decisions.ok
    return found.values, decisions


@pytest.mark.parametrize("attack", SCALAR, ids=str)
def test_a_hostile_candidate_ends_as_expected_and_touches_nothing(
    assessor: Assessor, surroundings: Surroundings, good: tuple, attack: Attack
) -> None:
    source, before = surroundings.fill(attack.source), assessor.pids()
    if attack.expect == {"timeout"}:
        task = tasks.decide(screen(source, TINY.contract.allow_list()), ORDER)
        outcome = assessor.run(replace(task, limits=HANGING))
        status, message = str(outcome.status), outcome.message
    else:
        found = assessor.evaluate(source)
        status, message = found.status, found.message
        assert (found.aggregate is None) == (status != "ok")
    assert status in attack.expect, message
    check_message(message)
    if status == "rejected":  # the child would have refused it as well
        assert message.startswith("line ")
        assert assessor.run(Task(tasks.CHECK, source)).message == message
    else:
        assert assessor.evaluate(MDD).values == good[0]
    assert same(assessor.run(Task("good")), good[1])
    assert_untouched(surroundings, before, assessor.pids())


@pytest.mark.parametrize("attack", ARRAY, ids=str)
def test_a_hostile_candidate_with_arrays_ends_as_expected_and_touches_nothing(
    bins: Pool, surroundings: Surroundings, attack: Attack
) -> None:
    before, good = bins.pids(), bins.run(Task("good"))
    assert good.ok, good.message
    outcome = bins.run(replace(tasks.decide(surroundings.fill(attack.source), ORDER), limits=limits_for(attack)))
    assert decided(outcome) in attack.expect, outcome.message
    check_message(outcome.message)
    if outcome.ok:
        assert [a.tobytes() for a in outcome.arrays[2:]] == [a.tobytes() for a in good.arrays[2:]]
    assert same(bins.run(Task("good")), good)
    assert_untouched(surroundings, before, bins.pids())


@pytest.mark.parametrize("attack", WHOLE, ids=str)
def test_a_hostile_candidate_of_whole_arrays_ends_as_expected_and_touches_nothing(
    packing: Pool, surroundings: Surroundings, attack: Attack
) -> None:
    before, good = packing.pids(), packing.run(Task("good"))
    assert good.ok, good.message
    outcome = packing.run(tasks.decide(surroundings.fill(attack.source), ORDER))
    assert str(outcome.status) in attack.expect, outcome.message
    check_message(outcome.message)
    if attack.expect == {"compile_error"}:
        assert re.search(r"^line \d+, .* must be an integer, got (a float|a truth value): use ", outcome.message)
    assert same(packing.run(Task("good")), good)
    assert_untouched(surroundings, before, packing.pids())


@pytest.mark.parametrize("attack", [a for a in WHOLE if a.expect == {"compile_error"}], ids=str)
def test_what_does_not_compile_of_whole_arrays_is_neither_interpreted_nor_exported(attack: Attack) -> None:
    problem = get("bin-packing-array")
    with pytest.raises(Untranslatable, match=r"line \d+: .* must be an integer, this is "):
        rewrite(screen(attack.source, problem.contract.allow_list()), problem.contract)
    with pytest.raises(ExportError, match="must be an integer"):
        export_python(Subject(attack.source, "c" * 64, problem))


@pytest.fixture(scope="module")
def unscreened() -> Iterator[Pool]:
    """The real worker with everything but the screen: there, and only there, to be killed is a good end."""
    instances = TINY.splits["search"]().instances[:2]
    options = {tasks.SIMULATOR: TINY.simulator}
    use_numba_cache()
    with Pool(
        f"{ENGINES}:Attacked", TINY.scoring.pack(instances), TINY.contract.allow_list(),
        options=options, workers=1, limits=LIMITS, without={Layer.SCREEN},
    ) as made:  # fmt: skip
        yield made


REFUSED = [a for a in ATTACKS if a.contract == "smtt" and a.expect == {"rejected"}]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the screen is what keeps programs from the machine")
@pytest.mark.parametrize("category", sorted({a.category for a in REFUSED}))
def test_what_the_screen_refuses_has_no_effect_where_the_screen_has_a_hole(
    unscreened: Pool, surroundings: Surroundings, category: str
) -> None:
    good, before = unscreened.run(Task("good")), unscreened.pids()
    for attack in [a for a in REFUSED if a.category == category]:
        task = tasks.decide(surroundings.fill(attack.source, zygote=before[0]), ORDER)
        unscreened.run(replace(task, limits=UNSCREENED))
        assert surroundings.seen() == set(), attack.name
        assert unscreened.pids() == before, attack.name
    assert same(unscreened.run(Task("good")), good)


def thousands_of_lines() -> str:
    return f"{rule('p')[:-13]}" + "\n".join(f"    x{i} = p" for i in range(3000)) + "\n    return p\n"


HUGE: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "blank lines": lambda: "\n" * 7_000,
    "one byte too long": lambda: MDD + "#" * (8_001 - len(MDD)),
    "thousands of lines": thousands_of_lines,
    "a megabyte": lambda: MDD + "# " + "x" * (1 << 20),
    "a hundred thousand parentheses": lambda: "(" * 100_000,
    "null characters": lambda: "\0" * 5_000,
    "half a pair of surrogates": lambda: MDD + "# \ud800",
    "byte order mark": lambda: "\ufeff" + MDD,
    "another encoding": lambda: "# -*- coding: utf-16 -*-\nimport os\n" + MDD,
    "carriage returns": lambda: MDD.replace("\n", "\r") + "\rimport os\r",
    "form feeds": lambda: "\f" * 100 + "import os\f\n" + MDD,
    "unary towers": lambda: rule("-" * 7_000 + "p"),
    "bracket towers": lambda: rule("[" * 3_000 + "p" + "]" * 3_000),
    "attribute towers": lambda: rule("p" + ".real" * 1_500),
    "call towers": lambda: rule("abs(" * 1_500 + "p" + ")" * 1_500),
    "comparison chain": lambda: rule(" < ".join(["p"] * 1_900)),
    "addition chain": lambda: rule(" + ".join(["p"] * 1_900)),
    "else-if chain": lambda: rule(" ".join(f"p if p > {i} else" for i in range(400)) + " p"),
    "indentation": lambda: MDD + "".join(" " * i + "if p:\n" for i in range(110)) + " " * 110 + "p\n",
    "digits": lambda: rule("9" * 7_000),
    "digits of a float": lambda: rule("0." + "9" * 7_000),
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_sources_of_absurd_size_or_form_are_refused(assessor: Assessor, good: tuple, name: str) -> None:
    source = HUGE[name]()
    found = assessor.evaluate(source)
    accepted = {"digits of a float"}
    assert found.status == ("ok" if name in accepted else "rejected"), found.message
    check_message(found.message)
    assert same(assessor.run(Task("good")), good[1])


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.contract in {"python", "nopython"}], ids=str)
def test_the_array_contract_refuses_plain_python_too(surroundings: Surroundings, attack: Attack) -> None:
    with pytest.raises(ScreenError):
        screen(surroundings.fill(attack.source), _bins_allow())
