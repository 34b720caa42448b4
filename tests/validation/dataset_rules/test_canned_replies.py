"""An outage that looks like success is distinguished from what a good chatbot says often."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import pytest

from duologue.conversation.messages import Message, Role
from duologue.validation.dataset_rules.canned_replies import (
    CannedReply,
    Uses,
    add_replies,
    canned_replies,
    repeated_share,
)
from duologue.validation.dataset_rules.conversation import DatasetConversation
from tests.validation.dataset_rules.chance import conversation, night, text

SORRY = "I'm sorry, I am having trouble at the moment. Please try again later. (Error {number})"


def uses_of(members: Sequence[DatasetConversation]) -> Uses:
    uses: Uses = defaultdict(list)
    for member in members:
        add_replies(uses, member)
    return uses


def found(members: Sequence[DatasetConversation]) -> list[CannedReply]:
    return canned_replies(uses_of(members), len(members), max_share=0.1)


def with_replies(
    member: DatasetConversation, number: int, *replies: str | None
) -> DatasetConversation:
    """The conversation with other replies, as far as they are given; None leaves one as it is."""
    messages = list(member.messages)
    for at, reply in zip(range(1, len(messages), 2), replies, strict=False):
        if reply is not None:
            messages[at] = Message(role=Role.ASSISTANT, text=reply.format(number=number))
    return DatasetConversation(
        member.conversation_id, messages, member.end_reason, member.seed_message
    )


def outage(
    share: float, *replies: str | None, conversations: int = 100
) -> list[DatasetConversation]:
    members = night(1, conversations)
    return [
        with_replies(member, number, *replies) if number < share * conversations else member
        for number, member in enumerate(members)
    ]


def test_a_good_night_has_no_canned_reply() -> None:
    assert found(night(1, 200)) == []
    assert repeated_share(uses_of(night(1, 200)), 200) == 0


def test_an_outage_for_part_of_the_night_is_found() -> None:
    members = outage(0.2, SORRY, SORRY, SORRY)
    (reply,) = found(members)
    assert reply.words == 15
    assert reply.given_in == tuple(member.conversation_id for member in members[:20])
    assert 10 < len(reply.repeated_in) <= 20
    assert repeated_share(uses_of(members), 100) == len(reply.repeated_in) / 100


def test_one_call_in_three_that_fails_is_found() -> None:
    chance = Random(4)
    members = [
        with_replies(member, 1, *(SORRY if chance.random() < 1 / 3 else None for _ in range(3)))
        for member in night(1, 100)
    ]
    assert len(found(members)) == 1


def test_an_outage_is_found_where_conversations_have_one_turn() -> None:
    chance = Random(5)
    members = [
        DatasetConversation(
            f"c{n}",
            [
                Message(role=Role.USER, text=text(chance, 9)),
                Message(role=Role.ASSISTANT, text="None" if n % 3 else text(chance, 30)),
            ],
            seed_message=str(n),
        )
        for n in range(30)
    ]
    assert [reply.words for reply in found(members)] == [1]


@pytest.mark.parametrize(
    "replies",
    [
        ("Gladly! Can you please give me the number of your order?",),
        (None, None, "You're welcome! Is there anything else that I can help you with today?"),
    ],
    ids=["asks first", "offers help last"],
)
def test_standing_phrases_are_no_outage(replies: tuple[str | None, ...]) -> None:
    assert found(outage(0.45, *replies)) == []


def test_goodbyes_and_short_answers_are_no_outage() -> None:
    assert (
        found(outage(1, None, "Goodbye, and have a nice day!", "Goodbye, and have a nice day!"))
        == []
    )
    assert found(outage(0.4, "Yes.", "Yes.")) == []


def test_a_seed_that_was_sampled_often_is_no_outage() -> None:
    one_seed = conversation(Random(6), seed=1)
    members = [with_replies(one_seed, 1, SORRY, SORRY, SORRY) for _ in range(20)]
    assert found(members) == []
