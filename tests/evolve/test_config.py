"""Settings that cannot be are refused where they are made, whoever gives them."""

import json
import math
from dataclasses import replace

import pytest

from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.search.budget import Budget

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("budget_usd", NAN, "a finite number of 0 or more"),
        ("budget_usd", INF, "a finite number of 0 or more"),
        ("budget_usd", -0.1, "a finite number of 0 or more"),
        ("minutes", NAN, "a positive, finite number"),
        ("minutes", INF, "a positive, finite number"),
        ("minutes", 0, "a positive, finite number"),
        ("minutes", "3", "a positive, finite number"),
        ("minutes", 10**400, "a positive, finite number"),
        ("minutes", True, "a positive, finite number"),
        ("timeout", INF, "a positive, finite number"),
        ("timeout", NAN, "a positive, finite number"),
        ("evaluations", "many", "a positive integer"),
        ("evaluations", 2.0, "a positive integer"),
        ("evaluations", 0, "a positive integer"),
        ("workers", 1.5, "a positive integer"),
        ("workers", True, "a positive integer"),
        ("round_size", 0, "a positive integer"),
        ("lag", NAN, "a positive integer"),
        ("islands", None, "a positive integer"),
        ("seed", 1.5, r"an integer from 0 to 2\*\*63 - 1"),
        ("seed", -1, r"an integer from 0 to 2\*\*63 - 1"),
        ("seed", 1 << 63, r"an integer from 0 to 2\*\*63 - 1"),
        ("problem", 3, "a text"),
        ("problem", "", "a text"),
        ("api_base", 3, "a text"),
        ("family", 3, "a text"),
        ("objective", 3, "a text"),
        ("engine", 3, "a text"),
        ("models", "local", "a list of texts"),
        ("seeds", (3,), "a list of texts"),
        ("grammar", "yes", "true or false"),
        ("scratch", 1, "true or false"),
        ("mix", "offline", "proposers with their shares"),
        ("mix", (("offline",),), "proposers with their shares"),
        ("mix", ((3, 1.0),), "proposers with their shares"),
    ],
)
def test_a_setting_that_cannot_be_says_which_and_what_was_expected(name: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{name}: expected {expected}, got "):
        Config(**({"problem": "smtt"} | {name: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [NAN, INF, 0.0, -1.0, "a", True])
def test_a_share_is_a_positive_number(share: object) -> None:
    with pytest.raises(ConfigError, match=r"^mix, share of offline: expected a positive, finite number, got "):
        Config("smtt", mix=(("offline", share),))  # type: ignore[arg-type]


def test_what_is_stored_is_read_back() -> None:
    config = Config(
        "smtt", (1 << 63) - 1, 3, 10, 1, 0.0, ("a", "b"), "http://x", (("a", 1), ("b", 0.5)), ("def f(): ...",), lag=1
    )
    assert Config.from_json(config.to_json()) == config
    assert Config.from_json('{"problem": "smtt"}') == Config("smtt", guards=False)  # there were none once


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mix": [["offline", "a"]]}, "^mix, share of offline: expected"),
        ({"mix": "offline"}, "^mix: expected"),
        ({"models": "local"}, "^models: expected"),
        ({"colour": 1}, "^unknown settings: colour$"),
    ],
)
def test_what_is_stored_is_checked_too(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config.from_json(json.dumps({"problem": "smtt"} | change))


def test_settings_without_a_problem_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^problem: expected a text, got nothing$"):
        Config.from_json("{}")


@pytest.mark.parametrize("name", ["minutes", "budget_usd"])
def test_a_budget_has_no_limit_that_is_no_number(name: str) -> None:
    config = Config("smtt")
    object.__setattr__(config, name, NAN)
    with pytest.raises(ValueError, match="expected finite limits"):
        Budget(config, lambda: 0.0)


def test_the_unit_of_times_in_files_is_remembered() -> None:
    asked = Config("serving", instances=("a.csv",), time_unit="ms")
    again = Config.from_json(asked.to_json())
    assert again.choice.time_unit == "ms"
    assert "time unit ms" in again.choice.words()
    with pytest.raises(ConfigError, match="time_unit: expected one of s, ms, us, ns, got 'h'"):
        replace(asked, time_unit="h")
    with pytest.raises(ConfigError, match="time_unit: expected instance files as well"):
        replace(asked, instances=())
