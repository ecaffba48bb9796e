"""A small reader and random sampler of GBNF, enough for the grammars that Heuresis writes."""

import random
import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[a-zA-Z][\w-]*|\{\d+,\d+\}|[()|?*+]')
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


class Grammar:
    """`sample` derives a random sentence; rules that are not defined, or not used, are errors."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, list] = {}
        for line in text.strip().splitlines():
            name, body = line.split(" ::= ", 1)
            assert name not in self.rules, f"rule {name} is there twice"
            assert re.fullmatch(r"[a-zA-Z0-9-]+", name), f"llama.cpp takes no rule name like {name}"
            tokens = _TOKEN.findall(body)
            assert "".join(tokens).replace(" ", "") == body.replace(" ", ""), f"cannot read {body}"
            self.rules[name], rest = _choice(tokens)
            assert not rest, f"left over in {name}: {rest}"

    def names(self) -> set[str]:
        return {token[1] for rule in self.rules.values() for token in _walk(rule) if token[0] == "rule"}

    def sample(self, rng: random.Random) -> str:
        return self._derive(("rule", "root"), rng)

    def _derive(self, node: tuple, rng: random.Random) -> str:
        kind, value = node[0], node[1]
        if kind == "text":
            return value
        if kind == "rule":
            return self._derive(("choice", self.rules[value]), rng)
        if kind == "set":
            return rng.choice(value)
        if kind == "choice":
            return "".join(self._derive(part, rng) for part in rng.choice(value))
        return "".join(self._derive(value, rng) for _ in range(rng.randint(node[2], node[3])))


def _choice(tokens: list[str]) -> tuple[list, list[str]]:
    branches, branch = [], []
    while tokens and tokens[0] != ")":
        token, tokens = tokens[0], tokens[1:]
        if token == "|":
            branches.append(branch)
            branch = []
        elif token == "(":
            inner, tokens = _choice(tokens)
            assert tokens, "parenthesis left open"
            tokens = tokens[1:]
            branch.append(("choice", inner))
        elif token[0] == '"':
            branch.append(("text", re.sub(r"\\.", lambda m: _ESCAPES[m[0]], token[1:-1])))
        elif token[0] == "[":
            low, high = token[1], token[3]
            branch.append(("set", [chr(c) for c in range(ord(low), ord(high) + 1)]))
        elif token == "?":
            branch[-1] = ("repeat", branch[-1], 0, 1)
        elif token[0] == "{":
            low, high = token[1:-1].split(",")
            branch[-1] = ("repeat", branch[-1], int(low), int(high))
        else:
            assert token not in "*+", "unbounded"
            branch.append(("rule", token))
    return [*branches, branch], tokens


def _walk(branches: list) -> list[tuple]:
    found = []
    for branch in branches:
        for node in branch:
            found.append(node)
            if node[0] == "choice":
                found += _walk(node[1])
            elif node[0] == "repeat":
                found += _walk([[node[1]]])
    return found
