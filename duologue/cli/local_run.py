"""Running a flow in this process, with a progress bar."""

import atexit
import copy
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from duologue.cli.progress_bar import progress_bar
from duologue.cli.temporary_server import ServerStart, temporary_server
from duologue.cli.terminal import Console
from duologue.errors import UnsatisfactoryRunError
from duologue.interruption import (
    asyncio_takes_ctrl_c,
    ends_at_once,
    exit_code,
    was_interrupted,
    with_sigterm_as_ctrl_c,
)

if TYPE_CHECKING:
    from duologue.progress import Progress
    from duologue.settings.participants import ParticipantSettings

written: ContextVar[str | None] = ContextVar("written", default=None)
"""The name of what this command's run wrote; None before that."""

LEAST_RETRIES = 5
"""How often at least Prefect repeats a request; its own default."""

Flow = TypeVar("Flow", bound=Callable[..., Any])

PREFECT_DEFAULTS = {
    # What a person needs to know of a run is printed here. Prefect's log, which repeats it, is for
    # the UI, and the temporary server prints 150 lines of traceback when it shuts down.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # As in prefect.toml, which Prefect finds in the repository's folder only.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",  # else Prefect prints a notice of several lines in the first run
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
}


def run_locally(
    load_flow: Callable[[], Callable[..., Any]],
    parameters: dict[str, Any],
    participants: Sequence["ParticipantSettings"],
    console: Console,
    how_to_go_on: Callable[[str], str],
    server: ServerStart | None = None,
) -> tuple[Any, str | None]:
    """Runs a flow here, on the Prefect server that is configured or a temporary one.

    Args:
        load_flow: imports the flow, which takes a second; called once the bar is there.
        parameters: the flow's, checked already.
        participants: of the run; they are tried while Prefect starts, which takes longer.
        console: where the progress bar is drawn.
        how_to_go_on: says what to do after Ctrl-C, given the version or evaluation that was being
            made.
        server: from `prefect_starting`; one is started if None.

    Returns:
        The manifest that the flow ended with, and its state's message.

    Raises:
        DuologueError: nothing could run.
        typer.Exit: Ctrl-C or SIGTERM, with the exit code for it.
    """
    import asyncio

    atexit.register(gc.freeze)  # else all is searched for garbage as Python ends, for 0.7 s
    version = ""

    def remember(progress: "Progress") -> None:
        nonlocal version
        version = progress.name

    try:
        with asyncio_takes_ctrl_c(), progress_bar(console, remember) as show:
            ended = asyncio.run(_run_flow(load_flow, parameters, participants, server, show))
        written.set(version or "the result")
        return ended
    except BaseException as error:
        if not _is_interruption(error):
            raise
        if not version:
            console.print("\nStopped before anything was simulated.", highlight=False)
        else:
            console.print("\nStopped. What was said so far is kept.", highlight=False)
            console.print(how_to_go_on(version), highlight=False, soft_wrap=True)
        raise typer.Exit(exit_code()) from None


def _is_interruption(error: BaseException) -> bool:
    """Checks for Ctrl-C, and for what Prefect makes of SIGTERM as a flow starts or ends."""
    if was_interrupted() or isinstance(error, KeyboardInterrupt):
        return True
    from prefect.exceptions import TerminationSignal

    return isinstance(error, TerminationSignal)


async def _run_flow(
    load_flow: Callable[[], Any],
    parameters: dict[str, Any],
    participants: Sequence["ParticipantSettings"],
    server: ServerStart | None,
    show: Callable[[str], None],
) -> tuple[Any, str | None]:
    async with flow_ready(load_flow, participants, server, show) as flow:
        from prefect.settings import (
            PREFECT_CLIENT_MAX_RETRIES,
            PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK,
            temporary_settings,
        )

        # Prefect's default retries are for deployments: here a person sees the result, and
        # decides. Not with_options: that describes the flow's parameters again, for 0.1 s.
        once = copy.copy(flow)
        once.retries = 0
        once.fn = with_sigterm_as_ctrl_c(once.fn)
        settings = {
            # Nothing is stored there, but Prefect would load the block, which may be gone.
            PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK: None,
            # A busy server refuses a request now and then, which must not cost the run.
            PREFECT_CLIENT_MAX_RETRIES: max(PREFECT_CLIENT_MAX_RETRIES.value(), LEAST_RETRIES),
        }
        with temporary_settings(settings):
            state = await once(**parameters, return_state=True)
            ended_with = await state.aresult(raise_on_failure=False)
    if isinstance(ended_with, UnsatisfactoryRunError):
        return ended_with.manifest, state.message
    if isinstance(ended_with, Exception):
        raise ended_with
    return ended_with, state.message


@contextmanager
def prefect_starting() -> Iterator[ServerStart]:
    """Starts a temporary Prefect server, if none is configured; its settings are these defaults.

    The server takes seconds to start, in which a command can check what it was given.
    """
    for setting, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(setting, value)
    with temporary_server() as server:
        yield server


@asynccontextmanager
async def flow_ready(
    load_flow: Callable[[], Flow],
    participants: Sequence["ParticipantSettings"],
    server: ServerStart | None = None,
    show: Callable[[str], None] = lambda step: None,
) -> AsyncIterator[Flow]:
    """Prepares everything that a flow needs, so that it starts immediately.

    Most of it is done while a temporary Prefect server starts, which takes as long.

    Args:
        load_flow: imports the flow.
        participants: of the run, which are tried.
        server: from `prefect_starting`; one is started if None.
        show: called with each step, such as `loading the flow`.

    Yields:
        The flow.

    Raises:
        UsageError: a participant's reference is unusable, the API key is missing, or the
            server does not start.
    """
    with ExitStack() as stack:
        with ends_at_once(), _without_garbage_collection():
            show("starting Prefect")
            server = server or stack.enter_context(prefect_starting())
            wait_until_ready = stack.enter_context(server.use())
            # Prefect before the Vellum SDK, which changes pydantic for all models made after it.
            show("loading the flow")
            flow = load_flow()
            import fastapi.encoders  # noqa: F401  # Prefect imports it as a flow begins

            from duologue.participants.opening import open_participants
            from duologue.settings.participants import CallSettings

            show("opening the participants")
            async with open_participants(participants, CallSettings(), max_concurrency=1):
                pass
            show("waiting for Prefect's server")
            wait_until_ready()
            show("starting the flow")
            if "pyarrow" in sys.modules:
                import pandas  # noqa: F401  # pyarrow imports it as it writes its first table
        yield flow


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Imports faster: otherwise all that was imported is searched for garbage again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # all this stays: looking through it for garbage takes 0.2 s each time
        gc.enable()
