"""Single-machine total tardiness: what a dispatching rule may see."""

from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit

CONTRACT = Contract(
    functions=(
        Function(
            name="priority",
            parameters=(
                Parameter("p", Unit.TIME, "processing time of the job", varies=True, low=1.0),
                Parameter("d", Unit.DATE, "due date of the job", varies=True, low=0.0),
                Parameter("t", Unit.DATE, "current time, when the chosen job will start", varies=False, low=0.0),
                Parameter("n_left", Unit.COUNT, "number of unscheduled jobs", varies=False, low=1.0),
                Parameter("p_mean", Unit.TIME, "mean processing time of the unscheduled jobs", varies=False, low=1.0),
                Parameter("p_max", Unit.TIME, "largest processing time of them", varies=False, low=1.0),
                Parameter("p_sum", Unit.TIME, "sum of their processing times", varies=False, low=1.0),
                Parameter("d_mean", Unit.DATE, "mean due date of the unscheduled jobs", varies=False, low=0.0),
                Parameter("d_min", Unit.DATE, "smallest due date of them", varies=False, low=0.0),
                Parameter("d_max", Unit.DATE, "largest due date of them", varies=False, low=0.0),
            ),
            returns=(
                "the priority of one unscheduled job, smaller is scheduled first (ties by smaller p, then smaller d, "
                "then the job's number); the unscheduled jobs include the job itself; it must be finite"
            ),
        ),
    )
)
