"""What calls used: tokens and money."""

from collections.abc import Iterable
from typing import TypeVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

Number = TypeVar("Number", int, float)


# A dataclass for the same reason as `Message`.
@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Usage:
    """What one or several calls used. None means unknown."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    """In US dollars; unknown if it was reported in another currency."""
    models: tuple[str, ...] = ()
    """Names of the language models, sorted."""

    @property
    def summary(self) -> str:
        """All of it in one line for people; empty if nothing is known."""
        parts = [
            "" if self.cost_usd is None else f"{self.cost_usd:,.4f} USD",
            "" if self.input_tokens is None else f"{self.input_tokens:,} input tokens",
            "" if self.output_tokens is None else f"{self.output_tokens:,} output tokens",
            ", ".join(self.models),
        ]
        return "; ".join(filter(None, parts))


def total(usages: Iterable[Usage | None]) -> Usage | None:
    """Adds up what is known; None if nothing is."""
    known = [usage for usage in usages if usage is not None and usage != Usage()]
    if not known:
        return None
    return Usage(
        input_tokens=_sum(usage.input_tokens for usage in known),
        output_tokens=_sum(usage.output_tokens for usage in known),
        cost_usd=_sum(usage.cost_usd for usage in known),
        models=tuple(sorted({model for usage in known for model in usage.models})),
    )


def _sum(numbers: Iterable[Number | None]) -> Number | None:
    known = [number for number in numbers if number is not None]
    return sum(known[1:], known[0]) if known else None
