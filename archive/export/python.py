"""Export to one Python file that needs the standard library only."""

import ast
from collections.abc import Iterator

from heuresis.archive.export.manifest import manifest
from heuresis.archive.export.subject import Export, ExportError, Subject
from heuresis.evaluators.language.reference.interpreter import Interpreter
from heuresis.evaluators.language.reference.rewrite import Untranslatable, helper_source, helpers_of, rewrite
from heuresis.sandbox.parsing import parse
from heuresis.sandbox.plain_text import plain
from heuresis.sandbox.screen.screen import ScreenError, screen


def export_python(subject: Subject) -> Export:
    """The program as `<problem>.py`, with the problem's driver below it, and `<problem>.json`, its manifest.

    The file computes what the compiled program computes (`docs/semantics.md`). The program is screened first and
    interpreted for the test vectors, never executed. Raises ExportError where it does not fit the contract.
    """
    problem = subject.problem
    try:
        screened = screen(subject.source, problem.contract.allow_list())
        tree = rewrite(screened, problem.contract, _names(problem.standalone))
    except (ScreenError, Untranslatable) as error:
        raise ExportError(f"program {subject.id[:12]} cannot be exported to Python: {error}") from error
    helpers = helpers_of(tree)
    parts = [
        "\n".join(map(plain, _header(subject))),  # a line break in a name would begin a line of code
        "import math" if "math." in ast.unparse(tree) or helpers else "",
        *(_spaced(helper_source(helper)) for helper in helpers.values()),
        *(_statement(statement) for statement in tree.body),
        _spaced(problem.standalone.strip()) if problem.standalone else "",
    ]
    text = "\n".join(part for part in parts if part).rstrip() + "\n"
    parse(text)
    name = problem.name.replace("-", "_")
    interpreter = Interpreter(tree, problem.contract)
    return Export(f"{name}.py", {f"{name}.py": text, f"{name}.json": manifest(subject, interpreter.call)})


def _header(subject: Subject) -> Iterator[str]:
    problem = subject.problem
    yield f"# {problem.title}"
    yield f"# Problem {problem.name}@{problem.version}, program {subject.id}"
    if subject.origin:
        yield f"# Proposed by {subject.origin}" + (f" in {subject.run}" if subject.run else "")
    yield f"# Objective: {problem.objective.name} (smaller is better): {problem.objective.definition}"
    if problem.constraints:
        yield f"# Subject to {', '.join(map(str, problem.constraints))}"
    if subject.context:
        yield f"# Searched for with {subject.context}"
    for e in subject.evaluations:
        score = "no score" if e.aggregate is None else f"{e.aggregate:.6g}"
        yield (
            f"# Score on {e.split} by {subject.by(e)}: {score} ({e.status}, {len(e.values)} instances, "
            f"fingerprint {e.fingerprint[:16]})"
        )
    for function in problem.contract.functions:
        yield f"# {function.name} returns {function.returns}"
        for p in function.parameters:
            yield f"#   {p.name} ({p.unit}): {p.meaning}"
    yield "# Arithmetic is that of IEEE 754, as in the compiled program: the functions `_...` keep Python from raising."


def _names(driver: str) -> frozenset[str]:
    """All names that the driver uses or defines."""
    tree = parse(driver)
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names |= {a.name.partition(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return frozenset(names | {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)})


def _statement(statement: ast.stmt) -> str:
    text = ast.unparse(statement)
    return _spaced(text) if isinstance(statement, ast.FunctionDef) else text


def _spaced(text: str) -> str:
    return f"\n\n{text}"
