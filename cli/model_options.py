"""Options about asking models, for all models of a run; a RUN.toml has them for each."""

import json
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from heuresis.cli.errors import USAGE, UserError

if TYPE_CHECKING:
    from heuresis.evolve.model_settings import ModelSettings

PANEL = "Models"

MaxTokensOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        metavar="N",
        help="Longest reply in tokens, thoughts included; never exceeded. Default: as the model needs.",
        rich_help_panel=PANEL,
    ),
]
RequestTimeoutOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--request-timeout",
        metavar="SECONDS",
        help="Longest request, from its turn on. Default: 300, and 600 for servers of your own.",
        rich_help_panel=PANEL,
    ),
]
AttemptsOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--attempts", metavar="N", help="Requests before a call has failed. Default: 4.", rich_help_panel=PANEL
    ),
]
TemperatureOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--temperature", metavar="X", help="Default: 0.9, and 0.2 for repairs.", rich_help_panel=PANEL),
]
ReasoningEffortOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--reasoning-effort", metavar="WORD", help="As the endpoint names it: low, high, …", rich_help_panel=PANEL
    ),
]
ExtraBodyOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--extra-body", metavar="JSON", help="Further fields of each request.", rich_help_panel=PANEL),
]
ConcurrencyOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        metavar="N",
        help="Requests at a time. Default: 16; for servers of your own as many as bring something.",
        rich_help_panel=PANEL,
    ),
]
ApiKeyEnvOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--api-key-env",
        metavar="NAME|none",
        help="The environment variable with the endpoint's key. Default: OPENAI_API_KEY.",
        rich_help_panel=PANEL,
    ),
]
PriceInOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--price-in", metavar="USD", help="Price of a million tokens read.", rich_help_panel=PANEL),
]
PriceOutOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--price-out", metavar="USD", help="Price of a million tokens written.", rich_help_panel=PANEL),
]


def model_settings(extra_body: str | None, **said: Any) -> "ModelSettings":
    """What the command line says about models. Raises UserError and ModelSettingError where it cannot be."""
    from heuresis.evolve.model_settings import ModelSettings

    return ModelSettings(extra_body=None if extra_body is None else _fields(extra_body), **said)


def _fields(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UserError(f'--extra-body: expected a JSON object such as {{"top_p": 0.9}}, got {text[:80]!r}', USAGE)
    return found
