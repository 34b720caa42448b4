"""Participants that are sent only the latest message cannot be shown what was said before it."""

import json
from pathlib import Path
from typing import Any

import pytest

from duologue.errors import UsageError
from duologue.plans.comparison import plan_comparison
from duologue.plans.evaluation import plan_evaluation
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents

OPENING = json.dumps(
    [{"role": "USER", "text": "Hello"}, {"role": "ASSISTANT", "text": "Hi, how can I help?"}]
)
TEXTS = "Where is my order?", "On its way.", "When will it be here?", "Tomorrow.", "Thank you!"
WITH_SESSIONS = {
    "endpoint": {
        "body": {"question": "{{ latest_message }}", "session": "{{ session }}"},
        "session_path": "session",
    }
}
FORGETFUL: list[tuple[str, dict[str, Any]]] = [
    ("bot", {"mode": "stateful"}),
    ("local:tests.support.bots", {"mode": "stateful"}),
    ("https://bot.example/chat", WITH_SESSIONS),
]
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("bot", {}),
    ("https://bot.example/chat", {}),
    ("https://bot.example/chat", {"endpoint": {"body": {"text": "{% for m in chat_history %}"}}}),
]


def written(output: Path, context: dict[str, str]) -> None:
    made = contents(checked(*TEXTS, seed_id="s1", context=context))
    publish_latest(write_version(DatasetFolder(str(output), "shop"), VERSION, made))


def evaluated(output: Path, candidate: str, inputs: dict[str, Any]) -> None:
    options = {"candidate_inputs": inputs, "noise_samples": 0}
    plan_evaluation(output=str(output), candidate=candidate, advanced=options)


def compared(output: Path, candidate: str, inputs: dict[str, Any]) -> None:
    options = {"candidate_inputs": inputs}
    plan_comparison(output=str(output), candidate=candidate, advanced=options)


@pytest.mark.parametrize("plan", [evaluated, compared])
@pytest.mark.parametrize(("candidate", "inputs"), FORGETFUL)
def test_a_version_with_openings_is_refused(
    plan: Any, candidate: str, inputs: dict[str, Any], tmp_path: Path
) -> None:
    written(tmp_path, {"opening": OPENING})
    with pytest.raises(UsageError, match="1 seeds have an opening, such as s1") as refused:
        plan(tmp_path, candidate, inputs)
    assert str(refused.value).startswith(f"{candidate}: is sent only the latest message")


@pytest.mark.parametrize("plan", [evaluated, compared])
@pytest.mark.parametrize(("candidate", "inputs"), WHOLE)
def test_what_is_sent_the_whole_conversation_is_not(
    plan: Any, candidate: str, inputs: dict[str, Any], tmp_path: Path
) -> None:
    written(tmp_path, {"opening": OPENING})
    plan(tmp_path, candidate, inputs)


def test_a_simulated_user_that_is_stateful_is_refused_as_well(tmp_path: Path) -> None:
    written(tmp_path, {"opening": OPENING})
    options = {"simulated_user_inputs": {"mode": "stateful"}}
    with pytest.raises(UsageError, match=r"^someone: is sent only the latest message"):
        plan_comparison(
            output=str(tmp_path), candidate="bot", simulated_user="someone", advanced=options
        )


@pytest.mark.parametrize(("candidate", "inputs"), FORGETFUL[1:])
def test_a_state_that_no_version_holds_cannot_be_evaluated(
    candidate: str, inputs: dict[str, Any], tmp_path: Path
) -> None:
    written(tmp_path, {})
    with pytest.raises(UsageError, match=r"shop .* has no state of it to continue"):
        evaluated(tmp_path, candidate, inputs)
    evaluated(tmp_path, *FORGETFUL[0])
    compared(tmp_path, candidate, inputs)


def test_both_sides_start_in_the_middle_only_if_they_are_shown_it(tmp_path: Path) -> None:
    written(tmp_path, {})
    options = {"candidate_inputs": WITH_SESSIONS, "from_turn": 1}
    with pytest.raises(UsageError, match=r"from_turn 1: https://bot\.example/chat is sent only"):
        plan_comparison(
            output=str(tmp_path), candidate="https://bot.example/chat", turns=2, advanced=options
        )
