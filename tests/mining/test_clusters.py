"""Grouping messages by what they are about."""

import random
import re
from itertools import combinations

import numpy as np
import pytest
from rapidfuzz import fuzz

from duologue.conversation.messages import Message, Role
from duologue.traffic import clusters
from duologue.traffic.candidates import NEARLY_THE_SAME, RealConversation, merged
from duologue.traffic.clusters import cluster

MATTERS = {
    "refund": ["refund", "money back", "refunded", "return my money"],
    "delivery": [
        "delivery late",
        "parcel delivered",
        "where is my parcel",
        "delivery of my parcel",
    ],
    "password": ["password", "reset my password", "forgot the password", "new password please"],
    "opening": ["opening hours", "what hours are you open", "open on sunday", "are you open today"],
}
PHRASES = "{}", "hi, {}", "{} please", "{}?", "about {}"


def asked(rng: random.Random, count: int) -> tuple[list[str], list[str]]:
    """Messages, and the matter of each."""
    matters = [rng.choice(list(MATTERS)) for _ in range(count)]
    return [rng.choice(PHRASES).format(rng.choice(MATTERS[one])) for one in matters], matters


def purity(labels: list[int], matters: list[str]) -> float:
    groups: dict[int, list[str]] = {}
    for label, matter in zip(labels, matters, strict=True):
        groups.setdefault(label, []).append(matter)
    return sum(max(map(one.count, set(one))) for one in groups.values()) / len(labels)


def test_messages_about_one_matter_come_together() -> None:
    messages, matters = asked(random.Random(1), 200)
    labels = cluster(messages)
    assert purity(labels, matters) == 1
    assert len(set(labels)) <= 2 * len(MATTERS)


def test_labels_count_from_the_largest_group() -> None:
    labels = cluster(["a dog barks"] * 2 + ["the invoice is wrong"] * 3 + ["zebra"])
    assert labels == [1, 1, 0, 0, 0, 2]


def test_messages_of_any_script_or_without_a_word_have_a_label() -> None:
    messages = [
        "返金してください",
        "返金をお願いします",
        "",
        "!!!",
        "12345",
        "où est mon colis",
        "\ud83d",
    ]
    labels = cluster(messages)
    assert len(labels) == len(messages)
    assert labels[5] not in labels[:5]


def test_there_may_be_no_message_or_one() -> None:
    assert cluster([]) == []
    assert cluster(["hello"]) == [0]


def test_the_same_messages_have_the_same_labels_again() -> None:
    messages, _ = asked(random.Random(2), 150)
    assert cluster(messages) == cluster(list(messages))


def test_more_messages_than_are_linked_join_the_nearest_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages, matters = asked(random.Random(3), 300)
    alone = "completely different words about gardening tulips"
    monkeypatch.setattr(clusters, "MOST_LINKED", 40)
    labels = cluster([*messages, alone])
    assert purity(labels[:-1], matters) >= 0.98
    assert labels.count(labels[-1]) == 1


def test_vectors_of_another_kind_replace_the_words() -> None:
    vectors = np.array([[3, 0], [0, 2], [1, 0.1], [0, 0]], np.float32)
    assert cluster(["a", "b", "c", "d"], vectors=vectors, min_similarity=0.9) == [0, 1, 0, 2]


def test_groups_join_in_the_order_of_their_mean_similarity() -> None:
    """Average linkage by hand: the cosines of unit vectors at 0, 20, 50 and 180 degrees."""
    angles = np.deg2rad([0, 20, 50, 180])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    joined = (np.cos(np.deg2rad(50)) + np.cos(np.deg2rad(30))) / 2  # 0.754
    for threshold, expected in ((joined - 0.01, [0, 0, 0, 1]), (joined + 0.01, [0, 0, 1, 2])):
        found = cluster(["a", "b", "c", "d"], vectors=vectors, min_similarity=threshold)
        assert found == expected


def test_near_duplicates_are_merged_as_a_comparison_of_all_pairs_would() -> None:
    rng = random.Random(4)
    words = [
        "where",
        "is",
        "my",
        "big",
        "red",
        "parcel",
        "and",
        "when",
        "will",
        "it",
        "come",
        "to",
        "town",
        "please",
    ]
    texts = []
    for _ in range(300):
        some = rng.sample(words, rng.randint(2, 9))
        texts.append(f"{' '.join(some)}{rng.choice(['', '!', ' 12', ' 77 days'])}")
    conversations = [
        RealConversation(str(n), (Message(role=Role.USER, text=text),), (str(n),))
        for n, text in enumerate(texts)
    ]
    found = merged(conversations, 0)
    assert sum(one.weight for one in found) == len(texts)
    assert 1 < len(found) < len(texts)
    firsts = [plain(one.conversations[0]) for one in found]
    assert all(
        fuzz.token_sort_ratio(one, other) < NEARLY_THE_SAME
        for one, other in combinations(firsts, 2)
    )
    for first, one in zip(firsts, found, strict=True):
        for conversation in one.conversations:
            assert fuzz.token_sort_ratio(first, plain(conversation)) >= NEARLY_THE_SAME


def plain(conversation: RealConversation) -> str:
    """An opening without punctuation, each number as 0."""
    return re.sub(r"\d+", "0", conversation.messages[0].text.replace("!", ""))
