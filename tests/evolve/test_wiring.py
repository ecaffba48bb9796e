"""From settings to proposers."""

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
import tiny_problem
from scripted_server import ScriptedServer
from search_parts import rule, trial

from heuresis.archive.store import Archive
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.ledger import RunLedger
from heuresis.evolve.wiring import Setting, explainer, make_mix, shares


def test_without_a_mix_offline_does_all_or_the_models_share() -> None:
    assert shares(Config("tiny")) == {"offline": 1.0}
    assert shares(Config("tiny", models=("a", "b"))) == {"a": 1.0, "b": 1.0}


def test_a_mix_names_its_proposers() -> None:
    assert shares(Config("tiny", mix=(("offline", 0.7), ("local", 0.3)))) == {"offline": 0.7, "local": 0.3}
    mixed = Config("tiny", models=("local:/m/x.gguf", "b"), mix=(("local", 2.0), ("b", 1.0)))
    assert shares(mixed) == {"local:/m/x.gguf": 2.0, "b": 1.0}


def test_a_mix_that_forgets_or_repeats_is_refused() -> None:
    with pytest.raises(ConfigError, match="no share to b; it names offline"):
        shares(Config("tiny", models=("b",), mix=(("offline", 1.0),)))
    with pytest.raises(ConfigError, match="names offline twice"):
        shares(Config("tiny", mix=(("offline", 1.0), ("offline", 2.0))))


@pytest.fixture
def parts() -> Iterator[tuple[Assessor, RunLedger, ExitStack]]:
    with Archive.open(":memory:") as archive, Assessor(tiny_problem.TINY) as assessor, ExitStack() as stack:
        yield assessor, RunLedger("r_1", archive, Budget(Config("tiny"), lambda: 0.0)), stack


def make(config: Config, parts: tuple[Assessor, RunLedger, ExitStack]) -> list[str]:
    assessor, ledger, stack = parts
    mix = make_mix(Setting(tiny_problem.TINY, config, assessor, ledger, stack))
    assert len(mix.shares) == len(mix.proposers)
    return [proposer.name for proposer in mix.proposers]


def test_each_name_becomes_a_proposer(parts: tuple[Assessor, RunLedger, ExitStack]) -> None:
    assert make(Config("tiny"), parts) == ["offline"]
    with ScriptedServer() as server:
        served = Config("tiny", models=("openai/m",), api_base=server.url, mix=(("offline", 1), ("openai/m", 1)))
        assert make(served, parts) == ["offline", "openai/m"]
        assert (server.looked_at, server.seen) == (["/v1/models"], [])
    assert parts[0].pids() == []  # no process is started before something is to be run


def test_models_that_cannot_work_say_why(parts: tuple[Assessor, RunLedger, ExitStack]) -> None:
    with pytest.raises(ProposerUnavailable, match="OPENAI_API_KEY"):
        make(Config("tiny", models=("openai/gpt-4o-mini",)), parts)
    with pytest.raises(ProposerUnavailable, match=r"nowhere\.gguf"):
        make(Config("tiny", models=("local:/nowhere.gguf",)), parts)
    with pytest.raises(ConfigError, match="price"):
        make(Config("tiny", models=("openai/unheard-of",), budget_usd=1.0, api_base="http://192.0.2.1/v1"), parts)
    with pytest.raises(ProposerUnavailable, match=r"no connection to http://127\.0\.0\.1:9/v1 .* Nothing answers"):
        make(Config("tiny", models=("openai/m",), api_base="http://127.0.0.1:9/v1"), parts)


def test_a_parent_is_explained_where_it_loses_most() -> None:
    asked = []

    class Noted(Assessor):
        def explain(self, source: str, where: object, index: int) -> str:
            asked.append((source, where, index))
            return "a table"

    with Noted(tiny_problem.TINY) as assessor:
        explain = explainer(assessor)
        count = len(tiny_problem.TINY.splits["search"]().instances)
        values = tuple(float(v) for v in np.roll(np.arange(count), 3))
        assert explain(trial(0, 1.0, values=values, source=rule("p"))) == "a table"
        assert explain(trial(1, source=None)) == ""
    assert asked == [(rule("p"), "search", 2)]
