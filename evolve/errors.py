"""Why nothing more can be proposed."""


class ProposerUnavailable(RuntimeError):
    """No attempt of this proposer can succeed: the message says what to change."""


class ProposerFault(RuntimeError):
    """A proposer that is none, or returned what no proposer returns: a mistake of its author's, told by the message."""


class BudgetExhausted(RuntimeError):
    """A hard budget would be exceeded by what was about to be done."""


class SearchEnded(RuntimeError):
    """The search has ended while something waited for its turn; nobody wants it any more."""

    def __str__(self) -> str:
        return "the search has ended"
