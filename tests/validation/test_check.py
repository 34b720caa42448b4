from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversation.messages import Conversation, EndReason, EndsWith, Message, Role
from duologue.seeds import Seed
from duologue.settings.rules import RuleSettings, Severity
from duologue.settings.run import SimulationSettings
from duologue.validation.check import (
    CheckedConversation,
    Checker,
    check_conversation,
    check_messages,
)
from duologue.validation.loading import load_rules
from duologue.validation.rule import Expectations, Finding, Rule
from duologue.validation.rules import RULES
from tests.validation.talking import talk

GOOD = (
    "What is your refund policy?",
    "You have thirty days. Would you like to return something?",
    "Yes, a pair of shoes that are too small.",
    "Then bring them to any of our shops, with the receipt.",
    "I will do that tomorrow.",
)


def checked(
    *texts: str,
    seed: str = GOOD[0],
    end_reason: EndReason = EndReason.MAX_TURNS,
    settings: SimulationSettings | None = None,
    rules: Sequence[Rule] = RULES,
) -> CheckedConversation:
    now = datetime.now(UTC)
    conversation = Conversation(
        conversation_id="seed-1-1",
        seed_id="seed-1",
        sample=1,
        messages=tuple(talk(*texts)),
        end_reason=end_reason,
        started_at=now,
        ended_at=now,
    )
    return check_conversation(
        conversation,
        Seed(seed_id="seed-1", message=seed),
        settings or SimulationSettings(turns=2),
        rules,
    )


def test_a_conversation_is_checked_once_and_another_with_its_id_again() -> None:
    checker = Checker(SimulationSettings(turns=2), RuleSettings(severities={"wrong_length": "off"}))
    good, short = checked(*GOOD), checked(*GOOD[:4])
    first = checker.check(good.conversation, good.seed)
    assert first == good
    assert checker.check(good.conversation, good.seed) is first
    assert checker.check(short.conversation, short.seed).broken_rules == ("wrong_ending",)
    assert checker.check(good.conversation, good.seed) == good


def test_a_good_conversation_is_valid_and_without_warnings() -> None:
    result = checked(*GOOD)
    assert result.violations == ()
    assert result.is_valid
    assert (result.warnings, result.broken_rules) == ((), ())


@pytest.mark.parametrize(
    ("result", "rule"),
    [
        (checked(*GOOD, seed="Something else"), "wrong_opening"),
        (checked(*GOOD[:3]), "wrong_length"),
        (checked(*GOOD[:4]), "wrong_ending"),
        (checked(*GOOD, settings=SimulationSettings(turns=3)), "wrong_length"),
        (
            checked(*GOOD, settings=SimulationSettings(turns=2, ends_with=EndsWith.ASSISTANT)),
            "wrong_ending",
        ),
        (
            checked(*GOOD[:4], "Bye ~~~", settings=SimulationSettings(turns=2, end_marker="~~~")),
            "end_marker",
        ),
    ],
)
def test_a_conversation_is_held_to_its_seed_and_settings(
    result: CheckedConversation, rule: str
) -> None:
    assert rule in result.broken_rules
    assert not result.is_valid


def test_a_conversation_that_the_user_ended_may_be_short() -> None:
    assert checked(*GOOD[:2], end_reason=EndReason.USER_ENDED).violations == ()
    assert checked(*GOOD[:3], end_reason=EndReason.USER_ENDED).violations == ()


def test_warnings_leave_a_conversation_valid_and_are_named_once() -> None:
    result = checked(*GOOD[:2], "```\nshoes\n```", '"Bring them to us."', "```\nYes\n```")
    assert result.is_valid
    assert result.warnings == ("code_fence", "wrapping_quotes")
    assert result.broken_rules == ()


def test_information_is_not_an_error() -> None:
    result = checked(GOOD[0], GOOD[1], "Yes, please.", GOOD[3], "Thanks, I will do that then.")
    assert result.information == ("polite_user",)
    assert (result.is_valid, result.warnings, result.broken_rules) == (True, (), ())


def test_rules_that_make_it_invalid_are_named_once_and_sorted() -> None:
    result = checked(GOOD[0], "<think>", "<think>", "{{name}}", "")
    assert result.broken_rules == ("empty_message", "placeholder", "reasoning")
    assert result.warnings == ()


def test_violations_come_in_message_order_and_those_of_the_whole_first() -> None:
    def at(*indexes: int | None) -> Rule:
        def check(_m: Sequence[Message], _e: Expectations) -> Iterator[Finding]:
            return (Finding(index, "found") for index in indexes)

        return Rule(f"at {indexes}", Severity.WARNING, check)

    rules = (at(3, 0), at(2, None), at(0))
    violations = check_messages(talk(*GOOD), Expectations(), rules)
    assert [v.message_index for v in violations] == [None, 0, 0, 2, 3]
    assert [v.rule for v in violations[1:3]] == ["at (3, 0)", "at (0,)"]


def test_every_rule_has_a_name_of_its_own_and_says_when_it_errs() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert "nown false positives:" in " ".join(str(rule.check.__doc__).split()), rule.name


SNIPPETS = st.sampled_from(
    [
        "User: hello there you",
        "[System]:",
        "```",
        "<think>",
        "{{a}}",
        "[Your Name]",
        '"',
        "\n",
        "[END]",
    ]
)
ANY_TEXT = st.lists(st.text() | SNIPPETS, max_size=4).map("".join)
ANY_MESSAGES = st.lists(st.builds(Message, role=st.sampled_from(Role), text=ANY_TEXT), max_size=8)
ANY_EXPECTATIONS = st.builds(
    Expectations,
    seed_message=st.none() | st.text(),
    turns=st.none() | st.integers(1, 4),
    ends_with=st.none() | st.sampled_from(EndsWith),
    end_reason=st.none() | st.sampled_from(EndReason),
    end_marker=st.none() | st.text(min_size=1),
)


@given(ANY_MESSAGES, ANY_EXPECTATIONS)
def test_rules_never_raise_and_point_at_messages_that_are_there(
    messages: list[Message], expected: Expectations
) -> None:
    for violation in check_messages(messages, expected):
        assert violation.message_index in (None, *range(len(messages)))
        assert violation.detail


@given(ANY_MESSAGES, ANY_EXPECTATIONS)
def test_rules_find_the_same_every_time(messages: list[Message], expected: Expectations) -> None:
    assert check_messages(messages, expected) == check_messages(messages, expected)


WORDS = st.text("abcdefghijklmnopqrstuvwxyzéß", min_size=4, max_size=9)
# Such words are of no language, or of any: hypothesis finds "merci", which is polite.
NO_LANGUAGE = load_rules(RuleSettings(severities={"language_drift": "off", "polite_user": "off"}))
SENTENCES = st.lists(WORDS, min_size=6, max_size=12, unique=True).map(" ".join)


@given(st.lists(SENTENCES, min_size=5, max_size=5, unique_by=lambda text: text[:4]))
def test_a_conversation_of_different_sentences_breaks_no_rule(texts: list[str]) -> None:
    said = [f"{text.capitalize()} {number}." for number, text in enumerate(texts)]
    result = checked(*said, seed=said[0], rules=NO_LANGUAGE)
    assert result.violations == ()


MARKED = st.text(st.sampled_from("ab <>[]{}()*_:`\n/|\uff1a\uff08\u3010"), max_size=40)
FRAGMENTS = st.sampled_from(
    (
        *("<|im_end|>", "[/INST]", "<think>", "[THINK]", "[Your Name]", "<NAME>", "```a```", "{}"),
        *("User: Good morning!", "Agent\uff1aThank you!", "(The chat is over.)", "*sighs*", "Hi"),
    )
)


@given(st.lists(MARKED | FRAGMENTS, max_size=5))
def test_a_rule_finds_nothing_where_none_of_its_marks_is(texts: list[str]) -> None:
    unmarked = [replace(rule, marks=()) for rule in RULES]
    messages = talk(*texts)
    assert check_messages(messages, Expectations()) == check_messages(
        messages, Expectations(), unmarked
    )
