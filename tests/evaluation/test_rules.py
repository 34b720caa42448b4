import pytest

from duologue.conversation.messages import Message, Role
from duologue.evaluation.rules import broken_rules


def reply(text: str, latency_ms: int | None = None) -> Message:
    return Message(role=Role.ASSISTANT, text=text, latency_ms=latency_ms)


@pytest.mark.parametrize("text", ["", "\u200b"])
def test_a_reply_that_shows_nothing_is_empty(text: str) -> None:
    assert broken_rules(reply(text), None) == ("empty",)


@pytest.mark.parametrize(
    ("latency_ms", "most", "broken"),
    [(100, 100, ()), (101, 100, ("slow",)), (None, 1, ()), (10**6, None, ())],
)
def test_a_reply_is_slow_where_it_took_longer_than_it_may(
    latency_ms: int | None, most: int | None, broken: tuple[str, ...]
) -> None:
    assert broken_rules(reply("Yes.", latency_ms), most) == broken


def test_all_broken_rules_are_named_in_order() -> None:
    assert broken_rules(reply("I'm unable to assist.", 9), 1) == ("refusal", "slow")
