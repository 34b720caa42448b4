"""Opening the participants of a run, and closing their connections when it ends."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from duologue.errors import UsageError
from duologue.foreign_code import DaemonThreads, surroundings_restored
from duologue.participants.budget import Spending
from duologue.participants.concurrency import Accounts
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
    accounts: Accounts | None = None,
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
        accounts: what their accounts allow, to be reported afterwards; None if nobody reports it.

    Raises:
        UsageError: a participant cannot be used with this reference, or the API key is missing.
    """
    async with AsyncExitStack() as stack:
        # Not a ThreadPoolExecutor: a function that hangs must not keep the process from ending.
        executor = DaemonThreads(max_concurrency, "participant")
        stack.callback(executor.shutdown)
        stack.enter_context(surroundings_restored())
        spending = spending or Spending()
        accounts = accounts or Accounts()
        client = None
        if any(settings.is_deployment for settings in participants):
            from duologue.participants.vellum_deployment import vellum_client

            client = await stack.enter_async_context(vellum_client(max_concurrency, accounts))
        kinds = {settings.kind for settings in participants}
        models = urls = None
        if ParticipantKind.OPENAI in kinds:
            try:
                from duologue.participants.openai_model import model_client
            except ImportError:
                raise UsageError(
                    "participants such as openai:gpt-5-mini need the package openai; install it "
                    "with `pip install 'duologue[openai]'`"
                ) from None
            models = await stack.enter_async_context(model_client(max_concurrency, accounts))
        if ParticipantKind.ENDPOINT in kinds:
            from duologue.participants.endpoint import endpoint_client

            urls = await stack.enter_async_context(endpoint_client(max_concurrency))

        def opened(settings: ParticipantSettings) -> Participant:
            # The Vellum SDK takes half a second to import, so it is imported where it is used.
            if settings.kind is ParticipantKind.PYTHON:
                function = load_function(settings)
                account = accounts.named(settings.reference)
                return PythonFunction(function, settings, call, executor, spending, account)
            if settings.kind is ParticipantKind.LOCAL:
                from duologue.participants.local_workflow import LocalWorkflow, load_workflow

                return LocalWorkflow(load_workflow(settings), settings, call, executor, spending)
            if settings.kind is ParticipantKind.OPENAI:
                assert models is not None
                from duologue.participants.openai_model import OpenAIModel

                return OpenAIModel(models, settings, call, spending)
            if settings.kind is ParticipantKind.ENDPOINT:
                assert urls is not None
                from duologue.participants.endpoint import EndpointBot

                account = accounts.named(settings.reference)
                return EndpointBot(urls, settings, call, spending, account)
            assert client is not None
            if settings.kind is ParticipantKind.PROMPT:
                from duologue.participants.vellum_prompt import VellumPrompt

                return VellumPrompt(client, settings, call, spending)
            from duologue.participants.vellum_deployment import VellumDeployment

            return VellumDeployment(client, settings, call, spending, record_usage)

        yield tuple(map(opened, participants))
