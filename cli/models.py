"""`heuresis models`: the local language models that are installed, and the default one's weights."""

import os

import typer

from heuresis.cli.options import ArchiveOption, JsonOption

app = typer.Typer(help="Local language models: list them, install the default one.")

KEYS = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "OPENROUTER_API_KEY",
    "MISTRAL_API_KEY",
    "DEEPSEEK_API_KEY",
)


@app.callback(invoke_without_command=True)
def models(context: typer.Context, archive: ArchiveOption = None, as_json: JsonOption = False) -> None:
    """List local models and the environment variables with keys of providers (their names only)."""
    if context.invoked_subcommand is not None:
        return
    from heuresis.cli import render
    from heuresis.evolve.models import local

    del archive  # every command takes it; this one needs none
    default = local.default_model_path()
    found = {model.path: model for model in local.models()}
    keys = [name for name in KEYS if os.environ.get(name)]
    if as_json:
        rows = [{"name": model.name, "path": str(model.path), "bytes": model.bytes} for model in found.values()]
        render.emit({"models": rows, "default": str(default) if default else None, "keys": keys})
        return
    made = render.table("--model", "weights", "MB", right=("MB",))
    if default is not None:
        made.add_row("local", str(default), f"{default.stat().st_size / 1e6:.0f}")
    for path, model in found.items():
        if path != default:
            made.add_row(f"local:{path}", model.name, f"{model.bytes / 1e6:.0f}")
    console = render.out()
    if default is None and not found:
        console.print("no local model; `heuresis models install` brings a small one (93 MB)")
    else:
        console.print(made)
    console.print(
        "keys found: " + (", ".join(keys) or "none") + "; any model that litellm knows works as --model PROVIDER/NAME"
    )


@app.command()
def install(archive: ArchiveOption = None, as_json: JsonOption = False) -> None:
    """Put the default model's weights (SmolLM2-135M-Instruct, 93 MB, Apache-2.0) into your data directory."""
    from heuresis.cli import render
    from heuresis.evolve.models import local
    from heuresis.evolve.models.weights import damage

    del archive  # every command takes it; this one needs none
    path = local.default_model_path()
    wrong = None if path is None else damage(path)
    if wrong is not None:
        render.say(f"{path} {wrong}")
    fresh = path is None or wrong is not None
    if path is None or wrong is not None:
        render.say("installing SmolLM2-135M-Instruct (93 MB) …")
        path = local.install_default_model()
    if as_json:
        render.emit({"path": str(path), "bytes": path.stat().st_size, "installed": fresh})
    else:
        render.out().print(f"{'installed' if fresh else 'already there'}: {path}", soft_wrap=True)
