"""What a seed says beyond its message: who the user is, what they want, know and should reach."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import Message, Role, unwritable_reason
from duologue.conversation.role_names import role_named
from duologue.seeds.columns import normalised
from duologue.seeds.json_values import HOOKS, JSON_NAMES, as_text
from duologue.settings.run import MOST_TURNS

Value = TypeVar("Value")

TEXT_COLUMNS = ("persona", "goal", "expected_outcome", "language")
"""Columns whose text is taken as it is."""

SCENARIO_COLUMNS = (*TEXT_COLUMNS, "facts", "max_turns", "opening")
"""Columns with a meaning; each may be missing or empty. Case, spaces and hyphens do not matter."""

FACT_PREFIX = "fact."
"""What the name of a column with a single fact starts with, as in `fact.order`."""

USER_INPUTS = ("persona", "goal", "facts", "expected_outcome", "language")
"""What a simulated user receives if it has an input of that name; text."""

PERSONA_NAME = "persona_name"
"""A short name for the persona, for reading; no participant receives it by itself."""

_FACTS_EXPECTED = (
    'expected a JSON object, as in {"order": "KC-4711"}, or one column for each fact, as in '
    "fact.order"
)
_OPENING_EXPECTED = (
    'expected a JSON list of messages, as in [{"role": "USER", "text": "Hello"}, {"role": '
    '"ASSISTANT", "text": "Hi, how can I help?"}]'
)
_TURNS = re.compile(r"\s*([0-9]{1,9})(?:\.0+)?\s*")
"""Also `5.0`, as pandas writes a whole number in a column with gaps."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a seed's columns say about its conversation. What they do not say is empty or None."""

    persona: str = ""
    """Who the user is, and how they write."""
    goal: str = ""
    """What the user wants to get done."""
    expected_outcome: str = ""
    """What should have happened by the end, for judges."""
    language: str = ""
    """The language that the user writes in."""
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What the user knows, by name; each value as text, as the seed file has it."""
    max_turns: int | None = None
    """The most turns of this seed's conversations; None for the run's own number."""
    opening: tuple[Message, ...] = ()
    """Messages before the seed's, which follows them; the last one is the chatbot's."""

    @property
    def columns(self) -> list[str]:
        """The columns of SCENARIO_COLUMNS that say something; `facts` also for `fact.*`."""
        return [name for name in SCENARIO_COLUMNS if getattr(self, name)]

    @property
    def facts_text(self) -> str:
        """All facts as a JSON object of texts; empty if there are none."""
        return json.dumps(dict(self.facts), ensure_ascii=False) if self.facts else ""

    @property
    def texts(self) -> dict[str, str]:
        """What is not empty of USER_INPUTS, by name."""
        values = {name: getattr(self, name) for name in TEXT_COLUMNS} | {"facts": self.facts_text}
        return {name: values[name] for name in USER_INPUTS if values[name]}


def scenario_of(context: Mapping[str, str]) -> Scenario:
    """Reads a seed's scenario from its columns; a column that cannot be read counts as empty.

    Seed files have no such columns (`fault_of_scenario`), but versions made before the columns had
    a meaning may.
    """
    read = _Columns(context)
    values = {name: value for name, value, _ in read.values() if value is not None}
    return Scenario(**values) if values else _NOTHING


def fault_of_scenario(context: Mapping[str, str]) -> str | None:
    """Returns why a row's columns are no valid scenario, without quoting them; None if they are."""
    return next((fault for _, _, fault in _Columns(context).values() if fault), None)


_NOTHING = Scenario()


class _Columns:
    """The columns of one seed that have a meaning, by their normalised names."""

    def __init__(self, context: Mapping[str, str]) -> None:
        self._given: dict[str, list[str]] = {}
        self._facts: list[tuple[str, str]] = []
        for name, text in context.items():
            plain = normalised(name)
            if is_empty(text):
                continue
            if plain in SCENARIO_COLUMNS:
                self._given.setdefault(plain, []).append(text)
            elif plain.startswith(FACT_PREFIX) and len(plain) > len(FACT_PREFIX):
                self._facts.append((name.strip()[len(FACT_PREFIX) :].strip(), text))

    def values(self) -> Iterator[tuple[str, Any, str | None]]:
        """Yields each column that is there: its name, and its value or what is wrong with it."""
        for name, texts in self._given.items():
            if len(set(texts)) > 1:
                yield name, None, f"two columns are its {name} and differ; take one of them out"
            elif name != "facts":
                yield name, *_read(_READERS.get(name, str), texts[0])
        if self._facts or "facts" in self._given:
            yield "facts", *_read(self._merged_facts, self._given.get("facts", [""])[0])

    def _merged_facts(self, text: str) -> Mapping[str, str]:
        facts = _facts(text) if text else {}
        for name, value in self._facts:
            if facts.setdefault(name, value) != value:
                raise ValueError("two facts have the same name and differ; take one of them out")
        return MappingProxyType(facts)


def _read(reader: Callable[[str], Value], text: str) -> tuple[Value | None, str | None]:
    try:
        return reader(text), None
    except ValueError as error:
        return None, str(error)


def _json(text: str, column: str, expected: str) -> Any:
    try:
        return json.loads(text, **HOOKS)
    except (ValueError, RecursionError):
        raise ValueError(f"{column} is not JSON; {expected}") from None


def _facts(text: str) -> dict[str, str]:
    value = _json(text, "facts", _FACTS_EXPECTED)
    if not isinstance(value, dict):
        raise ValueError(f"facts is {_kind(value)}; {_FACTS_EXPECTED}")
    facts = {name: as_text(fact) for name, fact in value.items() if fact is not None}
    _check_characters("facts", [*facts, *facts.values()])
    return {name: fact for name, fact in facts.items() if not is_empty(fact)}


def _max_turns(text: str) -> int:
    found = _TURNS.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= MOST_TURNS:
        raise ValueError(
            f"max_turns is {_shown(text)}; expected a whole number from 1 to {MOST_TURNS:,}, or "
            "nothing for the run's own"
        )
    return int(found[1])


def _opening(text: str) -> tuple[Message, ...]:
    value = _json(text, "opening", _OPENING_EXPECTED)
    if not isinstance(value, list):
        raise ValueError(f"opening is {_kind(value)}; {_OPENING_EXPECTED}")
    messages = tuple(_message(item, number) for number, item in enumerate(value, 1))
    _check_characters("opening", [message.text for message in messages])
    if messages and messages[-1].role is not Role.ASSISTANT:
        raise ValueError(
            "opening ends with a user message; expected the chatbot's, because the row's "
            "own message follows it"
        )
    return messages


def _message(item: Any, number: int) -> Message:
    if not isinstance(item, dict):
        raise ValueError(f"message {number} of opening is {_kind(item)}; {_OPENING_EXPECTED}")
    role = item.get("role")
    side = role_named(role) if isinstance(role, str) else None
    if side is None:
        raise ValueError(
            f"message {number} of opening has no role that is the user's or the chatbot's; write "
            "USER or ASSISTANT"
        )
    text = next((found for found in map(_plain_text, _contents(item)) if found), None)
    if text is None:
        raise ValueError(f"message {number} of opening has no text; {_OPENING_EXPECTED}")
    return Message(role=side, text=text)


def _contents(item: Mapping[str, Any]) -> Iterator[Any]:
    """Yields where a message may have its text, in Vellum's format and in OpenAI's."""
    yield item.get("text")
    content = item.get("content")
    yield content.get("value") if isinstance(content, dict) else content


def _plain_text(value: Any) -> str | None:
    return value if isinstance(value, str) and not is_empty(value) else None


def _check_characters(column: str, texts: Sequence[str]) -> None:
    reasons = filter(None, map(unwritable_reason, texts))
    if reason := next(reasons, None):
        raise ValueError(f"{column} holds {reason}, which no dataset format can carry; take it out")


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "a text"
    return "null" if value is None else JSON_NAMES.get(type(value), "a number")


def _shown(text: str) -> str:
    """Quotes a wrong number; any other text may hold what must not be logged."""
    return repr(text) if re.fullmatch(r"\s*[-+0-9.,eE]{1,12}\s*", text) else "no number"


_READERS: dict[str, Callable[[str], Any]] = {"max_turns": _max_turns, "opening": _opening}
