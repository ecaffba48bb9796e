"""What a schedule of LLM requests looks like: queue, batch and memory over time, and how long requests take."""

from collections.abc import Mapping, Sequence

from heuresis.problems.figures import Curve, Figure, cumulative, thinned
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.schedules import Schedule, timeline

_OVER_TIME = (("waiting requests", 1, 1.0), ("running requests", 2, 1.0), ("KV memory in use (%)", 3, 100.0))


def figures(instance: ServingInstance, schedules: Mapping[str, Schedule]) -> Sequence[Figure]:
    """Of schedules by the name of who made them: waiting, running, memory; distributions of TTFT and e2e."""
    times = {name: thinned(timeline(instance, one)) for name, one in schedules.items()}
    found = [
        Figure(
            title=label[0].upper() + label[1:],
            x_label="time (s)",
            y_label=label,
            curves=[Curve(name, rows[:, 0], scale * rows[:, column], steps=True) for name, rows in times.items()],
        )
        for label, column, scale in _OVER_TIME
    ]
    results = {name: one.results for name, one in schedules.items()}
    for title, get in (("Time to first token", "ttft"), ("Time from arrival to last token", "e2e")):
        curves = [cumulative(name, getattr(one, get)) for name, one in results.items()]
        found.append(Figure(title, "seconds", "share of requests", curves, log_x=True))
    return found
