"""Hard budgets of a run: evaluations, minutes and USD, checked before anything is spent."""

import math
import time
from collections.abc import Callable, Mapping

from heuresis.evolve.config import Config
from heuresis.evolve.errors import BudgetExhausted


class Budget:
    """What a run may still spend. Thread-safe: it holds no state but the moments at which the search began and ended.

    `spent` is the archive's count of USD, reservations included; `used` are the seconds searched before a resume.
    """

    def __init__(
        self,
        config: Config,
        spent: Callable[[], float],
        *,
        used: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not all(math.isfinite(limit) for limit in (config.minutes, config.budget_usd) if limit is not None):
            raise ValueError(f"expected finite limits, got {config.minutes} minutes and {config.budget_usd} USD")
        self.evaluations = config.evaluations
        self.minutes = config.minutes
        self.usd = config.budget_usd
        self._spent, self._used, self._clock = spent, used, clock
        self._began: float | None = None
        self._ended: float | None = None

    def begin(self) -> None:
        """Let the time run from now on."""
        self._began = self._clock()

    def end(self) -> None:
        """Let the time stand still: what follows the search does not count."""
        self._ended = self._clock()

    @property
    def seconds(self) -> float:
        """How long this process has searched; 0 before it began."""
        if self._began is None:
            return 0.0
        return (self._clock() if self._ended is None else self._ended) - self._began

    @property
    def used(self) -> float:
        """Seconds that all processes of the run have searched."""
        return self._used + self.seconds

    @property
    def out_of_time(self) -> bool:
        """Whether the minutes are used up."""
        return self.minutes is not None and self.used >= 60.0 * self.minutes

    def check_time(self) -> None:
        """Raise BudgetExhausted where the minutes are used up."""
        if self.out_of_time:
            raise BudgetExhausted(f"the budget of {self.minutes:g} minutes is used up")

    def reserve(self, usd: float) -> None:
        """Raise BudgetExhausted where a call of at most this cost would exceed the USD, or comes after the time."""
        self.check_time()
        if self.usd is None or usd <= 0:
            return
        spent = self._spent()
        if spent + usd > self.usd:
            raise BudgetExhausted(
                f"the budget of {self.usd:g} USD is used up: {spent:.6f} are spent or reserved and the next call may "
                f"cost {usd:.6f}"
            )

    def left(self, evaluated: int) -> Mapping[str, str]:
        """What is left, by unit, for people; only what is limited."""
        left = {}
        if self.evaluations is not None:
            left["evaluations"] = f"{max(0, self.evaluations - evaluated)}"
        if self.minutes is not None:
            left["minutes"] = f"{max(0.0, self.minutes - self.used / 60.0):.1f}"
        if self.usd is not None:
            left["USD"] = f"{max(0.0, self.usd - self._spent()):.4f}"
        return left
