"""Comparisons, on a real Prefect server, with Python functions as chatbots."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from prefect.client.schemas.objects import State

from duologue.comparison.manifest import ComparisonManifest, FailedComparisonError
from duologue.comparison.outcomes import Status
from duologue.comparison.sides import Side
from duologue.conversation.messages import Conversation, Message, Role
from duologue.errors import UsageError
from duologue.flows.compare_chatbots import compare_chatbots
from duologue.flows.generate_dataset import generate_dataset
from duologue.plans.rerun import plan_rerun
from tests.support.generating import events_of, retried

pytestmark = pytest.mark.usefixtures("prefect_server")

HERE = "python:tests.flows.test_compare_chatbots"
QUICK: dict[str, Any] = {
    "seed_retries": 0,
    "call": {"max_attempts": 1, "first_wait_seconds": 0.001, "longest_wait_seconds": 0.002},
}
CALLS: list[str] = []
FAILING: set[str] = set()
"""Parts of the seed messages that `fails_for_some` fails for."""


def steady(chat_history: list[Message]) -> str:
    """A chatbot that answers each message in its own words."""
    CALLS.append("chatbot")
    asked = chat_history[-1].text
    return f"The answer to {asked!r} is in the manual, page {len(chat_history)}."


def breaks_at_turn_two(chat_history: list[Message]) -> str:
    """A chatbot that shows a stack trace in its second turn, to a third of the seeds."""
    number = int(chat_history[0].text.split("number ")[1].split("?")[0])
    if len(chat_history) == 3 and number % 3 == 0:
        CALLS.append("chatbot")
        return 'Traceback (most recent call last):\n  File "bot.py", line 3\nKeyError: 3'
    return steady(chat_history)


def fails_for_some(chat_history: list[Message]) -> str:
    """A chatbot that fails for some seeds."""
    if any(one in chat_history[0].text for one in FAILING):
        raise RuntimeError("no")
    return steady(chat_history)


def asks_on(chat_history: list[Message]) -> str:
    """A simulated user that asks about the next part."""
    CALLS.append("user")
    return f"And what about part {len(chat_history)} of {chat_history[0].text.split()[-1]}"


def flips_with_breakage(chat_history: list[Message]) -> str:
    """A simulated user that offers help, as an assistant, to one seed only."""
    if "number 2?" in chat_history[0].text:
        return "As an AI language model, I cannot have orders. How can I assist you today?"
    return asks_on(chat_history)


def manual_pages(conversation: Conversation) -> bool:
    """An own scorer: whether every reply names the manual."""
    replies = [m.text for m in conversation.messages if m.role is Role.ASSISTANT]
    return all("manual" in reply for reply in replies)


def goal_judge(chat_history: list[Message]) -> dict[str, Any]:
    """A judge: the goal is reached unless a reply is a stack trace."""
    CALLS.append("judge")
    broken = any("Traceback" in message.text for message in chat_history)
    return {"goal_reached": {"passed": not broken, "score": 0.2 if broken else 0.9}}


def judge_of_half(chat_history: list[Message]) -> dict[str, Any]:
    """The same judge, which answers only about even numbers."""
    if int(chat_history[0].text.split("number ")[1].split("?")[0]) % 2:
        raise RuntimeError("no")
    return goal_judge(chat_history)


JUDGE = {"reference": f"{HERE}:goal_judge", "criteria": ["goal_reached"]}


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    lines = "\n".join(f"Where is my order number {n}?" for n in range(1, 31))
    path.write_text(f"message\n{lines}\n")
    CALLS.clear()
    return path


async def compared(output: Path, **parameters: Any) -> tuple[State[Any], ComparisonManifest]:
    advanced = QUICK | parameters.pop("advanced", {})
    state: Any = await compare_chatbots(
        output=str(output), advanced=advanced, return_state=True, **parameters
    )
    result = await state.aresult(raise_on_failure=False)
    if isinstance(result, FailedComparisonError):
        return state, result.manifest
    assert isinstance(result, ComparisonManifest), result
    return state, result


async def event_of(state: State[Any]) -> dict[str, Any]:
    """The one event that a comparison ends with, and which its flow and flow run belong to."""
    names = ("duologue.comparison.passed", "duologue.comparison.failed")
    (event,) = await events_of(state, *names)
    related = {one["prefect.resource.role"]: one for one in event["related"]}
    assert related["flow"]["prefect.resource.name"] == "compare-chatbots"
    run = f"prefect.flow-run.{state.state_details.flow_run_id}"
    assert related["flow-run"]["prefect.resource.id"] == run
    assert event["resource"] == {
        "prefect.resource.id": "duologue.dataset.shop",
        "prefect.resource.name": "shop",
    }
    return event


async def published(output: Path, seeds: Path, **advanced: Any) -> None:
    state: Any = await generate_dataset(
        seeds=str(seeds),
        output=str(output),
        chatbot=f"{HERE}:steady",
        simulated_user=f"{HERE}:asks_on",
        turns=3,
        advanced=advanced,
        return_state=True,
    )
    assert state.is_completed(), state.message


def pairs_of(output: Path, manifest: ComparisonManifest) -> list[dict[str, Any]]:
    folder = output / manifest.dataset / "comparisons" / manifest.comparison
    rows: list[dict[str, Any]] = pq.read_table(folder / "pairs.parquet").to_pylist()
    return rows


async def test_two_chatbots_that_reply_alike_pass(seeds: Path, tmp_path: Path) -> None:
    state, manifest = await compared(
        tmp_path / "datasets",
        seeds=str(seeds),
        baseline=f"{HERE}:steady",
        candidate=f"{HERE}:steady",
        simulated_user=f"{HERE}:asks_on",
        turns=3,
    )
    assert state.is_completed(), state.message
    assert manifest.failed_gates == ()
    assert (manifest.pairs.pairs, manifest.pairs.compared, manifest.pairs.unchanged) == (30,) * 3
    assert "no difference that 30 seeds can show" in manifest.answer
    assert CALLS.count("chatbot") == CALLS.count("user") == 2 * 30 * 3
    event = await event_of(state)
    assert event["event"] == "duologue.comparison.passed"
    assert event["payload"] == {
        "dataset": "shop",
        "comparison": manifest.comparison,
        "path": str(tmp_path / "datasets" / "shop" / "comparisons" / manifest.comparison),
        "answer": manifest.answer,
        "failed_gates": [],
        "candidate": f"{HERE}:steady",
        "baseline": f"{HERE}:steady",
    }


async def test_a_fault_in_turn_two_is_found_at_half_the_calls(seeds: Path, tmp_path: Path) -> None:
    output = tmp_path / "datasets"
    await published(output, seeds)
    CALLS.clear()
    state, manifest = await compared(
        output,
        candidate=f"{HERE}:breaks_at_turn_two",
        advanced={"scorers": [f"{HERE}:manual_pages"]},
    )
    assert state.is_failed()
    assert CALLS.count("chatbot") == 30 * 3
    assert [one.outcome for one in manifest.failed_gates] == ["clean"]
    event = await event_of(state)
    assert event["event"] == "duologue.comparison.failed"
    assert event["payload"]["failed_gates"] == [one.reason for one in manifest.failed_gates]
    assert event["payload"]["answer"] == manifest.answer
    assert event["payload"]["candidate"] == f"{HERE}:breaks_at_turn_two"
    found = {one.outcome: one for one in manifest.differences}
    assert found["clean"].verdict == "worse"
    assert found["clean"].difference == pytest.approx(-10 / 30)
    assert found["manual_pages"].is_share
    assert found["manual_pages"].p_adjusted is None
    assert found["manual_pages"].difference == pytest.approx(-10 / 30)
    turns = [pair["first_differing_turn"] for pair in pairs_of(output, manifest)]
    assert turns == [2 if number % 3 == 0 else None for number in range(1, 31)]
    assert manifest.sides[Side.BASELINE].is_published
    candidate = Path(manifest.sides[Side.CANDIDATE].path)
    assert pq.read_table(candidate / "conversations.parquet").num_rows == 30


async def test_only_changed_asks_the_user_after_the_first_difference(
    seeds: Path, tmp_path: Path
) -> None:
    output = tmp_path / "datasets"
    await published(output, seeds)
    CALLS.clear()
    _, manifest = await compared(
        output,
        candidate=f"{HERE}:breaks_at_turn_two",
        advanced={"only_changed": True},
    )
    # In ten conversations turn 2 differs, so that two of the three answers are new.
    assert CALLS.count("user") == 10 * 2
    assert manifest.pairs.unchanged == 20


async def test_both_sides_continue_the_first_turns(seeds: Path, tmp_path: Path) -> None:
    output = tmp_path / "datasets"
    await published(output, seeds)
    CALLS.clear()
    _, manifest = await compared(
        output,
        baseline=f"{HERE}:steady",
        candidate=f"{HERE}:breaks_at_turn_two",
        advanced={"from_turn": 2},
    )
    assert CALLS.count("chatbot") == 2 * 30
    assert manifest.pairs.unchanged == 30


async def test_a_user_out_of_its_role_is_no_evidence(seeds: Path, tmp_path: Path) -> None:
    _, manifest = await compared(
        tmp_path / "datasets",
        seeds=str(seeds),
        baseline=f"{HERE}:steady",
        candidate=f"{HERE}:steady",
        simulated_user=f"{HERE}:flips_with_breakage",
        turns=2,
    )
    assert manifest.pairs.users_fault == {Side.BASELINE: 1, Side.CANDIDATE: 1}
    assert manifest.pairs.compared == 29
    assert {one.seeds for one in manifest.gated} == {29}
    assert {one.seeds for one in manifest.sensitivity} == {30}


async def test_a_budget_that_is_spent_names_what_continues_the_comparison(
    seeds: Path, tmp_path: Path
) -> None:
    output = tmp_path / "datasets"
    _, manifest = await compared(
        output,
        seeds=str(seeds),
        baseline=f"{HERE}:steady",
        candidate=f"{HERE}:steady",
        simulated_user=f"{HERE}:asks_on",
        advanced={"budget": {"max_calls": 1}},
    )
    for side in manifest.sides.values():
        failures = pd.read_csv(Path(side.path) / "failures.csv")
        assert len(failures) == 30
        for column in ("reason", "how_to_rerun"):
            assert (
                failures[column]
                .str.contains(f"`duologue compare --resume {manifest.comparison}`")
                .all()
            )
            assert not failures[column].str.contains("duologue rerun").any()


@pytest.mark.parametrize("how", ["resume", "Retry"])
async def test_a_missing_candidate_counts_and_only_its_conversation_is_made_again(
    seeds: Path, tmp_path: Path, how: str
) -> None:
    FAILING.add("number 1?")
    output = tmp_path / "datasets"
    parameters = {
        "seeds": str(seeds),
        "baseline": f"{HERE}:steady",
        "candidate": f"{HERE}:fails_for_some",
        "simulated_user": f"{HERE}:asks_on",
        "turns": 2,
    }
    state, manifest = await compared(output, **parameters)
    assert state.is_failed()
    assert manifest.pairs.missing == {Side.BASELINE: 0, Side.CANDIDATE: 1}
    valid = next(one for one in manifest.differences if one.outcome == "valid")
    assert valid.difference == pytest.approx(-1 / 30)
    statuses = {pair["candidate_status"] for pair in pairs_of(output, manifest)}
    assert statuses == {Status.VALID, Status.FAILED}
    CALLS.clear()
    FAILING.clear()
    with pytest.raises(UsageError, match=f"compare --resume {manifest.comparison}"):
        plan_rerun(manifest.sides[Side.CANDIDATE].path)
    if how == "resume":
        # Its name is enough.
        _, again = await compared(output, advanced={"resume": manifest.comparison})
    else:
        again = await (await retried(state, compare_chatbots)).aresult()
    assert (CALLS.count("chatbot"), CALLS.count("user")) == (2, 2)
    assert again.comparison == manifest.comparison
    assert again.pairs.missing == {Side.BASELINE: 0, Side.CANDIDATE: 0}
    assert again.pairs.compared == again.pairs.unchanged == 30


async def test_a_versions_judge_is_asked_about_new_words_only(seeds: Path, tmp_path: Path) -> None:
    output = tmp_path / "datasets"
    await published(output, seeds, judges=[JUDGE])
    CALLS.clear()
    _, manifest = await compared(
        output,
        candidate=f"{HERE}:breaks_at_turn_two",
        advanced={"gates": {"max_drops": {"goal_reached": 0.02}}},
    )
    # 20 of 30 conversations are word for word those that the version has verdicts on.
    assert CALLS.count("judge") == 10
    assert [one.outcome for one in manifest.failed_gates] == ["goal_reached"]
    found = {one.outcome: one for one in manifest.differences}
    assert found["goal_reached"].is_share
    assert found["goal_reached"].difference == pytest.approx(-10 / 30)
    assert found["goal_reached_score"].difference == pytest.approx(-0.7 * 10 / 30)
    assert [one.asked for judges in manifest.judges.values() for one in judges.values()] == [30] * 2


async def test_another_judge_than_the_versions_is_asked_about_both_sides(
    seeds: Path, tmp_path: Path
) -> None:
    output = tmp_path / "datasets"
    await published(output, seeds, judges=[JUDGE])
    CALLS.clear()
    judge = {"reference": f"{HERE}:judge_of_half", "criteria": ["goal_reached"]}
    state, manifest = await compared(
        output,
        candidate=f"{HERE}:breaks_at_turn_two",
        advanced={"judges": [judge], "gates": {"max_drops": {"goal_reached": 0.9}}},
    )
    # 15 even numbers; of these 5 conversations differ, and the same words are judged once.
    assert CALLS.count("judge") == 15 + 5
    assert state.is_failed()
    assert [one.reason for one in manifest.failed_gates] == [
        f"{HERE}:judge_of_half gave no verdict on 15 of 30 conversations of the candidate "
        "(50.0%); max_failed_share allows 10.0%"
    ]
    goal = next(one for one in manifest.differences if one.outcome == "goal_reached")
    assert goal.seeds == 15
