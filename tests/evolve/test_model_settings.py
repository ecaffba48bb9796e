"""Settings of models: checked where they are made, completed by more general ones, stored with the run."""

import datetime as dt
import json
import math

import pytest

from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.model_settings import ModelSettingError, ModelSettings
from heuresis.evolve.models.client import Message, Reply, ReplyLimit
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.factory import FIRST_TOKENS, LEAST_TOKENS, MOST_TOKENS, client_for, reply_limit
from heuresis.evolve.models.prices import Output, per_million


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 0),
        ("max_tokens", 1.5),
        ("max_tokens", True),
        ("request_timeout", 0),
        ("request_timeout", math.inf),
        ("attempts", -1),
        ("concurrency", "many"),
        ("temperature", -0.1),
        ("temperature", math.nan),
        ("reasoning_effort", ""),
        ("api_key_env", "sk-abc def"),
        ("extra_body", []),
        ("extra_body", {"model": "other"}),
        ("extra_body", {"when": dt.date(2026, 1, 1)}),
        ("extra_body", {"x": [[[[[[[[[1]]]]]]]]]}),
        ("extra_body", {"x": math.nan}),
        ("extra_body", {"messages": []}),
        ("price_in", 1.0),
    ],
)
def test_a_setting_that_cannot_be_is_refused(name: str, value: object) -> None:
    with pytest.raises(ModelSettingError, match=name):
        ModelSettings(**{name: value})  # type: ignore[arg-type]


def test_a_key_in_the_place_of_its_variable_is_not_repeated() -> None:
    with pytest.raises(ModelSettingError, match="never a key itself") as caught:
        ModelSettings(api_key_env="sk-abcdefghijkl1234")
    assert "abcdefghijkl" not in str(caught.value)


def test_settings_of_a_model_go_before_those_of_all() -> None:
    config = Config(
        "tiny",
        models=("a", "b"),
        api_base="http://all/v1",
        asking=ModelSettings(max_tokens=1_000, attempts=2),
        asking_each=(("a", ModelSettings(max_tokens=2_000, api_base="http://a/v1")),),
    )
    assert config.asked("a") == ModelSettings(max_tokens=2_000, attempts=2, api_base="http://a/v1")
    assert config.asked("b") == ModelSettings(max_tokens=1_000, attempts=2, api_base="http://all/v1")


def test_settings_are_stored_with_the_run() -> None:
    each = (("a", ModelSettings(extra_body={"top_p": 0.9}, price_in=1.0, price_out=2.0)),)
    config = Config("tiny", models=("a",), asking=ModelSettings(temperature=0.3), asking_each=each)
    assert Config.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    "change", [{"asking": {"max_tokens": 0}}, {"asking": {"colour": 1}}, {"asking": 3}, {"asking_each": [["a", {"attempts": 0}]]}, {"asking_each": [["a"]]}]
)  # fmt: skip
def test_what_is_stored_is_checked_too(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Config.from_json(json.dumps({"problem": "tiny"} | change))


REASONING, PLAIN = Output(128_000, reasoning=True), Output(4_096, reasoning=False)


@pytest.mark.parametrize(
    ("settings", "output", "budget", "limit"),
    [
        (ModelSettings(max_tokens=50), REASONING, None, ReplyLimit(50, 50)),
        (ModelSettings(), None, None, ReplyLimit(FIRST_TOKENS, MOST_TOKENS)),
        (ModelSettings(), REASONING, None, ReplyLimit(None, 128_000)),
        (ModelSettings(), REASONING, 1_000.0, ReplyLimit(32_768, 128_000)),
        (ModelSettings(), PLAIN, 1_000.0, ReplyLimit(4_096, 4_096)),
        (ModelSettings(), REASONING, 10.0, ReplyLimit(20_000, 128_000)),
        (ModelSettings(), REASONING, 0.01, ReplyLimit(LEAST_TOKENS, 128_000)),
    ],
)
def test_replies_may_be_as_long_as_fits(
    settings: ModelSettings, output: Output | None, budget: float | None, limit: ReplyLimit
) -> None:
    assert reply_limit(settings, output, per_million(1.0, 10.0), budget) == limit


def made(**settings: object) -> OpenAIClient:
    client = client_for("openai/x", "http://127.0.0.1:9/v1", settings=ModelSettings(**settings))
    assert isinstance(client, OpenAIClient)
    return client


def test_the_bound_follows_the_limit_and_the_price() -> None:
    ask = (Message("user", "hello"),)
    client = made(price_in=0.0, price_out=1.0)
    assert client.max_usd(ask) == pytest.approx(FIRST_TOKENS / 1e6)
    assert client.ask_for_more(Reply("", limit=FIRST_TOKENS))
    assert client.max_usd(ask) == pytest.approx(MOST_TOKENS / 1e6)
    assert made(price_in=0.0, price_out=1.0, max_tokens=100).max_usd(ask) == pytest.approx(1e-4)


def test_a_reply_grows_once_for_all_who_were_cut_off_together() -> None:
    client = made()
    cut = Reply("", limit=FIRST_TOKENS)
    assert [client.ask_for_more(cut) for _ in range(3)] == [True, True, True]
    assert client.limit == MOST_TOKENS
    assert not client.ask_for_more(Reply("", limit=MOST_TOKENS))
    assert not made(max_tokens=100).ask_for_more(Reply("", limit=100))
