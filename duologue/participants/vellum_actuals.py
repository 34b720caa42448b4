"""Writing verdicts back to Vellum, as actuals of the Workflow executions that they are about."""

from collections.abc import Sequence

from pydantic import JsonValue
from vellum import (
    SubmitWorkflowExecutionActualRequest,
    WorkflowExecutionActualJsonRequest,
    WorkflowExecutionActualStringRequest,
)

from duologue.participants.error_context import ErrorContext
from duologue.participants.retries import with_retries
from duologue.participants.vellum_deployment import NO_RETRIES, VellumClient
from duologue.participants.vellum_errors import SDK_ERRORS, sdk_error, vellum_remedies
from duologue.settings.options import Record
from duologue.settings.participants import CallSettings, ParticipantSettings


class Actual(Record):
    """What a judge says about the output of one execution."""

    quality: float
    """From 0 to 1."""
    metadata: dict[str, JsonValue]
    """The judge, its criterion, and what it said."""


async def submit_actuals(
    client: VellumClient,
    participant: ParticipantSettings,
    execution_id: str,
    actuals: Sequence[Actual],
    call: CallSettings,
) -> None:
    """Submits what judges say about one execution of a Workflow Deployment.

    Raises:
        ParticipantError: Vellum did not take it.
    """
    reasons = [str(one.metadata.get("reason", "")) for one in actuals]
    remedies = vellum_remedies(
        "may submit actuals",
        f"There is no execution {execution_id}; Vellum keeps them for a limited time",
        "Check the Workflow's `output`, which the actual is about",
    )
    wording = ErrorContext(
        participant.reference, client.base_url, (client.api_key,), reasons, remedies
    )
    requests = [_request(participant, one) for one in actuals]

    async def attempt() -> None:
        try:
            await client.sdk.submit_workflow_execution_actuals(
                actuals=requests, execution_id=execution_id, request_options=NO_RETRIES
            )
            return
        except SDK_ERRORS as error:
            failure = sdk_error(error, wording)
        # Out of the except clause, so that the SDK's error is not chained to ours: it may hold the
        # key.
        raise failure

    await with_retries(attempt, call, participant.reference, client.account)


def _request(
    participant: ParticipantSettings, actual: Actual
) -> SubmitWorkflowExecutionActualRequest:
    if participant.output_path is not None:
        return WorkflowExecutionActualJsonRequest(
            output_key=participant.output, quality=actual.quality, metadata=dict(actual.metadata)
        )
    return WorkflowExecutionActualStringRequest(
        output_key=participant.output, quality=actual.quality, metadata=dict(actual.metadata)
    )
