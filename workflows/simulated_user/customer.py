"""One customer: everything about a person that follows from the seed message, and stays."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import TypeVar

from . import phrases
from .goals import COMMON_GOALS, GOALS, Goal
from .scenario import NOTHING, Scenario

KINDS = (
    "espresso machine", "stand mixer", "food processor", "air fryer", "microwave", "bread maker",
    "blender", "slow cooker", "rice cooker", "ice cream maker", "waffle iron", "juicer", "toaster",
    "kettle", "coffee machine", "mixer",
)  # fmt: skip
"""Appliances that a seed message may name."""


T = TypeVar("T")


KEY_POINTS = 3
"""What a key word of a goal counts; a word that only hints at it counts 1."""
END = "[END]"
"""What follows a customer's last message."""
FEWEST_POINTS = 2
"""With less, a text tells no goal."""


class Style(StrEnum):
    """How a customer writes."""

    PLAIN = "plain"
    CASUAL = "casual"
    """Lower case, no full stop at the end."""
    CURT = "curt"
    """Only the question."""


@dataclass(frozen=True)
class Customer:
    """A customer, made from the seed message and its scenario, so that all its messages fit.

    Choices are made by a hash of both: the same in every process and on every machine.
    """

    seed: str
    scenario: Scenario = NOTHING

    def choose(self, options: Sequence[T], salt: str) -> T:
        """One of the options; the same one whenever seed and salt are the same."""
        text = f"{salt}|{self.seed}{self.scenario.persona}"
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        return options[int.from_bytes(digest[:8]) % len(options)]

    def shuffled(self, options: Sequence[T], salt: str) -> list[T]:
        """The options from a chosen one on, and those before it after that."""
        if not options:
            return []
        start = self.choose(range(len(options)), salt)
        return [*options[start:], *options[:start]]

    def chance(self, percent: int, salt: str) -> bool:
        """True for so many of a hundred seeds."""
        return self.choose(range(100), salt) < percent

    @cached_property
    def style(self) -> Style:
        """As the persona says, or else as the seed message is written."""
        if self.scenario.is_terse:
            return Style.CURT
        if self.scenario.is_casual:
            return Style.CASUAL
        if any(c.isalpha() for c in self.seed) and self.seed == self.seed.lower():
            return Style.CASUAL
        return self.choose((Style.PLAIN, Style.PLAIN, Style.CURT, Style.CASUAL), "style")

    @cached_property
    def facts(self) -> dict[str, str]:
        """What the customer has in mind: the fields of the texts, by name."""
        known = self.scenario.known
        bare = next((k for k in KINDS if k in self.seed.lower()), None)
        appliance = self.choose(phrases.APPLIANCES, "appliance")
        if bare:
            appliance = f"{'an' if bare[0] in 'aeiou' else 'a'} {bare}"
        days = [d for d in phrases.DAYS if d.lower() in self.seed.lower()]
        day = days[0] if days else self.choose(phrases.DAYS, "day")
        other_days = [d for d in phrases.DAYS if d != day]
        number = re.search(r"(?i)kc[\s-]*\d{3,10}", self.seed)
        return {
            "appliance": appliance,
            "bare": appliance.split(" ", 1)[1],
            "day": day,
            "other_day": self.choose(other_days, "other day"),
            "order": number[0] if number else f"KC-{self.choose(range(10_000, 60_000), 'order')}",
            "name": self.choose(phrases.NAMES, "name"),
            "bought": self.choose(phrases.BOUGHT, "bought"),
            **known,
        }

    @cached_property
    def wants_no_appliance(self) -> bool:
        """Whether the seed message asks for some other ware, such as cheese."""
        wanted = re.search(
            r"\b(?:sell|carry|stock) (?:any |some |an? )?([a-z]{4,})", self.seed.lower()
        )
        known = " ".join((*KINDS, "anything", "something", "appliance"))
        return wanted is not None and wanted[1].rstrip("s") not in known

    @cached_property
    def is_upset(self) -> bool:
        """Whether the seed message shouts, or the persona is annoyed."""
        return self.scenario.is_upset or self.seed.endswith("!") or self.seed.isupper()

    @cached_property
    def substitute_goal(self) -> Goal:
        """What the customer asks about when the seed message leads nowhere."""
        return self.choose(COMMON_GOALS, "substitute goal")

    def opening(self, goal: Goal) -> list[str]:
        """Ways to ask for a goal from scratch, in this customer's order."""
        return [t.format_map(self.facts) for t in self.shuffled(goal.opening, "opening")]

    def styled(self, text: str, number: int = 0) -> str:
        """A text as this customer would type it, as their message of this number.

        People are not even: one message has a capital and a full stop, the next one neither.
        """
        body, end, _ = text.partition(END)
        if self.style is Style.CASUAL:
            body = body.lower()
        elif self.chance(75, f"capital {number}"):
            body = body[:1].upper() + body[1:]
        else:
            body = body[:1].lower() + body[1:] if not body.startswith(("I ", "I'", "KC")) else body
        return self._as_ended(body, number) + end

    def _as_ended(self, text: str, number: int) -> str:
        """A text with or without the punctuation at its end."""
        hasty = {Style.CASUAL: 90, Style.CURT: 70, Style.PLAIN: 40}[self.style]
        if text.endswith("!") and self.chance(80, f"calm {number}"):
            text = f"{text[:-1]}."
        if text.endswith(".") and not text.endswith("..") and self.chance(hasty, f"stop {number}"):
            return text[:-1]
        if text.endswith("?") and self.chance(hasty // 2, f"question {number}"):
            return text[:-1]
        return text


def goal_in(text: str) -> Goal | None:
    """The goal that most words of a text point to; None if hardly any does."""
    words = dict.fromkeys(re.findall(r"[^\W_]+", text.lower()))
    points = {goal: _points(goal, words) for goal in GOALS}
    best = max(GOALS, key=lambda goal: points[goal])
    return best if points[best] >= FEWEST_POINTS else None


def _points(goal: Goal, words: Iterable[str]) -> int:
    keys = {*goal.keys.split(), *goal.foreign.split()}
    return sum(KEY_POINTS * (word in keys) + (word in goal.words.split()) for word in words)
