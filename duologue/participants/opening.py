"""Opening the participants of a run, and closing their connections when it ends."""

from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from duologue.participants.budget import Spending
from duologue.participants.protocol import Participant
from duologue.participants.python_function import PythonFunction, load_function
from duologue.settings.participants import CallSettings, ParticipantKind, ParticipantSettings


@asynccontextmanager
async def open_participants(
    participants: Sequence[ParticipantSettings],
    call: CallSettings,
    max_concurrency: int,
    spending: Spending | None = None,
    record_usage: bool = False,
) -> AsyncIterator[tuple[Participant, ...]]:
    """Opens participants for one event loop, in the given order.

    Deployments share one HTTP client; Workflows and functions that block share `max_concurrency`
    threads, which start as they are needed.

    Args:
        participants: reference and inputs of each.
        call: deadlines and retries of their calls.
        max_concurrency: the most replies in flight.
        spending: counts their calls, and refuses those beyond its budget; None for no budget.
        record_usage: whether Workflow Deployments report the usage of their calls. Prompt
            Deployments always do.

    Raises:
        UsageError: a participant cannot be used with this reference, or the API key is missing.
    """
    async with AsyncExitStack() as stack:
        executor = ThreadPoolExecutor(max_concurrency, thread_name_prefix="participant")
        # Without waiting: a Workflow that hangs must not keep the run from ending.
        stack.callback(executor.shutdown, wait=False, cancel_futures=True)
        spending = spending or Spending()
        client = None
        if any(settings.is_deployment for settings in participants):
            from duologue.participants.vellum_deployment import vellum_client

            client = await stack.enter_async_context(vellum_client(max_concurrency))

        def opened(settings: ParticipantSettings) -> Participant:
            # The Vellum SDK takes half a second to import, so it is imported where it is used.
            if settings.kind is ParticipantKind.PYTHON:
                return PythonFunction(load_function(settings), settings, call, executor, spending)
            if settings.kind is ParticipantKind.LOCAL:
                from duologue.participants.local_workflow import LocalWorkflow, load_workflow

                return LocalWorkflow(load_workflow(settings), settings, call, executor, spending)
            assert client is not None
            if settings.kind is ParticipantKind.PROMPT:
                from duologue.participants.vellum_prompt import VellumPrompt

                return VellumPrompt(client, settings, call, spending)
            from duologue.participants.vellum_deployment import VellumDeployment

            return VellumDeployment(client, settings, call, spending, record_usage)

        yield tuple(map(opened, participants))
