"""What every proposer keeps to, whatever it is given."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from model_parts import MemoryLedger
from scripted_server import ScriptedServer, completion, failure
from search_parts import Tinkerer, rule
from tiny_problem import TINY

from heuresis.archive.records import Evaluation, Proposal, Trial, candidate_id
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.genetic.breed import Effort
from heuresis.evolve.models.calls import Caller
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.prices import FREE
from heuresis.evolve.proposers.model import ModelProposer, SketchProposer
from heuresis.evolve.proposers.offline import OfflineProposer
from heuresis.evolve.proposers.proposer import Draft, Proposer, Request
from heuresis.evolve.search.mix import Mix
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.screen.screen import ScreenError, screen

EFFORT = Effort(offspring=4, probes=3, tuned=1, evaluations=8, max_size=25)


def check(source: str) -> str | None:
    try:
        screen(source, TINY.contract.allow_list())
    except ScreenError as error:
        return str(error)
    return None


Make = Callable[[], Proposer]


@pytest.fixture(scope="module")
def assessor() -> Iterator[Assessor]:
    with Assessor(TINY, workers=1, limits=Limits(seconds=60.0)) as made:
        yield made


def asking(client: OpenAIClient) -> Caller:
    """A caller whose calls nobody has answered before."""
    return Caller(client, MemoryLedger(), sleep=lambda _: None)


def whole(client: OpenAIClient) -> ModelProposer:
    return ModelProposer(asking(client), TINY, check=check, explain=lambda _: "")


GOOD = completion(f"```python\n{rule('max(t + p, d) + 0.25 * p')}```")
USELESS = completion("I would rather not.")
SCRIPTS = {
    "model": (whole, GOOD),
    "model without an answer": (whole, USELESS),
    "model that breaks": (whole, failure(500)),
    "small model": (lambda client: SketchProposer(asking(client), TINY, name="local"), completion("0.25 * p")),
    "small model without an answer": (lambda client: SketchProposer(asking(client), TINY), completion("")),
}


@pytest.fixture(scope="module", params=["tinkerer", "offline", *SCRIPTS])
def make(request: pytest.FixtureRequest, assessor: Assessor) -> Iterator[Make]:
    """Makes the proposer again and again, each time as a new run would."""
    if request.param == "tinkerer":
        yield Tinkerer
    elif request.param == "offline":
        yield lambda: OfflineProposer(TINY, assessor, EFFORT)
    else:
        build, answer = SCRIPTS[request.param]
        with ScriptedServer(answer) as server:
            client = OpenAIClient("scripted", "m", base_url=server.url, api_key="k", price=FREE, max_tokens=500)
            yield lambda: build(client)


def trial(number: int, source: str | None, aggregate: float | None = 1.0, status: str = "ok") -> Trial:
    candidate = None if source is None else candidate_id(source)
    reason = "no idea" if source is None else ""
    proposal = Proposal("r_1", number, 0, "x", "y", source=source, candidate=candidate, reason=reason)
    if candidate is None:
        return Trial(proposal, None)
    values = () if aggregate is None else (aggregate,)
    return Trial(proposal, Evaluation(candidate, "tiny", 1, "search", "f", status, "why", values, aggregate))


LOOP = rule("p").replace("    return", "    for i in range(3):\n        p = p + 0.5\n    return")
DEEP = rule("(" * 40 + "t" + " + p)" * 40)
ORDINARY = (trial(0, rule("max(t + p, d)")), trial(1, rule("p + 0.5 * d")), trial(2, LOOP))
BASELINES = tuple(trial(number, baseline.source) for number, baseline in enumerate(TINY.baselines))
ODD = {
    "none": (),
    "no source": (trial(0, None),),
    "not evaluated": (Trial(trial(0, rule("d")).proposal, None),),
    "failed": (trial(0, rule("math.log(p - 1.0)"), None, "invalid"), trial(1, rule("1.0 / t"), None, "invalid")),
    "empty": (trial(0, ""), trial(1, "\n")),
    "no program": (trial(0, "def priority(", None, "rejected"), trial(1, "\x00", None, "rejected")),
    "another contract": (trial(0, "def priority(a, b):\n    return a\n", None, "rejected"),),
    "unknown names": (trial(0, rule("weight * nothing(p)"), None, "compile_error"),),
    "deeper than the screen lets through": (trial(0, DEEP), trial(1, rule("p" + " + p" * 90))),
    "huge numbers": (trial(0, rule("1e999 * p")), trial(1, rule("p * 1" + "0" * 400))),
    "constant": (trial(0, rule("1.0")), trial(1, rule("0"))),
    "the same twice": (ORDINARY[0], ORDINARY[0]),
    "baselines": BASELINES,
}


def propose(make: Make, parents: tuple[Trial, ...], seed: int, failures: tuple[Trial, ...] = ()) -> Draft:
    return make().propose(Request(9, np.random.default_rng((seed, 9)), parents, failures))


def assert_sound(draft: Draft, parents: tuple[Trial, ...]) -> None:
    assert isinstance(draft, Draft)
    assert draft.operator
    assert (draft.source is None) is bool(draft.reason)
    assert draft.source is None or draft.source.strip()
    assert set(draft.parents) <= {t.proposal.candidate for t in parents}
    assert len(draft.parents) <= len(parents)
    assert None not in draft.parents
    assert draft.work >= 0


def test_it_has_a_name(make: Make) -> None:
    assert make().name
    assert make().name == make().name


@pytest.mark.parametrize("seed", range(2))
def test_a_draft_follows_from_the_request(make: Make, seed: int) -> None:
    draft = propose(make, ORDINARY, seed)
    assert_sound(draft, ORDINARY)
    assert propose(make, ORDINARY, seed) == draft


@pytest.mark.parametrize("kind", ODD)
def test_no_parents_are_too_odd(make: Make, kind: str) -> None:
    draft = propose(make, ODD[kind], 5, failures=ODD["failed"] + ODD["no source"])
    assert_sound(draft, ODD[kind])


def test_one_proposer_serves_many_requests(make: Make) -> None:
    """It holds no state that changes what it proposes."""
    one = make()
    first = one.propose(Request(1, np.random.default_rng(1), ORDINARY, ()))
    one.propose(Request(2, np.random.default_rng(2), ORDINARY[:1], ()))
    assert one.propose(Request(1, np.random.default_rng(1), ORDINARY, ())) == first


def test_what_a_request_holds_stays_as_it_was(make: Make) -> None:
    parents = (trial(0, rule("max(t + p, d)")), trial(1, rule("p")))
    propose(make, parents, 3)
    assert parents == (trial(0, rule("max(t + p, d)")), trial(1, rule("p")))


def test_a_mix_chooses_by_the_generator_alone() -> None:
    mix = Mix((Tinkerer("one"), Tinkerer("two")), (1.0, 1.0))
    drawn = [[mix.choose(np.random.default_rng(s)).name for s in range(40)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {"one", "two"}
