"""Names that no import checks are not stale: of modules and what is in them, and of files, wherever they stand in text."""

import ast
import functools
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

NAME = re.compile(r"(?<![\w./-])heuresis(?:\.(?:\*\*?|\w+))+(?::\w+)?")
"""A module by its dotted name, with what is in it after a point or a colon; the linter's contracts use `*` and `**`."""

IMPORT = re.compile(r"\bfrom (heuresis[\w.]*) import (\w+(?:, \w+)*)")
"""An import, in documents and in programs that stand in strings."""

PLACE = re.compile(
    r"(?<![\w/.>}-])(?:archive|cli|evaluators|evolve|problems|sandbox|docs|tests|benchmarks|src)/[\w./*-]*"
)
"""A path from the root of the repository."""

QUOTED = re.compile(r"`([^`\n]+)`")
NEAR = re.compile(r"(?<![\w./:<-])[a-z_][\w/]*\.py\b")
"""A file as somebody names it who stands near it: `prices.py`, `expressions/indices.py`."""

Modules = Mapping[str, str]
"""The source of each module of Heuresis by its dotted name."""

MADE_UP = {
    "heuresis.problems.items",
    "heuresis.sandbox.process.wire:Missing",
    "problems/one",
    "problems/other",
    "src/*.egg-info",
}
"""What tests name because it is not there, and what a build leaves."""


@pytest.fixture(scope="module")
def texts(root: Path) -> dict[str, str]:
    """Code, documents and settings by their paths; without what a search has printed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split()
    kinds = (".py", ".md", ".toml", "Makefile", ".ci/run")
    wanted = [name for name in files if name.endswith(kinds) and "docs/results/programs/" not in name]
    return {name: (root / name).read_text(encoding="utf-8") for name in wanted if (root / name).is_file()}


def stale_names(text: str, modules: Modules) -> list[str]:
    """The dotted names in a text that resolve to nothing."""
    imported = [f"{module}.{name}" for module, names in IMPORT.findall(text) for name in names.split(", ")]
    return [name for name in (*NAME.findall(text), *imported) if name not in MADE_UP and not resolves(name, modules)]


def resolves(name: str, modules: Modules) -> bool:
    """Whether there is such a module, or such a name in one. Nothing is imported: simulators would be compiled."""
    if "*" in name:
        parts = {"*": r"\w+", "**": r"\w+(?:\.\w+)*"}
        pattern = re.compile(r"\.".join(parts.get(part, part) for part in name.split(".")))
        return any(pattern.fullmatch(module) for module in modules)
    path = name.replace(":", ".")
    while path not in modules:
        path = path.rpartition(".")[0]
    inside = name[len(path) + 1 :].split(".")
    return name == path or is_in(inside, parsed(modules[path]).body)


parsed = functools.cache(ast.parse)


def is_in(names: Sequence[str], body: Iterable[ast.stmt]) -> bool:
    """Whether a module, or a class in it, gives the first of the names a meaning, and that the next, and so on."""
    first, *others = names
    body = list(body)
    if any(isinstance(one, ast.FunctionDef) and one.name == "__getattr__" for one in body):  # imports when it is asked
        body += [inner for one in body if isinstance(one, ast.If) for inner in one.body]
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.name == first:
            return not others or (isinstance(statement, ast.ClassDef) and is_in(others, statement.body))
        if first in {name.asname or name.name for name in getattr(statement, "names", ())}:  # imported to be passed on
            return not others
        targets = [*getattr(statement, "targets", ()), getattr(statement, "target", None)]
        named = [node for target in targets if target is not None for node in ast.walk(target)]
        if any(isinstance(node, ast.Name) and node.id == first for node in named):
            return not others
    return first == "__file__"


def stale_places(text: str, root: Path) -> list[str]:
    """The paths from the root in a text at which there is nothing; links of documents are another test's."""
    places = [place.rstrip("./") for place in PLACE.findall(re.sub(r"\]\([^)]*\)", "", text))]
    return [place for place in places if place not in MADE_UP and not any(root.glob(place))]


def stale_files(text: str, name: str, files: set[str]) -> list[str]:
    """The Python files that a text in file `name` mentions, which are neither near it nor of that name in one place only.

    A file of the reader's own has a name like `my_problem.py`.
    """
    folders = [str(folder) for folder in Path(name).parents]
    return [
        file
        for quoted in QUOTED.findall(text)
        for file in NEAR.findall(quoted)
        if not file.startswith("my_")
        and not any(str(Path(folder, file)) in files for folder in folders)
        and sum(other.endswith(f"/{file}") for other in files) != 1
    ]


@pytest.fixture(scope="module")
def modules(texts: dict[str, str], root: Path) -> Modules:
    layers = {link.name for link in (root / "src" / "heuresis").iterdir() if link.is_symlink()}
    found = {"heuresis": texts["src/heuresis/__init__.py"]}
    for name, text in texts.items():
        if name.endswith(".py") and Path(name).parts[0] in layers:
            found[".".join(("heuresis", *Path(name).with_suffix("").parts)).removesuffix(".__init__")] = text
    return found


def test_every_dotted_name_resolves(texts: dict[str, str], modules: Modules):
    assert len(modules) > 200
    stale = {name: found for name, text in texts.items() if (found := stale_names(text, modules))}
    assert not stale


def test_every_path_from_the_root_exists(texts: dict[str, str], root: Path):
    stale = {name: found for name, text in texts.items() if (found := stale_places(text, root))}
    assert not stale


def test_every_file_that_a_text_mentions_is_one(texts: dict[str, str]):
    stale = {name: found for name, text in texts.items() if (found := stale_files(text, name, set(texts)))}
    assert not stale


def test_every_pattern_of_the_settings_finds_something(root: Path):
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    tools = settings["tool"]
    package = root / "src" / "heuresis"
    for pattern in tools["setuptools"]["package-data"]["heuresis"]:
        inside = package if "/" not in pattern else root  # the folders behind the links
        assert any(inside.glob(pattern)), pattern
    ruff = tools["ruff"]
    for pattern in (*ruff["extend-exclude"], *ruff["lint"]["per-file-ignores"]):
        assert any(root.glob(pattern)), pattern
    for pattern in (*tools["mypy"]["exclude"], *(omit.strip("*") for omit in tools["coverage"]["run"]["omit"])):
        assert any(re.search(pattern, str(file)) for file in root.glob("problems/**/*.py")), pattern


@pytest.mark.parametrize("name", ["evaluators.smtt", "evaluators.cache.Nothing", "evolve.worker:Wrkr", "**.smtt"])
def test_a_stale_name_is_found(name: str, modules: Modules):
    stale = f"heuresis.{name}"
    assert stale_names(f'simulator="{stale}",  # not "heuresis.evaluators.cache.CacheError"', modules) == [stale]


def test_a_stale_path_is_found(root: Path, texts: dict[str, str]):
    stale = "evolve/" + "worker_loop.py"
    assert stale_places(f"see `{stale}`, `evolve/worker.py` and `problems/engines/*.toml`", root) == [stale]
    files = set(texts)
    mentions = "see `{}`, `worker.py` and, because there are many, `{}`".format("wrkr.py", "contract.py")
    assert stale_files(mentions, "evolve/assessment/tasks.py", files) == ["wrkr.py", "contract.py"]
    assert stale_files(mentions, "evaluators/serving/loop.py", files) == ["wrkr.py"]
