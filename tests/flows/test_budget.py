"""What a run used, and runs that stop early: on a real Prefect server, with the real SDK."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from prefect.client.schemas.objects import State

from duologue.conversation.messages import Message
from duologue.conversation.usage import Usage
from duologue.errors import BudgetExhaustedError, UsageError
from duologue.participants.budget import Spending
from duologue.participants.opening import open_participants
from duologue.participants.protocol import TurnContext
from duologue.plans.generation import plan_generation
from duologue.settings.participants import CallSettings, ParticipantSettings
from duologue.settings.run import BUNDLED_CHATBOT, BUNDLED_SIMULATED_USER, Budget
from tests.flows.test_publication import summary_of
from tests.participants.test_vellum_deployment import HISTORY, SEED
from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    folder,
    generated,
    latest,
    manifest_of,
    rerun,
    retried,
)
from tests.support.vellum_stand_in import ChatHistory, StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

RECORDED = {**QUICK, "record_usage": True}
CALLS = 10 * 2 * 2
"""Of a run of ten seeds and two turns."""
LOCAL = {"chatbot": BUNDLED_CHATBOT, "simulated_user": BUNDLED_SIMULATED_USER}


async def polite(chat_history: list[Message]) -> str:
    return f"Thank you for your {len(chat_history)} messages."


async def limited(seeds: Path, budget: dict[str, float], **advanced: Any) -> State[Any]:
    """A run of two turns, two conversations concurrently, whose gates pass anything."""
    options = {**RECORDED, "gates": ANYTHING_PASSES, **advanced, "budget": budget}
    return await generated(seeds, turns=2, max_concurrency=2, advanced=options)


async def test_usage_is_recorded_by_message_and_summed_by_conversation_and_version(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["simulated-user"].metas = [None]  # has no prompt
    vellum.deployments["support-bot"].failures = ["rejected:LLM_PROVIDER"]
    state = await generated(
        seeds_csv,
        turns=2,
        max_concurrency=1,
        advanced={**RECORDED, "call": {**QUICK["call"], "max_attempts": 2}},
    )
    manifest = await manifest_of(state)
    assert state.is_completed()
    assert {request.path for request in vellum.requests} == {"/v1/execute-workflow-stream"}
    assert manifest.settings.record_usage
    # Two replies in each of ten conversations, and one that was rejected.
    assert manifest.usage == Usage(21 * 120, 21 * 30, 21 * 0.25, ("gpt-4o-mini",))

    path = folder(seeds_csv, manifest) / "conversations.parquet"
    frame = pd.read_parquet(path)
    assert frame["cost_usd"].tolist() == [0.75, *[0.5] * 9]
    assert frame["input_tokens"].sum() == 21 * 120
    first = pq.read_table(path)["messages"].to_pylist()[0]
    assert [message["cost_usd"] for message in first] == [None, 0.5, None, 0.25, None]
    assert [message["models"] for message in first][1:3] == [["gpt-4o-mini"], None]
    assert duckdb.read_parquet(str(path)).aggregate("sum(output_tokens)").fetchall() == [(630,)]
    csv = pd.read_csv(path.with_suffix(".csv"))
    assert csv["cost_usd"].tolist() == frame["cost_usd"].tolist()
    assert "Its calls used 5.2500 USD; 2,520 input tokens; 630 output" in await summary_of(state)


async def test_without_the_option_the_plain_call_is_made_and_nothing_is_said_of_usage(
    seeds_csv: Path, vellum: StandIn
) -> None:
    state = await generated(seeds_csv, turns=1)
    manifest = await manifest_of(state)
    assert {request.path for request in vellum.requests} == {"/v1/execute-workflow"}
    assert manifest.usage is None
    frame = pd.read_parquet(folder(seeds_csv, manifest) / "conversations.parquet")
    assert frame[["input_tokens", "output_tokens", "cost_usd", "models"]].isna().all().all()
    assert "calls used" not in await summary_of(state)


async def test_what_is_reused_knows_what_was_recorded_when_it_was_made(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """To record usage makes no other conversation, so it is no part of what it is kept under."""
    await generated(seeds_csv, turns=1, advanced={**QUICK, "reuse_unchanged": True})
    asked = vellum.request_count
    seeds_csv.write_text(f"{seeds_csv.read_text()}One more?\n")
    again = await manifest_of(
        await generated(seeds_csv, turns=1, advanced={**RECORDED, "reuse_unchanged": True})
    )
    assert vellum.request_count == asked + 2
    frame = pd.read_parquet(folder(seeds_csv, again) / "conversations.parquet")
    assert frame["cost_usd"].isna().tolist() == [True] * 10 + [False]
    assert again.usage is not None
    assert again.usage.cost_usd == 0.5


async def test_a_conversation_that_is_restarted_costs_what_both_cost(
    seeds_csv: Path, vellum: StandIn
) -> None:
    seeds_csv.write_text("Where is my order?\n")
    says = iter([None, "Really? And until when?"])  # first the chatbot's own words: invalid

    def ask(seed_id: str, chat_history: ChatHistory) -> str:
        return next(says) or str(chat_history[-1]["text"])

    vellum.deployments["simulated-user"].reply = ask
    state = await generated(
        seeds_csv, turns=1, advanced={**RECORDED, "seed_retries": 1, "seed_retry_delay_seconds": 0}
    )
    manifest = await manifest_of(state)
    assert (manifest.counts.valid, vellum.request_count) == (1, 4)
    (row,) = pq.read_table(folder(seeds_csv, manifest) / "conversations.parquet").to_pylist()
    assert row["cost_usd"] == 1.0
    assert [message["cost_usd"] for message in row["messages"]] == [None, 0.25, 0.25]


@pytest.mark.parametrize("most", [1, 7, CALLS - 1])
async def test_exactly_the_allowed_calls_are_made_and_what_is_undone_is_recorded(
    seeds_csv: Path, vellum: StandIn, most: int
) -> None:
    state = await limited(seeds_csv, {"max_calls": most}, record_usage=False)
    manifest = await manifest_of(state)
    assert vellum.request_count == most
    counts = manifest.counts
    assert counts.valid + counts.failed == 10
    assert counts.failed == manifest.left_undone
    assert manifest.failed_by_error_class == {"BudgetExhaustedError": counts.failed}
    assert state.is_failed()
    undone = f"The run's budget was spent, and {counts.failed} conversations were left undone"
    assert str(state.message).endswith(undone)
    assert undone in await summary_of(state)
    failures = pd.read_csv(folder(seeds_csv, manifest) / "failures.csv")
    assert len(failures) == counts.failed
    assert failures["reason"].nunique() == 1
    assert f"max_calls is {most}" in failures["reason"][0]
    assert "duologue rerun" in failures["how_to_rerun"][0]


async def test_seeds_that_were_not_started_are_no_task_runs(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """A thousand seeds that may not be requested are a thousand rows of a file, and no more."""
    seeds_csv.write_text("".join(f"Question number {n}?\n" for n in range(1000)))
    state = await limited(seeds_csv, {"max_calls": 1})
    manifest = await manifest_of(state)
    assert manifest.left_undone == 1000
    begun = [int(n) for n in pd.read_csv(folder(seeds_csv, manifest) / "failures.csv")["attempts"]]
    assert sum(begun) == manifest.attempts <= 3


async def test_repeated_calls_count(seeds_csv: Path, vellum: StandIn) -> None:
    vellum.deployments["support-bot"].always = "status:503"
    call = {**QUICK["call"], "max_attempts": 3}
    manifest = await manifest_of(await limited(seeds_csv, {"max_calls": 5}, call=call))
    assert vellum.request_count == 5
    assert manifest.failed_by_error_class == {"BudgetExhaustedError": 9, "TransientError": 1}


async def test_no_call_is_started_once_the_recorded_cost_has_reached_the_budget(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """Two conversations concurrently: the one call then in flight is all that is added."""
    manifest = await manifest_of(await limited(seeds_csv, {"max_cost_usd": 1.0}))
    assert manifest.usage is not None
    assert manifest.usage.cost_usd in (1.0, 1.25)
    assert vellum.request_count == manifest.usage.cost_usd / 0.25
    assert manifest.left_undone == manifest.counts.failed >= 8
    reasons = pd.read_csv(folder(seeds_csv, manifest) / "failures.csv")["reason"]
    assert "max_cost_usd is 1." in reasons[0]


async def test_a_cost_that_nobody_reports_is_warned_of(
    seeds_csv: Path, vellum: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    for deployment in vellum.deployments.values():
        deployment.metas = [{"model_name": "gpt-4o-mini"}]
    state = await limited(seeds_csv, {"max_cost_usd": 0.01})
    assert state.is_completed()
    assert "no call reported its cost, so max_cost_usd had no effect" in caplog.text


async def test_the_gates_decide_about_what_was_stopped_early(
    seeds_csv: Path, vellum: StandIn
) -> None:
    good = await manifest_of(await generated(seeds_csv, turns=2))
    vellum.request_count = 0
    state = await limited(seeds_csv, {"max_calls": 20}, gates={})
    held_back = await manifest_of(state)
    assert held_back.held_back
    assert "which is held back" in str(state.message)
    assert latest(seeds_csv)["version"] == good.version
    assert (folder(seeds_csv, held_back) / "conversations.parquet").exists()

    published = await manifest_of(await limited(seeds_csv, {"max_calls": 20}))
    assert not published.held_back
    assert latest(seeds_csv)["version"] == published.version


async def test_a_retry_has_the_whole_budget_again_and_is_billed_for_nothing_twice(
    seeds_csv: Path, vellum: StandIn
) -> None:
    state = await limited(seeds_csv, {"max_calls": 15})
    valid = [(await manifest_of(state)).counts.valid]
    while not state.is_completed():
        state = await retried(state)
        valid.append((await manifest_of(state)).counts.valid)
        assert vellum.request_count <= 15 * len(valid)
    assert vellum.request_count == CALLS
    assert valid == sorted(valid)
    assert len(valid) == 3
    manifest = await manifest_of(state)
    assert (manifest.revision, manifest.left_undone) == (3, 0)
    assert manifest.usage == Usage(CALLS * 120, CALLS * 30, CALLS * 0.25, ("gpt-4o-mini",))


async def test_a_retry_that_runs_out_early_keeps_what_was_finished_before(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """The last seed's turn comes when no call may be made any longer; it needs none."""
    chatbot = vellum.deployments["support-bot"]
    chatbot.when_history_contains = {f"number {n}?": "status:503" for n in range(1, 10)}
    options = {**RECORDED, "gates": ANYTHING_PASSES, "budget": {"max_calls": 9 + 4}}
    state = await generated(seeds_csv, turns=2, max_concurrency=1, advanced=options)
    assert (await manifest_of(state)).failed_by_error_class == {"TransientError": 9}
    chatbot.when_history_contains = {}
    vellum.request_count = 0
    manifest = await manifest_of(await retried(state))
    assert vellum.request_count == 13
    frame = pd.read_parquet(folder(seeds_csv, manifest) / "conversations.parquet")
    assert [message.split()[-1] for message in frame["seed_message"]] == ["1?", "2?", "3?", "10?"]


async def test_a_rerun_continues_with_what_was_left_undone(
    seeds_csv: Path, vellum: StandIn
) -> None:
    manifest = await manifest_of(await limited(seeds_csv, {"max_calls": 25}))
    assert manifest.left_undone > 0
    state = await rerun(seeds_csv)
    whole = await manifest_of(state)
    assert state.is_completed()
    assert (whole.counts.valid, whole.revision) == (10, 2)
    assert vellum.request_count == CALLS
    assert whole.settings.record_usage
    assert whole.usage == Usage(CALLS * 120, CALLS * 30, CALLS * 0.25, ("gpt-4o-mini",))
    frame = pd.read_parquet(folder(seeds_csv, whole) / "conversations.parquet")
    assert frame["cost_usd"].tolist() == [1.0] * 10


async def test_a_seed_whose_budget_is_spent_is_not_tried_again_within_the_run(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """Ten minutes between retries, which nobody waits for."""
    retries = {"seed_retries": 2, "seed_retry_delay_seconds": 600}
    manifest = await manifest_of(await limited(seeds_csv, {"max_calls": 6}, **retries))
    assert manifest.left_undone > 0


@pytest.mark.parametrize("kind", ["local", "python"])
async def test_calls_of_every_kind_of_participant_count(kind: str) -> None:
    reference = {
        "local": LOCAL["chatbot"],
        "python": "python:tests.flows.test_budget:polite",
    }[kind]
    chatbot = ParticipantSettings.parsed(reference)
    user = ParticipantSettings.parsed(LOCAL["simulated_user"])
    spending = Spending(Budget(max_calls=2))
    async with open_participants([chatbot, user], CallSettings(), 2, spending) as participants:
        for participant in participants:
            await participant.reply(HISTORY, TurnContext(SEED))
        for participant in participants:
            with pytest.raises(BudgetExhaustedError, match="max_calls is 2"):
                await participant.reply(HISTORY, TurnContext(SEED))
    assert spending.calls == 2


async def test_local_participants_keep_to_max_calls(seeds_csv: Path) -> None:
    options = {**QUICK, "gates": ANYTHING_PASSES, "budget": {"max_calls": 8}}
    state = await generated(seeds_csv, **LOCAL, turns=2, advanced=options)
    manifest = await manifest_of(state)
    assert manifest.left_undone >= 8
    assert manifest.usage is None


@pytest.mark.parametrize(
    ("advanced", "participants", "said"),
    [
        (
            {"budget": {"max_cost_usd": 2.5}},
            {"chatbot": "support-bot"},
            r"max_cost_usd is 2\.5, but record_usage is off, .*; turn record_usage on, or limit",
        ),
        (
            {"budget": {"max_cost_usd": 2.5}, "record_usage": True},
            LOCAL,
            r"max_cost_usd is 2\.5, but neither local:duologue\.workflows\.support_bot nor "
            r"local:.* is a Workflow Deployment, .*max_calls",
        ),
        ({"budget": {"max_calls": 0}}, {}, r"budget\.max_calls is 0"),
        ({"budget": {"max_cost_usd": 0}}, {}, r"budget\.max_cost_usd is 0"),
        ({"budget": {"max_cost_usd": float("inf")}}, {}, r"budget\.max_cost_usd is inf"),
        ({"budget": {"max_tokens": 3}}, {}, r"no setting 'advanced\.budget\.max_tokens'"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused(
    advanced: dict[str, Any], participants: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        plan_generation(seeds="seeds.csv", **participants, advanced=advanced)


def test_a_budget_of_cost_needs_one_participant_on_vellum() -> None:
    advanced = {"budget": {"max_cost_usd": 2.5}, "record_usage": True}
    plan = plan_generation(seeds="seeds.csv", simulated_user="simulated-user", advanced=advanced)
    assert plan.settings.budget == Budget(max_cost_usd=2.5)


def test_a_cost_that_sums_up_to_the_limit_except_for_rounding_has_reached_it() -> None:
    spending = Spending(Budget(max_cost_usd=1))
    for _ in range(10):
        assert spending.exhausted is None
        spending.add(Usage(cost_usd=0.1))
    assert spending.cost_usd is not None
    assert spending.cost_usd < 1
    assert spending.exhausted is not None
