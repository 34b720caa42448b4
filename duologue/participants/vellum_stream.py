"""A Workflow's execution as a stream of events, the only place where Vellum says what it used.

What its prompt nodes used is in events whose schema the SDK calls unstable. So nothing of it is
relied on: whatever is missing or not understood is not known.
"""

from collections.abc import AsyncIterable, Callable
from typing import Any

from vellum import (
    ExecuteWorkflowResponse,
    FulfilledExecuteWorkflowWorkflowResultEvent,
    FulfilledWorkflowNodeResultEvent,
    PromptNodeResult,
    RejectedExecuteWorkflowWorkflowResultEvent,
    WorkflowExecutionNodeResultEvent,
    WorkflowExecutionWorkflowResultEvent,
    WorkflowExpandMetaRequest,
    WorkflowStreamEvent,
)

from duologue.conversation.usage import Number, Usage
from duologue.errors import TransientError
from duologue.participants.vellum_errors import Wording

WITH_USAGE: dict[str, Any] = {
    "event_types": ["NODE", "WORKFLOW"],
    "expand_meta": WorkflowExpandMetaRequest(usage=True, cost=True, model_name=True),
}
"""What `execute_workflow_stream` is asked for besides what a plain call is."""

_LARGEST_NUMBER = 2**53
"""A number beyond it is a mistake, and would not fit into a dataset's columns once summed up."""


async def result_of(
    events: AsyncIterable[WorkflowStreamEvent], wording: Wording, add: Callable[[Usage], None]
) -> ExecuteWorkflowResponse:
    """Reads a stream to its end.

    Args:
        events: of one execution.
        wording: for the errors.
        add: is given what each node used, as soon as that is told, so that it is known also of an
            execution that fails or takes too long.

    Returns:
        What a plain call would have been answered with.

    Raises:
        TransientError: the stream ended without the Workflow's result. The SDK passes over lines
            that it does not understand, so this may be what became of the result.
        pydantic.ValidationError: the result lacks what it must have.
    """
    result: ExecuteWorkflowResponse | None = None
    async for event in events:
        if isinstance(event, WorkflowExecutionNodeResultEvent):
            add(_usage(event))
        elif event.data.state in ("FULFILLED", "REJECTED"):
            result = _as_answered(event)
    if result is None:
        raise TransientError(
            f"{wording.participant}: the stream from {wording.base_url} ended without the "
            "Workflow's result; if it stays so, upgrade vellum-ai, or see what answers at that "
            "address"
        )
    return result


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
    """Reads what a prompt node used; of other nodes, and of events before its last, nothing."""
    node = event.data.data if isinstance(event.data, FulfilledWorkflowNodeResultEvent) else None
    meta = node.data.execution_meta if isinstance(node, PromptNodeResult) else None
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
    # What is no number at all (NaN) is in no range either.
    return number if number is not None and 0 <= number <= _LARGEST_NUMBER else None
