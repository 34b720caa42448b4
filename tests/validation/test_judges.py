"""Reading judges' answers, combining samples, and choosing what judges are asked about."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversation.messages import Message, Role
from duologue.errors import UsageError
from duologue.seeds import Seed
from duologue.settings.judges import JudgeOptions, JudgeSettings, parsed_judges
from duologue.settings.rules import Severity
from duologue.validation.judges.choosing import is_asked
from duologue.validation.judges.question import answer_key, call_of, question_of
from duologue.validation.judges.reading import (
    CriterionVerdict,
    JudgeAnswer,
    UnreadableAnswerError,
    read_answer,
    read_preference,
)
from duologue.validation.judges.samples import combined, needed, preference
from duologue.validation.rule import Violation
from duologue.workflows.judge_llm.rubrics import RUBRICS

MESSAGES = (
    Message(role=Role.USER, text="Where is my order?"),
    Message(role=Role.ASSISTANT, text="Which number?"),
    Message(role=Role.USER, text="Number 7."),
)
ROLE = {"criterion": "user_in_role", "passed": False, "score": 0.25, "reason": "No", "message": 2}


def judge(reference: str = "openai:tiny", **options: Any) -> JudgeSettings:
    return JudgeSettings.parsed(JudgeOptions(reference=reference, **options))


def read(text: str, *criteria: str) -> list[tuple[str, bool | None, float | None, int | None]]:
    answer = read_answer(text, criteria, criteria[0] if criteria else "own", len(MESSAGES))
    return [(one.criterion, one.passed, one.score, one.message) for one in answer.verdicts]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"verdicts": [ROLE]}),
        json.dumps([ROLE]),
        json.dumps(ROLE),
        json.dumps({"criteria": {"user_in_role": ROLE}}),
        json.dumps({"user_in_role": {**ROLE, "explanation": "No", "passed": "no"}}),
        json.dumps({key: value for key, value in ROLE.items() if key != "criterion"}),
        f"```json\n{json.dumps({'verdicts': [ROLE]}, indent=2)}\n```",
        f'I compare [0] with {{"passed": true}} first.\n\nSo: {json.dumps(ROLE)} That is it.',
    ],
)
def test_an_answer_is_read_in_whichever_form_it_comes(text: str) -> None:
    assert read(text, "user_in_role") == [("user_in_role", False, 0.25, 2)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("I'm sorry, but I can't help with that.", "not JSON"),
        ('{"verdicts": [{"criterion": "user_in_role", "passed": tr', "not JSON"),
        ('{"verdicts": []}', "no verdict"),
        ('{"verdicts": [3]}', "a list, but not of verdicts"),
        ('{"user_in_roll": true}', "no verdict on user_in_role"),
        ('{"user_in_role": true, "manners": true}', "1 verdicts that were not asked"),
        ('[{"passed": true}, {"passed": false}]', "two verdicts on one criterion"),
        ('{"user_in_role": {"reason": "because"}}', "neither `passed` nor `score`"),
        ('{"user_in_role": {"score": 7}}', "`score` is wrong"),
        ('{"user_in_role": {"score": true}}', "`score` is wrong"),
        ('{"user_in_role": {"passed": 0.5}}', "`passed` is wrong"),
        ('{"user_in_role": {"passed": true, "message": 3}}', "message 3"),
        ('{"user_in_role": {"passed": true, "message": -1}}', "`message` is wrong"),
        ('{"user_in_role": {"passed": true, "message": true}}', "`message` is wrong"),
        ('{"user_in_role": {"passed": true, "reason": "\\ud800"}}', "surrogate"),
        ('{"user_in_role": {"score": NaN}}', "not JSON"),
        ('{"user_in_role": null}', "something else"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_an_answer_that_is_no_verdict_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UnreadableAnswerError, match=why):
        read(text, "user_in_role")


def test_a_number_is_a_score_and_a_truth_value_passes_or_fails() -> None:
    assert read('{"a": 0.5, "b": 1, "c": false}', "a", "b", "c") == [
        ("a", None, 0.5, None),
        ("b", None, 1.0, None),
        ("c", False, None, None),
    ]
    assert read("true", "a") == [("a", True, None, None)]
    assert read("0.25", "a") == [("a", None, 0.25, None)]


def test_without_criteria_the_judge_names_its_own() -> None:
    assert read('{"score": 1, "reason": "x"}') == [("own", None, 1.0, None)]
    assert read('{"kind": true, "brief": 0.5}') == [
        ("kind", True, None, None),
        ("brief", None, 0.5, None),
    ]


def test_one_verdict_is_no_answer_to_two_questions() -> None:
    with pytest.raises(UnreadableAnswerError, match="asked about 2 criteria"):
        read('{"passed": true}', "user_in_role", "grounded")


def answers(*verdicts: dict[str, Any]) -> list[JudgeAnswer]:
    return [
        JudgeAnswer(verdicts=(CriterionVerdict(criterion="grounded", **one),)) for one in verdicts
    ]


def test_three_samples_are_a_majority_and_a_mean_as_computed_by_hand() -> None:
    [verdict] = combined(
        judge(criteria=("grounded",), samples=3),
        answers(
            {"passed": False, "score": 0.2, "reason": "first", "message": 1},
            {"passed": True, "score": 0.9, "reason": "second"},
            {"passed": False, "score": 0.1, "reason": "third", "message": 1},
        ),
    )
    assert not verdict.passed
    assert verdict.score == pytest.approx(0.4, abs=1e-12)
    assert (verdict.reason, verdict.message, verdict.samples) == ("first", 1, 3)
    assert verdict.agreement == pytest.approx(2 / 3)


def test_a_criterion_is_failed_by_more_than_half_and_a_score_counts_from_its_bound() -> None:
    settings = judge(criteria=("grounded",), samples=4, min_passing_score=0.7)
    half = answers({"passed": True}, {"passed": False}, {"score": 0.7}, {"score": 0.69})
    [verdict] = combined(settings, half)
    assert verdict.passed
    assert verdict.agreement == 0.5
    [verdict] = combined(settings, [*half, *answers({"passed": False})])
    assert not verdict.passed
    assert [needed(samples) for samples in (1, 2, 3, 4, 5)] == [1, 2, 2, 3, 3]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(0, 2)), min_size=1))
def test_any_samples_are_combined_as_counting_says(samples: list[tuple[bool, float, int]]) -> None:
    [verdict] = combined(
        judge(criteria=("grounded",)),
        answers(*({"passed": p, "score": s, "message": m} for p, s, m in samples)),
    )
    failed = sum(not passed for passed, _, _ in samples)
    assert verdict.passed is (failed <= len(samples) / 2)
    assert verdict.score == pytest.approx(sum(s for _, s, _ in samples) / len(samples), abs=1e-9)
    majority = [m for passed, _, m in samples if passed is verdict.passed]
    assert verdict.message in majority
    assert all(majority.count(verdict.message or 0) >= majority.count(m) for m in majority)


@pytest.mark.parametrize(
    ("forward", "swapped", "score"),
    [
        ("first", "first", 0.5),  # always the first: position bias
        ("second", "second", 0.5),
        ("first", "second", 1.0),
        ("second", "first", 0.0),
        ("tie", "tie", 0.5),
        ("first", "tie", 0.5),
    ],
)
def test_a_preference_that_depends_on_the_order_is_a_tie(
    forward: str, swapped: str, score: float
) -> None:
    given = [read_preference(json.dumps({"preferred": one}))[0] for one in (forward, swapped)]
    verdict = preference(judge(), "preferred", *given)
    assert verdict.score == score
    assert verdict.passed is (score > 0)


@pytest.mark.parametrize(("said", "value"), [("A", 1.0), ("b", 0.0), ("Tie", 0.5)])
def test_a_preference_is_read_as_models_write_it(said: str, value: float) -> None:
    assert read_preference(f'Well. {{"preferred": "{said}", "reason": "x"}}') == (value, "x")


def test_a_preference_for_neither_is_unreadable() -> None:
    for text in ("I can't say.", '{"preferred": "third"}'):
        with pytest.raises(UnreadableAnswerError):
            read_preference(text)


def found(*severities: Severity) -> Sequence[Violation]:
    return [Violation("rule", severity, None, "x") for severity in severities]


def test_a_judge_is_asked_about_all_the_valid_or_the_doubtful() -> None:
    cases = {"good": (), "warned": found(Severity.WARNING), "info": found(Severity.INFO)}
    cases["invalid"] = found(Severity.WARNING, Severity.INVALID)
    asked: dict[str, list[str]] = {}
    for ask in ("all", "valid", "doubtful"):
        reader = judge(ask=ask)
        asked[ask] = [name for name, broken in cases.items() if is_asked(reader, "1", broken)]
    assert asked == {
        "all": ["good", "warned", "info", "invalid"],
        "valid": ["good", "warned", "info"],
        "doubtful": ["warned"],
    }


def test_a_share_is_drawn_by_the_conversation_and_stays_the_same() -> None:
    ids = [f"seed-{number}" for number in range(10_000)]
    drawn = [one for one in ids if is_asked(judge(ask=0.2), one, ())]
    assert 1_850 < len(drawn) < 2_150  # 3.75 standard deviations
    assert drawn == [one for one in ids if is_asked(judge(ask=0.2), one, ())]
    more = {one for one in ids if is_asked(judge(ask=0.5), one, ())}
    assert more.issuperset(drawn), "a larger share asks about the same ones and more"
    assert not any(is_asked(judge(ask=0), one, ()) for one in ids)
    assert all(is_asked(judge(ask=1.0), one, ()) for one in ids)


SEED = Seed(seed_id="s1", message="Where is my order?", context={"goal": "the date"})


def test_a_language_model_receives_one_message_with_everything() -> None:
    question = question_of("s1-1", MESSAGES, SEED)
    settings = judge(criteria=("user_in_role", "manners"), rubrics={"manners": "Says please."})
    [message], context = call_of(settings, question)
    assert "[2] USER: Number 7." in message.text
    assert "<goal>\nthe date\n</goal>" in message.text
    assert "manners: Says please." in message.text
    assert RUBRICS["user_in_role"] in message.text
    assert RUBRICS["grounded"] not in message.text
    assert "expected_outcome" not in message.text
    assert "Number 7." in context.private


def test_the_key_covers_what_shapes_the_answer_and_nothing_else() -> None:
    question = question_of("s1-1", MESSAGES, SEED)
    key = answer_key(judge(), question, 1)
    assert key == answer_key(judge(), question_of("other-id", MESSAGES, SEED), 1)
    assert key == answer_key(judge(name="another name", ask="doubtful", samples=3), question, 1)
    others = [
        answer_key(judge(), question, 2),
        answer_key(judge("openai:other"), question, 1),
        answer_key(judge(criteria=("grounded",)), question, 1),
        answer_key(judge(rubrics={"grounded": "Other words."}), question, 1),
        answer_key(judge(inputs={"temperature": 1.0}), question, 1),
        answer_key(judge(), question_of("s1-1", MESSAGES[:2], SEED), 1),
        answer_key(judge(), question_of("s1-1", MESSAGES, None), 1),
    ]
    assert len({key, *others}) == 8


def test_role_makes_invalid_and_everything_else_is_information_unless_set() -> None:
    assert judge().severity("user_in_role") is Severity.INVALID
    assert judge().severity("grounded") is Severity.INFO
    assert judge(severities={"grounded": "warning"}).severity("grounded") is Severity.WARNING
    of_reply = JudgeSettings.parsed(JudgeOptions(reference="openai:tiny"), of_replies=True)
    assert of_reply.severity("user_in_role") is Severity.WARNING


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"reference": "openai:tiny", "criteria": ["manners"]}, "no rubric for the criterion"),
        ({"reference": "openai:tiny", "pairwise": True}, "only an evaluation"),
        ({"reference": "bot", "inputs": {"mode": "stateful"}}, "mode is stateful"),
        ({"reference": "metric:a b"}, "expected metric:NAME"),
    ],
)
def test_a_judge_that_cannot_be_asked_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parsed_judges([JudgeOptions(**options)])


def test_two_judges_have_two_names() -> None:
    twice = [JudgeOptions(reference="openai:tiny"), JudgeOptions(reference="openai:tiny")]
    with pytest.raises(UsageError, match="two of this name"):
        parsed_judges(twice)
