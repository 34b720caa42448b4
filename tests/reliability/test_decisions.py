import re
from pathlib import Path

from duologue.conversation.messages import Message, Role
from duologue.reliability.decisions import KINDS, Decision, DecisionsFile, text_digest

PAGE = (Path(__file__).parents[2] / "docs/reference/reviews.md").read_text()


def test_the_page_lists_the_kinds_with_their_digits() -> None:
    rows = re.findall(r"^\| (\d) \| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE)
    expected = [(str(n % 10), kind.value, text) for n, (kind, text) in enumerate(KINDS.items(), 1)]
    assert rows == expected


def test_the_page_describes_every_field_of_the_file() -> None:
    described = set(re.findall(r"[`.](\w+)(?:\[\])?`", PAGE))
    assert described >= {*DecisionsFile.model_fields, *Decision.model_fields}


def test_a_digest_is_of_what_was_said_and_by_whom() -> None:
    def digest(text: str, role: Role = Role.USER, latency_ms: int | None = None) -> str:
        return text_digest([Message(role=role, text=text, latency_ms=latency_ms)])

    assert digest("Hi") == digest("Hi", latency_ms=3)
    assert len({digest("Hi"), digest("hi"), digest("Hi", Role.ASSISTANT), text_digest([])}) == 4
