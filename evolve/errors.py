"""Why nothing more can be proposed."""


class ProposerUnavailable(RuntimeError):
    """No attempt of this proposer can succeed: the message says what to change."""


class BudgetExhausted(RuntimeError):
    """A hard budget would be exceeded by what was about to be done."""
