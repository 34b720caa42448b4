"""A Workflow's execution as a stream of events, the only place where Vellum reports its usage.

The usage of prompt nodes is in events whose schema the SDK calls unstable. Usage that is missing or
not understood counts as unknown.
"""

from collections.abc import AsyncIterable, Callable
from typing import Any

from vellum import (
    ExecuteWorkflowResponse,
    FulfilledExecuteWorkflowWorkflowResultEvent,
    FulfilledWorkflowNodeResultEvent,
    PromptExecutionMeta,
    PromptNodeExecutionMeta,
    PromptNodeResult,
    RejectedExecuteWorkflowWorkflowResultEvent,
    WorkflowEvent,
    WorkflowEventError,
    WorkflowExecutionFulfilledEvent,
    WorkflowExecutionNodeResultEvent,
    WorkflowExecutionRejectedEvent,
    WorkflowExecutionWorkflowResultEvent,
    WorkflowExpandMetaRequest,
    WorkflowOutputJson,
    WorkflowOutputString,
    WorkflowStreamEvent,
)

from duologue.conversation.usage import Number, Usage
from duologue.errors import TransientError
from duologue.participants.error_context import ErrorContext

WITH_USAGE: dict[str, Any] = {
    "event_types": ["NODE", "WORKFLOW"],
    "expand_meta": WorkflowExpandMetaRequest(usage=True, cost=True, model_name=True),
}
"""Arguments of `execute_workflow_stream` that a plain call does not have."""

_LARGEST_NUMBER = 2**53
"""A larger number is a mistake, and sums of it would not fit into a dataset's columns."""


async def result_of(
    events: AsyncIterable[WorkflowStreamEvent], wording: ErrorContext, add: Callable[[Usage], None]
) -> ExecuteWorkflowResponse:
    """Reads a stream to its end.

    Args:
        events: of one execution.
        wording: for the errors.
        add: takes the usage of each node as soon as it is reported, so that it is also known for an
            execution that fails or takes too long.

    Returns:
        The answer that a plain call would have had.

    Raises:
        TransientError: the stream ended without the Workflow's result. The SDK skips lines that it
            does not understand, and the result may be one of them.
        pydantic.ValidationError: the result lacks what it must have.
    """
    result: ExecuteWorkflowResponse | None = None
    async for event in events:
        if isinstance(event, WorkflowExecutionNodeResultEvent):
            add(_usage(event))
        elif event.data.state in ("FULFILLED", "REJECTED"):
            result = _as_answered(event)
    if result is None:
        raise _no_result(wording)
    return result


async def result_of_trigger(
    events: AsyncIterable[WorkflowEvent], wording: ErrorContext
) -> ExecuteWorkflowResponse:
    """Reads the stream of an execution that a trigger started, to its end.

    Its outputs have no types: text becomes a STRING, and everything else JSON.

    Raises:
        TransientError: the stream ended without the Workflow's result.
    """
    async for event in events:
        if isinstance(event, WorkflowExecutionFulfilledEvent):
            outputs = [
                WorkflowOutputString(id=name, name=name, value=value)
                if isinstance(value, str)
                else WorkflowOutputJson(id=name, name=name, value=value)
                for name, value in event.body.outputs.items()
            ]
            fulfilled = FulfilledExecuteWorkflowWorkflowResultEvent(
                id=event.id, ts=event.timestamp, outputs=outputs
            )
            return ExecuteWorkflowResponse(execution_id=event.span_id, data=fulfilled)
        if isinstance(event, WorkflowExecutionRejectedEvent):
            error = event.body.error
            rejected = RejectedExecuteWorkflowWorkflowResultEvent(
                id=event.id,
                ts=event.timestamp,
                error=WorkflowEventError(code=str(error.code), message=error.message),
            )
            return ExecuteWorkflowResponse(execution_id=event.span_id, data=rejected)
    raise _no_result(wording)


def _no_result(wording: ErrorContext) -> TransientError:
    return TransientError(
        f"{wording.participant}: the stream from {wording.base_url} ended without the "
        "Workflow's result; if it stays so, upgrade vellum-ai, or see what answers at that "
        "address"
    )


def _as_answered(event: WorkflowExecutionWorkflowResultEvent) -> ExecuteWorkflowResponse:
    said = event.data
    # In a dict, for the models to refuse what is None.
    data: dict[str, Any] = {"id": said.id, "ts": said.ts}
    return ExecuteWorkflowResponse(
        execution_id=event.execution_id,
        data=RejectedExecuteWorkflowWorkflowResultEvent(**data, error=said.error)
        if said.state == "REJECTED"
        else FulfilledExecuteWorkflowWorkflowResultEvent(**data, outputs=said.outputs),
    )


def _usage(event: WorkflowExecutionNodeResultEvent) -> Usage:
    """Reads the usage of a prompt node from its last event; nothing from any other event."""
    node = event.data.data if isinstance(event.data, FulfilledWorkflowNodeResultEvent) else None
    return usage_of(node.data.execution_meta if isinstance(node, PromptNodeResult) else None)


def usage_of(meta: PromptNodeExecutionMeta | PromptExecutionMeta | None) -> Usage:
    """Reads the usage of a prompt, if it is reported."""
    if meta is None:
        return Usage()
    tokens, cost, model = meta.usage, meta.cost, meta.model_name
    return Usage(
        input_tokens=_plausible(tokens.input_token_count) if tokens else None,
        output_tokens=_plausible(tokens.output_token_count) if tokens else None,
        cost_usd=_plausible(cost.value) if cost and cost.unit == "USD" else None,
        models=(model,) if model and model.isprintable() else (),
    )


def _plausible(number: Number | None) -> Number | None:
    """Returns a number that usage may have; None for any other."""
    # NaN is in no range.
    return number if number is not None and 0 <= number <= _LARGEST_NUMBER else None
