"""What can be wrong with the decisions of a scheduler."""

FAULTS = (
    "",
    "a value of the program was NaN or infinite, or it evicted again and again",
    "the decisions end within a record",
    "an iteration without anything to run and nobody to come",
    "an iteration in which nothing decodes and nothing is decided",
    "a decision about a request that is not here",
    "an eviction of a request that does not run",
    "a chunk of no tokens or of more than are left",
    "a request that gets two chunks in one iteration",
    "more tokens in an iteration than its budget",
    "more running requests than there may be",
    "more blocks than there are",
    "an admission in an iteration that evicts",
    "an admission of a request that does not fit as the engine's `admission` and watermark want it",
    "requests that are never served",
)
"""What is wrong with decisions; the place is the fault's number."""
