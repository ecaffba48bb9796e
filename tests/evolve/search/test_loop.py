"""The loop: rounds, prefixes, budgets and replay, without any process."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from search_parts import Tinkerer, Watcher, comparable, rule
from search_parts import trial as made

from heuresis.archive.records import Evaluation, Run, RunStatus, Trial, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve.config import Config
from heuresis.evolve.errors import BudgetExhausted, ProposerUnavailable
from heuresis.evolve.proposers.proposer import Draft, Proposer, Request
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.course import HISTORY, PATIENCE, Course
from heuresis.evolve.search.interrupts import Stopped
from heuresis.evolve.search.loop import Loop
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.search.rounds import Rounds
from heuresis.problems.problem import MachineryError

SEEDS = (("baseline", rule("d")), ("baseline", rule("p")), ("given", rule("max(t + p, d)")))


def score(source: str, number: int) -> Evaluation:
    """An evaluation that depends on the source only."""
    good = "import" not in source and "log" not in source
    value = int(candidate_id(source)[2:10], 16) / 2**32
    return Evaluation(
        candidate_id(source), "tiny", 1, "search", "f", "ok" if good else "rejected", "", (value,) if good else (),
        value if good else None, code_size=len(source), run="r_1", number=number,
    )  # fmt: skip


def slowly(source: str, number: int) -> Evaluation:
    """The same, in a time that differs from call to call, so that threads overtake each other."""
    time.sleep(float(np.random.default_rng().uniform(0, 0.004)))
    return score(source, number)


@pytest.fixture
def archive() -> Iterator[Archive]:
    with opened() as made:
        yield made


def opened() -> Archive:
    made, now = Archive.open(":memory:"), datetime.now(UTC)
    made.start_run(Run("r_1", "tiny", 1, "{}", 0, "{}", "", "process", RunStatus.RUNNING, "", now, now))
    return made


class Search:
    """A loop with its parts at hand."""

    def __init__(
        self,
        archive: Archive,
        config: Config,
        *,
        proposers: Mapping[str, Proposer] | None = None,
        evaluate: Callable[[str, int], Evaluation] = score,
        on_settled: Callable[[Trial, object], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.watcher = Watcher(on_settled)
        self.stop = threading.Event()
        self.archive = archive
        budget = Budget(config, lambda: archive.spent("r_1"), clock=clock)
        budget.begin()
        seeds = () if config.scratch else SEEDS
        self.course = Course(budget, self.watcher, config.islands, {"edd": 0.5})
        mix = Mix.of(proposers or {"one": Tinkerer("one"), "two": Tinkerer("two")}, {})
        recorded = {t.proposal.number: t for t in archive.trials("r_1")}
        rounds = Rounds(config, len(seeds), self.course, budget, self.stop)
        self.loop = Loop("r_1", config.seed, seeds, mix, evaluate, archive, self.course, rounds, recorded)

    def until(self, kind: type[BaseException], match: str = ".") -> list[Trial]:
        """Search to an end of this kind; the trials that the archive has then."""
        with pytest.raises(kind, match=match):
            self.loop.search()
        return self.archive.trials("r_1")


CONFIG = Config("tiny", seed=3, evaluations=60, round_size=4, lag=2, islands=3)


def evaluated(trials: list[Trial]) -> int:
    return sum(t.evaluation is not None for t in trials)


def test_the_budget_of_evaluations_is_met_exactly(archive: Archive) -> None:
    trials = Search(archive, CONFIG, evaluate=slowly).until(BudgetExhausted, "60 evaluations")
    assert evaluated(trials) == 60
    assert [t.proposal.number for t in trials] == list(range(len(trials)))
    assert not any(t.pending for t in trials)
    kinds = {t.proposal.reason.partition(" ")[0] for t in trials}
    assert {"", "no", "duplicate"} <= kinds  # all kinds of trials occurred


def test_seeds_come_first_and_are_seen_by_all_others(archive: Archive) -> None:
    trials = Search(archive, CONFIG).until(BudgetExhausted)
    seeds = trials[: len(SEEDS)]
    assert [(t.proposal.proposer, t.proposal.operator, t.proposal.source) for t in seeds] == [
        (origin, "seed", source) for origin, source in SEEDS
    ]
    assert {t.proposal.prefix for t in seeds} == {0}
    assert all(t.proposal.prefix >= len(SEEDS) for t in trials[len(SEEDS) :])


def test_prefixes_follow_rounds_and_lag(archive: Archive) -> None:
    trials = Search(archive, CONFIG).until(BudgetExhausted)
    for trial in trials[len(SEEDS) : 40]:
        number = trial.proposal.number
        assert trial.proposal.prefix == min(number, max(len(SEEDS), (number // 4 - 2 + 1) * 4))
    assert all(t.proposal.number - t.proposal.prefix < 8 for t in trials)


def test_a_proposal_sees_what_is_settled_below_its_prefix_and_no_more(archive: Archive) -> None:
    requests: dict[int, Request] = {}

    class Spy(Tinkerer):
        def propose(self, request: Request) -> Draft:
            requests[request.number] = request
            return super().propose(request)

    trials = Search(archive, CONFIG, proposers={"spy": Spy("spy")}, evaluate=slowly).until(BudgetExhausted)
    assert len(requests) > 50
    for number, request in requests.items():
        prefix = trials[number].proposal.prefix
        below = [t.proposal.number for t in (*request.parents, *request.failures)]
        assert all(n < prefix for n in below)
        assert all(t == trials[t.proposal.number] or t.evaluation is not None for t in request.parents)
        home = {n for n in range(prefix) if n % 3 == number % 3}
        assert request.parents or not any(trials[n].evaluation for n in home if trials[n].evaluation)


def test_the_speed_of_anything_changes_nothing() -> None:
    archives = [opened() for _ in range(3)]
    for archive, evaluate in zip(archives, (score, slowly, slowly), strict=True):
        Search(archive, CONFIG, evaluate=evaluate).until(BudgetExhausted)
    first, *others = [comparable(archive, "r_1") for archive in archives]
    assert all(other == first for other in others)
    assert len(first["proposals"]) > 60


def test_another_seed_searches_differently() -> None:
    found = []
    for seed in (3, 4):
        archive = opened()
        Search(archive, replace(CONFIG, seed=seed)).until(BudgetExhausted)
        found.append(comparable(archive, "r_1")["proposals"])
    assert found[0] != found[1]


@pytest.mark.parametrize("lag", [1, 3])
@pytest.mark.parametrize("size", [1, 5])
def test_interrupted_anywhere_and_resumed_is_as_if_nothing_had_been(size: int, lag: int) -> None:
    config = replace(CONFIG, round_size=size, lag=lag)
    whole, parts = opened(), opened()
    Search(whole, config).until(BudgetExhausted)
    for stop_after in (1, 7, 8, 20, 33):
        search = Search(parts, config, evaluate=slowly)
        search.watcher._on_settled = lambda trial, _, s=search, n=stop_after: (
            s.stop.set() if trial.proposal.number >= n else None
        )
        trials = search.until(Stopped)
        assert 0 < evaluated(trials) < 60
    Search(parts, config).until(BudgetExhausted)
    assert comparable(parts, "r_1") == comparable(whole, "r_1")


def test_a_recorded_proposal_without_evaluation_is_evaluated_and_not_made_again(archive: Archive) -> None:
    dark: list[int] = []

    def dies(source: str, number: int) -> Evaluation:
        if number >= 9 and not dark:
            dark.append(number)
            raise MachineryError("the lights went out")
        return score(source, number)

    before = Search(archive, CONFIG, evaluate=dies).until(MachineryError, "lights")
    pending = [t for t in before if t.pending]
    assert [t.proposal.number for t in pending] == dark

    class Never(Tinkerer):
        def propose(self, request: Request) -> Draft:
            assert request.number != dark[0]
            return super().propose(request)

    again = Search(archive, CONFIG, proposers={"one": Never("one"), "two": Never("two")})
    after = again.until(BudgetExhausted)
    assert after[dark[0]].evaluation is not None
    assert after[dark[0]].proposal == pending[0].proposal
    told = [t.proposal.number for t in again.watcher.trials]
    assert dark[0] in told
    assert 0 not in told  # recorded ones in silence
    assert again.watcher.progress[-1].evaluations == 60  # but counted


def test_duplicates_of_what_was_visible_are_not_evaluated(archive: Archive) -> None:
    class Parrot(Tinkerer):
        def propose(self, request: Request) -> Draft:
            return Draft("repeat", rule("d") if request.number % 2 else rule(f"p + {request.number}.0"))

    trials = Search(archive, replace(CONFIG, evaluations=20), proposers={"parrot": Parrot()}).until(BudgetExhausted)
    repeated = [t for t in trials[len(SEEDS) :] if t.proposal.number % 2]
    assert repeated
    for trial in repeated:
        assert trial.proposal.reason == f"duplicate of {candidate_id(rule('d'))}"
        assert trial.evaluation is None
        assert not trial.pending
    assert evaluated(trials) == 20


def test_a_budget_below_the_number_of_seeds_holds_too(archive: Archive) -> None:
    assert evaluated(Search(archive, replace(CONFIG, evaluations=2)).until(BudgetExhausted)) == 2


def test_from_scratch_the_first_proposals_have_no_parents(archive: Archive) -> None:
    sizes = {}

    class Spy(Tinkerer):
        def propose(self, request: Request) -> Draft:
            sizes[request.number] = len(request.parents)
            return super().propose(request)

    Search(archive, replace(CONFIG, scratch=True), proposers={"spy": Spy()}).until(BudgetExhausted)
    assert sizes[0] == sizes[7] == 0
    assert max(sizes.values()) > 1


def test_shares_decide_who_proposes() -> None:
    mix = Mix.of({"a": Tinkerer("a"), "b": Tinkerer("b")}, {"a": 3.0, "b": 1.0})
    names = [mix.choose(np.random.default_rng([1, n])).name for n in range(400)]
    assert 250 < names.count("a") < 350
    with pytest.raises(ValueError, match="positive share"):
        Mix((), ())


def test_an_unavailable_proposer_stops_the_search_at_once(archive: Archive) -> None:
    class Broken(Tinkerer):
        def propose(self, request: Request) -> Draft:
            if request.number == 11:
                raise ProposerUnavailable("no key")
            return super().propose(request)

    trials = Search(archive, CONFIG, proposers={"broken": Broken()}).until(ProposerUnavailable, "no key")
    assert len(trials) < 20
    assert 11 not in {t.proposal.number for t in trials}


def test_a_search_in_which_nothing_comes_of_anything_is_stopped(archive: Archive) -> None:
    class Empty(Tinkerer):
        def propose(self, request: Request) -> Draft:
            return Draft("none", None, (), f"nothing came of {request.number}")

    search = Search(archive, CONFIG, proposers={"empty": Empty("empty")})
    trials = search.until(ProposerUnavailable, rf"{PATIENCE} proposals in a row .* by empty: nothing came of \d+")
    assert evaluated(trials) == len(SEEDS)
    assert PATIENCE + len(SEEDS) <= len(trials) <= PATIENCE + len(SEEDS) + CONFIG.lag * CONFIG.round_size


def test_what_is_under_way_is_kept_when_the_money_is_gone(archive: Archive) -> None:
    class Spender(Tinkerer):
        def propose(self, request: Request) -> Draft:
            if request.number == 10:
                raise BudgetExhausted("no money")
            time.sleep(0.02)
            return super().propose(request)

    trials = Search(archive, CONFIG, proposers={"spender": Spender()}).until(BudgetExhausted, "no money")
    numbers = {t.proposal.number for t in trials}
    assert 10 not in numbers
    assert {8, 9} <= numbers
    assert not any(t.pending for t in trials)


def test_time_ends_the_search_between_proposals(archive: Archive) -> None:
    now = [0.0]

    def tick(trial: Trial, _: object) -> None:
        now[0] += 1.0 if trial.evaluation is not None else 0.0

    config = replace(CONFIG, evaluations=None, minutes=0.5)
    trials = Search(archive, config, on_settled=tick, clock=lambda: now[0]).until(BudgetExhausted, "0.5 minutes")
    assert 30 <= evaluated(trials) <= 30 + 8


def test_a_call_that_hangs_does_not_hold_up_the_end(archive: Archive) -> None:
    release, waited_for = threading.Event(), threading.Event()

    class Hanging(Tinkerer):
        def propose(self, request: Request) -> Draft:
            if request.number >= 10 and not release.wait(60):
                waited_for.set()
            return super().propose(request)

    settled: list[int] = []

    def stop_after_ten(trial: Trial, _: object) -> None:
        settled.append(trial.proposal.number)
        if len(settled) == 10:
            search.stop.set()

    search = Search(archive, CONFIG, proposers={"hanging": Hanging()}, on_settled=stop_after_ten)
    trials = search.until(Stopped)
    assert not waited_for.is_set()
    release.set()
    assert sorted(t.proposal.number for t in trials) == list(range(10))


def test_progress_tells_the_state_of_the_search(archive: Archive) -> None:
    search = Search(archive, CONFIG)
    trials = search.until(BudgetExhausted)
    last = search.watcher.progress[-1]
    assert [p.proposals for p in search.watcher.progress] == list(range(1, len(trials) + 1))
    assert last.evaluations == 60
    values = [t.evaluation.aggregate for t in trials if t.evaluation is not None and t.evaluation.aggregate is not None]
    assert last.best == min(values) == last.best_history[-1]
    assert list(last.best_history) == sorted(last.best_history, reverse=True)
    assert trials[[t.proposal.candidate for t in trials].index(last.best_id)].evaluation is not None
    assert last.failures["no program"] == sum(t.proposal.source is None for t in trials)
    assert last.failures["duplicate"] == sum(t.proposal.reason.startswith("duplicate") for t in trials)
    assert last.failures["rejected"] > 0
    assert set(last.by_proposer) == {"baseline", "given", "one", "two"}
    assert sum(p for p, _, _ in last.by_proposer.values()) == len(trials)
    assert sum(e for _, e, _ in last.by_proposer.values()) == 60
    assert min(b for _, _, b in last.by_proposer.values() if b is not None) == last.best
    assert last.budget_left == {"evaluations": "0"}
    assert last.baselines == {"edd": 0.5}


def test_a_long_history_is_thinned() -> None:
    course = Course(Budget(CONFIG, lambda: 0.0), Watcher(), 2, {})
    for number in range(5 * HISTORY):
        course.settle(made(number, 1.0 / (1 + number)), recorded=True)
    history = course.progress().best_history
    assert HISTORY // 3 < len(history) <= HISTORY
    assert list(history) == sorted(history, reverse=True)
    assert history[-1] < 1.1 / (5 * HISTORY)
