"""A proposer that is not available is left out for a while, and the others go on."""

import numpy as np
import pytest
from search_parts import Tinkerer

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.evolve.search.mix import PAUSE_SECONDS, Mix, Pauses


class Broken:
    """Works when it is told to."""

    def __init__(self, name: str) -> None:
        self.name, self.asked, self.works = name, 0, False

    def propose(self, request: Request) -> Draft:
        self.asked += 1
        if self.works:
            return Draft("mended", None, reason="an idea is wanting")
        raise ProposerUnavailable(f"{self.name}: no money.")


class Scene:
    """Proposers in a mix, with a clock that is set."""

    def __init__(self, *proposers: Broken | Tinkerer) -> None:
        self.now, self.told = 0.0, list[str]()
        shares = (1.0,) * len(proposers)
        self.mix = Mix(proposers, shares, self.told.append, Pauses(lambda: self.now))

    def propose(self, number: int) -> str:
        rng = np.random.default_rng([1, number])
        return self.mix.propose(self.mix.choose(rng), Request(number, rng, (), ()))[0]


def test_the_others_go_on_and_it_is_told_once() -> None:
    broken = Broken("paid")
    scene = Scene(broken, Tinkerer())
    assert {scene.propose(n) for n in range(40)} == {"tinkerer"}
    assert broken.asked == 1
    assert scene.told == ["paid: no money. paid is paused for 10 minutes; the others go on."]


def test_it_is_tried_again_later() -> None:
    broken = Broken("paid")
    scene = Scene(broken, Tinkerer())
    for number in range(20):
        scene.propose(number)
    broken.works, scene.now = True, PAUSE_SECONDS + 1
    assert {scene.propose(n) for n in range(20)} == {"paid", "tinkerer"}


def test_where_none_is_left_the_search_ends_with_the_reason() -> None:
    with pytest.raises(ProposerUnavailable, match="alone: no money"):
        Scene(Broken("alone")).propose(0)
    scene = Scene(Broken("one"), Broken("two"))
    with pytest.raises(ProposerUnavailable, match="no money"):
        scene.propose(0)
    assert len(scene.told) == 1


def test_nobody_is_left_out_without_reason() -> None:
    rng = [np.random.default_rng([1, n]) for n in range(200)]
    mix = Scene(Broken("one"), Broken("two")).mix
    drawn = [mix.choose(one).name for one in rng]
    assert 60 < drawn.count("one") < 140
