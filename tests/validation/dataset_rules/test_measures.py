"""Measures and distributions say what is in the conversations."""

from random import Random

import pytest

from duologue.conversation.messages import EndReason, Message, Role
from duologue.settings.rules import MEASURES
from duologue.validation.dataset_rules.assess import assess
from duologue.validation.dataset_rules.conversation import DatasetConversation
from duologue.validation.dataset_rules.facts import facts_of
from duologue.validation.dataset_rules.measures import measures_of, sampling_errors, share_error
from duologue.validation.dataset_rules.variety import distinct_pairs, moving_type_token_ratio
from tests.validation.dataset_rules.chance import night
from tests.validation.talking import talk

TALKS = [
    DatasetConversation(
        "a",
        [
            Message(role=Role.USER, text="Can you help me with my order?"),
            Message(role=Role.ASSISTANT, text="Of course I can.", latency_ms=200),
            Message(role=Role.USER, text="Where is it, please?"),
            Message(role=Role.ASSISTANT, text="On its way.", latency_ms=400),
            Message(role=Role.USER, text="Where is it now?"),
        ],
        EndReason.MAX_TURNS,
    ),
    DatasetConversation(
        "b",
        [
            Message(role=Role.USER, text="Open on Sunday?"),
            Message(role=Role.ASSISTANT, text="Yes.", latency_ms=900),
            Message(role=Role.USER, text="Danke, that is all I need to know today, my dear friend"),
        ],
        EndReason.USER_ENDED,
    ),
]


def test_measures_are_those_of_the_conversations() -> None:
    measured = measures_of([facts_of(member) for member in TALKS])
    assert measured == pytest.approx(
        {
            "turns": 1.5,
            "max_turns_share": 0.5,
            "user_ended_share": 0.5,
            "farewell_loop_share": 0,
            "user_words_per_message": 20 / 3,
            "user_words_variation": 0.56569,
            "first_to_later_words": 5 / (20 / 3),
            "user_variety": 16 / 20,
            "user_distinct_pairs": 17 / 19,
            "user_opener_share": 2 / 3,
            "first_opener_share": 1 / 2,
            "polite_share": 2 / 3,
            "question_share": 2 / 3,
            "assistant_words_per_message": 8 / 3,
            "latency_ms": 400,
        },
        abs=1e-4,
    )


def test_distributions_count_conversations_in_order() -> None:
    assert assess(TALKS).distributions == {
        "turns": {"1": 1, "2": 1},
        "end_reason": {"max_turns": 1, "user_ended": 1},
        "user_words": {"0 to 5": 1, "6 to 10": 0, "11 to 20": 1},
        "assistant_words": {"0 to 5": 2},
        "latency_ms": {"251 to 500": 1, "501 to 1000": 1},
    }


def test_shares_are_of_the_conversations_requested() -> None:
    measures = assess(TALKS, failed=1, invalid=5).measures
    assert measures["failed_share"].value == 0.125
    assert measures["invalid_share"].value == 0.625
    # The other two need real conversations to compare with.
    alone = [name for name in MEASURES if name not in ("realism_auc", "coverage")]
    assert list(measures) == alone


def test_what_is_not_known_is_left_out() -> None:
    quality = assess([DatasetConversation("a", talk("Hi"))])
    assert "latency_ms" not in quality.measures
    assert "max_turns_share" not in quality.measures
    assert "user_words_per_message" not in quality.measures
    assert quality.distributions == {"turns": {"0": 1}}


def test_a_dataset_of_nothing_has_its_failures_only() -> None:
    assert assess([]).measures == {}
    assert {n: m.value for n, m in assess([], failed=3).measures.items()} == {
        "failed_share": 1,
        "invalid_share": 0,
    }


def test_variety_does_not_grow_or_fall_with_the_number_of_words() -> None:
    chance = Random(1)
    words = [chance.choice("abcdefghijklmnopqrstuvwxyz") + str(n % 7) for n in range(20_000)]
    few, many = words[:2_000], words
    assert moving_type_token_ratio(many) == pytest.approx(moving_type_token_ratio(few), abs=0.02)
    assert distinct_pairs(many) == pytest.approx(distinct_pairs(few), abs=0.02)


def test_variety_of_few_words() -> None:
    assert moving_type_token_ratio([]) is None
    assert moving_type_token_ratio(["a", "b", "a", "b"]) == 0.5
    assert distinct_pairs(["a"]) is None
    assert distinct_pairs(["a", "b", "a", "b"]) == pytest.approx(2 / 3)


def test_variety_counts_each_window_as_it_is() -> None:
    chance = Random(2)
    words = [chance.choice("abcdefgh") * chance.randint(1, 9) for _ in range(120)]
    windows = [words[start : start + 50] for start in range(len(words) - 49)]
    expected = sum(len(set(window)) / 50 for window in windows) / len(windows)
    assert moving_type_token_ratio(words) == pytest.approx(expected)


def test_sampling_errors_are_how_far_nights_lie_apart() -> None:
    nights = [[facts_of(member) for member in night(number)] for number in range(40)]
    measured = [measures_of(facts) for facts in nights]
    for name in ("user_words_per_message", "question_share", "turns", "latency_ms"):
        values = [values[name] for values in measured]
        middle = sum(values) / len(values)
        spread = (sum((value - middle) ** 2 for value in values) / len(values)) ** 0.5
        errors = [sampling_errors(facts)[name] for facts in nights]
        assert sum(errors) / len(errors) == pytest.approx(spread, rel=0.35), name


def test_too_few_conversations_have_no_sampling_errors() -> None:
    assert sampling_errors([facts_of(member) for member in TALKS]) == {}


def test_a_share_of_nothing_is_uncertain_by_one_conversation() -> None:
    assert share_error(0, 50) == pytest.approx(1 / 50)
    assert share_error(0.5, 100) == pytest.approx(0.05, abs=0.001)
