"""How long fuzzers go on: some seconds each in the suite, `HEURESIS_FUZZ_SECONDS` or many more examples by `make test-long`."""

import os

SECONDS = float(os.environ.get("HEURESIS_FUZZ_SECONDS", "0"))
"""What each fuzzer that counts by the clock may take in a long run; 0 in the suite."""

_MORE = 30


def examples(count: int) -> int:
    """How many random examples of a property are tried, which are so many in the suite."""
    return count * _MORE if SECONDS else count
