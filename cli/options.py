"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

ArchiveOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--archive",
        metavar="URL",
        help="Archive: sqlite:///FILE or a path. Default: HEURESIS_ARCHIVE, or a file in your data directory.",
    ),
]
JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else there.")
]
ProblemArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="PROBLEM", help="A registered problem, or a Python file that registers one.")
]
RunArgument: TypeAlias = Annotated[str, typer.Argument(metavar="RUN", help="A run id (a unique prefix).")]
ProgramArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="PROGRAM", help="A file, a baseline's name, or a program id (a unique prefix).")
]
ProgramsArgument: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PROGRAM]...", help="Files, names of baselines, or program ids (unique prefixes)."),
]


def _split(default: str) -> Any:
    return typer.Option(
        "--split",
        metavar="SPLIT",
        show_default=default,
        help="Instances: search, select or test; with --instances that part of the files, as `evolve` cuts them.",
    )


SearchSplitOption: TypeAlias = Annotated[str | None, _split("search")]
SelectSplitOption: TypeAlias = Annotated[str | None, _split("select")]
TestSplitOption: TypeAlias = Annotated[str | None, _split("test")]
InstancesOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--instances", metavar="FILE", help="Instance file to use in place of a split; given once for each file."
    ),
]
ObjectiveOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--objective", metavar="NAME", help="What is minimised, where the problem has several objectives."),
]
SubjectToOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--subject-to",
        metavar="CONSTRAINT",
        help="Keep a metric within a bound: 'tpot_p99<=0.2', or relative to a baseline on the same instances, "
        "'e2e_mean<=1.1*fcfs'; may be repeated.",
    ),
]
GuardsOption: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--guards/--no-guards",
        help="Whether the constraints hold too that the problem adds to its objective (`heuresis problems NAME`).",
    ),
]
FamilyOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--family",
        metavar="NAME",
        help="Kind of instances of `search` and `select`, where the problem has several; default: its first.",
    ),
]
EngineOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME|FILE.toml",
        help="The engine that serves all instances, where the problem has engines.",
    ),
]
OwnInstancesOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--instances",
        metavar="FILE",
        help="Instance file to cut into search, select and test in place of the problem's; given once for each file.",
    ),
]
RateOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--rate", metavar="FACTOR", help="Multiply the rate of arrivals in instance files by this."),
]
LoadOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--load",
        metavar="SHARE",
        help="Let requests in instance files arrive at this share of what the engine (or its replicas) can take.",
    ),
]
ReplicasOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--replicas", metavar="N", min=1, help="Replicas of the engine that a router has before it."),
]
RunOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="RUN|none",
        help="The run whose instances, engine and objective are meant. Default: that of a program given by its id.",
    ),
]
LimitOption: TypeAlias = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Take the first N requests of each instance file.")
]
NoiseOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--noise",
        metavar="SIGMA",
        min=0.0,
        max=10.0,
        help="Spread of estimated output lengths where instance files have none; 0: they are right. Default: 0.5.",
    ),
]
SloOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--slo", metavar="CLASS", help="Class of requests where instance files name none. Default: the engine's first."
    ),
]
TimeUnitOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--time-unit",
        metavar="s|ms|us|ns",
        help="Unit of times in instance files that are numbers. Default: what the file says.",
    ),
]
SolveOption: TypeAlias = Annotated[
    bool, typer.Option("--solve", help="Prove the optima that instance files do not have, where that is quick.")
]
WorkersOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="W",
        min=1,
        help="Processes that evaluate. Default: one per core, as far as a container's limits go.",
    ),
]
ProblemOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--problem", metavar="PROBLEM", help="The problem, where the program does not tell."),
]
TimeoutOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Longest evaluation of one program. Default: 20."),
]
NoTestOption: TypeAlias = Annotated[
    bool, typer.Option("--no-test", help="Leave the champion's test table for later (`heuresis crown RUN`).")
]
WeakSandboxOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--allow-weak-sandbox",
        envvar="HEURESIS_ALLOW_WEAK_SANDBOX",
        help="Run although this machine confines programs by limits only (`heuresis doctor`).",
    ),
]
