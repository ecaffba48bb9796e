"""Every command and option is documented, and what the README shows works."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from heuresis.archive.records import candidate_id
from heuresis.cli.main import app
from heuresis.problems import registry
from heuresis.sandbox.screen.screen import screen


def commands() -> Iterator[tuple[str, object]]:
    """All commands as they are typed, with the command objects."""
    root = typer.main.get_command(app)

    def walk(prefix: str, group: object) -> Iterator[tuple[str, object]]:
        for name, command in group.commands.items():
            yield f"{prefix}{name}", command
            if hasattr(command, "commands"):
                yield from walk(f"{prefix}{name} ", command)

    yield from walk("", root)


def test_every_command_has_a_section_and_every_option_is_in_it(root: Path):
    text = (root / "docs" / "cli.md").read_text()
    headed = re.findall(r"^## `heuresis ([^`]+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    sections = {" ".join(re.findall(r"(?<!\S)[a-z]+(?!\S)", head)): body for head, body in headed}
    for name, command in commands():
        assert name in sections, f"docs/cli.md has no section for `heuresis {name}`"
        for parameter in command.params:
            for option in parameter.opts:
                common = option in {"--archive", "--json", "--help", "-h"}
                if option.startswith("-") and not common:
                    assert f"`{option}" in sections[name], f"docs/cli.md: {name} lacks {option}"
    for option in ("--archive", "--json"):
        assert f"`{option}" in text.split("## `heuresis")[0]


def test_every_command_takes_archive_and_json():
    for name, command in commands():
        if name in {"archive", "engine"}:  # groups without a command of their own
            continue
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--archive", "--json"} <= options, name


def test_the_readme_names_every_command(root: Path):
    text = (root / "README.md").read_text()
    for name, _ in commands():
        assert f"heuresis {name.split()[0]}" in text, name


def test_links_between_documents_resolve(root: Path):
    documents = [*root.glob("*.md"), *root.glob("docs/**/*.md")]
    links = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
    broken = [
        f"{document.relative_to(root)}: {target}"
        for document in documents
        for target in links.findall(document.read_text())
        if not (document.parent / target).exists()
    ]
    assert not broken


def test_the_manual_shows_its_examples_as_they_are(root: Path):
    manual = (root / "docs" / "adding-a-problem.md").read_text()
    examples = root / "docs" / "examples"
    assert f"```python\n{(examples / 'sequencing.py').read_text()}```" in manual
    loops = re.search(r"```python\n(class Dispatch.*?)```", manual, re.DOTALL)
    assert loops is not None
    compiled = re.sub(r'\n +"""[^\n]*"""\n', "\n", (examples / "sequencing_compiled.py").read_text())
    assert loops[1].replace("\n\n", "\n") in compiled.replace("\n\n", "\n")


def test_the_programs_of_the_results_are_whole_and_have_the_ids_that_they_say(root: Path):
    folders = [folder for folder in (root / "docs" / "results" / "programs").iterdir() if folder.is_dir()]
    assert folders
    for folder in folders:
        contract = registry.get(folder.name).contract
        for file in sorted(folder.glob("*.py")):
            source = file.read_text()
            screen(source, contract.allow_list())
            assert candidate_id(source).startswith(source.split()[1].rstrip(":")), file


def console_lines(document: Path) -> list[str]:
    """The commands of the console blocks, continuation lines joined."""
    blocks = re.findall(r"```console\n(.*?)```", document.read_text(), re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    return [line[2:] for line in text.splitlines() if line.startswith("$ heuresis ")]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_commands_of_the_readme_run(root: Path, tmp_path: Path):
    lines = console_lines(root / "README.md")
    assert len(lines) >= 5
    for line in lines:
        words = shlex.split(line.replace("--minutes 1", "--minutes 0.01"), comments=True)  # a test need not find much
        command = [sys.executable, "-m", "heuresis", *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
