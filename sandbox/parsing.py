"""Python text as a syntax tree, by one thread at a time.

CPython 3.11 counts how deep it is while it makes the nodes of a tree, in one place for all threads. Where the collector
runs a finalizer meanwhile, another thread may go on, parse and upset the count: a SystemError, "AST constructor
recursion depth mismatch". So nothing of ours calls `ast.parse` but this.
"""

import ast
import threading
from typing import Any, Literal, overload

_PARSING = threading.RLock()


@overload
def parse(
    source: str, filename: str = ..., mode: Literal["exec"] = ..., *, feature_version: tuple[int, int] | None = ...
) -> ast.Module: ...
@overload
def parse(
    source: str, filename: str = ..., *, mode: Literal["eval"], feature_version: tuple[int, int] | None = ...
) -> ast.Expression: ...
def parse(
    source: str,
    filename: str = "<unknown>",
    mode: str = "exec",
    *,
    feature_version: tuple[int, int] | None = None,
) -> Any:
    """What `ast.parse` returns and raises."""
    with _PARSING:
        return ast.parse(source, filename, mode, feature_version=feature_version)
