"""Workflow Deployments whose usage is recorded: the real SDK's stream, against the stand-in."""

from collections.abc import Sequence
from typing import Any

import pytest

from duologue.conversation.usage import Usage
from duologue.errors import (
    BudgetExhaustedError,
    FatalError,
    ParticipantError,
    RunStoppingError,
    TransientError,
)
from duologue.participants.budget import Spending
from duologue.participants.protocol import Reply, TurnContext
from duologue.participants.vellum_deployment import VellumDeployment, vellum_client
from duologue.settings.participants import CallSettings, ParticipantSettings
from duologue.settings.run import Budget
from tests.participants.test_vellum_deployment import (
    HISTORY,
    ONCE,
    QUICK,
    SEED,
    TABLE,
    assert_fit_to_be_shown,
    environment,
    vellum,
)
from tests.support.vellum_stand_in import StandIn
from tests.support.vellum_streams import FAULTS, PROMPT, Meta

__all__ = ["environment", "vellum"]  # fixtures

CALL = Usage(input_tokens=120, output_tokens=30, cost_usd=0.25, models=("gpt-4o-mini",))
"""What the stand-in's executions use where a test says nothing else."""

NOT_UNDERSTOOD = {
    "rejected_without_code",
    "unknown_state",
    "missing_data",
    "missing_ts",
    "wrong_value_type",
    "nan_value",
    "unknown_output_type",
    "null_body",
    "list_body",
    "empty_body",
    "html_body",
    "truncated_body",
    "no_content",
    "invalid_utf8",
}
"""Answers of which the SDK leaves nothing of a stream."""


async def reply(call: CallSettings = ONCE, spending: Spending | None = None) -> Reply:
    """Asks once, through a client of its own."""
    async with vellum_client(max_concurrency=4) as client:
        settings = ParticipantSettings.parsed("support-bot@production")
        participant = VellumDeployment(client, settings, call, spending, record_usage=True)
        return await participant.reply(HISTORY, TurnContext(SEED))


async def error_of(call: CallSettings = ONCE, spending: Spending | None = None) -> ParticipantError:
    with pytest.raises(ParticipantError) as raised:
        await reply(call, spending)
    return raised.value


async def test_the_stream_requests_what_its_prompts_use(vellum: StandIn) -> None:
    said = await reply()

    (request,) = vellum.requests
    assert request.path == "/v1/execute-workflow-stream"
    assert request.body["event_types"] == ["NODE", "WORKFLOW"]
    assert request.body["expand_meta"] == {"usage": True, "cost": True, "model_name": True}
    assert request.body["workflow_deployment_name"] == "support-bot"
    assert request.body["release_tag"] == "production"
    assert request.body["metadata"]["seed_id"] == "seed-1"
    assert request.chat_history == [
        {"role": message.role, "text": message.text} for message in HISTORY
    ]
    assert said.text.startswith("Answer ")
    assert said.execution_id is not None
    assert said.latency_ms is not None
    assert said.usage == CALL


async def test_nothing_is_streamed_or_known_where_nobody_requests_it(vellum: StandIn) -> None:
    async with vellum_client(max_concurrency=4) as client:
        settings = ParticipantSettings.parsed("support-bot")
        said = await VellumDeployment(client, settings, ONCE).reply(HISTORY, TurnContext(SEED))

    assert vellum.requests[0].path == "/v1/execute-workflow"
    assert said.usage is None


@pytest.mark.parametrize(
    ("metas", "expected"),
    [
        ([PROMPT, PROMPT], Usage(240, 60, 0.5, ("gpt-4o-mini",))),
        ([PROMPT, {"model_name": "claude"}], Usage(120, 30, 0.25, ("claude", "gpt-4o-mini"))),
        ([PROMPT, None], CALL),
        ([{"usage": {"input_token_count": 7}}], Usage(input_tokens=7)),
        ([{"cost": {"value": 0, "unit": "USD"}}], Usage(cost_usd=0)),
        ([], None),
        ([None], None),
        ([{}], None),
        ([{"usage": None, "cost": None, "model_name": None}], None),
        ([{"model_name": ""}], None),
        # What is understood neither by the SDK nor by us.
        ([PROMPT, {**PROMPT, "cost": {"value": 9, "unit": "EUR"}}], CALL),
        ([PROMPT, {"usage": {"input_token_count": "many"}}], CALL),
        ([PROMPT, {"usage": [1]}], CALL),
        (
            [{**PROMPT, "cost": {"value": float("nan"), "unit": "USD"}}],
            Usage(120, 30, None, CALL.models),
        ),
        ([{**PROMPT, "cost": {"value": -1, "unit": "USD"}}], Usage(120, 30, None, CALL.models)),
        (
            [{**PROMPT, "usage": {"input_token_count": 10**30}}],
            Usage(None, None, 0.25, CALL.models),
        ),
        ([{**PROMPT, "model_name": "half \ud83d"}], Usage(120, 30, 0.25)),
    ],
)
async def test_what_the_prompts_say_is_summed_up_and_what_is_missing_is_not_known(
    vellum: StandIn, metas: Sequence[Meta | None], expected: Usage | None
) -> None:
    vellum.deployments["support-bot"].metas = list(metas)

    said = await reply()

    assert said.text.startswith("Answer ")
    assert said.usage == expected


def test_every_error_of_the_stand_ins_streams_is_tested() -> None:
    assert FAULTS.keys() == {"fine", "garbled_lines", "new_fields", *FAULTY}


@pytest.mark.parametrize("fault", ["garbled_lines", "new_fields"])
async def test_lines_that_nobody_understands_and_new_fields_do_no_harm(
    vellum: StandIn, fault: str
) -> None:
    vellum.deployments["support-bot"].stream_fault = fault

    said = await reply()

    assert said.text.startswith("Answer ")
    assert said.usage == CALL


FAULTY = {
    "no_result": "ended without the Workflow's result",
    "garbled_result": "ended without the Workflow's result",
    "no_data_in_result": "(outputs: Input should be a valid list)",
    "cut": "failed (ClientPayloadError",
    "hang": "did not reply within 0.5 s",
}


@pytest.mark.parametrize(("fault", "said"), FAULTY.items())
async def test_a_stream_without_a_result_is_tried_again_and_billed(
    vellum: StandIn, fault: str, said: str
) -> None:
    vellum.deployments["support-bot"].stream_fault = fault
    spending = Spending()

    call = QUICK.model_copy(update={"timeout_seconds": 0.5, "max_attempts": 2})
    error = await error_of(call, spending)

    assert type(error) is TransientError
    assert said in str(error)
    assert_fit_to_be_shown(error)
    assert len(vellum.requests) == 2
    assert error.usage == Usage(240, 60, 0.5, ("gpt-4o-mini",))
    assert (spending.calls, spending.cost_usd) == (2, 0.5)


async def test_a_rejection_without_an_error_is_tried_again(vellum: StandIn) -> None:
    deployment = vellum.deployments["support-bot"]
    deployment.always, deployment.stream_fault = "rejected:LLM_PROVIDER", "no_data_in_result"

    error = await error_of()

    assert type(error) is TransientError
    assert "(error: Input should be a valid dictionary" in str(error)


@pytest.mark.parametrize(
    ("failure", "error_class", "said"), [pytest.param(*row, id=row[0]) for row in TABLE]
)
async def test_every_failure_is_reported_and_classified_as_that_of_a_plain_call(
    vellum: StandIn, failure: str, error_class: type[ParticipantError], said: str
) -> None:
    vellum.deployments["support-bot"].always = failure

    error = await error_of()

    assert type(error) is error_class
    assert "support-bot@production" in str(error)
    not_understood = failure.partition(":")[0] in NOT_UNDERSTOOD
    assert ("ended without the Workflow's result" if not_understood else said) in str(error)
    assert_fit_to_be_shown(error)
    assert len(vellum.requests) == 1


@pytest.mark.parametrize("failure", ["hang", "hang_mid_body", "drip:0.05"])
async def test_a_stream_that_does_not_begin_in_time_is_not_waited_for(
    vellum: StandIn, failure: str
) -> None:
    vellum.deployments["support-bot"].always = failure

    error = await error_of(ONCE.model_copy(update={"timeout_seconds": 0.3}))

    assert type(error) is TransientError
    assert "support-bot@production did not reply within 0.3 s" in str(error)


async def test_what_failed_attempts_used_is_the_messages_as_well(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].failures = [
        "rejected:LLM_PROVIDER",
        "status:503",
        "null_output",
    ]

    said = await reply(QUICK)

    assert said.attempts == 4
    assert said.usage == Usage(360, 90, 0.75, ("gpt-4o-mini",))  # a 503 tells nothing


@pytest.mark.parametrize(
    ("failure", "error_class"),
    [
        ("rejected:USER_DEFINED_ERROR", FatalError),
        ("no_outputs", FatalError),
        ("rejected:PROVIDER_CREDENTIALS_UNAVAILABLE", RunStoppingError),
    ],
)
async def test_what_was_used_in_vain_is_known(
    vellum: StandIn, failure: str, error_class: type[ParticipantError]
) -> None:
    vellum.deployments["support-bot"].always = failure

    error = await error_of()

    assert type(error) is error_class
    assert error.usage == CALL


@pytest.mark.parametrize("budget", [{"max_calls": 2}, {"max_cost_usd": 0.5}, {"max_cost_usd": 0.3}])
async def test_no_further_attempt_is_started_once_the_budget_is_spent(
    vellum: StandIn, budget: dict[str, Any]
) -> None:
    vellum.deployments["support-bot"].always = "rejected:LLM_PROVIDER"

    error = await error_of(QUICK, Spending(Budget(**budget)))

    assert type(error) is BudgetExhaustedError
    assert f"{next(iter(budget))} is {next(iter(budget.values()))}" in str(error)
    assert len(vellum.requests) == 2
    assert error.usage == Usage(240, 60, 0.5, ("gpt-4o-mini",))
