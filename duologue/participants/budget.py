"""What a run may spend, and what it has spent of it."""

from duologue.conversation.usage import Usage
from duologue.errors import BudgetExhaustedError
from duologue.settings.run import Budget


class Spending:
    """What one flow run has spent, counted where its calls start; for one event loop.

    Args:
        budget: what it may spend.
        to_continue: the commands, or what else, that continue with a new budget.
    """

    def __init__(
        self, budget: Budget = Budget(), to_continue: str = "Retry or `duologue rerun`"
    ) -> None:
        self.budget = budget
        self._to_continue = to_continue
        self.calls = 0
        self.cost_usd: float | None = None
        """None until a call has reported its cost."""

    def begin_call(self) -> None:
        """Counts a call that is about to be made.

        Raises:
            BudgetExhaustedError: it must not be made.
        """
        if exhausted := self.exhausted:
            raise exhausted
        self.calls += 1

    def take_back_call(self) -> None:
        """Takes back a call that its account refused with 429: nothing was billed for it."""
        self.calls -= 1

    def add(self, usage: Usage) -> None:
        """Counts what a call turned out to have used, as soon as that is known."""
        if usage.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + usage.cost_usd

    @property
    def is_blind(self) -> bool:
        """Whether a limit of cost is set, and calls were made, but none reported its cost."""
        limited = self.budget.max_cost_usd is not None
        return limited and self.calls > 0 and self.cost_usd is None

    @property
    def exhausted(self) -> BudgetExhaustedError | None:
        """Why no further call may start; None as long as one may.

        The words are the same for every seed, so that the reports group them.
        """
        most, most_usd = self.budget.max_calls, self.budget.max_cost_usd
        if most is not None and self.calls >= most:
            return self._exhausted(f"max_calls is {most}")
        # A hair less is enough: ten times 0.1 is 0.9999999999999999 in floating point.
        if most_usd is not None and (self.cost_usd or 0.0) >= most_usd - 1e-9:
            return self._exhausted(f"max_cost_usd is {most_usd:g}")
        return None

    def _exhausted(self, limit: str) -> BudgetExhaustedError:
        return BudgetExhaustedError(
            f"the run's budget was spent before this was done: {limit}. What there is so far is "
            f"kept; {self._to_continue} continues with a new budget"
        )
