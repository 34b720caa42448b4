"""Conversations that are nearly the same are found, and those that may be are left alone."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from duologue.conversation.messages import Message, Role
from duologue.validation.dataset_rules.conversation import DatasetConversation
from duologue.validation.dataset_rules.near_duplicates import NearDuplicates
from tests.validation.dataset_rules.chance import night
from tests.validation.talking import talk

RETURN = (
    "You can return anything within 30 days. Would you like to return something you have bought?",
    "Yes, a pair of shoes that I bought last week, order 1001. They are too small for me.",
    "Then bring them to any of our shops, and please do not forget the receipt.",
    "I have lost the receipt. Is there any other way to show that I bought them from you?",
)


def groups_of(members: Sequence[DatasetConversation]) -> list[tuple[str, ...]]:
    found = NearDuplicates()
    for member in members:
        found.add(member)
    return found.groups()


def opened_by(seed: str, *texts: str, number: int = 1) -> DatasetConversation:
    return DatasetConversation(f"{seed}-{number}", talk(seed, *texts), None, seed)


def test_the_same_conversation_of_another_seed_is_a_duplicate() -> None:
    members = [opened_by("Refunds?", *RETURN), *night(1), opened_by("My shoes are small", *RETURN)]
    assert groups_of(members) == [("Refunds?-1", "My shoes are small-1")]


def test_other_numbers_and_a_few_other_words_make_no_other_conversation() -> None:
    texts = [text.replace("1001", "2002").replace("too small", "too tight") for text in RETURN]
    members = [opened_by("Refunds?", *RETURN), opened_by("My shoes are small", *texts)]
    assert len(groups_of(members)) == 1


def test_samples_of_a_seed_and_repeated_rows_may_be_the_same() -> None:
    first, second = (opened_by("Refunds?", *RETURN, number=number) for number in (1, 2))
    assert groups_of([first, second]) == []
    assert groups_of([first, second, opened_by("Shoes?", *RETURN)]) == [
        ("Refunds?-1", "Refunds?-2", "Shoes?-1")
    ]


def test_without_their_seeds_copies_of_a_conversation_are_duplicates() -> None:
    copies = [replace(opened_by("Refunds?", *RETURN), seed_message=None) for _ in range(2)]
    copies = [replace(copy, conversation_id=f"line {n}") for n, copy in enumerate(copies)]
    assert groups_of(copies) == [("line 0", "line 1")]


def test_the_same_answers_to_other_users_are_no_duplicate() -> None:
    asked = (
        RETURN[0],
        "No, I only wonder who pays when a parcel goes back from Iceland to you.",
        RETURN[2],
        "That is too far from where I live, and I have asked you something else.",
    )
    members = [opened_by("Refunds?", *RETURN), opened_by("Post?", *asked)]
    assert groups_of(members) == []


def test_users_of_few_words_say_the_same_by_chance() -> None:
    curt = (RETURN[0], "Yes, please.", RETURN[2], "Thank you!")
    assert groups_of([opened_by("Refunds?", *curt), opened_by("Shoes?", *curt)]) == []


def test_groups_are_found_among_many_and_the_largest_comes_first() -> None:
    members = night(2, conversations=1_000)
    two = [replace(members[n], conversation_id=f"two-{n}", seed_message=str(n)) for n in (5, 5)]
    three = [replace(members[9], conversation_id=f"three-{n}", seed_message=str(n)) for n in "123"]
    assert groups_of([*members, *two, *three]) == [
        ("s9-1", "three-1", "three-2", "three-3"),
        ("s5-1", "two-5", "two-5"),
    ]


def test_a_dataset_of_nothing_but_copies_is_looked_through_too() -> None:
    chance = Random(3)
    words = chance.choices("abcdefghijklmnopqrstuvwxyz", k=60)
    said = [Message(role=Role.USER, text="Hello"), Message(role=Role.ASSISTANT, text="Yes?")]
    members = [
        DatasetConversation(
            f"c{n}", [*said, Message(role=Role.USER, text=f"{n} " + " ".join(words))], None
        )
        for n in range(3_000)
    ]
    ((*ids,),) = groups_of(members)
    assert len(ids) == 3_000
