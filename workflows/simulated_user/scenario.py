"""What a seed says of the customer beyond the first message, as far as this customer can act it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_TERSE = re.compile(
    r"(?i)\b(?:terse|curt|brief|few words|short (?:messages|sentences)|hurry|hurried)"
)
_CASUAL = re.compile(r"(?i)\b(?:lower[- ]?case|casual|slang|sloppy|typos)")
_UPSET = re.compile(r"(?i)\b(?:annoyed|angry|upset|furious|frustrated)")
_HURRIED = re.compile(r"(?i)\b(?:hurry|hurried|rush|rushed|impatient|little time|no time)")

_FIELDS = {
    "order": r"(?:order|reference|confirmation)(?: (?:number|no|id|code))?",
    "name": r"(?:full |my )?name",
    "bought": r"bought(?: on)?|purchased(?: on)?|(?:purchase date|date of purchase)",
}
"""Fields of this customer's texts, and the names of the facts that fill them."""


@dataclass(frozen=True)
class Scenario:
    """Persona, goal and facts of a customer; empty where the seed does not say."""

    persona: str = ""
    goal: str = ""
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, persona: str, goal: str, facts: str) -> "Scenario":
        """Reads a scenario; facts that are no JSON object count as none."""
        try:
            known = json.loads(facts or "{}")
        except ValueError:
            known = {}
        known = known if isinstance(known, dict) else {}
        return cls(persona, goal, {str(name): str(value) for name, value in known.items()})

    @property
    def is_terse(self) -> bool:
        """Whether the persona writes few words."""
        return bool(_TERSE.search(self.persona))

    @property
    def is_casual(self) -> bool:
        """Whether the persona writes without capitals and care."""
        return bool(_CASUAL.search(self.persona))

    @property
    def is_upset(self) -> bool:
        """Whether the persona is annoyed from the start."""
        return bool(_UPSET.search(self.persona))

    @property
    def is_hurried(self) -> bool:
        """Whether the persona asks no more than it must."""
        return bool(_HURRIED.search(self.persona))

    @property
    def known(self) -> dict[str, str]:
        """The facts that are fields of this customer's texts."""
        names = {" ".join(_words(name)): value for name, value in self.facts.items()}
        return {
            key: value
            for key, pattern in _FIELDS.items()
            for name, value in names.items()
            if re.fullmatch(pattern, name)
        }

    def answer(self, question: str) -> str | None:
        """Returns the fact that a question asks for by its name; None if there is none."""
        asked = set(_words(question))
        fitting = [name for name in self.facts if _words(name) and asked >= set(_words(name))]
        return self.facts[max(fitting, key=lambda name: len(_words(name)))] if fitting else None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


NOTHING = Scenario()
"""A seed that says nothing but its message."""
